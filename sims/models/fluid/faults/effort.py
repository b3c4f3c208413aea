"""How many outages a run can follow, and how long that takes, about, before it is tried. Draws none."""

from __future__ import annotations

from collections.abc import Iterable

from fabric import Fabric, Paths
from sims.models.fluid import patience
from sims.models.fluid.faults.wear import MOST_OUTAGES
from sims.models.fluid.patience import Wait

__all__ = ["most_outages", "outages_wait"]

# s of an outage that begins, is learned of, ends and is forgotten, and of each link and each hop of a flow.
_EACH, _EACH_LINK = 3e-3, 7e-8


def _seconds(carrier: Fabric, paths: Iterable[Paths]) -> float:
    return _EACH + _EACH_LINK * (carrier.n_links + sum(len(one.link) for one in paths))


def most_outages(carrier: Fabric, paths: Iterable[Paths]) -> int:
    """A hundred thousand, or as many as an hour is enough for where flows go ``paths`` on ``carrier``.

    >>> from topologies import fat_tree
    >>> most_outages(Fabric.from_graph(fat_tree(k=4)), [])
    100000
    """
    return min(MOST_OUTAGES, int(patience.MOST_SECONDS / _seconds(carrier, paths)))


def outages_wait(expected: float, carrier: Fabric, paths: Iterable[Paths]) -> Wait:
    """To follow so many ``expected`` outages; arguments as of ``most_outages``."""
    seconds = expected * _seconds(carrier, paths)
    return Wait(seconds=seconds, text=f"about {expected:,.0f} faults take % to follow")
