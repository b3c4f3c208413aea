"""Paths by forwarding tables that the user gives: where each switch sends what is for each destination.

Tables are a CSV file (``forwarding_csv.py``), or what InfiniBand's tools print (``lft_dump.py``), whose ports
are those of the graph and which leave nothing open. What a CSV file leaves open goes as D-Mod-K sends it, and
so do the choice among parallel cables where a line names no port, and the endpoint's own links. The tables
are taken at their word: they may send a flow up after it went down, which a real fabric would call a risk of
deadlock; what they leave open may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.machine.under_way import reading
from fabric.routing.block import Block
from fabric.routing.distance import distances
from fabric.routing.draw import Draw
from fabric.routing.forwarding_csv import read_tables
from fabric.routing.forwarding_tables import Tables
from fabric.routing.lft import tables_of_dump
from fabric.routing.lft_dump import is_lft_dump
from fabric.routing.paths import Paths
from fabric.routing.walk import Step, walk
from fabric.words.errors import FileFormatError, NoRouteError

__all__ = ["forwarded", "tables"]

_MOST_HOPS = 255  # as many as the time to live of an IP packet allows


def tables(f: Fabric, path: str) -> Tables:
    """The tables of a file for this fabric, read once as long as the file stays as it is.

    Raises:
        FileFormatError: as ``read_tables`` and ``tables_of_dump``.
    """
    try:
        state = Path(path).stat()
    except OSError as error:
        raise FileFormatError(path, "", f"cannot be read: {error.strerror}") from None
    key = ("tables", path, state.st_mtime_ns, state.st_size)
    if key not in f.derived:
        with reading(path):
            f.derived[key] = tables_of_dump(f, path) if is_lft_dump(path) else read_tables(f, path)
    found: Tables = f.derived[key]
    return found


def forwarded(
    f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray, path: str, unrouted: str = ""
) -> Paths:
    """The path of each of ``flow`` by the tables of the file ``path``, which leave by the arc ``first`` and,
    unless the tables say else, arrive by ``last``.

    ``unrouted``: what becomes of a flow that the tables lead round or to where no line goes on: ``refuse``,
    or ``dmodk``, which takes its whole way as D-Mod-K does. "": a dump refuses, and of a CSV file only the
    hops that are left open go as D-Mod-K.

    Raises:
        FileFormatError: the tables of a CSV file lead a flow round, or to where what they leave open has no
            legal way on.
        NoRouteError: flows have no way by the tables; names the first and counts them.
    """
    if unrouted or tables(f, path).whole:
        return _by_whole_tables(f, draw, flow, first, last, path, again=unrouted == "dmodk")
    given, most = tables(f, path), min(f.n_switches, _MOST_HOPS)
    column = np.full(len(draw.src), -1, np.int32)
    column[flow] = draw.cable(flow, draw.src[flow], first)
    columns, whole = [column], flow
    node, rising = f.arc_dst[first].astype(np.int64), np.ones(len(flow), bool)
    while len(flow):
        if len(columns) > most + 1:
            ends = [f.label(int(end[flow[0]])) for end in (draw.src, draw.dst)]
            what = f"leads the flow from {ends[0]} to {ends[1]} in a circle past {f.label(int(node[0]))}"
            raise FileFormatError(given.path, "", f"{what}: it has not arrived after {most} switches")
        arc, link = given.find(f, node, draw.dst[flow], last)
        told = np.flatnonzero((arc >= 0) & (link < 0))
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


def _by_whole_tables(
    f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray, path: str, *, again: bool
) -> Paths:
    """As ``forwarded`` with tables that leave nothing open; ``again``: flows without a way take D-Mod-K's."""
    given, everyone, first_arcs, last_arcs = tables(f, path), flow, first, last
    column = np.full(len(draw.src), -1, np.int32)
    column[flow] = draw.cable(flow, draw.src[flow], first)
    columns, node = [column], f.arc_dst[first].astype(np.int64)
    stuck: list[tuple[NDArray, str]] = []
    for _ in range(min(f.n_switches, _MOST_HOPS) + 1):
        arc, link = given.find(f, node, draw.dst[flow], last)
        lost = arc < 0
        if lost.any():
            at = f.label(int(node[np.argmax(lost)]))
            stuck.append((flow[lost], f"the tables of {path} have no entry for it at {at}"))
        flow, node, last, arc, link = (x[~lost] for x in (flow, node, last, arc, link))
        told = np.flatnonzero(link < 0)
        link[told] = draw.cable(flow[told], node[told], arc[told])
        column = np.full(len(draw.src), -1, np.int32)
        column[flow] = link
        columns.append(column)
        node = f.link_dst[link].astype(np.int64)
        on = node != draw.dst[flow]
        flow, node, last = flow[on], node[on], last[on]
        if not len(flow):
            break
    else:
        stuck.append((flow, f"the tables of {path} lead it in a circle past {f.label(int(node[0]))}"))
    if stuck:
        bad = np.unique(np.concatenate([flows for flows, _ in stuck]))
        if not again:
            (one, *_), reason = stuck[0]
            count = sum(len(flows) for flows, _ in stuck)
            ways = f"{reason}: --skip-unrouted (static:unrouted=dmodk,...) sends such as D-Mod-K does"
            raise NoRouteError(f.label(int(draw.src[one])), f.label(int(draw.dst[one])), count, ways)
        for each in columns:
            each[bad] = -1
        mine = np.isin(everyone, bad)
        for i, each in enumerate(walk(f, everyone[mine], first_arcs[mine], last_arcs[mine], draw)):
            if i == len(columns):
                columns.append(np.full(len(draw.src), -1, np.int32))
            columns[i][bad] = each[bad]
    return Paths.from_columns([each[everyone] for each in columns])


def _by_block(f: Fabric, which: NDArray, leaf: NDArray) -> Iterator[tuple[Block, NDArray]]:
    """``which``, apart by the block of distances that knows their leaf."""
    for block, part in distances(f).parts(f.leaf_index[leaf[which]]):
        yield block, which[part]


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
    leaf = f.leaf_index[f.link_src[f.arc_link[last]]].astype(np.int64)
    row = node - f.n_endpoints
    left = np.where(rising, block.reach(row, leaf), block.down(row, leaf))
    stuck = np.flatnonzero(left == block.none)
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
