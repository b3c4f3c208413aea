"""Forwarding tables given by the user: where each switch sends what is for each destination.

A CSV file with the columns ``switch``, ``destination`` and ``next_hop`` or ``port`` or both, nodes by name or
id. The destination is an endpoint, or a switch above endpoints for all of them at once (a line for the
endpoint itself comes first). The next hop is a neighbour of the switch, the port one of the switch's own: it
tells the cable where several are parallel. On a graph that knows no ports, 1, 2, ... are the parallel cables
to the next hop. What the tables leave open goes as D-Mod-K sends it, and so do the choice among parallel
cables where a line names no port, and the endpoint's own links. The tables are taken at their word: they may
send a flow up after it went down, which a real fabric would call a risk of deadlock; what they leave open may
not. Instead of a CSV file it may be what InfiniBand's tools print (``lft_dump.py``): its ports are those of
the graph, and it leaves nothing open.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import GPU, SWITCH
from fabric.machine.document import read_text
from fabric.machine.under_way import reading
from fabric.routing.distance import Block, distances
from fabric.routing.draw import Draw
from fabric.routing.forwarding_tables import Tables
from fabric.routing.lft import tables_of_dump
from fabric.routing.lft_dump import is_lft_dump
from fabric.routing.paths import Paths
from fabric.routing.walk import Step, walk
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, NoRouteError

__all__ = ["forwarded", "tables"]

_COLUMNS = ("switch", "destination", "next_hop")
_PORT = "port"
_NO_SUCH = -2
_MOST_HOPS = 255  # as many as the time to live of an IP packet allows


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
        with reading(path):
            f.derived[key] = _read(f, path)
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


def _read(f: Fabric, path: str) -> Tables:
    if is_lft_dump(path):
        return tables_of_dump(f, path)
    text = read_text(path)
    reader = csv.reader(text.splitlines())
    try:
        table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise FileFormatError(path, f"line {reader.line_num}", f"is not CSV: {error}") from None
    header = table[0][1] if table else []
    legal = set(header) <= {*_COLUMNS, _PORT} and len(set(header)) == len(header)
    if not legal or not set(_COLUMNS[:2]) <= set(header) or not {_COLUMNS[2], _PORT} & set(header):
        rule = f"the columns are {', '.join(_COLUMNS)}, and {_PORT} beside or instead of the last"
        raise FileFormatError(path, "line 1", rule)
    named = [name for name in _COLUMNS if name in header]
    numbers = {str(name): node for node, name in enumerate(f.ids)}
    if f.labels:
        names: dict[str, int] = {}
        for node, label in enumerate(f.labels):
            names[label] = -1 if label in names else node
        numbers |= names
    place = [(column, header.index(name), name) for column, name in enumerate(named)]
    at = header.index(_PORT) if _PORT in header else None
    nodes = np.full((len(table) - 1, 3), -1, np.int64)
    for i, (line, row) in enumerate(table[1:]):
        if len(row) != len(header):
            rule = f"{counted(len(row), 'value')} for {counted(len(header), 'column')}"
            raise FileFormatError(path, f"line {line}", rule)
        for column, cell, name in place:
            called = row[cell]
            if column == 2 and not called and at is not None and row[at]:
                continue  # the port says it all
            node = numbers.get(called, -1)
            if node < 0:
                who = "several nodes of {} are" if called in numbers else "no node of {} is"
                what = f"{name} = {called!r}: {who.format(f.name)} called so"
                raise FileFormatError(path, f"line {line}", what)
            nodes[i, column] = node
    ports = [row[at] for _, row in table[1:]] if at is not None else [""] * len(nodes)
    return _checked(f, path, np.array([line for line, _ in table[1:]], np.int64), nodes, ports)


def _checked(
    f: Fabric, path: str, line: NDArray[np.int64], nodes: NDArray[np.int64], ports: list[str]
) -> Tables:
    """The tables of lines of switch, destination, next hop (-1: as the port says) and port ("": none)."""
    switch, destination, hop = nodes.T
    count = len(f.kind)

    def refuse(bad: NDArray[np.bool_], what: str) -> None:
        if bad.any():
            i = int(np.argmax(bad))
            names = dict(zip(_COLUMNS, (f.label(int(node)) for node in nodes[i])))
            raise FileFormatError(path, f"line {line[i]}", what.format(**names, port=ports[i]))

    refuse(f.kind[switch] != SWITCH, "{switch} is no switch")
    ends = (f.kind[destination] == GPU) | (f.leaf_index[destination] >= 0)
    refuse(~ends, "{destination} is neither an endpoint nor a switch above one")
    refuse(switch == destination, "a switch needs no way to itself")
    source = np.repeat(np.arange(count), np.diff(f.arc_ptr))
    arcs = source * count + f.arc_dst
    order = np.argsort(arcs)

    def arc_to(hop: NDArray[np.int64]) -> NDArray[np.int64]:
        found = order[np.minimum(np.searchsorted(arcs, switch * count + hop, sorter=order), len(arcs) - 1)]
        return np.where((hop >= 0) & (arcs[found] == switch * count + hop), found, -1)

    place = arc_to(hop)
    refuse((place < 0) & (hop >= 0), "{next_hop} is no neighbour of {switch}")
    link = _by_port(f, switch, place, ports)
    refuse(link == _NO_SUCH, "{switch} has no port {port!r}, and no parallel cable of that number")
    refuse(
        (link >= 0) & (hop >= 0) & (f.link_dst[link] != hop),
        "port {port} of {switch} does not lead to {next_hop}",
    )
    hop[:] = np.where(hop < 0, f.link_dst[link], hop)
    place = arc_to(hop)
    wrong = (f.kind[hop] != SWITCH) & (hop != destination)
    refuse(wrong, "{next_hop} is neither a switch nor the destination {destination}")
    key = switch * count + destination
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(key), bool)
    differs = (place[order[1:]] != place[order[:-1]]) | (link[order[1:]] != link[order[:-1]])
    again[order[1:]] = (key[order[1:]] == key[order[:-1]]) & differs
    refuse(again, "{switch} has another next hop or port towards {destination} already")
    kept, first = np.unique(key, return_index=True)
    return Tables(path=path, key=kept, arc=place[first], link=link[first])


def _by_port(
    f: Fabric, switch: NDArray[np.int64], arc: NDArray[np.int64], ports: list[str]
) -> NDArray[np.int64]:
    """(lines,): the link in the port of the switch, -1 where the line names none, ``_NO_SUCH``.

    Of cables whose ports the graph does not know the port counts those of the ``arc``, from 1.
    """
    link = np.full(len(ports), -1, np.int64)
    asked = np.array([i for i, port in enumerate(ports) if port], np.int64)
    link[asked] = _NO_SUCH
    if f.link_port is not None:
        number = {name: i for i, name in enumerate(f.port_names)}
        told = np.array([number.get(ports[i], -1) for i in asked.tolist()], np.int64)
        known = np.flatnonzero(f.link_port >= 0)
        key = f.link_src[known] * len(number) + f.link_port[known].astype(np.int64)
        known, key = known[np.argsort(key, kind="stable")], np.sort(key)
        wanted = switch[asked] * len(number) + told
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        found = (told >= 0) & (key[place] == wanted) if len(key) else np.zeros(len(asked), bool)
        link[asked[found]] = known[place[found]]
    for i in asked[(link[asked] == _NO_SUCH) & (arc[asked] >= 0)].tolist():
        first, end = f.arc_link[arc[i]], f.arc_link[arc[i] + 1]
        nameless = f.link_port is None or f.link_port[first] < 0
        if nameless and re.fullmatch("[0-9]{1,4}", ports[i]) and 1 <= int(ports[i]) <= end - first:
            link[i] = first + int(ports[i]) - 1
    return link
