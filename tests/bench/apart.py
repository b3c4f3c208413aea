"""A benchmark in a process of its own. Knows no benchmark.

The peak that is told of a command is never less than that of the process which starts it; so none may find
that process filled by the benchmark before it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.bench.measured import Measured

__all__ = ["apart"]


def apart(name: str) -> Iterator[Measured]:
    """What the benchmark of that name measures, as it comes."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(name, theirs))
    process.start()
    theirs.close()
    with suppress(EOFError):  # it has ended
        while True:
            yield ours.recv()
    process.join()
    if process.exitcode:
        sys.exit(f"{name}: exit status {process.exitcode}")


def _measure(name: str, end: Connection) -> None:
    for one in import_module(f"tests.bench.{name}").measure():
        end.send(one)
