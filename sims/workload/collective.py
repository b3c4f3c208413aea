"""Collective: what an operation of many ranks is, whoever does it: who holds what before and after, what its
size means, how its bus bandwidth counts.

Knows no algorithm, no network and no clock; imports nothing heavy, as rows of results ask it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError

__all__ = [
    "ALL_GATHER",
    "ALL_REDUCE",
    "ALL_TO_ALL",
    "BROADCAST",
    "COLLECTIVES",
    "GATHER",
    "HYPERCUBE",
    "REDUCE",
    "REDUCE_SCATTER",
    "SCATTER",
    "SEND_RECV",
    "TOOLS",
    "Collective",
    "collective_named",
    "measured_by",
]


HYPERCUBE = "hypercube"  # a tool of nccl-tests: an all-gather that it makes of sends, by recursive doubling


def _whole(n: int) -> int:
    return 1


def _each(n: int) -> int:
    return n


def _always(rank: Any, part: Any, n: int) -> Any:
    return True


def _own(rank: Any, part: Any, n: int) -> Any:
    return rank == part


def _root(rank: Any, part: Any, n: int) -> Any:
    return rank == 0


def _once(n: int) -> float:
    return (n - 1) / n


@dataclass(frozen=True, kw_only=True, eq=False)
class Collective:
    """A collective on n ranks, in which each rank has one contribution.

    The data is cut into equal parts, as fractions where a size does not divide. At the start a rank holds its
    own contribution to some of them; at the end it must hold, of the parts that it is due, every contribution
    that was there to be had exactly once.
    That is all that :func:`sims.workload.replay.replay` asks of a schedule.

    Args:
        name: in scenarios, settings and errors.
        tool: the collective in the name of the tool of nccl-tests that measures it (``all_reduce_perf``).
        size: what the size of a message is, as nccl-tests counts it.
        factor: busbw over algbw on n ranks (nccl-tests, doc/PERFORMANCE.md); ``factor_text``: the same in
            words.
        parts: of how many parts the data is, for n ranks.
        messages: of how many messages of that size the data is, for n ranks: one, or n where each rank has a
            message of its own that no other has a place in.
        count: by what nccl-tests divides the elements of a message in its column ``count``, for n ranks.
        reduces: contributions are added up.
        uneven: parts may be unequal.
        rooted: one rank is the root; in ``held`` and ``due`` the root is rank 0, the one behind it rank 1.
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
    messages: Callable[[int], int] = _whole
    count: Callable[[int], int] = _whole
    reduces: bool = False
    rooted: bool = False
    uneven: bool = False

    @property
    def staged(self) -> bool:
        """Whether ranks add up more than they are due, in room of their own, as the input must stay.

        >>> REDUCE_SCATTER.staged, ALL_REDUCE.staged
        (True, False)
        """
        due = (self.due(rank, part, 2) for rank in range(2) for part in range(self.parts(2)))
        return self.reduces and not all(due)

    def check_skew(self, skew: float) -> None:
        """Raise ParameterError unless parts are equal, or may be unequal."""
        if skew != 1 and not self.uneven:
            uneven = [one.name for one in COLLECTIVES.values() if one.uneven]
            raise ParameterError("skew", skew, f"the parts of {self.name} are equal: not those of", uneven)

    def check_root(self, root: int, n: int) -> None:
        """Raise ParameterError unless ``root`` is one of n ranks, or 0 where there is no root."""
        if not self.rooted and root:
            rooted = [one.name for one in COLLECTIVES.values() if one.rooted]
            raise ParameterError("root", root, f"{self.name} has no root: those that have", rooted)
        if root >= n:
            raise ParameterError("root", root, f"a rank from 0 to {n - 1:,}")


ALL_REDUCE = Collective(
    name="all-reduce",
    tool="all_reduce",
    size="the buffer of a rank, which is as large before and after",
    factor=lambda n: 2 * (n - 1) / n,
    factor_text="2 (n - 1) / n",
    parts=_whole,
    held=_always,
    due=_always,
    reduces=True,
)

