"""The fluid network: a clock, and transfers that share links max-min fairly while they last. No collectives.

Processes of a SimPy environment hand over batches of flows and wait for their events. Between events every
flow progresses at its max-min rate; rates are found after everything else of an instant.

Two theorems keep events few. When a flow ends, the rates below its own cannot change: a link that fills at a
lower level carries no part of it. So an end matters only if a flow that is at least as fast goes on (a
*disturbing* end); all others are known in advance. And flows with equally much left end fastest first, so
none of their ends disturbs.

With numba many unequal flows run ahead of the clock, end by end, to the next instant at which anybody may act
(sims.models.fluid.ends); what is solved here at every end is the same to rounding.

Links may change under way: one that carries nothing stops its flows, which keep what they have left until it
carries again or they are given other paths.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths
from fabric.sharing import fair_rates
from sims.models.fluid.rate_memo import RateMemo
from sims.models.kernel import at_hand

if TYPE_CHECKING:
    from sims.models.fluid.ends import Ahead

__all__ = ["FluidNetwork"]

_AFTER_ALL = 2  # SimPy handles urgent (0) and normal (1) events of an instant first
_UNLIMITED = 1e300  # bytes/s of a flow that crosses no link: finite, so that 0 s times it is 0
_NEAR = 1e-9  # relative; rates and times nearer than this are the same
_MANY = 1000  # flows, from which compiled ends are quicker than numba is imported
_NONE = Paths(ptr=np.zeros(1, np.int64), link=np.empty(0, np.int32))
_FEW = 100  # flows, whose rates are sooner found than which of them can change


Each = Callable[[NDArray[np.int64], NDArray[np.float64]], None]
"""Is told which flows of a batch have sent their last byte now, and when (s) each of them is received."""


@dataclass(eq=False)
class _Batch:
    """Flows that were handed over together; ``end`` is filled as they finish sending, ``open`` have not.

    ``tag``: what ``reroute`` calls them; ``payload``: bytes delivered per byte of a flow; ``sent``: the event
    of the last byte's leaving, ``each``: who is told of every flow's, if anybody waits for it.
    """

    paths: Paths
    latency: NDArray[np.float64] | float
    end: NDArray[np.float64]
    open: int
    done: simpy.Event
    tag: Hashable
    payload: float
    sent: simpy.Event | None
    each: Each | None

    def move(self, paths: Paths, latency: NDArray[np.float64] | float) -> None:
        """Other paths for the flows that have not finished; the others keep their latency."""
        self.paths = paths
        self.latency = np.where(np.isnan(self.end), latency, self.latency)


class FluidNetwork:
    """Links shared by all transfers under way. ``solves`` counts max-min solutions; ``watch``, if given, is
    called with the network after every instant at which something changed.

    ``resolution`` 0 is exact. Above zero, disturbing ends within a window are handled at once: each flow
    keeps its own end, but the bandwidth that it frees is handed on only when the window closes. The window is
    that share of a lower bound of the makespan (elapsed time plus the bytes left on the fullest link), so of
    the makespan at most. n flows on one link are late by at most H(n) - 1 windows, H(n) = 1 + 1/2 + ... +
    1/n: a window in which m of n flows end wastes m/n of the link. In a network a rate can
    also fall when another flow ends, and no such bound is known; of random permutations of random sizes (128
    and 1,024 flows) no end was off by two windows, and the mean end was late by less than a quarter.
    """

    def __init__(
        self,
        env: simpy.Environment,
        capacity: NDArray[np.float64],
        *,
        memo: RateMemo | None = None,
        resolution: float = 0.0,
        watch: Callable[[FluidNetwork], None] | None = None,
    ) -> None:
        self.env, self.capacity, self.resolution, self.watch = env, capacity, resolution, watch
        self.solves = 0
        self.ended = 0  # flows whose last byte has left
        self._memo = memo or RateMemo()
        self._batches: list[_Batch] = []  # those with open flows
        self._arrived: list[tuple[_Batch, NDArray[np.float64]]] = []
        self._changed: NDArray[np.float64] | None = None  # what links carry from this instant on
        self._moved: dict[Hashable, tuple[Paths, NDArray[np.float64] | float]] = {}
        self._laid: Paths | None = None  # those of the flows under way, once somebody asks
        self._left = np.empty(0)  # bytes each still has to send, as of _since
        self._rate = np.empty(0)
        self._owner = np.empty(0, np.int64)  # index into _batches, ascending
        self._slot = np.empty(0, np.int64)  # index of the flow in its batch
        self._since = 0.0
        self._floor = float("inf")  # the least rate that may have changed since rates were found
        self._busy_since = 0.0
        self._window = 0.0  # seconds
        self._epoch = 0  # SimPy cannot cancel a timeout: one of an older epoch is ignored
        self._pending = False
        self._heard = False  # whether an end of this instant was waited for
        self._ahead: Ahead | None = None  # what comes next, if nobody acts before

    def send(
        self,
        paths: Paths,
        size: NDArray[np.float64] | float,
        latency: NDArray[np.float64] | float = 0.0,
        *,
        tag: Hashable = None,
        payload: float = 1.0,
        sent: simpy.Event | None = None,
        each: Each | None = None,
    ) -> simpy.Event:
        """Start one transfer per flow of ``paths`` now. Returns the event of the last receipt.

        ``size`` in bytes, ``latency`` in s, each one per flow or the same for all. The event's value is the
        time at which each flow was received: when its last byte was sent, plus its latency. ``tag``: what
        ``reroute`` calls these flows; ``payload``: bytes delivered per byte of a flow, as ``under_way`` says.
        ``sent``: succeeds when the last byte of all has left, and their links are free again; ``each`` is
        told the same of every flow, at the instant of its end.
        """
        done = self.env.event()
        if not len(paths):
            if sent is not None:
                sent.succeed()
            return done.succeed(np.empty(0))
        amount = np.array(np.broadcast_to(np.asarray(size, float), len(paths)))
        batch = _Batch(
            paths, latency, np.full(len(paths), np.nan), len(paths), done, tag, payload, sent, each
        )
        self._arrived.append((batch, amount))
        self._settle_soon()
        return done

    def change(self, capacity: NDArray[np.float64]) -> None:
        """From now on links carry ``capacity`` (links,) in bytes/s. What crosses one of 0 stands still."""
        self._changed = capacity
        self._settle_soon()

    def reroute(self, tag: Hashable, paths: Paths, latency: NDArray[np.float64] | float) -> None:
        """What the flows sent with ``tag`` have left goes over ``paths`` from now on, a row per flow sent.

        A flow's latency is that of the path on which it sends its last byte.
        """
        self._moved[tag] = paths, latency
        self._settle_soon()

    def under_way(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Of each flow under way that has links: bytes left, bytes/s, bytes delivered per byte sent."""
        payload = np.array([batch.payload for batch in self._batches])[self._owner]
        linked = self._paths.length > 0
        return self._left[linked], self._rate[linked], payload[linked]

    def _at(self, delay: float, action: Callable[[Any], None], priority: int = 1) -> None:
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        event.callbacks.append(action)
        self.env.schedule(event, priority=priority, delay=delay)

    def _settle_soon(self) -> None:
        if not self._pending:
            self._pending = True
            self._at(0.0, self._settle, _AFTER_ALL)

    def _wake(self, epoch: int, _: simpy.Event) -> None:
        if epoch == self._epoch:
            self._settle_soon()

    def _settle(self, _: simpy.Event) -> None:
        """Bring everything to this instant: ends, arrivals, rates, the next event."""
        self._pending = False
        self._epoch += 1
        now = self.env.now
        self._floor = min(self._floor, self._finish(now))
        if self._heard:
            self._heard = False
            self._settle_soon()  # whoever waited for links that are free now takes them now
            return
        self._floor = min(self._floor, self._admit(now))
        if self._adjusted():
            self._floor = 0.0
        if len(self._left):
            if self._floor < np.inf:
                self._solve(self._floor)
            self._plan(now)
        self._floor = float("inf")
        if self.watch is not None:
            self.watch(self)

    def _finish(self, now: float) -> float:
        """Close the flows whose last byte is sent; returns the least rate among them (infinity: none)."""
        elapsed, ahead = now - self._since, self._ahead
        if ahead is None:
            end = self._since + self._remaining()
            over = end <= now + _NEAR * elapsed + 4 * np.spacing(now)
            left = np.maximum(self._left - self._rate * elapsed, 0.0) if not over.all() else self._left
        else:
            if now < ahead.time - 4 * np.spacing(now):  # somebody acts before that
                ahead = self._run_ahead(now)
            over, end, left, self._rate = ~np.isnan(ahead.end), ahead.end, ahead.left, ahead.rate
        stay = np.flatnonzero(~over)
        self._since, self._left, self._ahead = now, left, None
        if len(stay) == len(over):
            return float("inf")
        slowest = float((self._rate[over] if len(stay) else self._rate).min())
        alone = len(self._batches) == 1
        for number in [0] if alone else np.flatnonzero(np.bincount(self._owner[over])).tolist():
            batch = self._batches[number]
            mine: NDArray[np.int64] | slice = slice(None)  # quicker where one batch ends as a whole
            if len(stay) or not alone:
                mine = np.flatnonzero(over & (self._owner == number))
            ending = self._slot[mine]
            batch.end[ending] = np.minimum(end[mine], now)
            batch.open -= len(ending)
            self.ended += len(ending)
            if batch.each is not None:
                wait = np.broadcast_to(np.asarray(batch.latency, float), len(batch.end))[ending]
                batch.each(ending, batch.end[ending] + wait)
            if batch.open == 0:
                if batch.sent is not None:
                    batch.sent.succeed()
                    self._heard = True
                received = batch.end + batch.latency
                # Rounding may put the end a hair before the clock, which must not go back.
                self._at(max(float(received.max()) - now, 0.0), partial(_receive, batch.done, received))
        self._keep(stay)
        return slowest if ahead is None else float("inf")

    def _remaining(self) -> NDArray[np.float64]:
        """(flows,): seconds that each still sends at its rate; infinite for one that stands still."""
        if self._rate.all():
            return self._left / self._rate
        still = np.full(len(self._left), np.inf)
        return np.divide(self._left, self._rate, out=still, where=self._rate > 0)

    def _adjusted(self) -> bool:
        """Take over what links carry and where flows go from this instant on; whether anything changed."""
        if self._changed is None and not self._moved:
            return False
        if self._changed is not None:
            self.capacity, self._memo = self._changed, RateMemo()  # rates are kept for one capacity
        for batch in self._batches:
            if batch.tag in self._moved:
                batch.move(*self._moved[batch.tag])
                self._laid = None
        self._changed, self._moved = None, {}
        return True

    def _keep(self, stay: NDArray[np.int64]) -> None:
        """Drop all flows but these, and the batches without any."""
        self._laid = self._laid.take(stay) if self._laid is not None and len(stay) > _FEW else None
        self._left, self._rate, self._slot = self._left[stay], self._rate[stay], self._slot[stay]
        self._owner = self._owner[stay]
        number = np.cumsum([batch.open > 0 for batch in self._batches], dtype=np.int64) - 1
        self._owner = number[self._owner]
        self._batches = [batch for batch in self._batches if batch.open]

    def _admit(self, now: float) -> float:
        """Take in what was handed over; returns the level below which rates are not touched by it."""
        if not self._arrived:
            return float("inf")
        fresh = Paths.stack([batch.paths for batch, _ in self._arrived])
        alone = not len(self._left)
        if alone:
            self._busy_since = now
        if self._laid is not None and len(self._left) > _FEW:
            self._laid = Paths.stack([self._laid, fresh])
        else:
            self._laid = fresh if alone else None
        counts = [len(amount) for _, amount in self._arrived]
        numbers = len(self._batches) + np.arange(len(counts))
        self._owner = np.concatenate([self._owner, np.repeat(numbers, counts)])
        self._slot = np.concatenate([self._slot, *map(np.arange, counts)])
        self._left = np.concatenate([self._left, *(amount for _, amount in self._arrived)])
        self._rate = np.concatenate([self._rate, np.full(sum(counts), np.inf)])
        self._batches += [batch for batch, _ in self._arrived]
        self._arrived = []
        if self.resolution:
            needed = np.zeros(len(self.capacity))
            load = self._paths.load(self._left, len(self.capacity))
            np.divide(load, self.capacity, out=needed, where=self.capacity > 0)
            self._window = self.resolution * (now - self._busy_since + float(needed.max(initial=0.0)))
        if len(self._left) <= _FEW or alone:
            return 0.0
        # The least share that any link of a newcomer can fall to bounds the levels that it can touch.
        touched = fresh.load(1.0, len(self.capacity)) > 0
        load = self._paths.load(1.0, len(self.capacity))[touched]
        return float(np.min(self.capacity[touched] / load, initial=_UNLIMITED))

    @property
    def _paths(self) -> Paths:
        """Of the flows under way, in the order of the other arrays."""
        if self._laid is None:
            parts = [batch.paths for batch in self._batches]
            begin = np.cumsum([0] + [len(paths) for paths in parts])
            every = Paths.stack(parts) if parts else _NONE
            row = begin[self._owner] + self._slot
            self._laid = every if len(row) == len(every) else every.take(row)
        return self._laid

    def _solve(self, floor: float) -> None:
        """Max-min rates for every flow at ``floor`` or above; the others keep theirs and their bandwidth."""
        again = self._rate >= floor * (1 - _NEAR)
        if again.all():
            if all(batch.open == len(batch.paths) for batch in self._batches):
                whole = tuple(batch.paths for batch in self._batches)
                self._rate = self._memo.get(whole, lambda: self._rates(self._paths, self.capacity))
            else:
                self._rate = self._rates(self._paths, self.capacity)
        elif again.any():
            spent = self._paths.load(np.where(again, 0.0, self._rate), len(self.capacity))
            chosen = np.flatnonzero(again)
            # Rounding may leave a full link a hair below zero.
            rate = self._rate.copy()
            rate[chosen] = self._rates(self._paths.take(chosen), np.maximum(self.capacity - spent, 0.0))
            self._rate = rate

    def _rates(self, paths: Paths, capacity: NDArray[np.float64]) -> NDArray[np.float64]:
        self.solves += 1
        return np.minimum(fair_rates(paths, capacity), _UNLIMITED)

    def _plan(self, now: float) -> None:
        """Schedule the next instant at which something changes: a disturbing end, or a batch's last end."""
        if self._unequal and self._runs_ahead:
            until = self.env.peek()
            self._ahead = self._run_ahead(until if until > now else float("inf"))
            if self._ahead.time < np.inf:
                self._at(max(self._ahead.time - now, 0.0), partial(self._wake, self._epoch))
            return
        end = now + self._remaining()
        first = np.searchsorted(self._owner, np.arange(len(self._batches)))
        last = np.maximum.reduceat(end, first)
        if self._each.any():
            last = np.where(self._each, np.minimum.reduceat(end, first), last)
        next_time = float(last.min())
        if self._unequal:
            order = np.argsort(end)
            rate, time = self._rate[order], end[order]
            faster = np.append(np.maximum.accumulate(rate[::-1])[::-1], 0.0)  # [i]: the fastest from i on
            after = np.searchsorted(time, time + _NEAR * (time - now), side="right")
            disturbing = np.flatnonzero(faster[after] >= rate * (1 - _NEAR))
            if len(disturbing):
                next_time = min(next_time, float(time[disturbing[0]]) + self._window)
        if next_time < np.inf:
            self._at(max(next_time - now, 0.0), partial(self._wake, self._epoch))

    @property
    def _each(self) -> NDArray[np.bool_]:
        """(batches,): of which every end is an instant."""
        return np.array([batch.each is not None for batch in self._batches], bool)

    @property
    def _unequal(self) -> bool:
        """Whether some end may disturb: flows with equally much left end fastest first."""
        return bool(self._left.min() < self._left.max() * (1 - _NEAR))

    @property
    def _runs_ahead(self) -> bool:
        """Whether the kernel is worth its import, and does what is asked for."""
        many = len(self._left) >= _MANY and self._paths.shared is None
        return many and self.resolution == 0 and self.watch is None and at_hand()

    def _run_ahead(self, until: float) -> Ahead:
        from sims.models.fluid.ends import ahead

        owner = self._owner
        if self._each.any():  # a batch by itself is one whose end is waited for
            owner = np.where(self._each[owner], len(self._batches) + np.arange(len(owner)), owner)
        return ahead(self._paths, self.capacity, self._left, self._rate, owner, self._since, float(until))


def _receive(done: simpy.Event, received: NDArray[np.float64], _: simpy.Event) -> None:
    done.succeed(received)
