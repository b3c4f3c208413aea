"""A Dask scheduler and its workers, started and killed as a user's would be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sweep_cases import ROOT

if TYPE_CHECKING:
    from sims.studies.sweep.cluster import DaskCluster

# A worker is slow enough to be killed in mid-sweep, and a scenario can take its worker with it.
PRELOAD = """
import os, signal, time
import sims.studies.sweep.cluster_task as task
run = task.Bench().run  # dask may load this file twice
def slow(scenario):
    if scenario.size_bytes == 666:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep({pause})
    return run(scenario)
task._BENCH.run = slow
"""


class Cluster:
    """A scheduler and workers as a user would start them, on ports of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")

    def start(self, *words: str, first: str = "") -> subprocess.Popen[bytes]:
        """``dask`` with these words; ``first``: a folder that is searched for imports before the project."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self.folder,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, [first, str(ROOT)])),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that a nanny goes with its worker at the end
            )
        self.started.append(process)
        return process

    def worker(
        self, *words: str, pause: float = 0.0, preload: str = "", first: str = ""
    ) -> subprocess.Popen[bytes]:
        if pause or preload:
            script = self.folder / f"preload{len(self.started)}.py"
            script.write_text(preload or PRELOAD.format(pause=pause), encoding="utf-8")
            words = (*words, "--preload", str(script))
        nanny = () if "--nanny" in words else ("--no-nanny",)
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-dashboard", *nanny, *words, first=first
        )

    def stop(self) -> None:
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def client(self, **settings: float) -> DaskCluster:
        from sims.studies.sweep.cluster import DaskCluster

        return DaskCluster(self.address, timeout=20, say=lambda line: None, **settings)  # type: ignore[arg-type]
