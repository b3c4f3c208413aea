"""An algorithm that a test adds, as a file would add it: reduce-scatter in one step, which takes groups."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sims.workload.collective import REDUCE_SCATTER
from sims.workload.collectives.algorithm import _TABLE, algorithm
from sims.workload.schedule import REDUCE, Phase, Schedule


def direct(n: int, groups: object = None) -> Schedule:
    """Each rank sends every other its part at once."""
    src, dst = np.nonzero(~np.eye(n, dtype=bool))
    phase = Phase(kind="round", src=src, dst=dst, first=dst, count=1, modulus=n, op=REDUCE)
    return Schedule(name="direct", n=n, chunks=n, phases=(phase,), collective="reduce-scatter")


@contextmanager
def direct_known() -> Iterator[None]:
    """It is one of reduce-scatter's as long as this lasts."""
    try:
        algorithm(REDUCE_SCATTER, "direct", "in one step")(direct)
        yield
    finally:
        _TABLE[REDUCE_SCATTER.name].pop("direct", None)
