"""Which faults of the network stop a job, and what others cost: each class of degraded fabric solved once.

A fault stops a job where it leaves a rank's NIC without a cable: its connections end, and no library moves
them to another NIC; or where ranks that talk have no path left. Any other only slows it: by what the job's
collective takes on the degraded fabric over what it takes on the healthy one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fabric.words.errors import NoRouteError
from sims.jobs.collective import CollectiveJob
from sims.jobs.goodput.elements import Element, elements, isolated, nic, without
from sims.models.goodput.hazards import Hazards

__all__ = ["GPUS_A_HOST", "NetworkClass", "hosts_of", "network_classes"]

GPUS_A_HOST = 8.0  # of a fabric that has no servers


@dataclass(frozen=True, kw_only=True)
class NetworkClass:
    """``count`` things of one ``unit`` whose loss makes the collective take ``stretch`` times as long, or
    stops the job, where ``stretch`` is 0; ``hosts`` lose their network then, infinity where spares do not
    help.
    """

    name: str
    unit: str
    count: int
    stretch: float
    hosts: float = 0.0


def hosts_of(job: CollectiveJob) -> float:
    """How many hosts the ranks are on: servers, or of a fabric without servers one for each eight."""
    if np.all(job.fabric.server[job.placement] < 0):
        return job.ranks / GPUS_A_HOST
    return float(job.members.nodes)


def network_classes(
    job: CollectiveJob,
    algorithm: str,
    size: int,
    hazards: Hazards,
    watch: Callable[[str], None] | None = None,
) -> Iterator[NetworkClass]:
    """The classes that can fail by ``hazards``; ``watch`` is told each before it is solved.

    A gain, as a hash that falls luckier gives one, counts as none: ``stretch`` is at least 1.
    """
    fabric, placement = job.degraded, job.placement
    own = nic(fabric, placement)
    failing = [
        one
        for one in [*([own] if own else []), *elements(fabric, placement, int(job.setup.seed))]
        if hazards.rate(one.unit) > 0
    ]
    healthy = 0.0
    for one in failing:
        if watch:
            watch(f"without one {one.name}")
        lost = isolated(fabric, one.cables, placement)
        if len(lost):
            server = fabric.server[lost]
            alone = int(np.sum(server < 0))
            hosts = len(np.unique(server[server >= 0])) + (alone if alone == 1 else alone / GPUS_A_HOST)
            yield _class(one, 0.0, hosts)
            continue
        healthy = healthy or job.seconds(algorithm, size)
        try:
            degraded = job.on(without(fabric, one.cables)).seconds(algorithm, size)
        except NoRouteError:
            yield _class(one, 0.0, math.inf)
            continue
        yield _class(one, max(1.0, degraded / healthy))


def _class(one: Element, stretch: float, hosts: float = 0.0) -> NetworkClass:
    return NetworkClass(name=one.name, unit=one.unit, count=one.count, stretch=stretch, hosts=hosts)
