"""Trace: operations of ranks with what they wait for, as arrays, each send matched with its receive.

Knows no network, no clock and no file format.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError

__all__ = ["CALC", "KINDS", "MOST", "RECV", "SEND", "Builder", "Trace"]

CALC, SEND, RECV = range(3)
KINDS = ("calc", "send", "recv")
MOST = 2_000_000  # operations


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """``kind``, ``rank``, ``peer`` (-1 of calc), ``amount`` (bytes; of calc seconds), ``lane`` (calc of one
    rank and lane never overlap) and ``partner`` (the receive of a send and back; -1 of calc), each
    (operations,).

    ``after[i]``: operations that must have ended before i starts; ``with_[i]``: that must have started.
    ``notes``: what of the file is not run.
    """

    name: str
    ranks: int
    kind: NDArray[np.int8]
    rank: NDArray[np.int64]
    peer: NDArray[np.int64]
    amount: NDArray[np.float64]
    lane: NDArray[np.int64]
    partner: NDArray[np.int64]
    after: Sequence[tuple[int, ...]]
    with_: Sequence[tuple[int, ...]]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.kind)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that a result can depend on, whatever the format of the file."""
        found = hashlib.sha256(str(self.ranks).encode())
        for column in (self.kind, self.rank, self.peer, self.amount, self.lane, self.partner):
            found.update(column.tobytes())
        for waits in (self.after, self.with_):
            found.update(np.fromiter(map(len, waits), np.int64, len(waits)).tobytes())
            found.update(np.fromiter(chain.from_iterable(waits), np.int64).tobytes())
        return found.hexdigest()


@dataclass
class Builder:
    """Operations as a reader finds them; ``path``: how errors call the file, ``said``: a place in it.

    Held as arrays, and who waits for whom by those that do.
    """

    path: str
    said: Callable[[Any], str] = str
    kind: array[int] = field(default_factory=lambda: array("b"))
    rank: array[int] = field(default_factory=lambda: array("q"))
    peer: array[int] = field(default_factory=lambda: array("q"))
    amount: array[float] = field(default_factory=lambda: array("d"))
    lane: array[int] = field(default_factory=lambda: array("q"))
    tags: array[int] = field(default_factory=lambda: array("q"))
    where: list[Any] = field(default_factory=list)
    after: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    with_: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        return len(self.kind)

    def add(
        self, where: Any, kind: int, rank: int, amount: float, *, peer: int = -1, tag: int = 0, lane: int = 0
    ) -> int:
        """The number of a new operation; ``where``: its place, which ``said`` says."""
        if len(self) >= MOST:
            raise FileFormatError(self.path, self.said(where), f"more than {MOST:,} operations")
        if kind != CALC and peer == rank:
            rule = f"rank {rank} {KINDS[kind]}s to or from itself"
            raise FileFormatError(self.path, self.said(where), rule)
        self.kind.append(kind)
        self.rank.append(rank)
        self.peer.append(peer)
        self.amount.append(amount)
        self.lane.append(lane)
        self.tags.append(tag)
        self.where.append(where)
        return len(self) - 1

    def trace(self, name: str, ranks: int, notes: Sequence[str] = ()) -> Trace:
        """The operations put together. The k-th send to a rank with a tag meets the k-th receive of these.

        Raises:
            FileFormatError: none; a rank out of range; sends without receives, or of other sizes; a circle.
        """
        if not len(self):
            raise FileFormatError(self.path, "", "holds no operations")
        kind, rank, peer, amount, lane = map(
            np.array, (self.kind, self.rank, self.peer, self.amount, self.lane)
        )
        out = np.flatnonzero((rank >= ranks) | (peer >= ranks))
        if len(out):
            i = int(out[0])
            rule = f"rank {max(rank[i], peer[i])}: ranks are 0 to {ranks - 1:,}"
            raise FileFormatError(self.path, self.said(self.where[i]), rule)
        partner = self._partners()
        self._require_order(partner)
        return Trace(
            name=name,
            ranks=ranks,
            kind=kind.astype(np.int8),
            rank=rank.astype(np.int64),
            peer=peer.astype(np.int64),
            amount=amount.astype(np.float64),
            lane=lane.astype(np.int64),
            partner=partner,
            after=[tuple(dict.fromkeys(self.after.get(i, ()))) for i in range(len(self))],
            with_=[tuple(dict.fromkeys(self.with_.get(i, ()))) for i in range(len(self))],
            notes=tuple(notes),
        )

    def _partners(self) -> NDArray[np.int64]:
        waiting: dict[tuple[int, int, int], tuple[deque[int], deque[int]]] = defaultdict(
            lambda: (deque(), deque())
        )
        for i, (kind, rank, peer) in enumerate(zip(self.kind, self.rank, self.peer)):
            if kind != CALC:
                ends = (rank, peer) if kind == SEND else (peer, rank)
                waiting[(*ends, self.tags[i])][kind == RECV].append(i)
        partner = np.full(len(self), -1, np.int64)
        lost: list[int] = []
        for sends, receives in waiting.values():
            lost += [*sends][len(receives) :] + [*receives][len(sends) :]
            for s, r in zip(sends, receives):
                if self.amount[s] != self.amount[r]:
                    sent, got = (f"{self.amount[i]:,.0f}" for i in (s, r))
                    sizes = f"{sent} bytes are sent ({self.said(self.where[s])}), and {got} received"
                    raise FileFormatError(self.path, self.said(self.where[r]), sizes)
                partner[s], partner[r] = r, s
        if lost:
            kind, rank, peer = (of[min(lost)] for of in (self.kind, self.rank, self.peer))
            other = "receive" if kind == SEND else "send"
            what = f"{counted(len(lost), 'operation')} without the other side: the first, "
            what += f"{KINDS[kind]} of rank {rank} {'to' if kind == SEND else 'from'} rank {peer}"
            way = f"with tag {self.tags[min(lost)]}, has no {other}"
            raise FileFormatError(self.path, self.said(self.where[min(lost)]), f"{what} {way}")
        return partner

    def _require_order(self, partner: NDArray[np.int64]) -> None:
        """Refuse operations that wait for each other; a receive waits for its send."""
        behind: defaultdict[int, list[int]] = defaultdict(list)
        count = [0] * len(self)
        for i, kind in enumerate(self.kind):
            before = {
                *self.after.get(i, ()),
                *self.with_.get(i, ()),
                *([int(partner[i])] if kind == RECV else ()),
            }
            count[i] = len(before)
            for one in before:
                behind[one].append(i)
        free = [i for i, n in enumerate(count) if not n]
        done = 0
        while free:
            done += 1
            for one in behind.get(free.pop(), ()):
                count[one] -= 1
                if not count[one]:
                    free.append(one)
        if done < len(self):
            first = next(i for i, n in enumerate(count) if n)
            rule = f"{counted(len(self) - done, 'operation')} wait for each other, so that none can start"
            raise FileFormatError(self.path, self.said(self.where[first]), rule)
