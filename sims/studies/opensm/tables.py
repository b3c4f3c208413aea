"""The forwarding tables that OpenSM makes for a topology, as lines of a CSV file for policy ``static``."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import networkx as nx
import numpy as np

from fabric.graph.schema import GPU, SWITCH, Columns, read_columns
from fabric.machine.whole_file import replaced
from fabric.routing.lft_dump import Node, read_lft_dump
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError
from sims.studies.opensm.subnet_manager import managed
from topologies.files.ib.write import descriptions, neighbours, nodes_of_guids, write_ibnetdiscover

__all__ = ["opensm_tables", "write_tables"]


def opensm_tables(G: nx.Graph, engine: str, *, seconds: float = 600.0) -> list[dict[str, str]]:
    """Where each switch sends what is for each endpoint, by a routing engine of the real OpenSM.

    Lines of ``switch``, ``destination``, ``next_hop`` and ``port``, as ``static:file=`` reads them on ``G``;
    of an endpoint with several ports in the subnet those of its lowest LID. ``seconds``: at most, for each
    of the two programs.

    Raises:
        ParameterError: an unknown engine, or ``G`` is no InfiniBand subnet.
        FabricsimError: OpenSM is not installed or fails, falls back to another engine, or does not reach all
            of ``G``.
    """
    c = read_columns(G)
    # ibsim cuts and joins descriptions; what it never changes are GUIDs.
    called = {text: i for i, text in enumerate(descriptions(c))} | nodes_of_guids(G, c)
    behind = neighbours(c)
    names = _names(c.ids, c.labels)
    lines: dict[tuple[int, int], tuple[int, dict[str, str]]] = {}
    with tempfile.TemporaryDirectory(prefix="fabricsim-subnet-") as folder:
        network = Path(folder) / "network.ibnetdiscover"
        write_ibnetdiscover(G, network)
        with managed(network, _host(network), engine, seconds) as dump:
            for entry in read_lft_dump(str(dump)):
                switch, end = (_found(called, node, c.name) for node in (entry.switch, entry.destination))
                if c.kind[end] != GPU:
                    continue
                hop, port = behind[switch][entry.port]
                row = {
                    "switch": names[switch],
                    "destination": names[end],
                    "next_hop": names[hop],
                    "port": port,
                }
                known = lines.get((switch, end))
                if known is None or entry.lid < known[0]:
                    lines[switch, end] = entry.lid, row
    reached = len({switch for switch, _ in lines})
    switches = int((c.kind == SWITCH).sum())
    if reached < switches:
        rule = "planes and islands that no cable joins are subnets of their own"
        raise FabricsimError(f"opensm: {c.name}: OpenSM reached {reached:,} of {switches:,} switches: {rule}")
    if gaps := _gaps(c, lines, names):
        raise FabricsimError(f"opensm: {c.name}: tables with gaps: {gaps}")
    return [row for _, row in lines.values()]


def write_tables(rows: Sequence[dict[str, str]], path: str | os.PathLike[str]) -> None:
    """Write the lines as the CSV file that ``static:file=`` reads, whole or not at all."""
    with replaced(path) as file:
        writer = csv.DictWriter(file, ("switch", "destination", "next_hop", "port"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _found(called: Mapping[str, int], node: Node, name: str) -> int:
    """The node of the graph that a dump means."""
    for text in node.names:
        if text in called:
            return called[text]
    raise FabricsimError(f"opensm: {name}: OpenSM names {node.shown!r}, which is none of its nodes")


def _gaps(c: Columns, lines: Collection[tuple[int, int]], names: Sequence[str]) -> str:
    """Which entries are missing, of every switch for every endpoint; "" where none is."""
    switches, ends = (np.flatnonzero(c.kind == kind).tolist() for kind in (SWITCH, GPU))
    missing = len(switches) * len(ends) - len(lines)
    if not missing:
        return ""
    switch, end = next((s, e) for s in switches for e in ends if (s, e) not in lines)
    nowhere = len(ends) - len({end for _, end in lines})
    alone = f"; {counted(nowhere, 'endpoint')} in none of them" if nowhere else ""
    return (
        f"{counted(missing, 'entry')} of {len(switches) * len(ends):,} missing, such as that of "
        f"{names[switch]} for {names[end]}{alone}"
    )


def _host(network: Path) -> str:
    """The id of the first adapter in the file."""
    with network.open() as file:
        return next(line.split('"')[1] for line in file if line.startswith("Ca\t"))


def _names(ids: tuple[object, ...], labels: tuple[str, ...] | None) -> list[str]:
    """What a table calls each node: its name where no other node is called so, else its id."""
    if labels is None:
        return list(map(str, ids))
    count = Counter(labels)
    return [name if count[name] == 1 else str(i) for name, i in zip(labels, ids)]
