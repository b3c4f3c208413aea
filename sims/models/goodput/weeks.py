"""Weeks of one job, many times over: it works, saves, fails, waits for hosts and starts again. No network.

Everything that strikes is a Poisson process and every repair is exponential, so what happens next is drawn
from the rates of the moment; between two events the job goes on by closed form. All runs advance together,
an event each, as rows of arrays. tests/support/weeks_twin.py does the same one run at a time, in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fabric.machine.under_way import under_way
from fabric.words.errors import ParameterError
from sims.models.fluid.faults.wear import time_text

__all__ = ["MOST_EVENTS", "Plan", "Threat", "Weeks", "require_few", "weeks"]

_DRAWS = 0x600D  # sets these draws apart from others of the same seed
_BLOCK = 512  # events for which numbers are drawn at once
_LITTLE = 1e-300  # s
_GO, _WAIT, _DONE = range(3)  # works or starts again; waits for hosts; is over
_LONG = 1e30  # s: an interval that never ends
MOST_EVENTS = 2_000_000  # of a run: some minutes
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Threat:
    """One cause of trouble. ``rate``: how often it strikes the job, a second. ``slowdown``: the time of a
    step over that of the healthy job while it lasts; 0: it stops the job. ``repair``: s that it lasts in
    the mean; ``hosts``: how many are out of use meanwhile, infinity where no spare helps.
    """

    name: str
    rate: float
    slowdown: float = 0.0
    repair: float = math.inf
    hosts: float = 0.0

    @property
    def stops(self) -> bool:
        return self.slowdown == 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Seconds: ``interval`` of work between two checkpoints, ``save`` that one takes, ``restart`` from a
    failure until work goes on where hosts are there. ``spares``: hosts beside those of the job.
    """

    interval: float
    save: float
    restart: float
    spares: float = math.inf


@dataclass(kw_only=True, eq=False)
class Weeks:
    """Where the time of each run went, in s: (runs,), and (runs, threats) where a cause is told.

    ``useful``: work at the healthy pace that was not lost; ``saving``; ``lost``: work and saving that a
    failure undid; ``restarting``; ``waiting`` for hosts; ``slowed``: what a degraded network took longer.
    They add up to ``elapsed``. ``interruptions``: how many, of each cause.
    """

    elapsed: Floats
    useful: Floats
    saving: Floats
    lost: Floats
    restarting: Floats
    waiting: Floats
    slowed: Floats
    interruptions: Floats

    @property
    def share(self) -> Floats:
        """(runs,): of the time, what was useful."""
        return self.useful / self.elapsed


def require_few(threats: Sequence[Threat], seconds: float) -> None:
    """Do nothing where so long meets few enough events to follow each.

    Raises:
        ParameterError: it is more than MOST_EVENTS; says how many are expected.
    """
    expected = 2 * seconds * sum(one.rate for one in threats)
    if expected > MOST_EVENTS:
        rule = f"about {expected:,.0f} failures and repairs, at most {MOST_EVENTS:,}: a shorter duration"
        raise ParameterError("duration", time_text(seconds), rule)


def weeks(
    threats: Sequence[Threat],
    plan: Plan,
    *,
    duration: float = math.inf,
    work: float = math.inf,
    runs: int = 64,
    seed: int = 0,
) -> Weeks:
    """``runs`` independent histories of ``duration`` s, or until ``work`` s of work are done and saved.

    Of several faults that slow the job at once, the worst tells the pace: they are at different places, and
    a step waits for the slowest. Failures come while the job works, saves and starts again; while it waits
    for hosts, more of them may go.

    Returns:
        the account, which adds up to the time of each run. What is not yet saved at the end counts as useful:
        it is not lost.

    >>> calm = weeks([], Plan(interval=90.0, save=10.0, restart=0.0), duration=1000.0, runs=2)
    >>> calm.share.tolist()
    [0.9, 0.9]
    """
    if math.isinf(duration) and math.isinf(work):
        raise ParameterError("duration", duration, "a finite time, or an amount of work")
    state = _State(list(threats), plan, duration, work, runs)
    rng = np.random.default_rng([seed % 2**63, _DRAWS])
    with np.errstate(divide="ignore"), under_way(state.share, 1.0):
        while state.going:
            waits = rng.standard_exponential((_BLOCK, runs))
            which = rng.random((_BLOCK, runs))
            for wait, chance in zip(waits, which):
                state.event(wait, chance)
                if not state.going:
                    break
    return state.account()


