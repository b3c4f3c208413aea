"""A link list in CSV read back into a graph, every row checked against the earlier ones.

The columns are those of ``files.link_csv``, which writes it. Knows the columns; not what they mean.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Hashable, Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

import networkx as nx

from fabric.machine.cell_place import cell_place, no_csv
from fabric.machine.collector import collector_paused
from fabric.machine.document import text_lines
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from fabric.words.place import at
from fabric.words.units import DELAYS, RATES, legal_delay, legal_rate
from topologies.files.cells import as_tuples, read_cell
from topologies.files.link_columns import (
    CABLE_PLAN,
    columns,
    delay_seconds,
    rate_bytes,
)
from topologies.files.link_csv import KINDS
from topologies.files.link_csv_header import NEEDED, first_unknown, read_header, without_meaning

__all__ = ["read_link_csv"]


def read_link_csv(
    path: str | os.PathLike[str],
    *,
    titles: Mapping[str, str] | None = None,
    rate_unit: str | None = None,
    bare: bool = False,
) -> nx.Graph:
    """The graph of the links in the file; its name is that of the file.

    Nodes come endpoints first, then switches, then scale-up switches; within these by id where all ids are
    whole numbers, else as they first occur. Rows of the same two nodes are parallel cables. The delimiter may
    be a comma, semicolon, tab or bar, columns may have other usual names (from, to, speed ...), and cells
    units and decimal commas; blank rows and comments (#) are skipped. ``graph["notes"]`` names columns that
    mean nothing here.

    titles: what some titles mean here, such as ``{"lldp_peer": "target"}``. rate_unit: of numbers in the
    column of rates whose title states none. bare: the two ends are enough;
    kinds, tiers, rates and delays may be missing, as in a table of neighbours.

    Raises:
        FileFormatError: with line and column: a column is missing, a row is cut off, a rate or delay is no
            number, or a node or the cables of a pair contradict an earlier line.
    """
    name = os.fspath(path)
    with text_lines(name) as lines:
        first, delimiter, header = read_header(name, lines, titles)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            with collector_paused():
                rows = ((first + reader.line_num, [cell.strip() for cell in row]) for row in reader)
                reading = _Reading(name, first, delimiter, header, titles, bare)
                reading.rate_unit = reading.rate_unit or rate_unit or ""
                return reading.graph((line, row) for line, row in rows if any(row))
        except csv.Error as error:
            raise no_csv(name, error, first + reader.line_num, delimiter, after=first) from None


_Cable = tuple[int, str, str, tuple[Any, Any], tuple[str, ...]]  # line, rate, delay, ports, edge_ cells


class _Reading:
    """The links of one file put together: nodes and pairs as they occur, checked against earlier lines."""

    def __init__(
        self,
        name: str,
        line: int,
        delimiter: str,
        called: list[str],
        titles: Mapping[str, str] | None,
        bare: bool,
    ) -> None:
        self.name, self.width, self.header, self.delimiter = name, len(called), line, delimiter
        header, self.rate_unit, self.delay_unit = columns(called, titles)
        needed = ("source", "target") if bare else NEEDED
        lacking = [column for column in needed if column not in header]
        if lacking:
            rule = f"a link list has {', '.join(needed)}; this one has {', '.join(called)}"
            if {"source", "target"} <= set(header):
                rule += "; behind its path you can say what it lacks, such as :hosts=gpu-*,rate=400Gbps"
            problem = f"no column {', '.join(lacking)}: {rule}"
            if CABLE_PLAN[:4] == tuple(called[:4]):
                problem = "a cable plan does not say which devices are hosts: say it behind the path, as "
                problem += f"{name}:hosts=gpu-* (those are endpoints, all others switches)"
                raise FileFormatError(name, at(line), problem)
            raise self._fail(line, first_unknown(header), problem)
        if len(set(header)) < len(header):
            twice = next(i for i, c in enumerate(header) if c in header[:i])
            first = called[header.index(header[twice])]
            also = f", first as {first!r}" if first != called[twice] else ""
            raise self._fail(line, twice, f"column {called[twice]!r} is there twice{also}")
        place = self.at = {column: i for i, column in enumerate(header)}
        self.ends = []
        for end in ("source", "target"):
            prefix = end + "_"
            keys = [c for c in header if c.startswith(prefix) and c != prefix + "port"]
            # The id first: it and the attributes together say what a node is.
            pick = itemgetter(place[end], *(place[column] for column in keys))
            self.ends.append((pick, [c.removeprefix(prefix) for c in keys], place.get(prefix + "port")))
        self.rate, self.delay = place.get("rate_Gbps", -1), place.get("delay_s", -1)  # -1: no such column
        self.called = called
        self.extra = {c.removeprefix("edge_"): i for c, i in place.items() if c.startswith("edge_")}
        self.notes = list(without_meaning(called, header))
        self.nodes: dict[Hashable, tuple[int, dict[str, Any]]] = {}
        self.seen: tuple[dict[tuple[str, ...], Hashable], ...] = ({}, {})  # per end: cells -> node id
        self.pairs: dict[tuple[Hashable, Hashable], list[_Cable]] = {}

    def graph(self, rows: Iterable[tuple[int, list[str]]]) -> nx.Graph:
        for line, row in rows:
            self._add(line, row)
        if not self.nodes:
            raise FileFormatError(self.name, "", "holds no links")
        order: list[Any] = list(self.nodes)
        if all(type(node) is int for node in order):
            order.sort()
        rank = {kind: i for i, kind in enumerate(KINDS)}
        order.sort(key=lambda node: rank.get(self.nodes[node][1].get("kind", ""), len(rank)))
        order_of = {node: i for i, node in enumerate(order)}
        G = nx.Graph(name=Path(self.name).stem, family="link-csv")
        if self.notes:
            G.graph["notes"] = self.notes
        G.add_nodes_from((node, self.nodes[node][1]) for node in order)
        turned = ((order_of[u] > order_of[v], u, v, cables) for (u, v), cables in self.pairs.items())
        edges = [(v, u, cables, True) if flip else (u, v, cables, False) for flip, u, v, cables in turned]
        edges.sort(key=lambda edge: (order_of[edge[0]], order_of[edge[1]]))
        G.add_edges_from((u, v, self._edge(u, v, cables, flip)) for u, v, cables, flip in edges)
        return G

    def _fail(self, line: int, cell: int, problem: str) -> FileFormatError:
        """The mistake of a cell, by its index, in the row that ends on ``line``."""
        after = self.header if line > self.header else self.header - 1
        where = cell_place(self.name, line, cell, self.delimiter, after=after)
        return FileFormatError(self.name, where, problem)

    def _add(self, line: int, row: list[str]) -> None:
        if len(row) != self.width and row[0].startswith("#"):
            return  # a comment
        while len(row) > self.width and not row[-1]:
            row.pop()
        if len(row) != self.width:
            rule = f"{counted(len(row), 'cell')} where the header has {self.width}: the row is cut off"
            raise self._fail(line, self.width, rule)
        source = self._node(0, line, row)
        if (self.rate < 0 or not row[self.rate]) and not self._cells(1, row)[0]:
            return  # a node without a cable
        target = self._node(1, line, row)
        if source == target:
            problem = f"source and target are both {source!r}: a cable joins two nodes"
            raise self._fail(line, self.at["target"], problem)
        ports = tuple(read_cell(row[i]) if i is not None and row[i] else None for _, _, i in self.ends)
        extra = tuple(row[i] for i in self.extra.values())
        pair = source, target
        if (target, source) in self.pairs:
            pair, ports = (target, source), ports[::-1]
        rate, delay = (row[i] if i >= 0 else "" for i in (self.rate, self.delay))
        cable = (line, rate, delay, (ports[0], ports[1]), extra)
        cables = self.pairs.setdefault(pair, [cable])
        if cables[0] is not cable:
            if (cable[2], cable[4]) != (cables[0][2], cables[0][4]):
                rule = "parallel cables share delay and edge attributes"
                problem = f"another delay_s or edge attribute than on line {cables[0][0]}: {rule}"
                cells = [self.delay, *self.extra.values()]
                pairs = zip((cable[2], *cable[4]), (cables[0][2], *cables[0][4]))
                differs = next(i for i, (mine, first) in enumerate(pairs) if mine != first)
                raise self._fail(line, cells[differs], problem)
            cables.append(cable)

    def _cells(self, end: int, row: list[str]) -> tuple[str, ...]:
        """The id of a node, and its attributes."""
        picked = self.ends[end][0](row)
        return picked if isinstance(picked, tuple) else (picked,)

    def _node(self, end: int, line: int, row: list[str]) -> Hashable:
        keys, cells = self.ends[end][1], self._cells(end, row)
        if cells in self.seen[end]:
            return self.seen[end][cells]
        column = ("source", "target")[end]
        node = as_tuples(read_cell(cells[0])) if cells[0] else None
        try:
            hash(node)
        except TypeError:
            node = None
        if node is None or isinstance(node, bool):
            raise self._fail(line, self.at[column], f"{column} = {cells[0]!r} is not a node id")
        attributes = {key: _attribute(key, cell) for key, cell in zip(keys, cells[1:]) if cell}
        if (kind := attributes.get("kind")) not in (None, *KINDS):
            rule = f"node {node!r}: kind = {kind!r}: one of {', '.join(KINDS)}"
            raise self._fail(line, self.at.get(f"{column}_kind", self.at[column]), rule)
        earlier, known = self.nodes.setdefault(node, (line, attributes))
        if known != attributes:
            key = next(k for k in {**known, **attributes} if known.get(k) != attributes.get(k))
            rule = f"{key} = {attributes.get(key)!r}, and {known.get(key)!r} on line {earlier}"
            cell = self.at.get(f"{column}_{key}", self.at[column])
            raise self._fail(line, cell, f"node {node!r}: {rule}")
        self.seen[end][cells] = node
        return node

    def _edge(self, u: Hashable, v: Hashable, cables: list[Any], flip: bool) -> dict[str, Any]:
        line, _, delay, _, extra = cables[0]
        rates = [self._number(c[0], self.rate, c[1]) for c in cables] if self.rate >= 0 else []
        found: dict[str, Any] = {"rate": min(rates)} if rates else {}
        if self.delay >= 0:
            found["delay"] = self._number(line, self.delay, delay)
        if len(cables) > 1:
            found["cables"] = len(cables)
        if len(set(rates)) > 1:
            found["rates"] = rates
        ports = [c[3][::-1] if flip else c[3] for c in cables]
        if any(end is not None for pair in ports for end in pair):
            found["ports"] = ports
        found.update((key, read_cell(cell)) for key, cell in zip(self.extra, extra) if cell)
        return found

    def _number(self, line: int, column: int, text: str) -> float:
        """Bytes/s or seconds of a cell in the column of rates or delays."""
        of_rate, called = column == self.rate, self.called[column]
        unit, examples = (self.rate_unit, "400G, 50GB/s") if of_rate else (self.delay_unit, "25ns, 1us")
        value = (rate_bytes if of_rate else delay_seconds)(text, unit)
        if value is None:
            known = (
                f"(in {unit})"
                if unit
                else f"with its unit, such as {examples}, which {called!r} does not state"
            )
            comma = "; 400,000 may be 400 or 400 thousand" if "," in text else ""
            raise self._fail(line, column, f"{called} = {text!r} is not a finite number {known}{comma}")
        if not (legal_rate(value) if of_rate else legal_delay(value)):
            rule = f"a rate from {RATES}" if of_rate else f"a delay from {DELAYS}"
            raise self._fail(line, column, f"{called} = {text!r}: {rule}")
        return value


def _attribute(key: str, cell: str) -> Any:
    """The value of a cell; kinds in small letters, and whole numbers that a table made 1.0 of whole again."""
    value = read_cell(cell)
    if key == "kind" and isinstance(value, str):
        return value.lower()
    if key in ("tier", "server") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
