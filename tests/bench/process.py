"""A command run to its end in a process of its own: seconds, memory, what it printed. Knows no benchmark."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

__all__ = ["ALONE", "FABRICSIM", "Ran", "alternated", "rows", "run"]

ALONE = Path(__file__).parent / "alone"  # programs that are measured by themselves
FABRICSIM = [sys.executable, "-m", "sims.cli"]


class Ran(NamedTuple):
    """Wall seconds, peak resident MB and output of a command, and the seconds that processors spent on it."""

    wall: float
    peak: float
    output: str
    processor: float


def run(command: list[str], folder: str) -> Ran:
    """Run a command in a folder; it has to succeed."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}")
    return Ran(wall, usage.ru_maxrss / 1024, output, usage.ru_utime + usage.ru_stime)


def alternated(
    first: list[str], second: list[str], folder: str, rounds: int, by: str = "wall"
) -> tuple[Ran, Ran]:
    """The quickest run, by a field of Ran, of each of two commands that take turns: what other work delayed
    least.
    """
    pairs = [(run(first, folder), run(second, folder)) for _ in range(rounds)]
    one, other = (min(column, key=attrgetter(by)) for column in zip(*pairs))
    return one, other


def rows(folder: str, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file that a command wrote."""
    with open(Path(folder, name), encoding="utf-8") as file:
        return list(csv.DictReader(file))
