"""A worker process on this machine: a fresh interpreter with a bench of its own that talks in lines.

It tells each result as soon as it has it, so that whoever started it knows over which scenario it died. It
ends when its standard input does: with its parent, however that ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue

from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, Row, read_result, scenario_from
from sims.scenario.scenario import Scenario
from sims.studies.sweep.bench import Bench

__all__ = ["Worker", "main"]

# The caller's main module is not imported, as multiprocessing would: this works in a notebook and in a script
# without a guard. The path says which fabricsim is meant.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from sims.studies.sweep.process import main; main()"
)
_ONE_CORE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CHUNK = 2**20  # bytes read at once


class Worker:
    """The process as its parent sees it.

    ``state``: starting, idle, busy, ended. ``piece``: the scenarios that it was asked for last; ``done``: how
    many of them it has answered; ``seconds``: what those took, known when it is idle again.
    """

    def __init__(self, name: str) -> None:
        self.name, self.state = name, "starting"
        self.piece: list[Scenario | JobScenario] = []
        self.done, self.seconds = 0, 0.0
        self._text = b""  # of a line that has not ended
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps([os.path.abspath(path) for path in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**dict.fromkeys(_ONE_CORE, "1"), **os.environ},
            process_group=0,  # Ctrl-C at the terminal is for the parent alone
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._asking, self._telling = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        """What a selector watches: readable when there is something to ``read``."""
        return self._telling.fileno()

    def ask(self, piece: list[Scenario | JobScenario], seconds: float) -> None:
        """Have it run ``piece``, or as much of it as fits in ``seconds``."""
        self.piece, self.done, self.state = piece, 0, "busy"
        asked = {"seconds": seconds, "scenarios": [scenario.model_dump() for scenario in piece]}
        left = memoryview(json.dumps(asked).encode() + b"\n")
        with suppress(BrokenPipeError):  # it died: seen when it is read
            while left:
                left = left[self._asking.write(left) :]

    def read(self) -> Iterator[Row | JobRow | Failure]:
        """The results that are there, in the order of ``piece``; waits if there are none."""
        new = os.read(self.fileno(), _CHUNK)
        if not new:
            self._process.wait()
            self.state = "ended"
            return
        *lines, self._text = (self._text + new).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "seconds" in told:
                self.seconds, self.state = told["seconds"], "idle"
            else:
                result = read_result(told)
                if result.scenario != self.piece[self.done]:
                    raise RuntimeError(f"worker {self.name} answered with the result of another scenario")
                self.done += 1
                yield result

    def last_words(self) -> str:
        """How an ended one ended."""
        code = self._process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def end(self) -> None:
        """Kill it: it holds nothing that is not elsewhere too."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._asking.close()
        self._telling.close()
        self.state = "ended"


def main() -> None:
    """What runs in the process: tells that it is there, then works off one line after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    telling = os.dup(1)
    os.dup2(2, 1)  # whatever else is printed is not an answer
    asked: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    bench, seconds = Bench(), 0.0
    while True:
        _tell(telling, {"seconds": seconds})
        wanted = json.loads(asked.get())
        start = time.monotonic()
        scenarios = [scenario_from(values) for values in wanted["scenarios"]]
        for result in bench.run_for(wanted["seconds"], scenarios):
            _tell(telling, result.to_dict())
        seconds = time.monotonic() - start


def _listen(asked: SimpleQueue[bytes]) -> None:
    """Pass lines on. The end of them is the end of the process, in the middle of a scenario too."""
    for line in sys.stdin.buffer:
        asked.put(line)
    os._exit(0)


def _tell(where: int, values: dict[str, object]) -> None:
    left = memoryview(json.dumps(values).encode() + b"\n")
    try:
        while left:
            left = left[os.write(where, left) :]
    except BrokenPipeError:
        os._exit(0)
