"""``--tolerance``: how far from a time still counts as it. Runs no command."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["tolerance_option"]


def tolerance_option(help: str) -> Any:
    """The option, with what it is of."""
    return typer.Option("--tolerance", metavar="SHARE", help=help, show_default=False)
