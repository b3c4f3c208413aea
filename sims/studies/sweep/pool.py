"""A pool of worker processes on this machine that runs scenarios. Knows no file and no sweep.

A worker may be killed at any time: another one takes its place and does what it had not done.
"""

from __future__ import annotations

import selectors
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType

from fabric.words.errors import FabricsimError
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.scenario.version import model_version
from sims.studies.sweep.piles import DEATHS, Piles
from sims.studies.sweep.process import Worker

__all__ = ["Pool", "PoolError", "fitting"]

_PIECE = 0.2  # seconds of work that a worker is asked for at once
_SPARE = 0.9  # of the free memory that workers may fill


class PoolError(FabricsimError):
    """Workers cannot be started."""


class Pool:
    """``workers`` processes, started when there is something to run. Leaving the context kills them."""

    def __init__(self, workers: int) -> None:
        self._wanted = workers
        self._workers: dict[str, Worker] = {}
        self._watch = selectors.DefaultSelector()
        self._started = 0
        self._stillborn = 0  # that ended before they were ready, since the last one that was

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in list(self._workers.values()):
            self._dismiss(worker)
        self._watch.close()

    @property
    def pids(self) -> list[int]:
        """The processes that there are now."""
        return [worker.pid for worker in self._workers.values()]

    def run(self, scenarios: Sequence[Scenario | JobScenario]) -> Iterator[Row | JobRow | Failure]:
        """The result of each scenario, once, in the order in which they come in.

        A scenario over which worker after worker dies gives a failure; the others go on.

        Raises:
            PoolError: workers end as soon as they are started.
        """
        piles, left = Piles(scenarios, seconds=_PIECE), len(scenarios)
        while left:
            while len(self._workers) < min(self._wanted, left):
                self._start()
            for worker in self._workers.values():
                # What a worker died over is tried again alone: it may have been short of memory.
                alone = all(other.state != "busy" for other in self._workers.values())
                if worker.state == "idle" and (piece := piles.take(worker.name, suspects=alone)):
                    worker.ask(piece, _PIECE)
            for key, _ in self._watch.select():
                for result in self._heard(key.fileobj, piles):  # type: ignore[arg-type]
                    left -= 1
                    yield result

    def _start(self) -> None:
        self._started += 1
        worker = Worker(f"worker {self._started}")
        self._workers[worker.name] = worker
        self._watch.register(worker, selectors.EVENT_READ)

    def _heard(self, worker: Worker, piles: Piles) -> Iterator[Row | JobRow | Failure]:
        """What ``worker`` has told by now, and what follows from its end."""
        before = worker.state
        yield from worker.read()
        if worker.state == "idle":
            self._stillborn = 0
            if before == "busy":
                piles.give_back(worker.name, worker.piece, worker.done, worker.seconds)
        elif worker.state == "ended":
            how = worker.last_words()
            self._dismiss(worker)
            if before == "starting":
                self._stillborn += 1
                if self._stillborn == DEATHS:
                    raise PoolError(f"{DEATHS} worker processes ended as soon as they started ({how})")
            elif before == "busy":
                in_hand, rest = worker.piece[worker.done :][:1], worker.piece[worker.done + 1 :]
                piles.give_back(worker.name, rest, 0, 0.0)
                for scenario in piles.suspect(in_hand):
                    words = f"{DEATHS} workers died over it, the last was {how}: out of memory?"
                    yield Failure(scenario=scenario, error=f"KilledWorker: {words}", version=model_version())
            piles.keep(set(self._workers))

    def _dismiss(self, worker: Worker) -> None:
        with suppress(KeyError):
            self._watch.unregister(worker)
        worker.end()
        del self._workers[worker.name]


def fitting(worker_bytes: float, available: float) -> int:
    """How many workers of ``worker_bytes`` fit in ``available`` bytes, at least one.

    >>> fitting(3e9, 10e9), fitting(30e9, 10e9)
    (3, 1)
    """
    room = available * _SPARE / worker_bytes
    return int(min(max(1.0, room), 1e9))
