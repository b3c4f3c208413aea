"""Detours: the paths of flows while links are dead, and their way home. Knows no clock and no bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.damage.degraded import without_links
from fabric.routing.distance import in_small_blocks
from fabric.words.errors import NoRouteError

__all__ = ["Detours", "Router"]

Router = Callable[[Fabric, NDArray[np.int64]], Paths]
"""The paths of some of its flows (by number) on a fabric; NoRouteError if one has none."""


class Detours:
    """Groups of flows, each with its paths on the healthy ``carrier`` and a router that finds others.

    A flow moves only if its path has a dead link, and returns as soon as its first path has none. One without
    any path stays where it is, and waits.
    """

    def __init__(self, carrier: Fabric, home: Sequence[Paths], routers: Sequence[Router]) -> None:
        self.carrier, self.home, self.routers = carrier, tuple(home), tuple(routers)
        self.paths: list[Paths] = list(home)
        self._away = [np.zeros(len(paths), bool) for paths in home]

    @property
    def at_home(self) -> bool:
        return all(now is first for now, first in zip(self.paths, self.home))

    def learn(self, dead: NDArray[np.bool_]) -> list[int]:
        """Routing comes to know that the links ``dead``, and no others, carry nothing.

        Returns the groups of which some flow moved.
        """
        moved = []
        left: tuple[Fabric, NDArray[np.int64]] | None = None
        for group, (paths, home) in enumerate(zip(self.paths, self.home)):
            away = self._away[group]
            back = away.copy()
            back[away] = ~_crosses(home.take(np.flatnonzero(away)), dead)
            cut = np.flatnonzero(_crosses(paths, dead) & ~back)
            rows = np.arange(len(paths), dtype=np.int64)
            parts = [paths, home]
            rows[back] += len(paths)
            found = cut[:0]
            if len(cut):
                if left is None:
                    fabric, alive = without_links(self.carrier, dead)
                    left = in_small_blocks(fabric), alive
                sets, others = _routable(self.routers[group], left[0], cut)
                for which, part in zip(sets, others):
                    rows[which] = sum(map(len, parts)) + np.arange(len(which))
                    parts.append(Paths(ptr=part.ptr, link=left[1][part.link].astype(np.int32),
                                       weight=part.weight))  # fmt: skip
                found = np.concatenate([cut[:0], *sets])
            if not len(found) and not back.any():
                continue
            away[back], away[found] = False, True
            self.paths[group] = Paths.stack(parts).take(rows) if away.any() else home
            moved.append(group)
        return moved

    def touched(self) -> NDArray[np.bool_]:
        """(links,): those that a flow is on, or would be on if it were at home."""
        mask = np.zeros(self.carrier.n_links, bool)
        for now, home in zip(self.paths, self.home):
            mask[now.link] = True
            if now is not home:
                mask[home.link] = True
        return mask

    def standing(self, dead: NDArray[np.bool_]) -> bool:
        """Whether some flow's path has a dead link."""
        return any(bool(dead[paths.link].any()) for paths in self.paths)


def _crosses(paths: Paths, dead: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(flows,): whose path has a dead link."""
    before = np.concatenate([[0], np.cumsum(dead[paths.link])])
    return before[paths.ptr[1:]] > before[paths.ptr[:-1]]


def _routable(
    router: Router, fabric: Fabric, flows: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], list[Paths]]:
    """Sets of those flows that have a path, and their paths; found by halving what fails as a whole."""
    try:
        return [flows], [router(fabric, flows)]
    except NoRouteError:
        if len(flows) == 1:
            return [], []
    halves = [_routable(router, fabric, half) for half in np.array_split(flows, 2)]
    return halves[0][0] + halves[1][0], halves[0][1] + halves[1][1]
