"""Use: how much traffic crosses the cables of each part of a fabric, from the top down to a GPU. No page.

The parts are a tree: the groups of switches that cables suggest, their switches, servers, GPUs. What is
told of a part is the traffic on the cables that join it to the part around it, in seconds at full rate for
each byte of the message: times the size, over the time of a run, it is the share of the cables' capacity
that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fabric.machine.under_way import under_way
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.program import Program
from sims.scenario.scenario import Scenario
from sims.simulation import fabric_of, job_of
from sims.studies.explore.layers import Layers, layers_of
from sims.studies.sweep.bench import share_key

__all__ = ["MOST_PARTS", "Picture", "Use", "carried", "pictures_of", "use_of"]

MOST_PARTS = 400_000  # parts times runs that a page has room for: four bytes each


@dataclass(frozen=True, kw_only=True, eq=False)
class Use:
    """Of one run: ``mean`` and ``peak`` (parts,), in s at full rate per byte of the message, over the
    cables of each part and on the fullest of them, in the direction that has more; ``cables``: (parts,)
    that are left.
    """

    scenario: Scenario
    mean: NDArray[np.float64]
    peak: NDArray[np.float64]
    cables: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """The parts of one topology, and the ``uses`` of them by run."""

    topology: str
    layers: Layers
    uses: tuple[Use, ...] = field(default=())


def carried(program: Program) -> NDArray[np.float64]:
    """(links of the program's fabric,): bytes on each per byte of the message."""
    total = np.zeros(program.fabric.n_links)
    for stage in program.stages:
        load = stage.paths.load(stage.share, program.fabric.n_links)
        total += load * (stage.phase.repeat * stage.phase.count / program.schedule.chunks)
    return total


def use_of(layers: Layers, job: CollectiveJob, algorithm: str, size: int) -> Use:
    """The use of the parts ``layers`` of the job's fabric by one algorithm."""
    program = job.program(algorithm)
    own = layers.again(program.fabric)
    mean, peak = own.use(carried(program))
    return Use(
        scenario=job.scenario(algorithm, size),
        mean=mean,
        peak=peak,
        cables=layers.again(job.degraded).cables,
    )


def pictures_of(
    scenarios: Sequence[Scenario], step: Callable[[str], None] | None = None
) -> Iterator[Picture]:
    """A picture for each topology of ``scenarios``, with the use by each of them; as large as a page has room
    for.
    """
    if step:
        step("finding the use of links")
    every = sorted(scenarios, key=lambda one: repr(share_key(one)))
    room = max(1, MOST_PARTS // max(1, len(every)))
    done = 0
    with under_way(lambda: done, len(every), counted=True):
        for topology, group in groupby(every, key=lambda one: one.topology):
            same = list(group)
            fabric = fabric_of(same[0])
            layers = layers_of(fabric, room)
            uses = []
            for _, of_job in groupby(same, key=lambda one: share_key(one)[:2]):
                runs = list(of_job)
                job = job_of(runs[0], fabric)
                for one in runs:
                    uses.append(use_of(layers, job, one.algorithm, one.size_bytes))
                    done += 1
            yield Picture(topology=topology, layers=layers, uses=tuple(uses))
