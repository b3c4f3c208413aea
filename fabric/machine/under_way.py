"""Loops under way and how far each is, for whoever wants to show it. Prints nothing; nobody has to look.

A loop says nothing by itself: it leaves a way to ask, so that it costs nothing where nobody does. Asking is
safe from another thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["PER_BYTE", "HowFar", "how_far", "reading", "under_way", "watched", "working"]

T = TypeVar("T")
_MOST = 0.99  # of what was expected: more than that is not known to be done
PER_BYTE = 2e-7  # s of one core, of a file whose text becomes records or a graph; measured, within two times


class HowFar(NamedTuple):
    """``done`` of ``total``, after ``seconds``; ``counted``: in whole items, or as a share.

    >>> HowFar(25, 100, 5.0).left
    15.0
    """

    done: float
    total: float
    seconds: float
    counted: bool = True

    @property
    def left(self) -> float:
        """Seconds to go at the pace so far; nan before anything is done."""
        return self.seconds * (self.total - self.done) / self.done if self.done > 0 else float("nan")


_LOOPS: list[Callable[[], HowFar]] = []  # of this process, the outermost first


@contextmanager
def under_way(done: Callable[[], float], total: float, *, counted: bool = False) -> Iterator[None]:
    """Inside, ``done()`` of ``total`` is how far it is.

    >>> with under_way(lambda: 3.0, 4.0):
    ...     how_far()[:2]
    (3.0, 4.0)
    """
    began = time.monotonic()

    def ask() -> HowFar:
        return HowFar(done(), total, time.monotonic() - began, counted)

    _LOOPS.append(ask)
    try:
        yield
    finally:
        _LOOPS.remove(ask)


def watched(items: Iterable[T], total: int) -> Iterator[T]:
    """Pass on ``items``, of which there are ``total``.

    >>> [how_far().done for _ in watched("abc", 3)]
    [0, 1, 2]
    """
    done = 0
    with under_way(lambda: done, total, counted=True):
        for item in items:
            yield item
            done += 1


@contextmanager
def working(seconds: float) -> Iterator[None]:
    """Inside is work of about ``seconds`` of processor time, however many share the processor."""
    began = time.process_time()
    with under_way(lambda: min(time.process_time() - began, _MOST * seconds), seconds):
        yield


@contextmanager
def reading(*paths: str | os.PathLike[str], per_byte: float = PER_BYTE) -> Iterator[None]:
    """Inside, files are read, of a folder those that stand in it, and made into what they say: a work of
    ``per_byte`` seconds for each of their bytes.
    """
    with working(per_byte * sum(map(_bytes, paths))):
        yield


def _bytes(path: str | os.PathLike[str]) -> int:
    """Of a file or of those in a folder; 0 where there is none to be read, which the reader will say."""
    try:
        within = list(os.scandir(path)) if os.path.isdir(path) else [Path(path)]
        return sum(one.stat().st_size for one in within if one.is_file())
    except OSError:
        return 0


def how_far() -> HowFar | None:
    """Of the outermost loop that has done anything, or else of the innermost; None where there is none."""
    found = [ask() for ask in list(_LOOPS)]
    several = [one for one in found if one.total > 1 or not one.counted]
    return next((one for one in several if one.done > 0), several[-1] if several else None)
