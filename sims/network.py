"""The fluid network: a clock, and transfers that share links max-min fairly while they last. No collectives here.

Processes of a SimPy environment hand over batches of flows and wait for their events. Between events every flow
progresses at its max-min rate; rates are found once per instant, after everything else of that instant.

Two theorems keep events few. When a flow ends, the rates below its own cannot change: a link that fills at a lower level
carries no part of it. So an end matters only if a flow that is at least as fast goes on (a *disturbing* end); all others
are known in advance. And flows of equal size that start together end fastest first, so none of their ends disturbs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths, max_min

__all__ = ["FluidNetwork", "RateMemo"]

_AFTER_ALL = 2  # SimPy handles urgent (0) and normal (1) events of an instant first
_UNLIMITED = 1e300  # bytes/s of a flow that crosses no link: finite, so that 0 s times it is 0
_NEAR = 1e-9  # relative; rates and times nearer than this are the same


class RateMemo:
    """Rates of whole batches seen before, kept across simulations of one fabric: rates do not depend on sizes."""

    def __init__(self) -> None:
        self._rates: dict[tuple[int, ...], tuple[tuple[Paths, ...], NDArray[np.float64]]] = {}

    def get(self, batches: tuple[Paths, ...], solve: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        """The stored rates of these batches, or those that ``solve`` finds. The paths are kept, so ids stay unique."""
        key = tuple(map(id, batches))
        if key not in self._rates:
            if len(self._rates) >= 256:
                self._rates.clear()
            self._rates[key] = (batches, solve())
        return self._rates[key][1]


@dataclass(eq=False)
class _Batch:
    """Flows that were handed over together; ``end`` is filled as they finish sending."""

    paths: Paths
    latency: NDArray[np.float64] | float
    end: NDArray[np.float64]
    open: int
    done: simpy.Event


class FluidNetwork:
    """Links of fixed capacity shared by all transfers under way.

    ``resolution``: disturbing ends within this share of the estimated makespan are handled at once, each flow keeping
    its own end but the freed bandwidth being handed on only then; 0 is exact. ``solves`` counts max-min solutions.
    """

    def __init__(
        self,
        env: simpy.Environment,
        capacity: NDArray[np.float64],
        *,
        memo: RateMemo | None = None,
        resolution: float = 0.0,
    ) -> None:
        self.env, self.capacity, self.resolution = env, capacity, resolution
        self.solves = 0
        self._memo = memo or RateMemo()
        self._batches: list[_Batch] = []  # all that were ever handed over and are not done
        self._arrived: list[tuple[_Batch, NDArray[np.float64]]] = []
        self._paths: Paths | None = None  # of the flows under way, with:
        self._left = np.empty(0)  # bytes still to send, as of _since
        self._rate = np.empty(0)
        self._owner = np.empty(0, np.int64)  # index into _batches
        self._slot = np.empty(0, np.int64)  # index of the flow in its batch
        self._since = 0.0
        self._busy_since = 0.0
        self._epoch = 0  # SimPy cannot cancel a timeout: one of an older epoch is ignored
        self._pending = False

    def send(
        self, paths: Paths, size: NDArray[np.float64] | float, latency: NDArray[np.float64] | float = 0.0
    ) -> simpy.Event:
        """Start one transfer per flow of ``paths`` now. Returns the event of the last receipt.

        ``size`` in bytes, ``latency`` in s, each one per flow or the same for all. The event's value is the time at
        which each flow was received: when its last byte was sent, plus its latency.
        """
        done = self.env.event()
        amount = np.array(np.broadcast_to(np.asarray(size, float), len(paths)))
        batch = _Batch(paths, latency, np.full(len(paths), np.nan), len(paths), done)
        self._arrived.append((batch, amount))
        if not self._pending:
            self._pending = True
            self._at(0.0, self._settle, _AFTER_ALL)
        return done

    def _at(self, delay: float, action: Callable[[Any], None], priority: int = 1) -> None:
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        event.callbacks.append(action)
        self.env.schedule(event, priority=priority, delay=delay)

    def _wake(self, epoch: int) -> None:
        if epoch == self._epoch and not self._pending:
            self._pending = True
            self._at(0.0, self._settle, _AFTER_ALL)

    def _settle(self, _: simpy.Event) -> None:
        """Bring everything to this instant: ends, arrivals, rates, the next event."""
        self._pending = False
        now = self.env.now
        floor = self._finish(now)
        floor = min(floor, self._admit(now))
        if self._paths is None or not len(self._paths):
            self._epoch += 1
            return
        if floor < np.inf:
            self._solve(floor)
        self._plan(now)

    def _finish(self, now: float) -> float:
        """Close the flows whose last byte is sent; returns the least rate among them (infinity: none)."""
        if self._paths is None or not len(self._left):
            self._since = now
            return float("inf")
        end = self._since + self._left / self._rate
        over = end <= now + _NEAR * (now - self._since) + 4 * np.spacing(now)
        self._left = np.maximum(self._left - self._rate * (now - self._since), 0.0)
        self._since = now
        if not over.any():
            return float("inf")
        slowest = float(self._rate[over].min())
        for number in np.unique(self._owner[over]).tolist():
            batch, mine = self._batches[number], over & (self._owner == number)
            batch.end[self._slot[mine]] = np.minimum(end[mine], now)
            batch.open -= int(mine.sum())
            if batch.open == 0:
                received = batch.end + batch.latency
                self._at(float(received.max()) - now, lambda _, b=batch, r=received: b.done.succeed(r))
        if over.all():
            self._paths, self._batches = None, []
            self._left = self._rate = np.empty(0)
            self._owner = self._slot = np.empty(0, np.int64)
            return float("inf")
        stay = np.flatnonzero(~over)
        self._paths = self._paths.take(stay)
        self._left, self._rate = self._left[stay], self._rate[stay]
        self._owner, self._slot = self._owner[stay], self._slot[stay]
        return slowest

    def _admit(self, now: float) -> float:
        """Take in what was handed over; returns the level below which rates are not touched by it."""
        if not self._arrived:
            return float("inf")
        if self._paths is None:
            self._busy_since = now
        arrived, self._arrived = self._arrived, []
        fresh = Paths.stack([batch.paths for batch, _ in arrived])
        for batch, amount in arrived:
            self._owner = np.append(self._owner, np.full(len(amount), len(self._batches)))
            self._slot = np.append(self._slot, np.arange(len(amount)))
            self._left = np.append(self._left, amount)
            self._rate = np.append(self._rate, np.full(len(amount), np.inf))
            self._batches.append(batch)
        self._paths = fresh if self._paths is None else Paths.stack([self._paths, fresh])
        if len(self._paths) == len(fresh):
            return 0.0
        # The least share that any link of a newcomer can fall to bounds the levels that it can touch.
        load = self._paths.load(1.0, len(self.capacity))[fresh.link]
        return float(np.min(self.capacity[fresh.link] / load, initial=_UNLIMITED))

    def _solve(self, floor: float) -> None:
        """Max-min rates for every flow at ``floor`` or above; the others keep theirs and their bandwidth."""
        assert self._paths is not None
        again = self._rate >= floor * (1 - _NEAR)
        if again.all():
            paths = self._paths
            live = [batch for batch in self._batches if batch.open]
            if all(batch.open == len(batch.paths) for batch in live):
                whole = tuple(batch.paths for batch in live)
                self._rate = self._memo.get(whole, lambda: self._rates(paths, self.capacity))
            else:
                self._rate = self._rates(paths, self.capacity)
        elif again.any():
            spent = self._paths.load(np.where(again, 0.0, self._rate), len(self.capacity))
            chosen = np.flatnonzero(again)
            # Rounding may leave a full link a hair below zero.
            rate = self._rate.copy()
            rate[chosen] = self._rates(self._paths.take(chosen), np.maximum(self.capacity - spent, 0.0))
            self._rate = rate

    def _rates(self, paths: Paths, capacity: NDArray[np.float64]) -> NDArray[np.float64]:
        self.solves += 1
        return np.minimum(max_min(paths, capacity), _UNLIMITED)

    def _plan(self, now: float) -> None:
        """Schedule the next instant at which something changes: a disturbing end, or the last end of a batch."""
        end = now + self._left / self._rate
        last = np.full(len(self._batches), -np.inf)
        np.maximum.at(last, self._owner, end)
        next_time = float(last[last > -np.inf].min())
        if not (np.sum(last > -np.inf) == 1 and self._left.min() >= self._left.max() * (1 - _NEAR)):
            order = np.argsort(end)
            rate, time = self._rate[order], end[order]
            faster = np.append(np.maximum.accumulate(rate[::-1])[::-1], 0.0)  # [i]: the fastest from i on
            after = np.searchsorted(time, time + _NEAR * (time - now), side="right")
            disturbing = np.flatnonzero(faster[after] >= rate * (1 - _NEAR))
            if len(disturbing):
                window = self.resolution * (float(time[-1]) - self._busy_since)
                next_time = min(next_time, float(time[disturbing[0]]) + window)
        self._epoch += 1
        self._at(max(next_time - now, 0.0), lambda _, epoch=self._epoch: self._wake(epoch))
