"""A second collective for tests: reduce-scatter round a ring and in one step, as a file would add it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sims.workload.collective import COLLECTIVES, Collective
from sims.workload.collectives.algorithm import _TABLE, algorithm
from sims.workload.schedule import REDUCE, Phase, Schedule

REDUCE_SCATTER = Collective(
    name="reduce-scatter",
    tool="reduce_scatter",
    size="the buffer of a rank before",
    factor=lambda n: (n - 1) / n,
    factor_text="(n - 1) / n",
    parts=lambda n: n,
    held=lambda rank, part, n: True,
    due=lambda rank, part, n: rank == part,
)


def ring(n: int) -> Schedule:
    """n - 1 steps of S/n; rank i ends with part i."""
    rank = np.arange(n)
    phase = Phase(
        kind="ring", src=rank, dst=np.roll(rank, -1), first=np.roll(rank, 1), count=1, modulus=n,
        shift=-1, op=REDUCE, repeat=n - 1, ring_size=n,
    )  # fmt: skip
    return Schedule(name="ring", n=n, chunks=n, phases=(phase,), collective="reduce-scatter")


def direct(n: int, groups: object = None) -> Schedule:
    """Each rank sends every other its part at once."""
    src, dst = np.nonzero(~np.eye(n, dtype=bool))
    phase = Phase(kind="round", src=src, dst=dst, first=dst, count=1, modulus=n, op=REDUCE)
    return Schedule(name="direct", n=n, chunks=n, phases=(phase,), collective="reduce-scatter")


@contextmanager
def reduce_scatter() -> Iterator[Collective]:
    """The collective and its two algorithms, known as long as this lasts."""
    COLLECTIVES[REDUCE_SCATTER.name] = REDUCE_SCATTER
    try:
        algorithm(REDUCE_SCATTER, "ring", "round a ring")(ring)
        algorithm(REDUCE_SCATTER, "direct", "in one step")(direct)
        yield REDUCE_SCATTER
    finally:
        del COLLECTIVES[REDUCE_SCATTER.name]
        _TABLE.pop(REDUCE_SCATTER.name, None)
