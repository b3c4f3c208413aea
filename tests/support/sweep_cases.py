"""Small sweeps whose undisturbed results are known, and workers that can be slowed down or made to die."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from project import ROOT

from sims.jobs.allreduce import AllReduce
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.simulation import fabric_of
from sims.studies.sweep.bench import Bench

# What a worker process imports first, if its folder is on PYTHONPATH: each point takes PAUSE seconds, and one
# of 666 bytes takes its worker with it.
SLOW = """
import os, signal, time
import sims.studies.sweep.bench as bench
run = bench.Bench.run
def slow(self, scenario):
    if scenario.size_bytes == 666:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep({pause})
    return run(self, scenario)
bench.Bench.run = slow
"""


def scenarios(count: int = 40) -> list[Scenario]:
    """Two fabrics, two algorithms, sizes from 1,000."""
    found = []
    for topology in ("fat-tree:k=4", "star:endpoints=8"):
        fabric = fabric_of(Scenario(topology=topology, ranks=2, algorithm="ring", size_bytes=1))
        job = AllReduce(fabric, topology=topology, digest="")
        for algorithm in ("ring", "tree"):
            found += [job.scenario(algorithm, 1000 + n) for n in range(count // 4)]
    return found


def undisturbed(asked: list[Scenario]) -> list[Row | Failure]:
    """The results of one process that runs one scenario after another, by key."""
    bench = Bench()
    return by_key([bench.run(scenario) for scenario in asked])


def by_key(results: list[Row | Failure]) -> list[Row | Failure]:
    return sorted(results, key=lambda result: result.key)


def slow_workers(folder: Path, pause: float) -> dict[str, str]:
    """An environment in which every Python process that starts is slow."""
    (folder / "sitecustomize.py").write_text(SLOW.format(pause=pause), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def fabricsim(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """The command line, started in ``folder``."""
    return subprocess.Popen(
        [sys.executable, "-m", "sims.cli", *words],
        cwd=folder,
        env=env or {**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
