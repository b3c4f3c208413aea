"""The clock of a trace: computing in lanes, and messages as soon as each may begin. Knows no network.

A send starts when it may, whatever its receiver does (eager), and has ended when its last byte has left; a
receive ends when the message is there and it has started. Computing takes a lane of its rank, one at a time;
messages take none.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import simpy

from fabric.machine.under_way import under_way
from sims.workload.trace import CALC, SEND, Trace

__all__ = ["TraceClock"]


class TraceClock:
    """When each operation of ``trace`` begins and ends: ``begin``, ``end``, (operations,) in s, nan before.

    ``post`` is handed the sends (by number) that begin at an instant, and says what becomes of them:
    ``left`` when their last bytes have left, ``arrived`` when they are there. ``done``: the event of the last
    end.
    """

    def __init__(self, env: simpy.Environment, trace: Trace, post: Callable[[Sequence[int]], None]) -> None:
        self.env, self.trace, self.post = env, trace, post
        self.done = env.event()
        self.begin, self.end = (np.full(len(trace), np.nan) for _ in range(2))
        self.unfinished = len(trace)
        self._there = np.zeros(len(trace), bool)
        self._kind, self._partner = trace.kind.tolist(), trace.partner.tolist()
        self._amount = trace.amount.tolist()
        self._open = [len(a) + len(w) for a, w in zip(trace.after, trace.with_)]
        self._on_end: list[list[int]] = [[] for _ in range(len(trace))]
        self._on_begin: list[list[int]] = [[] for _ in range(len(trace))]
        for i, (after, with_) in enumerate(zip(trace.after, trace.with_)):
            for one in after:
                self._on_end[one].append(i)
            for one in with_:
                self._on_begin[one].append(i)
        self._lane = list(zip(trace.rank.tolist(), trace.lane.tolist()))
        self._waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._busy: set[tuple[int, int]] = set()
        self._outgoing: list[int] = []
        self._may([i for i, n in enumerate(self._open) if not n])

    def under_way(self) -> AbstractContextManager[None]:
        """How many operations are over, for whoever asks meanwhile."""
        total = len(self.trace)
        return under_way(lambda: total - self.unfinished, total)

    def left(self, sends: Iterable[int]) -> None:
        """The last bytes of these have left."""
        self._over(sends)

    def arrived(self, sends: Iterable[int]) -> None:
        """These have been received whole: their receives end, or will when they begin."""
        receives = [self._partner[i] for i in sends]
        self._there[receives] = True
        self._over(i for i in receives if not np.isnan(self.begin[i]))

    def _may(self, ready: list[int]) -> None:
        """Start operations that wait for nothing any more, and what waits for these in turn."""
        stack = ready[::-1]
        while stack:
            i = stack.pop()
            kind = self._kind[i]
            if kind == CALC:
                lane = self._lane[i]
                heapq.heappush(self._waiting[lane], i)
                if lane not in self._busy:
                    self._compute(lane, stack)
                continue
            self._begins(i, stack)
            if kind == SEND:
                if not self._outgoing:
                    self._later(0.0, self._send)
                self._outgoing.append(i)
            elif self._there[i]:
                self._ends(i, stack)

    def _over(self, numbers: Iterable[int]) -> None:
        stack: list[int] = []
        for i in numbers:
            self._ends(i, stack)
        self._may(stack)

    def _begins(self, i: int, stack: list[int]) -> None:
        self.begin[i] = self.env.now
        self._release(self._on_begin[i], stack)

    def _ends(self, i: int, stack: list[int]) -> None:
        self.end[i] = self.env.now
        self.unfinished -= 1
        if not self.unfinished:
            self.done.succeed()
        self._release(self._on_end[i], stack)

    def _release(self, behind: list[int], stack: list[int]) -> None:
        for one in behind:
            self._open[one] -= 1
            if not self._open[one]:
                stack.append(one)

    def _send(self) -> None:
        """Hand over what begins now."""
        sends, self._outgoing = self._outgoing, []
        self.post(sends)

    def _compute(self, lane: tuple[int, int], stack: list[int]) -> None:
        i = heapq.heappop(self._waiting[lane])
        self._busy.add(lane)
        self._begins(i, stack)
        self._later(self._amount[i], lambda: self._computed(i, lane))

    def _computed(self, i: int, lane: tuple[int, int]) -> None:
        self._busy.discard(lane)
        self._over([i])
        if lane not in self._busy and self._waiting[lane]:
            stack: list[int] = []
            self._compute(lane, stack)
            self._may(stack)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.env.timeout(seconds).callbacks.append(lambda _: call())
