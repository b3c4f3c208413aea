"""``--tolerance``: how far from a time still counts as it. Runs no command."""

from __future__ import annotations

from typing import Any

import typer

from fabric.words.errors import ParameterError

__all__ = ["share", "tolerance_option"]


def tolerance_option(help: str) -> Any:
    """The option, with what it is of."""
    return typer.Option("--tolerance", metavar="SHARE", help=help, show_default=False)


def share(text: str | None) -> float | None:
    """The share that ``text`` says, as in 20% or 0.2.

    >>> share("20%"), share(None)
    (0.2, None)
    """
    if text is None:
        return None
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ParameterError("--tolerance", text, "a share above 0, such as 20% or 0.2")
    return value
