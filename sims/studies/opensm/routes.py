"""How many of all routes lead over each link: what tables load, whatever the traffic. No clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from fabric import Fabric, route
from fabric.measures.link_kind import link_kinds
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError

__all__ = ["Routes", "all_routes"]

_MOST = 4_000_000  # pairs: some seconds


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Of one kind of link, such as ``leaf -> spine``: ``links``, how many have each number of routes."""

    kind: str
    links: dict[int, int]


def all_routes(fabric: Fabric, policy: Policy) -> list[Routes]:
    """The routes between all pairs of endpoints, counted on each link, by kind of link.

    Raises:
        ParameterError: more than 4,000,000 pairs.

    >>> from fabric import Dmodk
    >>> from topologies import star
    >>> [(found.kind, found.links) for found in all_routes(Fabric.from_graph(star(endpoints=4)), Dmodk())]
    [('endpoint -> leaf', {3: 4}), ('leaf -> endpoint', {3: 4})]
    """
    ends = np.arange(fabric.n_endpoints)
    if len(ends) ** 2 > _MOST:
        raise ParameterError(
            "topology", fabric.name, f"{len(ends) ** 2:,} pairs: at most {_MOST:,} are counted"
        )
    src, dst = np.repeat(ends, len(ends)), np.tile(ends, len(ends))
    paths = route(fabric, src[src != dst], dst[src != dst], policy)
    load = np.bincount(paths.link, minlength=fabric.n_links)
    names, kind = link_kinds(fabric)
    return [
        Routes(kind=name, links=dict(sorted(Counter(load[kind == i].tolist()).items())))
        for i, name in enumerate(names)
    ]
