"""The fullest links of a run: which they are, where they stand, how many flows share each. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.contraction import members
from fabric.graph.schema import ZONES
from fabric.measures.link_kind import link_kinds
from fabric.measures.places import BETWEEN, zone_of_links
from sims.models.fluid.program import Program
from sims.models.fluid.stage import Stage

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
    of which ``latency`` are latency; ``share``: of the seconds of all phases and the profile's base.

    Of phases that run side by side (``together``) the bytes on the fullest links add up to ``seconds``, and
    ``share`` is of the time of the run.
    """

    phases: tuple[int, ...]
    seconds: float
    latency: float
    share: float
    bottlenecks: tuple[Bottleneck, ...]
    together: bool = False


def hotspots(program: Program, size: float, time: float) -> tuple[Hotspot, ...]:
    """The phases in which most of the time goes, the longest first, and the fullest links of each.

    Phases with the same transfers count as one. Shown are as many as make up half of the time, three at most.
    Of a pipelined program, of which a run takes ``time`` s, the links that are busy longest with all phases
    are shown, and the phases that cross them.
    """
    if program.schedule.pipeline > 1:
        return (_side_by_side(program, size, time),)
    latency = program.waits(size)
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


def _side_by_side(program: Program, size: float, time: float) -> Hotspot:
    """The links that are fullest with the bytes of all phases, and the phases that use one of them."""
    fabric = program.fabric
    seconds, flows = np.zeros(fabric.n_links), np.zeros(fabric.n_links)
    each = []
    for stage, (amount, _) in zip(program.stages, program.byte_times(size)):
        load = stage.paths.load(stage.share, fabric.n_links)
        each.append(load / fabric.capacity * (amount / stage.peak))
        seconds += each[-1]
        np.maximum(flows, load * program.qps, out=flows)
    full = seconds >= float(seconds.max()) * (1 - _EQUAL)
    return Hotspot(
        phases=tuple(number for number, own in enumerate(each, 1) if own[full].any()),
        seconds=float(seconds.max()),
        latency=0.0,
        share=float(seconds.max()) / time,
        bottlenecks=fullest(fabric, seconds, flows),
        together=True,
    )


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
