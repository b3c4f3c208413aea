"""A Dask cluster that runs scenarios: an executor whose workers are somebody else's processes.

The only door to ``distributed``, opened when a cluster is entered. Knows no file and no sweep: it is given
scenarios and yields each result once, as it arrives. A worker may die at any time, the scheduler too: what
was yielded is the caller's, and what was not can be asked for again.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
import warnings
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pkgutil import resolve_name
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any
from uuid import uuid4

from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, Row, read_result
from sims.scenario.scenario import Scenario
from sims.scenario.version import model_version
from sims.studies.sweep.cluster_address import open_to_others, require_certificates
from sims.studies.sweep.cluster_task import about, work
from sims.studies.sweep.piles import DEATHS, Piles

__all__ = ["ClusterError", "DaskCluster", "SchedulerLostError"]

_LOOK = 1.0  # seconds between two looks at which workers there are
_ANSWER = 30.0  # seconds in which a scheduler that is alive answers a question
_FETCH = 5.0  # seconds for one result to come over; then it is tried again, if its worker is still there
_WORK = 0.5  # seconds of work after which a worker hands in what it has
_NOISY = ("distributed", "distributed.client", "tornado.application", "asyncio")


class ClusterError(FabricsimError):
    """The cluster cannot do the work as it is; says what to change."""


class SchedulerLostError(ClusterError):
    """The scheduler died or cannot be reached any more."""


class DaskCluster:
    """Runs scenarios on the workers of the Dask scheduler at ``address``, as ``tcp://host:8786`` or ``tls://``.

    ``timeout``: seconds to find the scheduler; ``patience``: seconds to be without any worker, at the start
    or in the middle; ``say``: where a line for the user goes, by default stderr. Leaving the context takes
    back what is still under way and leaves the cluster as it was.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float = 10.0,
        patience: float = 60.0,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.address, self.timeout, self.patience = address, timeout, patience
        self._say = say or _to_stderr
        self._client: Any = None
        self._ready: set[str] = set()  # workers that are there and have been checked
        self._alone_since: float | None = None
        self._running: dict[Any, tuple[str, list[Scenario | JobScenario]]] = {}
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._levels: dict[str, int] = {}

    def __enter__(self) -> DaskCluster:
        """Connect, and wait for a worker.

        Raises:
            FabricsimError: ``distributed`` is not installed.
            ParameterError: ``address`` is none, or its certificates are missing.
            ClusterError: no scheduler or no worker in time, or a worker runs another fabricsim.
        """
        try:
            from distributed import Client
            from distributed.versions import VersionMismatchWarning
        except ImportError:
            rule = "needs the extra [cluster]: python -m pip install 'fabricsim[cluster]'"
            raise FabricsimError(f"--scheduler {self.address}: {rule}") from None
        require_certificates(self.address)
        if warning := open_to_others(self.address):
            self._say(warning)
        # Its loggers report every closed connection with a traceback; what matters is said by our errors.
        self._levels = {name: logging.getLogger(name).level for name in _NOISY}
        for name in _NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            with warnings.catch_warnings():
                # Pages of versions of libraries: what must be equal is compared by _check.
                warnings.simplefilter("ignore", VersionMismatchWarning)
                self._client = Client(self.address, timeout=self.timeout, set_as_default=False)
            while not self._look():
                time.sleep(_LOOK / 4)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            if isinstance(error, OSError):  # TimeoutError is one
                raise SchedulerLostError(
                    f"scheduler {self.address}: no Dask scheduler answers there within {self.timeout:g} s: "
                    f"start one with `dask scheduler`, and check host and port"
                ) from None
            if isinstance(error, ValueError):
                raise ParameterError("scheduler", self.address, "an address as in tcp://host:8786") from None
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        try:
            if client is not None:
                self._take_back(client)
                with suppress(OSError, AssertionError):  # its scheduler may be dead: nobody to say goodbye to
                    client.close(timeout=1.5)
        finally:
            client = None
            gc.collect()  # tasks that nobody asked again are told of when they go: while nothing is printed
            for name, level in self._levels.items():
                logging.getLogger(name).setLevel(level)

    def run(self, scenarios: Sequence[Scenario | JobScenario]) -> Iterator[Row | JobRow | Failure]:
        """The result of each scenario, once, in the order in which they come in.

        A scenario under which worker after worker dies gives a failure; the others go on.

        Raises:
            SchedulerLostError: the scheduler died; what was yielded is all that came back.
            ClusterError: no worker is left, or one runs another fabricsim.
        """
        piles, left, next_look = Piles(scenarios, seconds=_WORK), len(scenarios), 0.0
        try:
            while left:
                if time.monotonic() >= next_look:
                    self._look()
                    piles.keep(self._ready)
                    next_look = time.monotonic() + _LOOK
                    for failure in self._bury(piles):
                        left -= 1
                        yield failure
                self._hand_out(piles)
                for result in self._collect(piles):
                    left -= 1
                    yield result
        finally:
            if self._client is not None:
                self._take_back(self._client)

    def _look(self) -> bool:
        """Ask which workers there are, check those that are new; whether there is one to work with."""
        try:
            there = self._there()
            new = there - self._ready
            self._ready = (there & self._ready) | (self._check(new) if new else set())
        except (OSError, AttributeError):  # it loses its parts when the connection breaks in mid-question
            raise self._lost() from None
        now = time.monotonic()
        if self._ready:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
            self._say(f"scheduler {self.address} has no workers: waiting {self.patience:g} s for one")
        elif now - self._alone_since > self.patience:
            raise ClusterError(
                f"scheduler {self.address} has had no workers for {self.patience:g} s: "
                f"start some with `dask worker {self.address}`"
            )
        return bool(self._ready)

    def _there(self) -> set[str]:
        """The workers of the scheduler, asked again and again while the connection to it stands."""
        until = time.monotonic() + _ANSWER
        while self._client.status == "running":  # while it tries to connect again, all work is lost already
            try:
                return set(self._client.nthreads(callback_timeout=2 * _LOOK))
            except TimeoutError:
                if time.monotonic() > until:
                    break
        raise self._lost()

    def _check(self, workers: set[str]) -> set[str]:
        """Those of ``workers`` that run what we run; one that is just dying is left for the next look.

        Raises:
            ClusterError: one has another fabricsim, or none.
        """
        told = self._client.run(about, workers=sorted(workers), on_error="return")
        alive = {worker: answer for worker, answer in told.items() if not isinstance(answer, OSError)}
        for worker, answer in alive.items():
            if isinstance(answer, Exception):
                at = self._client.run(resolve_name, "fabric:__file__", workers=[worker], on_error="return")
                home = at.get(worker)
                found = f" (its `fabric` is {home})" if isinstance(home, str) else ""
                words = " ".join(str(answer).split())
                rule = "install this fabricsim into the worker's own environment"
                raise ClusterError(f"worker {worker} cannot import fabricsim: {words}{found}: {rule}")
            self._same(worker, answer)
        return set(alive)

    def _same(self, worker: str, told: Mapping[str, Any]) -> None:
        """Hold what ``worker`` told about itself against what runs here."""
        for name, mine in about().items():
            if told.get(name) != mine:
                raise ClusterError(
                    f"worker {worker} has {name} {told.get(name)}, here it is {mine}: "
                    f"start the workers from the same checkout"
                )

    def _hand_out(self, piles: Piles) -> None:
        """Give every worker that has nothing to do a piece of work."""
        # Where there are many workers their answers come often enough with more work in each.
        seconds = max(_WORK, len(self._ready) / 50)
        for worker in sorted(self._ready - {worker for worker, _ in self._running.values()}):
            piece = piles.take(worker)
            if piece:
                future = self._client.submit(
                    work,
                    [scenario.model_dump() for scenario in piece],
                    seconds,
                    key=f"fabricsim-{uuid4().hex}",  # several users may share the scheduler
                    # No other worker may take it over: one that came a moment ago has not been checked, and
                    # a task that allows others waits for ever if there was none when its own worker died.
                    workers=[worker],
                    pure=False,
                )
                self._running[future] = worker, piece
                future.add_done_callback(self._done.put)

    def _collect(self, piles: Piles) -> Iterator[Row | JobRow | Failure]:
        """The results of one piece of work, or none if nothing came in before the next look is due."""
        try:
            future = self._done.get(timeout=_LOOK)
        except Empty:
            return
        if future not in self._running:  # of a run that was left
            return
        if future.status == "cancelled":  # as it is with every future when the connection breaks
            raise self._lost()
        error: BaseException | None = None
        answer: dict[str, Any] | None = None
        try:
            if future.status == "error":
                error = future.exception(timeout=_FETCH)
            else:
                answer = future.result(timeout=_FETCH)
        except TimeoutError:
            if self._running[future][0] in self._ready:
                self._done.put(future)
            return  # else its worker died with the result: the next look finds that out
        except (Exception, CancelledError) as trouble:
            if future.status != "error":
                raise self._lost() from None
            error = trouble
        worker, piece = self._running.pop(future)
        if answer is not None:
            results = self._read(answer, piece)
            piles.give_back(worker, piece, len(results), answer["seconds"])
            yield from results
        elif type(error).__name__ != "KilledWorker":
            self._check(self._ready)  # says which worker it is, where it is one
            raise ClusterError(f"a worker failed: {type(error).__name__}: {' '.join(str(error).split())}")
        else:
            yield from self._lost_with(worker, piece, piles)

    def _bury(self, piles: Piles) -> Iterator[Failure]:
        """Take back the work of workers that are gone."""
        for future, (worker, piece) in list(self._running.items()):
            if worker not in self._ready and future.status in ("pending", "lost"):
                del self._running[future]
                with suppress(Exception):  # the connection may break this very moment: the next look sees it
                    self._client.cancel([future])
                yield from self._lost_with(worker, piece, piles)

    def _lost_with(
        self, worker: str, piece: Sequence[Scenario | JobScenario], piles: Piles
    ) -> Iterator[Failure]:
        """``worker`` died over ``piece``: it is tried again, but for what has cost too many workers."""
        for scenario in piles.suspect(piece):
            words = f"{DEATHS} workers died over it, the last {worker}: out of memory?"
            yield Failure(scenario=scenario, error=f"KilledWorker: {words}", version=model_version())

    def _read(
        self, answer: Mapping[str, Any], piece: Sequence[Scenario | JobScenario]
    ) -> list[Row | JobRow | Failure]:
        """The results in a worker's answer, each held against the scenario that it was asked for."""
        self._same(answer["worker"], answer["about"])
        if "trouble" in answer:
            raise ClusterError(f"worker {answer['worker']} failed: {answer['trouble']}")
        results = [read_result(values) for values in answer["results"]]
        if [result.scenario for result in results] != list(piece[: len(results)]):
            raise ClusterError(f"worker {answer['worker']} answered with results of other scenarios")
        return results

    def _take_back(self, client: Any) -> None:
        """Cancel what is under way: a worker ends the scenario that it is at and forgets the rest."""
        futures, self._running, self._done = list(self._running), {}, SimpleQueue()
        if futures and client.status == "running":
            with suppress(Exception):  # the connection may break this very moment
                client.cancel(futures)

    def _lost(self) -> SchedulerLostError:
        return SchedulerLostError(
            f"scheduler {self.address}: the connection to it is lost (start it and its workers again)"
        )


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
