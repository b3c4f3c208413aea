"""A process beside this one, which imports what will be needed while this one works. Knows no command.

To import the plotting library takes half a second: as long as NetworkX takes for a tree of 100,000 endpoints.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import warnings
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import Any, NoReturn

from fabric.machine.cores import cores

__all__ = ["Beside"]


class Beside:
    """A function of a module, which is imported there once it is ``start``ed, and called there once, or here.

    ``with Beside("a.module", "function") as function``, then ``function.start()`` before long work, and
    ``function(...)``. Where it was not started, could not be, or fails, it is called here: the answer is the
    same. Arguments and answer are such as can be pickled.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name
        self._process = 0  # its number
        self._ends: list[int] = []  # of pipes, for asking and telling, as long as they are ours to close

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            os.kill(self._process, signal.SIGKILL)  # it holds nothing
            os.waitpid(self._process, 0)
            self._process = 0
            while self._ends:
                os.close(self._ends.pop())

    def start(self) -> None:
        """Have it import the module, if there is a processor for it."""
        # Elsewhere than on Linux libraries are not made for a copy of a running process, nor are threads.
        if self._process or sys.platform != "linux" or threading.active_count() > 1 or cores() < 2:
            return
        with suppress(OSError):
            asked, asking = os.pipe()
            telling, told = os.pipe()
            with warnings.catch_warnings():  # of threads: those of linear algebra provide for a fork
                warnings.simplefilter("ignore", DeprecationWarning)
                number = os.fork()
            if not number:
                os.close(asking)  # its end is the end of the parent
                self._serve(asked, told)
            self._process, self._ends = number, [telling, asking]
            os.close(asked)
            os.close(told)

    def __call__(self, *given: Any) -> Any:
        """What the function returns, or raises."""
        if self._process:
            with suppress(OSError, EOFError, pickle.PickleError, AttributeError, TypeError):  # here, then
                asked = pickle.dumps(given)
                with os.fdopen(self._ends.pop(), "wb") as asking:
                    asking.write(asked)
                with os.fdopen(self._ends.pop(), "rb") as telling:
                    return pickle.load(telling)
        return getattr(import_module(self._module), self._name)(*given)

    def _serve(self, asked: int, told: int) -> NoReturn:
        """What the process does: import, wait for the call, answer. Without a call it ends."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the parent alone
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):  # so that nobody waits for the end of what the parent writes
                os.dup2(nowhere, stream)
            function = getattr(import_module(self._module), self._name)
            with os.fdopen(asked, "rb") as asking:
                given = pickle.load(asking)
            with os.fdopen(told, "wb") as telling:
                telling.write(pickle.dumps(function(*given)))
        finally:
            os._exit(0)
