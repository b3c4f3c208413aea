"""The fullest links of a run: which they are, where they stand, how many flows share each. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.contraction import members
from fabric.measures import link_kinds
from fabric.places import BETWEEN, zone_of_links
from fabric.schema import ZONES
from sims.program import Program, Stage

__all__ = ["Bottleneck", "Hotspot", "fullest", "hotspots"]

_EQUAL = 1e-9  # relative; links this near are equally full
_HALF, _MOST = 0.5, 3  # phases are shown until they make up half of the time, but no more than so many


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """Links of one kind and place that are equally full, and fuller than all others.

    ``pod``, ``rail``, ``plane``: names, "" where the graph gives none, ``between`` for cables from one to
    another. ``links`` of them are full, ``among`` all of that kind. ``flows``: how many share each, in the
    mean; one that is split counts by its share. ``rate``: bytes/s of the slowest of them; ``seconds``
    that their bytes take; ``example``: the two ends of one of them.
    """

    link: str
    pod: str
    rail: str
    plane: str
    links: int
    among: int
    flows: float
    rate: float
    seconds: float
    example: str


@dataclass(frozen=True, kw_only=True)
class Hotspot:
    """Phases over the same links. ``phases``: their numbers, from 1; ``seconds`` that they take one by one,
    of which ``latency`` are latency; ``share``: of the seconds of all phases and the profile's base."""

    phases: tuple[int, ...]
    seconds: float
    latency: float
    share: float
    bottlenecks: tuple[Bottleneck, ...]


def hotspots(program: Program, size: float) -> tuple[Hotspot, ...]:
    """The phases in which most of the time goes, the longest first, and the fullest links of each.

    Phases with the same transfers count as one. Shown are as many as make up half of the time, three at most.
    """
    latency = np.array([stage.worst_latency for stage in program.stages]) * program.latency_factor(size)
    seconds = latency + program.byte_times(size)[:, 0]
    every = float(seconds.sum()) + program.base(size)
    alike: dict[int, list[int]] = {}
    for number, stage in enumerate(program.stages):
        alike.setdefault(id(stage.routed), []).append(number)
    groups = sorted(alike.values(), key=lambda numbers: -float(seconds[numbers].sum()))
    found: list[Hotspot] = []
    for numbers in groups[:_MOST]:
        if sum(spot.share for spot in found) >= _HALF:
            break
        own = float(seconds[numbers].sum())
        amount = float(seconds[numbers].sum() - latency[numbers].sum())
        stage = program.stages[numbers[0]]
        found.append(
            Hotspot(
                phases=tuple(number + 1 for number in numbers),
                seconds=own,
                latency=float(latency[numbers].sum()),
                share=own / every,
                bottlenecks=_of_stage(program, stage, amount),
            )
        )
    return tuple(found)


def _of_stage(program: Program, stage: Stage, amount: float) -> tuple[Bottleneck, ...]:
    fabric = program.fabric
    load = stage.paths.load(stage.share, fabric.n_links)
    return fullest(fabric, load / fabric.capacity * (amount / stage.peak), load * program.qps)


def fullest(
    fabric: Fabric, seconds: NDArray[np.float64], flows: NDArray[np.float64]
) -> tuple[Bottleneck, ...]:
    """The links that need most seconds, by kind and place, most links first.

    ``seconds``, ``flows``: (links,), what the bytes of each take, and how many flows cross it.
    """
    names, kind = link_kinds(fabric)
    zones = [zone for zone in ZONES if zone in fabric.zones]
    full = np.flatnonzero(seconds >= float(seconds.max()) * (1 - _EQUAL))
    place = np.stack([kind, *(zone_of_links(fabric, zone) for zone in zones)])[:, full]
    groups, index, links = np.unique(place, axis=1, return_inverse=True, return_counts=True)
    order = np.argsort(index.ravel(), kind="stable")
    number = members(fabric)  # what is merged into one link counts as the links that it is
    every, ends = np.bincount(kind, weights=number), (fabric.link_src, fabric.link_dst)
    found = []
    for column, mine in zip(groups.T.tolist(), np.split(full[order], np.cumsum(links)[:-1])):
        where = dict(zip(zones, _named(fabric, zones, column[1:])))
        found.append(
            Bottleneck(
                link=names[column[0]],
                pod=where.get("pod", ""),
                rail=where.get("rail", ""),
                plane=where.get("plane", ""),
                links=int(number[mine].sum()),
                among=int(every[column[0]]),
                flows=float(flows[mine].sum() / number[mine].sum()),
                rate=float((fabric.capacity[mine] / number[mine]).min()),
                seconds=float(seconds[mine].max()),
                example=" -> ".join(fabric.label(int(end[mine[0]])) for end in ends),
            )
        )
    return tuple(sorted(found, key=lambda one: -one.links))


def _named(fabric: Fabric, zones: Sequence[str], values: Sequence[int]) -> Iterator[str]:
    for zone, value in zip(zones, values):
        if value >= 0:
            yield fabric.zones[zone].names[value]
        else:
            yield "between" if value == BETWEEN else ""