REDUCE_SCATTER = Collective(
    name="reduce-scatter",
    tool="reduce_scatter",
    size="the input of a rank, of which it ends with the sum of an n-th",
    factor=_once,
    factor_text="(n - 1) / n",
    parts=_each,
    held=_always,
    due=_own,
    count=_each,
    reduces=True,
)

ALL_GATHER = Collective(
    name="all-gather",
    tool="all_gather",
    size="the output of a rank, of which it begins with an n-th",
    factor=_once,
    factor_text="(n - 1) / n",
    parts=_each,
    held=_own,
    due=_always,
    count=_each,
)

BROADCAST = Collective(
    name="broadcast",
    tool="broadcast",
    size="the buffer of the root, which all end with",
    factor=lambda n: 1.0,
    factor_text="1",
    parts=_whole,
    held=_root,
    due=_always,
    rooted=True,
)

REDUCE = Collective(
    name="reduce",
    tool="reduce",
    size="the buffer of a rank, of which the root ends with the sum",
    factor=lambda n: 1.0,
    factor_text="1",
    parts=_whole,
    held=_always,
    due=_root,
    reduces=True,
    rooted=True,
)

SCATTER = Collective(
    name="scatter",
    tool="scatter",
    size="the input of the root, of which each rank ends with an n-th",
    factor=_once,
    factor_text="(n - 1) / n",
    parts=_each,
    held=_root,
    due=_own,
    count=_each,
    rooted=True,
)

GATHER = Collective(
    name="gather",
    tool="gather",
    size="the output of the root, of which each rank begins with an n-th",
    factor=_once,
    factor_text="(n - 1) / n",
    parts=_each,
    held=_own,
    due=_root,
    count=_each,
    rooted=True,
)

SEND_RECV = Collective(
    name="send-recv",
    tool="sendrecv",
    size="the message that each rank sends to the next one",
    factor=lambda n: 1.0,
    factor_text="1",
    parts=_each,
    held=_own,
    due=lambda rank, part, n: part == (rank - 1) % n,
    messages=_each,
)

ALL_TO_ALL = Collective(
    name="all-to-all",
    tool="alltoall",
    size="the input of a rank, of which each rank gets an n-th",
    factor=_once,
    factor_text="(n - 1) / n",
    parts=lambda n: n * n,  # part s n + d: from rank s to rank d
    held=lambda rank, part, n: part // n == rank,
    due=lambda rank, part, n: part % n == rank,
    uneven=True,
    messages=_each,
    count=_each,
)

COLLECTIVES: dict[str, Collective] = {
    one.name: one
    for one in (
        ALL_REDUCE,
        REDUCE_SCATTER,
        ALL_GATHER,
        ALL_TO_ALL,
        BROADCAST,
        REDUCE,
        SCATTER,
        GATHER,
        SEND_RECV,
    )
}


TOOLS: dict[str, Collective] = {
    **{one.tool: one for one in COLLECTIVES.values()},
    HYPERCUBE: ALL_GATHER,
}


def collective_named(name: str) -> Collective:
    """The collective of this name.

    Raises:
        ParameterError: there is none; the known ones are listed.
    """
    if not isinstance(name, str) or name not in COLLECTIVES:
        raise ParameterError("collective", name, "unknown collective", COLLECTIVES)
    return COLLECTIVES[name]


def measured_by(tool: str) -> Collective:
    """The collective that a tool of nccl-tests measures, as in ``all_reduce`` of ``all_reduce_perf``.

    >>> measured_by("hypercube").name
    'all-gather'

    Raises:
        ParameterError: there is none here; the tools of the known ones are listed.
    """
    if tool not in TOOLS:
        raise ParameterError("log", f"{tool}_perf", "measures no collective that is known here", TOOLS)
    return TOOLS[tool]
