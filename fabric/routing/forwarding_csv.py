"""Forwarding tables as a CSV file, read a row at a time.

The columns are ``switch``, ``destination`` and ``next_hop`` or ``port`` or both, nodes by name or id. The
destination is an endpoint, or a switch above endpoints for all of them at once (a line for the endpoint
itself comes first). The next hop is a neighbour of the switch, the port one of the switch's own: it tells the
cable where several are parallel. On a graph that knows no ports, 1, 2, ... are the parallel cables to the
next hop. Walks no path.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import GPU, SWITCH
from fabric.machine.cell_place import cell_place, csv_rows, wrong_width
from fabric.routing.forwarding_tables import Tables
from fabric.words.errors import FileFormatError

__all__ = ["read_tables"]

_COLUMNS = ("switch", "destination", "next_hop")
_PORT = "port"
_NO_SUCH = -2


def read_tables(f: Fabric, path: str) -> Tables:
    """The tables of a CSV file for this fabric.

    Raises:
        FileFormatError: with line and column: a missing or unknown column, an unknown node, a switch that is
            none, a destination without endpoints, a next hop that is no neighbour, two lines that differ. And
            without a place: no line at all.
    """
    with csv_rows(path) as (_, rows):
        first, row = next(rows, (1, []))
        header = [cell.strip() for cell in row]
        legal = [*_COLUMNS, _PORT]
        wrong = [i for i, name in enumerate(header) if name not in legal or name in header[:i]]
        if wrong or not set(_COLUMNS[:2]) <= set(header) or not {_COLUMNS[2], _PORT} & set(header):
            rule = f"the columns are {', '.join(_COLUMNS)}, and {_PORT} beside or instead of the last"
            raise FileFormatError(path, cell_place(path, first, wrong[0] if wrong else len(header)), rule)
        line, nodes, ports = _numbered(f, path, header, rows)
    if not len(line):
        rule = "has no entry for any switch and destination: a line is a switch, a destination, a next hop"
        raise FileFormatError(path, "", rule)
    return _checked(f, path, header, line, nodes, ports)


def _numbered(
    f: Fabric, path: str, header: Sequence[str], rows: Iterator[tuple[int, list[str]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Of each row its line, its nodes (switch, destination, next hop; -1: as the port says) and its port."""
    named = [name for name in _COLUMNS if name in header]
    numbers = {str(name): node for node, name in enumerate(f.ids)}
    if f.labels:
        names: dict[str, int] = {}
        for node, label in enumerate(f.labels):
            names[label] = -1 if label in names else node
        numbers |= names
    place = [(column, header.index(name), name) for column, name in enumerate(named)]
    at = header.index(_PORT) if _PORT in header else None
    lines, found, ports = array("q"), array("q"), list[str]()
    for line, row in rows:
        if len(row) != len(header):
            raise wrong_width(path, line, row, len(header))
        ports.append(sys.intern(row[at].strip()) if at is not None else "")
        of = [-1, -1, -1]
        for column, cell, name in place:
            called = row[cell].strip()
            if column == 2 and not called and ports[-1]:
                continue  # the port says it all
            node = numbers.get(called, -1)
            if node < 0:
                who = "several nodes of {} are" if called in numbers else "no node of {} is"
                what = f"{name} = {called!r}: {who.format(f.name)} called so"
                raise FileFormatError(path, cell_place(path, line, cell), what)
            of[column] = node
        lines.append(line)
        found.extend(of)
    return np.array(lines, np.int64), np.array(found, np.int64).reshape(-1, 3), ports


def _checked(
    f: Fabric,
    path: str,
    header: Sequence[str],
    line: NDArray[np.int64],
    nodes: NDArray[np.int64],
    ports: list[str],
) -> Tables:
    """The tables of lines of switch, destination, next hop (-1: as the port says) and port ("": none)."""
    switch, destination, hop = nodes.T
    count = len(f.kind)

    def refuse(column: str, bad: NDArray[np.bool_], what: str) -> None:
        if bad.any():
            i = int(np.argmax(bad))
            names = dict(zip(_COLUMNS, (f.label(int(node)) for node in nodes[i])))
            where = cell_place(path, int(line[i]), header.index(column if column in header else _PORT))
            raise FileFormatError(path, where, what.format(**names, port=ports[i]))

    refuse("switch", f.kind[switch] != SWITCH, "{switch} is no switch")
    ends = (f.kind[destination] == GPU) | (f.leaf_index[destination] >= 0)
    refuse("destination", ~ends, "{destination} is neither an endpoint nor a switch above one")
    refuse("destination", switch == destination, "a switch needs no way to itself")
    source = np.repeat(np.arange(count), np.diff(f.arc_ptr))
    arcs = source * count + f.arc_dst
    order = np.argsort(arcs)

    def arc_to(hop: NDArray[np.int64]) -> NDArray[np.int64]:
        found = order[np.minimum(np.searchsorted(arcs, switch * count + hop, sorter=order), len(arcs) - 1)]
        return np.where((hop >= 0) & (arcs[found] == switch * count + hop), found, -1)

    place = arc_to(hop)
    refuse("next_hop", (place < 0) & (hop >= 0), "{next_hop} is no neighbour of {switch}")
    link = _by_port(f, switch, place, ports)
    refuse("port", link == _NO_SUCH, "{switch} has no port {port!r}, and no parallel cable of that number")
    refuse(
        "port",
        (link >= 0) & (hop >= 0) & (f.link_dst[link] != hop),
        "port {port} of {switch} does not lead to {next_hop}",
    )
    hop[:] = np.where(hop < 0, f.link_dst[link], hop)
    place = arc_to(hop)
    wrong = (f.kind[hop] != SWITCH) & (hop != destination)
    refuse("next_hop", wrong, "{next_hop} is neither a switch nor the destination {destination}")
    key = switch * count + destination
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(key), bool)
    differs = (place[order[1:]] != place[order[:-1]]) | (link[order[1:]] != link[order[:-1]])
    again[order[1:]] = (key[order[1:]] == key[order[:-1]]) & differs
    refuse("next_hop", again, "{switch} has another next hop or port towards {destination} already")
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
