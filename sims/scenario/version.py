"""The version of the program that stands in the rows."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["model_version"]


@cache
def model_version() -> str:
    """That of the installed distribution, or "unknown" where there is none."""
    try:
        return version("fabricsim")
    except PackageNotFoundError:
        return "unknown"
