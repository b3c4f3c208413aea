"""Edges as a file lists them joined to one for each pair of nodes: parallel ones are its ``cables``.

Knows which attributes of an edge are those of its cables; no file format.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple

import networkx as nx

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError

__all__ = ["EdgeIds", "Listed", "add_notes", "joined"]

_OWN = ("rate", "rates", "delay", "cables", "ports")  # of a cable; parallel ones may differ in others freely
_CABLES = "each pair of nodes has one edge: parallel cables are the edge attribute cables"


class Listed(NamedTuple):
    """An edge of the file: where it stands there, its ends in that order, and its attributes."""

    where: str
    u: Any
    v: Any
    attributes: dict[str, Any]


class EdgeIds:
    """Whether the edges of each pair of nodes have ids of their own, as they come; one text a pair mostly."""

    def __init__(self) -> None:
        self._ids: dict[tuple[Hashable, Hashable], str | list[str | None] | None] = {}

    def __contains__(self, pair: tuple[Hashable, Hashable]) -> bool:
        return pair in self._ids

    def add(self, pair: tuple[Hashable, Hashable], own: str | None) -> None:
        """Take an edge of the pair and its id, None where it has none."""
        if pair not in self._ids:
            self._ids[pair] = own
        else:
            known = self._ids[pair]
            self._ids[pair] = [*known, own] if isinstance(known, list) else [known, own]

    def apart(self) -> bool:
        """Whether all edges of one pair differ in them."""
        several = [one for one in self._ids.values() if isinstance(one, list)]
        return all(None not in one and len(set(one)) == len(one) for one in several)


def joined(
    name: str, edges: Iterable[Listed], *, parallel: bool, directed: bool, notes: list[str]
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Each pair of nodes once, in the order in which they occur, with the attributes of its edge.

    With ``parallel`` edges of one pair are cables beside each other. Of a ``directed`` graph each edge is a
    cable, both directions, where each stands once; and where each stands both ways, alike, the two are one.
    A sentence on either is added to ``notes``.

    Raises:
        FileFormatError: of the file ``name``: a pair is listed twice without ``parallel``; some pairs of a
            directed graph are listed both ways and others are not; parallel cables have unequal delays, or
            cables, rates and ports that do not fit each other.
    """
    pairs: dict[tuple[Any, Any], list[Listed]] = {}
    for edge in edges:
        pairs.setdefault((edge.v, edge.u) if (edge.v, edge.u) in pairs else (edge.u, edge.v), []).append(edge)
    if directed and pairs:
        both = _one_way(name, pairs)
        what = "each edge, listed both ways," if both else "each edge"
        notes.append(f"Took {what} of a directed graph as a cable, both directions.")
    several = 0
    for (u, v), found in pairs.items():
        if len(found) > 1 and not parallel:
            raise FileFormatError(name, found[1].where, f"edge {_ends(found[1])} is listed twice: {_CABLES}")
        several += len(found) > 1
        yield u, v, found[0].attributes if len(found) == 1 else _together(name, found)
    if several:
        notes.append(f"Took parallel edges as parallel cables, between {counted(several, 'pair')} of nodes.")


def add_notes(G: nx.Graph, notes: list[str]) -> None:
    """Put the sentences behind those that the graph has; what else stands in their place stays."""
    known = G.graph.get("notes", [])
    if notes and isinstance(known, list):
        G.graph["notes"] = [*known, *(note for note in notes if note not in known)]


def _one_way(name: str, pairs: dict[tuple[Any, Any], list[Listed]]) -> bool:
    """Leave of edges listed both ways those of one; whether that was so."""
    back = {pair: [e for e in found if (e.u, e.v) != pair] for pair, found in pairs.items()}
    if not any(back.values()):
        return False
    for pair, found in pairs.items():
        there = [edge for edge in found if (edge.u, edge.v) == pair]
        if _cables(there) != _cables(back[pair]):
            one = found[0]
            rule = (
                "a cable is both directions: each edge of a directed graph is listed once, or each both ways"
            )
            ways = f"{counted(len(there), 'time')}, and back {counted(len(back[pair]), 'time')}"
            if len(there) == len(back[pair]):
                ways += " with other attributes"
            raise FileFormatError(name, one.where, f"edge {_ends(one)} is listed {ways}: {rule}")
        pairs[pair] = there
    return True


def _cables(edges: Iterable[Listed]) -> list[str]:
    return sorted(repr([edge.attributes.get(key) for key in _OWN[:4]]) for edge in edges)


def _together(name: str, found: list[Listed]) -> dict[str, Any]:
    """The attributes of one edge for parallel ones; those in which they differ are left out."""
    first = found[0].attributes
    rates: list[Any] = []
    ports: list[Any] = []
    for edge in found:
        own, cables = edge.attributes, edge.attributes.get("cables", 1)
        fits = type(cables) is int and 0 < cables <= 4_096
        rate = own.get("rates", [own.get("rate")] * (cables if fits else 0))
        port = own.get("ports", [(None, None)] * (cables if fits else 0))
        if not fits or any(not isinstance(x, list | tuple) or len(x) != cables for x in (rate, port)):
            problem = f"edge {_ends(edge)}: rates and ports have one entry per cable, of 1 to 4,096 cables"
            raise FileFormatError(name, edge.where, problem)
        if own.get("delay") != first.get("delay"):
            rule = (
                f"delay {own.get('delay')!r}, and {first.get('delay')!r} of a parallel cable, which share it"
            )
            raise FileFormatError(name, edge.where, f"edge {_ends(edge)}: {rule}")
        rates += rate
        ports += port
    same = {
        key: value
        for key, value in first.items()
        if key in ("rate", "delay") or all(edge.attributes.get(key) == value for edge in found[1:])
    }
    same = {key: value for key, value in same.items() if key not in ("rates", "ports")}
    same["cables"] = len(rates)
    if any(rate != rates[0] for rate in rates):
        numbers = [rate for rate in rates if isinstance(rate, int | float)]
        same |= {"rate": min(numbers), "rates": rates} if len(numbers) == len(rates) else {"rate": None}
    if any(port != (None, None) for port in ports):
        same["ports"] = ports
    return same


def _ends(edge: Listed) -> str:
    return f"{edge.u!r} - {edge.v!r}"
