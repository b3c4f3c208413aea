"""Collective: what an operation of many ranks is, whoever does it: who holds what before and after, what its
size means, how its bus bandwidth counts.

Knows no algorithm, no network and no clock; imports nothing heavy, as rows of results ask it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError

__all__ = ["ALL_REDUCE", "COLLECTIVES", "Collective", "collective_named"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Collective:
    """A collective on n ranks, in which each rank has one contribution.

    The data is cut into equal parts. At the start a rank holds its own contribution to some of them; at the
    end it must hold, of the parts that it is due, every contribution that was there to be had exactly once.
    That is all that :func:`sims.workload.replay.replay` asks of a schedule.

    Args:
        name: in scenarios, settings and errors.
        tool: the collective in the name of the tool of nccl-tests that measures it (``all_reduce_perf``).
        size: what the size of a message is, as nccl-tests counts it.
        factor: busbw over algbw on n ranks (nccl-tests, doc/PERFORMANCE.md); ``factor_text``: the same in
            words.
        parts: of how many parts the data is, for n ranks.
        held: (rank, part, n): whether the rank holds its contribution to the part at the start.
        due: (rank, part, n): whether the rank must hold the part at the end. Both take arrays, too.

    >>> ALL_REDUCE.factor(4), ALL_REDUCE.factor_text
    (1.5, '2 (n - 1) / n')
    """

    name: str
    tool: str
    size: str
    factor: Callable[[int], float]
    factor_text: str
    parts: Callable[[int], int]
    held: Callable[[Any, Any, int], Any]
    due: Callable[[Any, Any, int], Any]


ALL_REDUCE = Collective(
    name="all-reduce",
    tool="all_reduce",
    size="the buffer of a rank, which is as large before and after",
    factor=lambda n: 2 * (n - 1) / n,
    factor_text="2 (n - 1) / n",
    parts=lambda n: 1,
    held=lambda rank, part, n: True,
    due=lambda rank, part, n: True,
)

COLLECTIVES: dict[str, Collective] = {one.name: one for one in (ALL_REDUCE,)}


def collective_named(name: str) -> Collective:
    """The collective of this name.

    Raises:
        ParameterError: there is none; the known ones are listed.
    """
    if name not in COLLECTIVES:
        raise ParameterError("collective", name, "unknown collective", COLLECTIVES)
    return COLLECTIVES[name]
