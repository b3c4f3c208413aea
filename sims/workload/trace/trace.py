"""Trace: operations of ranks with what they wait for, as arrays, each send matched with its receive.

Knows no network, no clock and no file format.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

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
        for array in (self.kind, self.rank, self.peer, self.amount, self.lane, self.partner):
            found.update(array.tobytes())
        for waits in (self.after, self.with_):
            found.update(np.fromiter(map(len, waits), np.int64, len(waits)).tobytes())
            found.update(np.fromiter(chain.from_iterable(waits), np.int64).tobytes())
        return found.hexdigest()


@dataclass
class Builder:
    """Operations as a reader finds them; ``path``: how errors call the file."""

    path: str
    rows: list[tuple[int, int, int, float, int]] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    with_: list[list[int]] = field(default_factory=list)

    def add(
        self, where: str, kind: int, rank: int, amount: float, *, peer: int = -1, tag: int = 0, lane: int = 0
    ) -> int:
        """The number of a new operation; ``where``: its place, as errors say it."""
        if len(self.rows) >= MOST:
            raise FileFormatError(self.path, where, f"more than {MOST:,} operations")
        if kind != CALC and peer == rank:
            raise FileFormatError(self.path, where, f"rank {rank} {KINDS[kind]}s to or from itself")
        self.rows.append((kind, rank, peer, amount, lane))
        self.tags.append(tag)
        self.where.append(where)
        self.after.append([])
        self.with_.append([])
        return len(self.rows) - 1

    def trace(self, name: str, ranks: int, notes: Sequence[str] = ()) -> Trace:
        """The operations put together. The k-th send to a rank with a tag meets the k-th receive of these.

        Raises:
            FileFormatError: none; a rank out of range; sends without receives, or of other sizes; a circle.
        """
        if not self.rows:
            raise FileFormatError(self.path, "", "holds no operations")
        kind, rank, peer, amount, lane = (np.array(column) for column in zip(*self.rows))
        out = np.flatnonzero((rank >= ranks) | (peer >= ranks))
        if len(out):
            i = int(out[0])
            rule = f"rank {max(rank[i], peer[i])}: ranks are 0 to {ranks - 1:,}"
            raise FileFormatError(self.path, self.where[i], rule)
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
            after=[tuple(dict.fromkeys(one)) for one in self.after],
            with_=[tuple(dict.fromkeys(one)) for one in self.with_],
            notes=tuple(notes),
        )

    def _partners(self) -> NDArray[np.int64]:
        waiting: dict[tuple[int, int, int], tuple[deque[int], deque[int]]] = defaultdict(
            lambda: (deque(), deque())
        )
        for i, (kind, rank, peer, _, _) in enumerate(self.rows):
            if kind != CALC:
                ends = (rank, peer) if kind == SEND else (peer, rank)
                waiting[(*ends, self.tags[i])][kind == RECV].append(i)
        partner = np.full(len(self.rows), -1, np.int64)
        lost: list[int] = []
        for sends, receives in waiting.values():
            lost += [*sends][len(receives) :] + [*receives][len(sends) :]
            for s, r in zip(sends, receives):
                if self.rows[s][3] != self.rows[r][3]:
                    sent, got = (f"{self.rows[i][3]:,.0f}" for i in (s, r))
                    sizes = f"{sent} bytes are sent ({self.where[s]}), and {got} received"
                    raise FileFormatError(self.path, self.where[r], sizes)
                partner[s], partner[r] = r, s
        if lost:
            kind, rank, peer, *_ = self.rows[min(lost)]
            other = "receive" if kind == SEND else "send"
            what = f"{counted(len(lost), 'operation')} without the other side: the first, "
            what += f"{KINDS[kind]} of rank {rank} {'to' if kind == SEND else 'from'} rank {peer}"
            way = f"with tag {self.tags[min(lost)]}, has no {other}"
            raise FileFormatError(self.path, self.where[min(lost)], f"{what} {way}")
        return partner

    def _require_order(self, partner: NDArray[np.int64]) -> None:
        """Refuse operations that wait for each other; a receive waits for its send."""
        behind: list[list[int]] = [[] for _ in self.rows]
        count = [0] * len(self.rows)
        for i, (kind, *_) in enumerate(self.rows):
            before = {*self.after[i], *self.with_[i], *([int(partner[i])] if kind == RECV else ())}
            count[i] = len(before)
            for one in before:
                behind[one].append(i)
        free = [i for i, n in enumerate(count) if not n]
        done = 0
        while free:
            done += 1
            for one in behind[free.pop()]:
                count[one] -= 1
                if not count[one]:
                    free.append(one)
        if done < len(self.rows):
            first = next(i for i, n in enumerate(count) if n)
            rule = (
                f"{counted(len(self.rows) - done, 'operation')} wait for each other, so that none can start"
            )
            raise FileFormatError(self.path, self.where[first], rule)
