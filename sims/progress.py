"""A progress bar on stderr for what takes longer than two seconds; silent when stderr is not a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Progress"]

T = TypeVar("T")
_PATIENCE = 2.0  # seconds


class Progress:
    """``with Progress() as progress``, then ``progress.step("routing")``, ``progress.each(rows, total)``."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._text, self._done, self._total = "", 0, 0
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
        self._total = total
        for item in items:
            yield item
            self._done += 1
            self._update()

    def print(self, lines: Iterable[str]) -> None:
        """Print data to stdout; the bar makes room where both are one terminal."""
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
            columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
            # rich would take over print() and send the data to its own console, folded at its width.
            console = Console(stderr=True)
            self._bar = Bar(
                *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._task = self._bar.add_task(self._text, total=self._total or None)
            self._bar.start()
        self._update()

    def _update(self) -> None:
        if self._bar is not None:
            self._bar.update(
                self._task, description=self._text, total=self._total or None, completed=self._done
            )
