"""Forwarding tables given by the user: where each switch sends what is for each destination.

A CSV file with the columns ``switch``, ``destination`` and ``next_hop``, nodes by name or id. The
destination is an endpoint, or a switch above endpoints for all of them at once (a line for the endpoint
itself comes first). The next hop is a neighbour of the switch. What the tables leave open goes as D-Mod-K
sends it, and so do the choice among parallel cables and the endpoint's own links. The tables are taken at
their word: they may send a flow up after it went down, which a real fabric would call a risk of deadlock;
what they leave open may not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.distance import Block, distances, unreached
from fabric.draw import Draw
from fabric.errors import FileFormatError
from fabric.fabric import Fabric
from fabric.paths import Paths
from fabric.policy import Static
from fabric.schema import GPU, SWITCH
from fabric.walk import Step

__all__ = ["Tables", "forwarded", "tables"]

_COLUMNS = ("switch", "destination", "next_hop")
_MOST_HOPS = 255  # as many as the time to live of an IP packet allows


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """``key``: ascending, switch times nodes plus destination; ``arc``: which each key takes; of ``path``."""

    path: str
    key: NDArray[np.int64]
    arc: NDArray[np.int64]

    def find(self, f: Fabric, switch: NDArray, destination: NDArray, last: NDArray) -> NDArray[np.int64]:
        """The arc that each switch takes towards an endpoint, which the arc ``last`` reaches; -1: left
        open."""
        leaf = f.link_src[f.arc_link[last]].astype(np.int64)
        arc = self._lookup(switch * len(f.kind) + destination)
        arc = np.where(arc < 0, self._lookup(switch * len(f.kind) + leaf), arc)
        return np.where((arc < 0) & (switch == leaf), last, arc)

    def _lookup(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.key):
            return np.full(len(wanted), -1)
        place = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[place] == wanted, self.arc[place], -1)


def tables(f: Fabric, path: str) -> Tables:
    """The tables of a file for this fabric, read once as long as the file stays as it is.

    Raises:
        FileFormatError: names the line: a missing or unknown column, an unknown node, a switch that is none,
        a
            destination without endpoints, a next hop that is no neighbour, two lines that differ.
    """
    try:
        state = Path(path).stat()
    except OSError as error:
        raise FileFormatError(path, "", f"cannot be read: {error.strerror}") from None
    key = ("tables", path, state.st_mtime_ns, state.st_size)
    if key not in f.derived:
        f.derived[key] = _read(f, path)
    found: Tables = f.derived[key]
    return found


def forwarded(f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray) -> Paths:
    """The path of each of ``flow``, which leave by the arc ``first`` and, unless the tables say else, arrive
    by ``last``.

    Raises:
        FileFormatError: the tables lead a flow round, or to where what they leave open has no legal way on.
    """
    assert isinstance(draw.policy, Static)
    given, most = tables(f, draw.policy.file), min(f.n_switches, _MOST_HOPS)
    column = np.full(len(draw.src), -1, np.int32)
    column[flow] = draw.cable(flow, draw.src[flow], first)
    columns, whole = [column], flow
    node, rising = f.arc_dst[first].astype(np.int64), np.ones(len(flow), bool)
    while len(flow):
        if len(columns) > most + 1:
            ends = [f.label(int(end[flow[0]])) for end in (draw.src, draw.dst)]
            what = f"leads the flow from {ends[0]} to {ends[1]} round by {f.label(int(node[0]))}"
            raise FileFormatError(given.path, "", f"{what}: not there after {most} switches")
        arc = given.find(f, node, draw.dst[flow], last)
        told = np.flatnonzero(arc >= 0)
        link = np.full(len(flow), -1, np.int64)
        link[told] = draw.cable(flow[told], node[told], arc[told])
        for block, part in _by_block(f, np.flatnonzero(arc < 0), f.link_src[f.arc_link[last]]):
            link[part] = _next(f, block, draw, given, flow[part], node[part], last[part], rising[part])
        column = np.full(len(draw.src), -1, np.int32)
        column[flow] = link
        columns.append(column)
        if f.tiered:
            rising &= link >= f.arc_link[f.arc_up[node]]
        node = f.link_dst[link].astype(np.int64)
        on = node != draw.dst[flow]
        flow, node, rising, last = flow[on], node[on], rising[on], last[on]
    return Paths.from_columns([column[whole] for column in columns])


def _by_block(f: Fabric, which: NDArray, leaf: NDArray) -> Iterator[tuple[Block, NDArray]]:
    """``which``, apart by the block of distances that knows their leaf."""
    table = distances(f)
    number = f.leaf_index[leaf[which]] // table.columns
    for value in np.unique(number).tolist():
        yield table.block(value), which[number == value]


def _next(
    f: Fabric,
    block: Block,
    draw: Draw,
    given: Tables,
    flow: NDArray,
    node: NDArray,
    last: NDArray,
    rising: NDArray,
) -> NDArray[np.int64]:
    """The link that D-Mod-K takes with each of ``flow`` from where it is."""
    leaf = f.leaf_index[f.link_src[f.arc_link[last]]].astype(np.int64) - block.first
    row = node - f.n_endpoints
    left = np.where(rising, block.reach[row, leaf], block.down[row, leaf])
    stuck = np.flatnonzero(left == unreached(block.reach))
    if len(stuck):
        at, ends = (
            f.label(int(node[stuck[0]])),
            [f.label(int(x[flow[stuck[0]]])) for x in (draw.src, draw.dst)],
        )
        what = f"leads the flow from {ends[0]} to {ends[1]} down to {at}, from which no way leads on down"
        raise FileFormatError(given.path, "", f"{what}, and no line says how it goes on")
    step = Step(f, block, draw, flow, node, leaf)
    step.left, step.rising = left.astype(np.int64), rising.copy()
    return step.advance()


def _read(f: Fabric, path: str) -> Tables:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, "", f"cannot be read: {error}") from None
    reader = csv.reader(text.splitlines())
    try:
        table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise FileFormatError(path, f"line {reader.line_num}", f"is not CSV: {error}") from None
    if not table or sorted(table[0][1]) != sorted(_COLUMNS):
        raise FileFormatError(path, "line 1", f"the columns are {', '.join(_COLUMNS)}")
    place = [table[0][1].index(name) for name in _COLUMNS]
    numbers = {str(name): node for node, name in enumerate(f.ids)}
    if f.labels:
        names: dict[str, int] = {}
        for node, label in enumerate(f.labels):
            names[label] = -1 if label in names else node
        numbers |= names
    nodes = np.empty((len(table) - 1, 3), np.int64)
    for i, (line, row) in enumerate(table[1:]):
        if len(row) != len(_COLUMNS):
            raise FileFormatError(path, f"line {line}", f"{len(row)} values for {len(_COLUMNS)} columns")
        for column, name in enumerate(_COLUMNS):
            called = row[place[column]]
            node = numbers.get(called, -1)
            if node < 0:
                who = "several nodes of {} are" if called in numbers else "no node of {} is"
                what = f"{name} = {called!r}: {who.format(f.name)} called so"
                raise FileFormatError(path, f"line {line}", what)
            nodes[i, column] = node
    return _checked(f, path, np.array([line for line, _ in table[1:]], np.int64), nodes)


def _checked(f: Fabric, path: str, line: NDArray[np.int64], nodes: NDArray[np.int64]) -> Tables:
    """The tables of lines of switch, destination and next hop."""
    switch, destination, hop = nodes.T
    count = len(f.kind)

    def refuse(bad: NDArray[np.bool_], what: str) -> None:
        if bad.any():
            i = int(np.argmax(bad))
            names = dict(zip(_COLUMNS, (f.label(int(node)) for node in nodes[i])))
            raise FileFormatError(path, f"line {line[i]}", what.format(**names))

    refuse(f.kind[switch] != SWITCH, "{switch} is no switch")
    ends = (f.kind[destination] == GPU) | (f.leaf_index[destination] >= 0)
    refuse(~ends, "{destination} is neither an endpoint nor a switch above one")
    refuse(switch == destination, "a switch needs no way to itself")
    source = np.repeat(np.arange(count), np.diff(f.arc_ptr))
    arcs = source * count + f.arc_dst
    order = np.argsort(arcs)
    place = order[np.minimum(np.searchsorted(arcs, switch * count + hop, sorter=order), len(arcs) - 1)]
    refuse(arcs[place] != switch * count + hop, "{next_hop} is no neighbour of {switch}")
    wrong = (f.kind[hop] != SWITCH) & (hop != destination)
    refuse(wrong, "{next_hop} is no switch, and not where {destination} is")
    key = switch * count + destination
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(key), bool)
    again[order[1:]] = (key[order[1:]] == key[order[:-1]]) & (place[order[1:]] != place[order[:-1]])
    refuse(again, "{switch} has another next hop towards {destination} already")
    kept, first = np.unique(key, return_index=True)
    return Tables(path=path, key=kept, arc=place[first])
