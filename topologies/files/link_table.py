"""A table of links or neighbours that says less than ours, such as one from LLDP or a cable plan of SONiC.

``write_cable_plan`` writes ``StartDevice,StartPort,EndDevice,EndPort,BandWidth``, with Mb/s as SONiC has it.
Knows titles of columns and what the user says that they mean.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Hashable

import networkx as nx

from fabric.graph.schema import KINDS, read_columns
from fabric.machine.collector import collector_paused
from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from fabric.words.units import format_rate
from topologies.files.bare import (
    BareDelay,
    BareRate,
    Column,
    Hosts,
    HostsPerSwitch,
    Per,
    RateUnit,
    dressed,
)
from topologies.files.dot import write_dot
from topologies.files.link_columns import CABLE_PLAN
from topologies.files.link_csv_reader import read_link_csv
from topologies.files.listed_twice import cables_once
from topologies.parts.argument import GpusPerServer, Nvlink

__all__ = ["read_link_table", "with_ports", "write_cable_plan", "write_dot_plan"]


def read_link_table(
    path: str | os.PathLike[str],
    *,
    source: Column = None,
    source_port: Column = None,
    target: Column = None,
    target_port: Column = None,
    rate_column: Column = None,
    rate_unit: RateUnit = None,
    hosts: Hosts = None,
    per: Per = "host",
    hosts_per_switch: HostsPerSwitch = None,
    rate: BareRate = None,
    delay: BareDelay = None,
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 0.0,
) -> nx.Graph:
    """The graph of a table with two ends in each line; columns by their usual titles, or by those given.

    ``rate_unit``: of numbers in the column of rates; the other arguments are those of ``dressed``. A cable
    that both of its ends list is one where they name its ports.

    Raises:
        FileFormatError: as ``read_link_csv``; a title that the file does not have.
        ParameterError: as ``dressed``.
    """
    given = {
        "source": source,
        "source_port": source_port,
        "target": target,
        "target_port": target_port,
        "rate_Gbps": rate_column,
    }
    titles = {title: ours for ours, title in given.items() if title is not None}
    if len(titles) < sum(title is not None for title in given.values()):
        raise ParameterError("target", target, "a title of the file is of one column only")
    read = cables_once(lambda name: read_link_csv(name, titles=titles, rate_unit=rate_unit, bare=True))
    with collector_paused():
        return dressed(
            read(path),
            hosts_per_switch=hosts_per_switch,
            hosts=hosts,
            per=per,
            rate=rate,
            delay=delay,
            gpus_per_server=gpus_per_server,
            nvlink=nvlink,
        )


def with_ports(G: nx.Graph) -> nx.Graph:
    """A copy of G in which every cable has a port at either end: those of G where it knows all of them, else
    counted from 1 at each node, in the order of its cables.

    >>> with_ports(nx.Graph([("a", "b"), ("a", "c")])).edges["a", "c"]["ports"]
    [(2, 1)]
    """
    H = nx.Graph(G)
    if all(data.get("ports") for *_, data in G.edges(data=True)):
        return H
    used: dict[Hashable, int] = defaultdict(int)
    place = {node: i for i, node in enumerate(H)}
    for u, v, data in H.edges(data=True):
        pairs = []
        for _ in range(data.get("cables", 1)):
            used[u] += 1
            used[v] += 1
            pairs.append((used[u], used[v]) if place[u] <= place[v] else (used[v], used[u]))
        data["ports"] = pairs
    return H


def write_dot_plan(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write DOT in which every cable names its ports, for tools of cabling. Raises as ``write_dot``."""
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    write_dot(with_ports(G), path)


def write_cable_plan(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write a line for each cable, from the lower tier up. Nodes are called by their names where these
    differ, else by kind and id, such as ``gpu-0``; ports are those of the graph, or counted at each node.

    Kinds, tiers, delays and nodes without a cable have no place in it. The file appears whole or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph, or a rate that is no whole number of Mb/s.
        SchemaError: the graph breaks the schema.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G, allow_uncabled=True)
    labels = list(c.labels or ())
    if not labels or len(set(labels)) < len(labels):
        labels = [f"{KINDS[kind]}-{i}" for kind, i in zip(c.kind.tolist(), c.ids)]
    used: dict[Hashable, int] = defaultdict(int)
    lines: list[tuple[str, str, str, str, int]] = []
    at = 0
    for e, (u, v, count) in enumerate(zip(c.tail.tolist(), c.head.tolist(), c.cables.tolist())):
        for rate in c.cable_rates.get(e) or [float(c.rate[e])] * count:
            known = (-1, -1) if c.cable_ports is None else c.cable_ports[:, at].tolist()
            at += 1
            ports = []
            for node, port in ((u, known[0]), (v, known[1])):
                used[node] += 1
                ports.append(c.port_names[port] if port >= 0 else str(used[node]))
            mbps = round(rate * 8 / 1e6)
            if abs(mbps * 1e6 / 8 - rate) > 1e-9 * rate:
                raise ParameterError("rate", format_rate(rate), "a cable plan has whole numbers of Mb/s")
            ends = [(labels[u], ports[0]), (labels[v], ports[1])]
            if c.tier[u] > c.tier[v]:
                ends.reverse()
            lines.append((*ends[0], *ends[1], mbps))
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CABLE_PLAN)
        writer.writerows(lines)
