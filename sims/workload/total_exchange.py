"""Total exchange: a phase in which every rank of a group sends to every other one.

Its transfers are listed when somebody asks for them, for which 100,000 ranks are too many; what it amounts to
is known without a list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from sims.workload.schedule import COPY, Phase, frozen

__all__ = ["MOST_LISTED", "ChunksOf", "TotalExchange", "listed", "proportional", "settled"]

MOST_LISTED = 1_000_000  # transfers, of which each has a rate of its own on the network
_MOST_UNEQUAL = 20_000  # of unequal transfers, as rates change whenever one ends
_FEW_SIZES = 16
_MOST_ASKED = 20_000_000  # transfers that fit in memory with all that is made of them

ChunksOf = Callable[[NDArray[np.int32], NDArray[np.int32]], NDArray[np.int64]]


class TotalExchange(Phase):
    """A round between all ranks of each group: as Phase, but ``src``, ``dst``, ``weight`` and chunks are made
    when first asked for.

    Listed, each transfer runs at its own rate. ``counted``, all run in proportion (``kind`` is "exchange"),
    which takes as long where all send equally much: of equal flows the slowest are those on the fullest link,
    and none of them is slowed when another ends. With ``factor`` it is a lower bound.

    Args:
        ranks: int32 [m], group by group.
        group: int32 [m], the number of the group of each.
        count: chunks of a transfer.
        chunks_of: (src, dst) -> int64 [k, count], the chunks of transfers, which need not follow one another.
        factor: float64 [m], bytes that a rank receives from each other over those of ``count`` chunks, or
            None: 1 for all.

    >>> part = lambda src, dst: (src * 3 + dst)[:, None]
    >>> one = TotalExchange(ranks=[0, 1, 2], group=[0, 0, 0], count=1, chunks_of=part)
    >>> len(one), one.src.tolist(), one.dst.tolist(), one.chunks_at(0).ravel().tolist()
    (6, [0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1, 2, 3, 5, 6, 7])
    """

    def __init__(
        self,
        *,
        ranks: Any,
        group: Any,
        count: int,
        chunks_of: ChunksOf,
        factor: Any = None,
        counted: bool = False,
    ) -> None:
        plain: dict[str, Any] = {
            "kind": "exchange" if counted else "round",
            "count": count,
            "modulus": count,
            "op": COPY,
            "ranks": frozen(ranks),
            "group": frozen(group),
            "factor": None if factor is None else frozen(factor, np.float64),
            "chunks_of": chunks_of,
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    ranks: NDArray[np.int32]
    group: NDArray[np.int32]
    factor: NDArray[np.float64] | None
    chunks_of: ChunksOf

    def __len__(self) -> int:
        sizes = np.bincount(self.group)
        return int(np.sum(sizes * (sizes - 1)))

    @property
    def transfers(self) -> tuple[int, ...]:
        return (id(self.ranks), id(self.group), id(self.factor))

    @cached_property
    def _ends(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where in ``ranks`` the sender and the receiver of each transfer stand."""
        if len(self) > _MOST_ASKED:
            rule = f"too many to be listed one by one, as this needs them: at most {_MOST_ASKED:,}"
            raise ParameterError("transfers", f"{len(self):,}", rule)
        ptr = np.concatenate([[0], np.cumsum(np.bincount(self.group))])
        start, stop = ptr[self.group], ptr[self.group + 1]
        src = np.repeat(np.arange(len(self.ranks)), stop - start)
        dst = np.arange(len(src)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start)
        dst += np.repeat(start, stop - start)
        return src[src != dst], dst[src != dst]

    @cached_property
    def src(self) -> NDArray[np.int32]:
        return frozen(self.ranks[self._ends[0]])

    @cached_property
    def dst(self) -> NDArray[np.int32]:
        return frozen(self.ranks[self._ends[1]])

    @cached_property
    def first(self) -> NDArray[np.int32]:
        return frozen(np.zeros(len(self)))

    @cached_property
    def weight(self) -> NDArray[np.float64] | None:
        return None if self.factor is None else frozen(self.factor[self._ends[1]], np.float64)

    def chunks_at(self, t: int) -> NDArray[np.int64]:
        return self.chunks_of(self.src, self.dst)

    def additions(self, steps: float) -> float:
        return 0

    def listed(self) -> Phase:
        """The same as a plain phase, but for its chunks."""
        more: dict[str, Any] = {"kind": "round", "op": COPY, "count": self.count, "modulus": self.count}
        return Phase(src=self.src, dst=self.dst, first=self.first, weight=self.weight, **more)

    def counted(self) -> TotalExchange:
        """The same with all transfers in proportion."""
        return self._with(counted=True)

    def tiled(self, members: NDArray[np.int32]) -> TotalExchange:
        """The same among the ranks of each row of ``members`` [groups, n], in place of ranks 0 .. n - 1."""
        groups = int(self.group.max()) + 1
        number = self.group + groups * np.arange(len(members), dtype=np.int32)[:, None]
        factor = None if self.factor is None else np.tile(self.factor, len(members))
        return self._with(ranks=members[:, self.ranks].ravel(), group=number.ravel(), factor=factor)

    def _with(self, **changes: Any) -> TotalExchange:
        own = {name: getattr(self, name) for name in ("ranks", "group", "count", "chunks_of", "factor")}
        return TotalExchange(**{**own, "counted": self.kind == "exchange", **changes})


def listed(phase: Phase) -> Phase:
    """``phase``; an exchange as a plain one."""
    return phase.listed() if isinstance(phase, TotalExchange) else phase


def settled(phase: Phase, pieces: int) -> Phase:
    """``phase``; one of too many flows, ``pieces`` for each transfer, with all in proportion."""
    flows = len(phase) * pieces
    if isinstance(phase, TotalExchange):
        most = MOST_LISTED if phase.factor is None else min(MOST_LISTED, _MOST_UNEQUAL)
        return phase.counted() if flows > most else phase
    unequal = phase.weight is not None and flows > _MOST_UNEQUAL and phase.kind == "round"
    if unequal and len(np.unique(np.asarray(phase.weight))) > _FEW_SIZES:
        return replace(phase, kind="exchange")
    return phase


def proportional(phase: Phase) -> bool:
    """Whether the transfers of a phase run in proportion though they are unequal: a lower bound."""
    unequal = phase.factor if isinstance(phase, TotalExchange) else phase.weight
    return phase.kind == "exchange" and unequal is not None
