"""The door of numba: kernels are compiled where it is installed (extra ``[fast]``).

They are plain Python without it, and then far slower than what does the same otherwise: nobody calls them.
Imported only by kernels, as numba takes longer to import than most runs last.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

__all__ = ["at_hand", "kernel"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def at_hand() -> bool:
    """Whether numba is installed; does not import it."""
    return find_spec("numba") is not None


def kernel(function: _Function) -> _Function:
    """``function``, compiled when it is first called and kept on disk for later processes.

    It makes no arrays. So nobody has to count who uses those that it is handed, which takes half of the time
    of a kernel that calls others with a dozen of them.
    """
    if not at_hand():
        return function
    from numba import njit

    compiled: _Function = njit(cache=True, nogil=True, _nrt=False)(function)
    return compiled
