"""A progress bar on stderr for what takes longer than two seconds: what is done, how far it is, time left.

Where stderr is not a terminal there is no bar, and a line once a minute.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from fabric.machine.collector import rest, resume
from fabric.machine.under_way import HowFar, how_far, watched
from sims.cli.terminal import plain_stream, printable

__all__ = ["Progress", "pace"]

T = TypeVar("T")
_PATIENCE = 2.0  # seconds
_MINUTE = 60.0


def pace(far: HowFar | None) -> str:
    """How far it is and what is left, in words; "" where nothing is known.

    >>> pace(HowFar(10, 100, 5.0)), pace(HowFar(0.25, 1.0, 20.0, counted=False))
    ('10 of 100, 2.0/s, 0:45 left', '25%, 1:00 left')
    """
    if far is None or not far.total:
        return ""
    said = f"{far.done:,.0f} of {far.total:,.0f}" if far.counted else f"{far.done / far.total:.0%}"
    if far.done <= 0 or far.seconds <= 0:
        return said if far.counted else ""
    hours, rest = divmod(round(far.left), 3600)
    clock = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
    rate = far.done / far.seconds
    per_second = f", {rate:.{0 if rate >= 10 else 1}f}/s" if far.counted and rate >= 0.1 else ""
    return f"{said}{per_second}, {clock} left"


class Progress:
    """``with Progress() as progress``, then ``progress.step("routing")``, ``progress.each(rows, total)``.

    ``silent``: standard output is taken by something else, so that ``print`` prints nothing.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._bar: Any = None
        self._text = ""
        self.stopped = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Progress:
        resume()  # the program is loaded, and work begins
        self._wait(*((_PATIENCE, self._show) if sys.stderr.isatty() else (_MINUTE, self._tell)))
        return self

    def _wait(self, seconds: float, then: Any) -> None:
        self._timer = threading.Timer(seconds, then)
        self._timer.daemon = True
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._timer = None
            if self._bar is not None:
                self._bar.stop()
        if self.stopped and kind is None:
            raise KeyboardInterrupt

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Ctrl-C ends what is inside and sets ``stopped``, so that what is finished can be written; it comes
        again when the whole ends.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.stopped = True

    def step(self, text: str) -> None:
        """Say what is being done now."""
        self._text = text

    def drawing(self, what: str = "drawing") -> None:
        """Say that figures are drawn, the last that a command does: what comes to life for them stays."""
        rest()
        self.step(what)

    def each(self, items: Iterable[T], total: int) -> Iterator[T]:
        """Pass on ``items``, counting them."""
        yield from watched(items, total)

    def _tell(self) -> None:
        """A line, and another in a minute."""
        line = ": ".join(filter(None, [self._text, pace(how_far())]))
        with self._lock:
            if self._timer is None:
                return
            self._wait(_MINUTE, self._tell)
        if line:
            self.say([line])

    def say(self, lines: Iterable[str]) -> None:
        """Print lines to stderr, above the bar."""
        with self._lock:
            for line in lines:
                if self._bar is None:
                    print(line, file=sys.stderr, flush=True)
                else:
                    self._bar.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)

    def print(self, lines: Iterable[str]) -> None:
        """Print data to stdout; the bar makes room where both are one terminal."""
        if self._silent:
            return
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
            print(*lines, sep="\n", flush=True)
            if self._bar is not None:
                self._bar.start()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        own = self

        class Asking(Bar):
            """Asks how far it is whenever it is drawn."""

            def get_renderables(self) -> Iterable[Any]:
                far = how_far()
                total, done = (far.total, far.done) if far else (None, 0)
                for task in self.task_ids:
                    self.update(task, description=own._text, total=total, completed=done, count=pace(far))
                return super().get_renderables()

        with self._lock:
            if self._timer is None:
                return
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
            )
            # rich would take over print() and send the data to its own console, folded at its width.
            console = Console(file=plain_stream(sys.stderr))
            bar = Asking(
                *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            bar.add_task(self._text, total=None, count="")
            bar.start()
            self._bar = bar
