"""Which delays of a graph its builder or reader assumed, as nobody gave any. Knows families, no lengths."""

from __future__ import annotations

import networkx as nx

from topologies.files.ib.ibnetdiscover import read_ibnetdiscover
from topologies.files.lift import from_networkx
from topologies.named import FAMILIES

__all__ = ["assumed_delays"]

_DEFAULTS = {
    "ibnetdiscover": (read_ibnetdiscover.__kwdefaults__ or {})["delay"],
    "networkx": (from_networkx.__kwdefaults__ or {})["delay"],
}


def assumed_delays(G: nx.Graph) -> frozenset[float]:
    """Seconds: the delays that stand on the cables of ``G`` by default.

    None where the family's ``delay`` was given, and none of a graph of no family, as of a CSV of links: there
    every delay is its owner's.

    >>> from topologies import load
    >>> sorted(assumed_delays(load("fat-tree:k=4"))), assumed_delays(load("fat-tree:k=4,delay=10ns"))
    ([2.5e-08, 2.5e-07, 5e-07], frozenset())
    """
    family, params = G.graph.get("family"), G.graph.get("params")
    if family in FAMILIES:
        usual = FAMILIES[family].defaults.get("delay")
    else:
        usual = _DEFAULTS.get(family) if isinstance(family, str) else None
    if usual is None:
        return frozenset()
    given = params.get("delay", usual) if isinstance(params, dict) else usual
    return frozenset(_listed(usual)) if _listed(given) == _listed(usual) else frozenset()


def _listed(delay: object) -> list[float]:
    return list(delay) if isinstance(delay, list | tuple) else [delay]  # type: ignore[list-item]
