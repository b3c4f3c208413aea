"""A progress bar on stderr for what takes longer than two seconds; rate and time left where things count.

Where stderr is not a terminal there is no bar, and what counts says once a minute how far it is.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from sims.cli.terminal import plain_stream, printable

__all__ = ["Progress"]

T = TypeVar("T")
_PATIENCE = 2.0  # seconds
_MINUTE = 60.0


class Progress:
    """``with Progress() as progress``, then ``progress.step("routing")``, ``progress.each(rows, total)``.

    ``silent``: standard output is taken by something else, so that ``print`` prints nothing.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._bar: Any = None
        self._task: Any = None
        self._text, self._done, self._total = "", 0, 0
        self._began = 0.0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._timer = threading.Timer(_PATIENCE, self._show)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._bar is not None:
                self._bar.stop()

    def step(self, text: str) -> None:
        """Say what is being done now."""
        self._text = text
        self._update()

    def each(self, items: Iterable[T], total: int) -> Iterator[T]:
        """Pass on ``items``, counting them."""
        self._total, self._done = total, 0
        self._began = said = time.monotonic()
        for item in items:
            self._done += 1
            self._update()
            now = time.monotonic()
            if now - said >= _MINUTE and not sys.stderr.isatty():
                said = now
                self.say([f"{self._text}: {self._done:,} of {total:,}, {self._pace(now - self._began)}"])
            yield item

    def _pace(self, seconds: float) -> str:
        """Rate and time left after so many seconds."""
        if not self._done or not self._total or seconds <= 0:
            return ""
        rate, left = self._done / seconds, round((self._total - self._done) * seconds / self._done)
        hours, rest = divmod(left, 3600)
        clock = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
        return f"{rate:.{0 if rate >= 10 else 1}f}/s, {clock} left"

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

        with self._lock:
            if self._timer is None:
                return
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
            )
            # rich would take over print() and send the data to its own console, folded at its width.
            console = Console(file=plain_stream(sys.stderr))
            self._bar = Bar(
                *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._task = self._bar.add_task(self._text, total=self._total or None, count="")
            self._bar.start()
        self._update()

    def _update(self) -> None:
        if self._bar is not None:
            counted = f"{self._done:,} of {self._total:,}, {self._pace(time.monotonic() - self._began)}"
            self._bar.update(
                self._task,
                description=self._text,
                total=self._total or None,
                completed=self._done,
                count=counted.rstrip(", ") if self._total else "",
            )
