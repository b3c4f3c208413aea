"""A link list in CSV read back into a graph, every row checked against the earlier ones.

The columns are those of ``topologies.link_csv``, which writes it. Knows the columns; not what they mean.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Hashable, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any

import networkx as nx

from fabric.collector import collector_paused
from fabric.errors import FileFormatError
from topologies.cells import read_cell
from topologies.link_csv import GBPS, KINDS

__all__ = ["looks_like_link_csv", "read_link_csv"]

_NEEDED = (
    "source", "source_kind", "source_tier", "target", "target_kind", "target_tier", "rate_Gbps", "delay_s",
)  # fmt: skip


def looks_like_link_csv(start: str) -> bool:
    """Whether a file that begins so is a link list: its first line has the columns source and target."""
    header = next(csv.reader([start.split("\n", 1)[0].strip()]), [])
    return {"source", "target"} <= set(header)


def read_link_csv(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph of the links in the file; its name is that of the file.

    Nodes come endpoints first, then switches, then scale-up switches; within these by id where all ids are
    whole numbers, else as they first occur. Rows of the same two nodes are parallel cables.

    Raises:
        FileFormatError: with the line: a column is missing, a row is cut off, a rate or delay is no number,
            or a node or the cables of a pair contradict an earlier line.
    """
    name = os.fspath(path)
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileFormatError(name, "", "not a CSV file: the bytes are not UTF-8 text") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        with collector_paused():
            return _Reading(name, next(reader, [])).graph((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise FileFormatError(name, f"line {reader.line_num}", f"not CSV: {error}") from None


_Cable = tuple[int, str, str, tuple[Any, Any], tuple[str, ...]]  # line, rate, delay, ports, edge_ cells


class _Reading:
    """The links of one file put together: nodes and pairs as they occur, checked against earlier lines."""

    def __init__(self, name: str, header: list[str]) -> None:
        self.name, self.width = name, len(header)
        lacking = [column for column in _NEEDED if column not in header]
        if lacking:
            rule = f"a link list has {', '.join(_NEEDED)}"
            raise FileFormatError(name, "line 1", f"no column {', '.join(lacking)}: {rule}")
        if len(set(header)) < len(header):
            twice = next(c for i, c in enumerate(header) if c in header[:i])
            raise FileFormatError(name, "line 1", f"column {twice!r} is there twice")
        at = {column: i for i, column in enumerate(header)}
        self.ends = []
        for end in ("source", "target"):
            prefix = end + "_"
            columns = [c for c in header if c.startswith(prefix) and c != prefix + "port"]
            # The id first: it and the attributes together say what a node is.
            pick = itemgetter(at[end], *(at[column] for column in columns))
            self.ends.append((pick, [c.removeprefix(prefix) for c in columns], at.get(prefix + "port")))
        self.rate, self.delay = at["rate_Gbps"], at["delay_s"]
        self.extra = {c.removeprefix("edge_"): i for c, i in at.items() if c.startswith("edge_")}
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
        place = {node: i for i, node in enumerate(order)}
        G = nx.Graph(name=Path(self.name).stem, family="link-csv")
        G.add_nodes_from((node, self.nodes[node][1]) for node in order)
        turned = ((place[u] > place[v], u, v, cables) for (u, v), cables in self.pairs.items())
        edges = [(v, u, cables, True) if flip else (u, v, cables, False) for flip, u, v, cables in turned]
        edges.sort(key=lambda edge: (place[edge[0]], place[edge[1]]))
        G.add_edges_from((u, v, self._edge(u, v, cables, flip)) for u, v, cables, flip in edges)
        return G

    def _fail(self, line: int, problem: str) -> FileFormatError:
        return FileFormatError(self.name, f"line {line}", problem)

    def _add(self, line: int, row: list[str]) -> None:
        if len(row) != self.width:
            raise self._fail(line, f"{len(row)} cells where the header has {self.width}: the row is cut off")
        source = self._node(0, line, row)
        if not row[self.rate] and not self.ends[1][0](row)[0]:
            return  # a node without a cable
        target = self._node(1, line, row)
        if source == target:
            raise self._fail(line, f"source and target are both {source!r}: a cable joins two nodes")
        ports = tuple(read_cell(row[i]) if i is not None and row[i] else None for _, _, i in self.ends)
        extra = tuple(row[i] for i in self.extra.values())
        pair = source, target
        if (target, source) in self.pairs:
            pair, ports = (target, source), ports[::-1]
        cable = (line, row[self.rate], row[self.delay], (ports[0], ports[1]), extra)
        cables = self.pairs.setdefault(pair, [cable])
        if cables[0] is not cable:
            if (cable[2], cable[4]) != (cables[0][2], cables[0][4]):
                rule = "parallel cables share delay and edge attributes"
                problem = f"another delay_s or edge attribute than on line {cables[0][0]}: {rule}"
                raise self._fail(line, problem)
            cables.append(cable)

    def _node(self, end: int, line: int, row: list[str]) -> Hashable:
        pick, keys, _ = self.ends[end]
        cells = pick(row)
        if cells in self.seen[end]:
            return self.seen[end][cells]
        column = ("source", "target")[end]
        node = _tuple(read_cell(cells[0])) if cells[0] else None
        try:
            hash(node)
        except TypeError:
            node = None
        if node is None or isinstance(node, bool):
            raise self._fail(line, f"{column} = {cells[0]!r} is not a node id")
        attributes = {key: read_cell(cell) for key, cell in zip(keys, cells[1:]) if cell}
        earlier, known = self.nodes.setdefault(node, (line, attributes))
        if known != attributes:
            key = next(k for k in {**known, **attributes} if known.get(k) != attributes.get(k))
            rule = f"{key} = {attributes.get(key)!r}, and {known.get(key)!r} on line {earlier}"
            raise self._fail(line, f"node {node!r}: {rule}")
        self.seen[end][cells] = node
        return node

    def _edge(self, u: Hashable, v: Hashable, cables: list[Any], flip: bool) -> dict[str, Any]:
        line, _, delay, _, extra = cables[0]
        rates = [self._number(c[0], "rate_Gbps", c[1]) for c in cables]
        found: dict[str, Any] = {"rate": min(rates), "delay": _plain_number(delay)}
        if found["delay"] is None:
            raise self._fail(line, f"delay_s = {delay!r} is not a finite number")
        if len(cables) > 1:
            found["cables"] = len(cables)
        if len(set(rates)) > 1:
            found["rates"] = rates
        ports = [c[3][::-1] if flip else c[3] for c in cables]
        if any(end is not None for pair in ports for end in pair):
            found["ports"] = ports
        found.update((key, read_cell(cell)) for key, cell in zip(self.extra, extra) if cell)
        return found

    def _number(self, line: int, column: str, text: str) -> float:
        value = _bytes_per_second(text)
        if value is None:
            raise self._fail(line, f"{column} = {text!r} is not a finite number")
        return value


@lru_cache
def _bytes_per_second(gbps: str) -> float | None:
    try:
        value = Decimal(gbps)
    except InvalidOperation:
        return None
    return float(value * GBPS) if value.is_finite() else None


@lru_cache
def _plain_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
