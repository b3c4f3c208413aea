"""A topology as a list of links in CSV: one row per cable, for spreadsheets and cabling tools.

Columns ``source`` and ``target`` are node ids, ``source_port`` and ``target_port`` the ports, ``rate_Gbps``
and ``delay_s`` the cable's; ``source_kind``, ``source_tier``, ``source_...`` and ``target_...`` carry the
attributes of both ends, ``edge_...`` other ones of the edge. A row without a target is a node without a
cable. Attributes of the graph as a whole (its parameters, notes, disclaimer) have no place in it.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import Any

import networkx as nx

from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError, SchemaError
from topologies.files.cells import write_cell

__all__ = ["GBPS", "KINDS", "write_link_csv"]

_OWN = ("rate", "delay", "cables", "rates", "ports")  # of an edge, with columns or rows of their own
KINDS = ("gpu", "switch", "nvswitch")  # in the order in which nodes come back
_CABLES = "parallel cables are the edge attribute cables"
GBPS = Decimal(10) ** 9 / 8  # bytes/s


def write_link_csv(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph; ``read_link_csv`` gives back equal nodes, edges and attributes of both.

    The source of a row is the end of the lower kind and tier. The file appears whole or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph.
        FabricsimError: the file cannot be written.
        SchemaError: a node id, name or value that no cell can hold, or an edge without rate and delay.
    """
    if G.is_directed() or G.is_multigraph():
        raise ParameterError("G", type(G).__name__, f"an undirected nx.Graph: {_CABLES}")
    problems: list[str] = []
    rows = list(_rows(G, problems))
    if problems:
        raise SchemaError(str(G.graph.get("name") or "(unnamed)"), problems)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with replaced(path) as file:
        file.write(text.getvalue())


def _rows(G: nx.Graph, problems: list[str]) -> Iterator[Sequence[str]]:
    extras = dict.fromkeys(key for _, attributes in G.nodes(data=True) for key in attributes)
    node_keys = ["kind", "tier", *(key for key in extras if key not in ("kind", "tier"))]
    edge_keys = list(dict.fromkeys(k for _, _, a in G.edges(data=True) for k in a if k not in _OWN))
    for key in (*node_keys, *edge_keys):
        if not isinstance(key, str):
            problems.append(f"attribute {key!r}: a name is text")
        elif key == "" or (key == "port" and key in node_keys):
            problems.append(f"attribute {key!r}: the file format needs this name itself")
    if problems:
        return
    ends = [[end, *(f"{end}_{key}" for key in ("port", *node_keys))] for end in ("source", "target")]
    yield [*ends[0], *ends[1], "rate_Gbps", "delay_s", *(f"edge_{key}" for key in edge_keys)]

    def cells(where: str, attributes: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
        found = []
        for key in keys:
            try:
                found.append(write_cell(attributes[key]) if key in attributes else "")
            except (TypeError, ValueError) as error:
                problems.append(f"{where}: {key} = {repr(attributes[key])[:60]}: {error}")
        return found

    name, about, place = {}, {}, {}
    for i, (node, attributes) in enumerate(G.nodes(data=True)):
        where = f"node {node!r}"
        name[node] = cells(where, {"id": node}, ("id",))
        about[node] = cells(where, attributes, node_keys)
        kind, tier = attributes.get("kind"), attributes.get("tier")
        rank = KINDS.index(kind) if kind in KINDS else len(KINDS)
        place[node] = (rank, tier if isinstance(tier, int) else 0, i)
    for node in sorted(G, key=place.__getitem__):
        if not G.degree(node):
            yield [*name[node], "", *about[node], *[""] * (len(ends[1]) + 2 + len(edge_keys))]
        for peer, attributes in G.adj[node].items():
            if place[node] >= place[peer]:
                continue
            where = f"edge {node!r} - {peer!r}"
            cables = attributes.get("cables", 1)
            rates = attributes.get("rates") or [attributes.get("rate")] * cables
            ports = attributes.get("ports") or [(None, None)] * cables
            if len(rates) != cables or len(ports) != cables or any(len(pair) != 2 for pair in ports):
                problems.append(f"{where}: rates and ports have one entry per cable, {cables}")
                continue
            flip = place[node][2] > place[peer][2]  # ports stand in the order of the graph's nodes
            tail = [_seconds(where, attributes.get("delay"), problems), *cells(where, attributes, edge_keys)]
            for rate, pair in zip(rates, ports):
                p, q = ("" if end is None else write_cell(end) for end in (reversed(pair) if flip else pair))
                speed = _gbps(where, rate, problems)
                yield [*name[node], p, *about[node], *name[peer], q, *about[peer], speed, *tail]


def _gbps(where: str, rate: Any, problems: list[str]) -> str:
    try:
        return _decimal_gbps(rate)
    except (TypeError, ValueError, InvalidOperation):
        problems.append(f"{where}: rate = {rate!r}: a finite number of bytes/s")
        return ""


@lru_cache
def _decimal_gbps(rate: float) -> str:
    """Exactly the rate, digit for digit, so that reading it gives the same float again."""
    if not isfinite(rate):
        raise ValueError("not finite")
    return f"{(Decimal(repr(float(rate))) / GBPS).normalize():f}"


def _seconds(where: str, delay: Any, problems: list[str]) -> str:
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not isfinite(delay):
        problems.append(f"{where}: delay = {delay!r}: a finite number of seconds")
        return ""
    return repr(float(delay))
