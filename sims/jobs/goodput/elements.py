"""What of a fabric can fail under a job, by class: its cables and switches, and one of each to try. No rates.

A class is all cables between the same two kinds of node, or all switches of a kind. A cable or switch counts
where the job's traffic can come by: below it, or below the lower end of it, sits a rank. Without tiers all
count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.degraded import Damage, cable_links, cables_of, damaged
from fabric.graph.schema import SWITCH
from fabric.measures.link_kind import link_kinds, node_kind

__all__ = ["Element", "elements", "isolated", "nic", "without"]

_DRAWS = 0xE1E4  # sets these draws apart from others of the same seed


@dataclass(frozen=True, kw_only=True, eq=False)
class Element:
    """A class of things that fail. ``unit``: as in sims.models.goodput.hazards.UNITS; ``count``: how many
    the job has; ``cables``: rows of cable_links that one of them takes with it.
    """

    name: str
    unit: str
    count: int
    cables: NDArray[np.int64]


def nic(fabric: Fabric, placement: NDArray[np.int64]) -> Element | None:
    """The NICs of the ranks, one to an endpoint with cables; None where no rank has any."""
    first = cable_links(fabric)[:, 0]
    mine = np.zeros(len(fabric.kind), bool)
    mine[placement] = True
    own = placement[np.isin(placement, fabric.link_src[first]) | np.isin(placement, fabric.link_dst[first])]
    if not len(own):
        return None
    return Element(name="NIC", unit="nic", count=len(own), cables=cables_of(fabric, own[:1]))


def elements(fabric: Fabric, placement: NDArray[np.int64], seed: int) -> Iterator[Element]:
    """The classes of cables and of switches that carry the job of ``placement`` (ranks,); of each, one that
    ``seed`` draws.
    """
    below = _below(fabric, placement)
    pairs = cable_links(fabric)
    first = pairs[:, 0]
    ends = np.stack([fabric.link_src[first], fabric.link_dst[first]]).astype(np.int64)
    lower = np.where(fabric.tier[ends[0]] <= fabric.tier[ends[1]], ends[0], ends[1])
    carries = below[lower]
    names, kind_of = link_kinds(fabric)
    rng = np.random.default_rng([seed % 2**63, _DRAWS])
    for kind in np.unique(kind_of[first[carries]]).tolist():
        mine = np.flatnonzero(carries & (kind_of[first] == kind))
        name = f"cable {names[kind].replace(' -> ', '-')}"
        yield Element(name=name, unit="link", count=len(mine), cables=rng.choice(mine, 1))
    switches = np.flatnonzero((fabric.kind == SWITCH) & below)
    of = fabric.tier[switches] if fabric.tiered else np.zeros(len(switches), int)
    for tier in np.unique(of).tolist():
        mine = switches[of == tier]
        one = rng.choice(mine, 1)
        name = f"switch {node_kind(fabric, int(one[0]))}".replace("switch switch", "switch")
        yield Element(name=name, unit="switch", count=len(mine), cables=cables_of(fabric, one))


def _below(fabric: Fabric, placement: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(nodes,): whether a rank sits at or below each; without tiers, true of all."""
    if not fabric.tiered:
        return np.ones(len(fabric.kind), bool)
    below = np.zeros(len(fabric.kind), bool)
    below[placement] = True
    proper = np.zeros(fabric.n_links, bool)
    proper[cable_links(fabric).ravel()] = True
    up = np.flatnonzero(proper & (fabric.tier[fabric.link_src] < fabric.tier[fabric.link_dst]))
    for tier in np.unique(fabric.tier[fabric.link_src[up]]).tolist():
        at = up[fabric.tier[fabric.link_src[up]] == tier]
        below[fabric.link_dst[at[below[fabric.link_src[at]]]]] = True
    return below


def without(fabric: Fabric, cables: NDArray[np.int64]) -> Fabric:
    """``fabric`` without these ``cables``, rows of cable_links."""
    lost = np.zeros(len(cable_links(fabric)), bool)
    lost[cables] = True
    return damaged(fabric, Damage(lost=lost, rate=np.ones(len(lost))))


def isolated(fabric: Fabric, cables: NDArray[np.int64], placement: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ``placement`` of ranks that have no cable left where these ``cables`` are lost."""
    first = cable_links(fabric)[:, 0]
    ends = np.concatenate([fabric.link_src[first], fabric.link_dst[first]]).astype(np.int64)
    gone = np.concatenate([fabric.link_src[first[cables]], fabric.link_dst[first[cables]]]).astype(np.int64)
    n = fabric.n_endpoints
    had = np.bincount(ends[ends < n], minlength=n)
    lost = np.bincount(gone[gone < n], minlength=n)
    return placement[(had[placement] > 0) & (lost[placement] == had[placement])]
