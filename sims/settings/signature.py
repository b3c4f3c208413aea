"""Signatures of functions that take settings: editors, ``help`` and ``dir`` show each by name and default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from sims.settings.setting import Setting
from sims.settings.table import SETTINGS

__all__ = ["OF_JOBS", "takes_settings"]

_OF_OTHERS = ("topology", "algorithm", "size")  # which fabric, what is done on it, with how much
OF_JOBS: dict[str, Setting] = {name: one for name, one in SETTINGS.items() if name not in _OF_OTHERS}
_BY_NAME = inspect.Parameter.KEYWORD_ONLY
_F = TypeVar("_F", bound=Callable[..., Any])


def takes_settings(function: _F) -> _F:
    """``function``, whose ``**settings`` show as the settings of a job; what it does is the same.

    >>> @takes_settings
    ... def run(fabric, **settings):
    ...     return settings
    >>> inspect.signature(run).parameters["placement"].default
    'packed'
    >>> run(None, ranks=4)
    {'ranks': 4}
    """
    shown = inspect.signature(function)
    fixed = [one for one in shown.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    taken = {one.name for one in fixed}
    settings = [
        inspect.Parameter(
            name, _BY_NAME, default=one.value(one.default), annotation="str | int | bool | None"
        )
        for name, one in OF_JOBS.items()
        if name not in taken
    ]
    function.__signature__ = shown.replace(parameters=[*fixed, *settings])  # type: ignore[attr-defined]
    return function
