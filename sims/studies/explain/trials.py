"""Remedies to be tried, one after another, so that who waits can see how many there are and how far it is.

Knows no remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from fabric.machine.under_way import watched
from fabric.words.errors import FabricsimError
from sims.studies.explain.explanation import Remedy

__all__ = ["Trial", "tried"]

Trial: TypeAlias = tuple[str, Callable[[], Remedy | None]]  # what it is called, and what runs it


def tried(trials: Iterable[Trial], left_out: list[str]) -> tuple[Remedy, ...]:
    """What each of ``trials`` gives, what saves most first; why one cannot be had goes to ``left_out``.

    All are listed before the first is run. A trial that gives nothing has said why itself.

    >>> left_out: list[str] = []
    >>> def refused() -> Remedy:
    ...     raise FabricsimError("no such cable")
    >>> tried([("2x uplinks", refused), ("nothing", lambda: None)], left_out), left_out
    ((), ['2x uplinks (no such cable)'])
    """
    listed = list(trials)
    found = []
    for name, run in watched(listed, len(listed)):
        try:
            found.append(run())
        except FabricsimError as error:
            left_out.append(f"{name} ({error})")
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.saved_s))