@dataclass(eq=False)
class _State:
    """All runs at a moment of each. Arrays are (runs,) or (runs, threats); ``count``: how many faults of a
    threat are not repaired; ``segment`` and ``saved``: s of work and of saving in the current segment;
    ``left``: s until work goes on.
    """

    threats: list[Threat]
    plan: Plan
    duration: float
    work: float
    runs: int
    going: bool = True
    tallies: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        runs, many = self.runs, len(self.threats)
        self.mend = np.array([1 / one.repair for one in self.threats])
        self.stops = np.array([one.stops for one in self.threats], bool)
        self.slow = np.array([max(1.0, one.slowdown) for one in self.threats])
        self.hosts = np.array([min(one.hosts, _LONG) for one in self.threats])
        # A fault that neither stops nor slows the job is none.
        rates = np.where(self.stops | (self.slow > 1), [one.rate for one in self.threats], 0.0)
        self.rate = np.cumsum(rates) if many else np.zeros(1)
        self.spares = min(self.plan.spares, _LONG / 2)
        self.interval = min(self.plan.interval, _LONG)
        # Nobody waits for a repair where it gives back no pace and no host that could be missing.
        missed = (self.hosts > 0) & ((self.spares < _LONG / 2) | (self.hosts > self.spares))
        self.lasting = np.where(self.stops, missed, True)
        self.count = np.zeros((runs, many))
        self.now, self.left, self.mending = np.zeros(runs), np.zeros(runs), np.zeros(runs)
        self.committed, self.saves = np.zeros(runs), np.zeros(runs)
        self.segment, self.saved = np.zeros(runs), np.zeros(runs)
        self.pace, self.worst = np.ones(runs), np.zeros(runs, int)
        self.every = np.arange(runs)
        self.mode, self.cause = np.zeros(runs, int), np.zeros(runs, int)
        for name in ("lost", "restarting", "waiting", "slowed", "interruptions"):
            self.tallies[name] = np.zeros((runs, many))

    def event(self, wait: Floats, chance: Floats) -> None:
        """Advance each run to its next event, ``wait`` times its mean time away, and let that happen."""
        total = self.rate[-1] + self.mending
        ahead = wait / total
        limit = self.duration - self.now
        going, waiting = self.mode != _DONE, self.mode == _WAIT
        if self.work < math.inf:
            whole = np.ceil((self.work - self.committed) / self.interval - 1e-9)
            done = whole * (self.interval * self.pace + self.plan.save) + self.left
            done -= self.segment * self.pace + self.saved
            limit = np.where(waiting, limit, np.minimum(limit, done))
        struck = (ahead < limit) & going
        step = np.where(going, np.minimum(ahead, limit), 0.0)
        starting = np.where(waiting, 0.0, np.minimum(step, self.left))
        self._advance(step, np.where(waiting, 0.0, step - starting), starting, waiting)
        rows = np.flatnonzero(struck)
        if len(rows):
            self._happen(rows, chance[rows] * total[rows])
        self.mode[~struck] = _DONE
        self.going = bool(struck.any())

    def _advance(self, step: Floats, up: Floats, starting: Floats, waiting: NDArray[np.bool_]) -> None:
        """Let ``step`` s pass, of which the job works for ``up`` s and starts again for ``starting`` s."""
        self.now += step
        work = self.interval * self.pace
        whole = work + self.plan.save
        place = self.segment * self.pace + self.saved + up
        count = np.floor(place / whole)
        rest = np.maximum(0.0, place - count * whole)
        before = self.segment
        self.segment = np.minimum(rest, work) / self.pace
        self.saved = np.maximum(0.0, rest - work)
        self.committed += count * self.interval
        self.saves += count * self.plan.save
        slower = np.flatnonzero(self.pace > 1)
        if len(slower):
            done = count * self.interval + self.segment - before
            self.tallies["slowed"][slower, self.worst[slower]] += (done * (self.pace - 1))[slower]
        if len(self.threats):
            self.tallies["restarting"][self.every, self.cause] += starting
        self.left -= starting
        rows = np.flatnonzero(waiting)
        if len(rows):
            self.tallies["waiting"][rows, self.cause[rows]] += step[rows]

    def _happen(self, rows: NDArray[np.int64], at: Floats) -> None:
        """What strikes, or is repaired, in each of ``rows``; ``at``: where in the sum of the rates."""
        strikes = at < self.rate[-1]
        hit = rows[strikes]
        threat = np.searchsorted(self.rate, at[strikes], side="right")
        lasting = self.lasting[threat]
        self.count[hit[lasting], threat[lasting]] += 1
        stopped = self.stops[threat] & (self.mode[hit] != _WAIT)
        self._stop(hit[stopped], threat[stopped])
        back, place = rows[~strikes], at[~strikes] - self.rate[-1]
        if len(back):
            ends = np.cumsum(self.count[back] * self.mend, axis=1)
            repaired = np.minimum((place[:, None] >= ends).sum(axis=1), len(self.mend) - 1)
            self.count[back, repaired] = np.maximum(0.0, self.count[back, repaired] - 1)
        changed = np.concatenate([hit[lasting], back])
        if len(changed):
            self._reckon(changed)

    def _stop(self, rows: NDArray[np.int64], threat: NDArray[np.int64]) -> None:
        self.tallies["interruptions"][rows, threat] += 1
        self.tallies["lost"][rows, threat] += self.segment[rows] + self.saved[rows]
        self.segment[rows] = self.saved[rows] = 0.0
        self.cause[rows] = threat
        self.left[rows] = self.plan.restart
        out = self.count[rows] @ self.hosts if len(self.hosts) else np.zeros(len(rows))
        self.mode[rows] = np.where(out > self.spares, _WAIT, _GO)

    def _reckon(self, rows: NDArray[np.int64]) -> None:
        """The pace, the repairs under way, and whether hosts are there, of ``rows`` where faults changed."""
        self.mending[rows] = self.count[rows] @ self.mend
        slow = np.where(self.count[rows] > 0, self.slow, 1.0)
        self.worst[rows] = slow.argmax(axis=1)
        self.pace[rows] = slow.max(axis=1)
        waits = rows[self.mode[rows] == _WAIT]
        there = waits[self.count[waits] @ self.hosts <= self.spares]
        self.mode[there] = _GO

    def share(self) -> float:
        """Of the slowest history, how much is over."""
        long, much = max(self.duration, _LITTLE), max(self.work, _LITTLE)
        over = max(float(self.now.min()) / long, float(self.committed.min()) / much)
        return min(over, 1.0)

    def account(self) -> Weeks:
        return Weeks(
            elapsed=self.now,
            useful=self.committed + self.segment,
            saving=self.saves + self.saved,
            **self.tallies,
        )
