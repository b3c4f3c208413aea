"""Run a sweep: what is missing in its folder, on the processes of this machine or on a cluster.

The one place where a plan, an engine and a store meet. Prints nothing: what is to be said goes to ``say``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fabric.machine.cores import cores
from fabric.words.card import Card
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.studies.sweep.axis import Assignments
from sims.studies.sweep.bench import Bench, share_key
from sims.studies.sweep.plan import Plan, plan_sweep
from sims.studies.sweep.pool import Pool, fitting
from sims.studies.sweep.spec import SweepSpec, read_sweep, sweep_text
from sims.studies.sweep.store import Store
from topologies.parts.memory import available_memory

__all__ = ["Outcome", "StoppedError", "run_sweep", "workers_for"]

_QUICK = 10_000  # results whose tables are written within the two seconds that Ctrl-C may take

Run = Callable[[Sequence[Scenario | JobScenario]], Iterator[Row | JobRow | Failure]]


class StoppedError(FabricsimError):
    """A sweep ended before its last point: ``StoppedError(cause, kept, points)``; what is written stays."""

    def __init__(self, cause: str, kept: int, points: int) -> None:
        self.cause, self.kept, self.points = cause, kept, points
        super().__init__(cause, kept, points)

    def __str__(self) -> str:
        rest = "the same command again does what is missing"
        return f"{self.cause}: {self.kept:,} of {counted(self.points, 'point')} are kept; {rest}"


@dataclass(frozen=True, kw_only=True, repr=False)
class Outcome(Card):
    """``results``: of the points of the sweep, in its order; ``ran``: how many of them were missing before;
    ``files``: what was written.
    """

    results: tuple[Row | JobRow | Failure, ...]
    ran: int
    files: tuple[Path, ...]

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(result for result in self.results if isinstance(result, Failure))

    def card(self) -> tuple[str, dict[str, str]]:
        return f"Outcome of {counted(len(self.results), 'point')}", {
            "run now": f"{self.ran:,}",
            "failed": f"{len(self.failures):,}",
            "files": ", ".join(map(str, self.files)),
        }

    def __str__(self) -> str:
        there, failed = len(self.results) - self.ran, len(self.failures)
        said = [counted(len(self.results), "point"), f"{self.ran:,} run now"]
        said += [f"{there:,} there before"] if there else []
        said += [f"{failed:,} failed: the same command tries them again"] if failed else []
        return ", ".join(said)


def run_sweep(
    spec: SweepSpec | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    planned: Plan | None = None,
    say: Callable[[str], None] | None = None,
    watch: Callable[[Iterator[Row | JobRow | Failure], int], Iterator[Row | JobRow | Failure]] | None = None,
) -> Outcome:
    """Run all points of ``spec`` of which the folder ``out`` has no row, each result appended as it comes.

    Args:
        spec: the sweep, or the path of its file.
        out: a folder, made if it is not there; points that failed before are tried again.
        jobs: processes at most, by default one per core; 1 runs everything in this one.
        scheduler: the address of a Dask scheduler that runs the points instead, as ``tcp://host:8786`` or ``tls://``.
        planned: the plan of ``spec``, where there is one already.
        say: told, line by line, what a user should know and no result says.
        watch: is given the results as they come and their number, and passes them on.

    Returns:
        what became of it. The same points give the same rows, whatever runs them.

    Raises:
        SweepError: mistakes in ``spec``, found before anything runs.
        StoppedError: the disk is full, or the cluster is lost; what was written is kept.
        FabricsimError: the folder cannot be written to or is in use; there is no such cluster.
    """
    if jobs is not None and scheduler is not None:
        raise ParameterError("jobs", jobs, f"the scheduler {scheduler} has its own workers: leave one out")
    if jobs is not None and jobs < 1:
        raise ParameterError("jobs", jobs, "at least one process")
    say = say or (lambda line: None)
    spec = spec if isinstance(spec, SweepSpec) else read_sweep(spec)
    found = planned or plan_sweep(spec)
    keys = [scenario.key for scenario in found.points]
    labels = dict(zip(keys, found.labels))
    with Store(out) as store:
        for note in store.notes:
            say(note)
        missing = [
            point
            for point, key in zip(found.points, keys)
            if isinstance(store.results.get(key), Failure | None)
        ]
        kept = len(keys) - len(missing)
        _say_what_is_there(store, set(keys), kept, say)
        store.note_spec(sweep_text(spec))
        try:
            with _engine(found, len(missing), jobs, scheduler, say) as run:
                try:
                    results = run(missing)
                    for result in watch(results, len(missing)) if watch else results:
                        store.append(result)
                        if not isinstance(result, Failure):
                            kept += 1
                        else:
                            say(f"failed: {_called(result.scenario, labels)}: {result.error}")
                except FabricsimError as error:
                    raise StoppedError(str(error), kept, len(keys)) from None
        except BaseException:
            if len(store.results) > _QUICK:
                say(f"{store.folder}: the tables are not made anew: the same command again does it")
            else:
                with suppress(FabricsimError):  # what ended the run is the news
                    store.finish(keys)
            raise
        files = store.finish(keys)
        results_now = tuple(store.results[key] for key in keys)
        return Outcome(results=results_now, ran=len(missing), files=tuple(files))


def _called(scenario: Scenario | JobScenario, labels: Mapping[str, Assignments]) -> str:
    """How the user's file calls a point, and its key."""
    said = ", ".join(f"{name}={text}" for name, text in labels[scenario.key]) or scenario.topology
    return f"{said} (key {scenario.key})"


def _say_what_is_there(store: Store, keys: set[str], kept: int, say: Callable[[str], None]) -> None:
    others = len(store.results.keys() - keys)
    if kept:
        say(f"{store.folder}: {kept:,} of {counted(len(keys), 'point')} are there already")
    if others:
        stay = "stays" if others == 1 else "stay"
        say(f"{store.folder}: {counted(others, 'result')} of other scenarios {stay} there")


def workers_for(found: Plan, points: int, jobs: int | None = None) -> tuple[int, str]:
    """How many processes run ``points`` points, and a line where fewer than wanted fit in memory."""
    wanted = max(1, min(cores() if jobs is None else jobs, points))
    free = available_memory()
    workers = min(wanted, fitting(found.worker_bytes, free))
    if workers == wanted:
        return workers, ""
    needs = f"a worker needs about {found.worker_bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB are free"
    return workers, f"{counted(workers, 'worker')} instead of {wanted}: {needs}"


@contextmanager
def _engine(
    found: Plan, points: int, jobs: int | None, scheduler: str | None, say: Callable[[str], None]
) -> Iterator[Run]:
    """What runs scenarios."""
    if not points:
        yield lambda scenarios: iter(())
    elif scheduler is not None:
        from sims.studies.sweep.cluster import DaskCluster

        with DaskCluster(scheduler, say=say) as cluster:
            yield cluster.run
    else:
        workers, note = workers_for(found, points, jobs)
        if note:
            say(note)
        if workers == 1:
            yield lambda scenarios: Bench().run_for(math.inf, sorted(scenarios, key=share_key))
        else:
            with Pool(workers) as pool:
                yield pool.run
