"""A topology as Slurm's ``topology.conf`` of the tree plugin, or as ``topology.yaml``. Written only; knows
hosts, switches and tiers.

Slurm wants a tree, in which each node is below one switch. So what stands for a switch is a group that its
hosts reach without going higher: leaves that share hosts, then switches of a tier and below that cables join.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import networkx as nx

from fabric.graph.schema import GPU, SWITCH, Columns, read_columns
from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from topologies.files.ib.hosts import host_and_device, natural
from topologies.files.ib.write import descriptions

__all__ = ["write_slurm", "write_slurm_yaml"]


def write_slurm(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the tree of hosts and groups of switches: ``s1-0`` ... above hosts, then ``s2-0`` ...

    A host is what adapters are named after, as in a dump; a group that adds nothing to the one below it is
    left out. The file appears whole or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph, or a host whose name Slurm could not read.
        SchemaError: the graph breaks the schema.
        FabricsimError: the file cannot be written.
    """
    lines = [f"SwitchName={name} {key}={_listed(below)}\n" for name, key, below in _groups(G)]
    with replaced(path) as file:
        file.write("# Slurm, topology/tree: groups of switches that reach each other without going higher\n")
        file.writelines(lines)


def write_slurm_yaml(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the same tree as ``topology.yaml`` of Slurm 25.05 and later, the cluster's default topology.

    Raises as ``write_slurm``.
    """
    keys = {"Nodes": "nodes", "Switches": "children"}
    lines = [
        f"      - switch: {name}\n        {keys[key]}: {_listed(below)}\n" for name, key, below in _groups(G)
    ]
    with replaced(path) as file:
        file.write("# Slurm: groups of switches that reach each other without going higher\n---\n")
        file.write("- topology: fabric\n  cluster_default: true\n  tree:\n    switches:\n")
        file.writelines(lines)


def _groups(G: nx.Graph) -> Iterator[tuple[str, str, list[str]]]:
    """The name of each group, what is below it, ``Nodes`` or ``Switches``, and their names."""
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G)
    host = _hosts(c)
    kind, tier = c.kind.tolist(), c.tier.tolist()
    ends = list(zip(c.tail.tolist(), c.head.tolist()))
    groups = nx.utils.UnionFind(i for i, k in enumerate(kind) if k == SWITCH)
    below: dict[str, int] = {}
    for u, v in ends:
        for end, switch in ((u, v), (v, u)):
            if kind[end] == GPU and kind[switch] == SWITCH:
                groups.union(below.setdefault(host[end], switch), switch)
    names: dict[int, str] = {}  # of the group of each switch that has hosts below it
    members: dict[int, list[str]] = defaultdict(list)
    for name, switch in below.items():
        members[groups[switch]].append(name)
    for number, (switch, found) in enumerate(members.items()):
        names[switch] = f"s1-{number}"
        yield names[switch], "Nodes", found
    top = max(tier, default=1)
    for level in range(2, top + 2):
        for u, v in ends:
            if kind[u] == kind[v] == SWITCH and (level > top or max(tier[u], tier[v]) <= level):
                groups.union(u, v)
        above: dict[int, list[str]] = defaultdict(list)
        for switch, name in names.items():
            above[groups[switch]].append(name)
        if all(len(found) == 1 for found in above.values()):
            continue
        names = {}
        for number, (switch, found) in enumerate(above.items()):
            names[switch] = f"s{level}-{number}" if len(found) > 1 else found[0]
            if len(found) > 1:
                yield names[switch], "Switches", found


def _hosts(c: Columns) -> dict[int, str]:
    """The host of each endpoint."""
    found = {}
    for i, text in enumerate(descriptions(c)):
        if c.kind[i] == GPU:
            named = host_and_device(text)
            found[i] = named[0] if named else text
            if not re.fullmatch(r"[\w.-]{1,64}", found[i]):
                rule = "a name that Slurm reads has letters, digits, dots, dashes and underscores only"
                raise ParameterError("host", found[i], rule)
    return found


def _listed(names: Iterable[str]) -> str:
    """Names in natural order, numbers that follow each other as Slurm writes them.

    >>> _listed(["a1", "a3", "a2", "b"])
    'a[1-3],b'
    """
    runs: list[tuple[str, str, str]] = []  # what stands before, first and last number
    for name in sorted(names, key=natural):
        match = re.fullmatch(r"(.*?)([0-9]{1,9})", name)
        head, number = (match[1], match[2]) if match else (name, "")
        last = runs[-1] if runs else ("", "", "")
        if number and last[2] and last[0] == head and f"{int(last[2]) + 1:0{len(last[2])}}" == number:
            runs[-1] = head, last[1], number
        else:
            runs.append((head, number, number))
    return ",".join(f"{head}[{a}-{b}]" if a != b else f"{head}{a}" for head, a, b in runs)
