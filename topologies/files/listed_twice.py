"""A cable that a file lists from both of its ends, as tables of neighbours do, read once. Knows no format.

Two entries are one cable where they name the same ports of the same two nodes: a port takes one cable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import networkx as nx

from fabric.words.counted import counted

__all__ = ["cables_once", "in_node_order"]

_Reader = Callable[[str | os.PathLike[str]], nx.Graph]


def cables_once(reader: _Reader) -> _Reader:
    """``reader``, whose graphs then have every cable once, with a note that says which were listed twice.

    Of two rates the lower counts. Entries that name no port are cables of their own.
    """

    def read(path: str | os.PathLike[str]) -> nx.Graph:
        G = reader(path)
        merged, unequal = [], []
        for u, v, data in G.edges(data=True):
            ports = data.get("ports")
            if data.get("cables", 1) == 1 or not isinstance(ports, list | tuple):
                continue
            twice = list(_join(data, ports))
            merged += [f"{_end(u, p)} - {_end(v, q)}" for (p, q), _ in twice]
            unequal += [f"{_end(u, p)} - {_end(v, q)}" for (p, q), alike in twice if not alike]
        if merged:
            notes = [f"Read {counted(len(merged), 'cable')} once that the file lists again: {_some(merged)}."]
            if unequal:
                notes.append(
                    f"Took the lower rate of {counted(len(unequal), 'cable')} listed with two: "
                    f"{_some(unequal)}."
                )
            G.graph["notes"] = [*G.graph.get("notes", ()), *notes]
        return G

    read.__doc__ = reader.__doc__
    return read


def in_node_order(ports: Any, turned: bool) -> Any:
    """``ports`` with the ends of each pair changed over where the file names the two nodes ``turned``.

    >>> in_node_order([[1, 7], [2, 8]], True)
    [[7, 1], [8, 2]]
    """
    if not turned or not isinstance(ports, list | tuple):
        return ports
    return [list(pair)[::-1] if isinstance(pair, list | tuple) else pair for pair in ports]


def _join(data: dict[str, Any], ports: Sequence[Any]) -> Iterator[tuple[tuple[Any, Any], bool]]:
    """Leave one of equal entries in the attributes of an edge; yields the ports of each and whether its rates
    are equal.
    """
    count = data["cables"]
    rates = data.get("rates", [data.get("rate")] * count)
    if len(ports) != count or not isinstance(rates, list | tuple) or len(rates) != count:
        return  # the schema says what is wrong
    said = all(isinstance(rate, int | float) for rate in rates)
    if not said and any(rate is not None for rate in rates):
        return  # as of rates that are no numbers
    found: dict[Hashable, list[Any]] = {}
    for i, (pair, rate) in enumerate(zip(ports, rates)):
        known = isinstance(pair, list | tuple) and len(pair) == 2 and not {*map(type, pair)} & {list, dict}
        named = known and any(end is not None for end in pair)
        found.setdefault(tuple(pair) if named else i, []).append((pair, rate))
    if len(found) == count:
        return
    kept = [(group[0][0], min(rate for _, rate in group) if said else None) for group in found.values()]
    yield from (
        (tuple(group[0][0]), len({rate for _, rate in group}) == 1)
        for group in found.values()
        if len(group) > 1
    )
    data["ports"] = [pair for pair, _ in kept]
    left: list[Any] = [rate for _, rate in kept]
    data.pop("rates", None)
    data.pop("cables", None)
    if len(kept) > 1:
        data["cables"] = len(kept)
    if said:
        data["rate"] = min(left)
        if len(set(left)) > 1:
            data["rates"] = left


def _end(node: Hashable, port: Any) -> str:
    return f"{node}" if port is None else f"{node} [{port}]"


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3:,} more" if len(texts) > 3 else "")
