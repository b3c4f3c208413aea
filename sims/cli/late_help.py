"""Help that is put together when it is shown: it may name what takes long to import."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from sims.cli.plain_words import PlainWords
from sims.settings.table import COLLECTIVES, KINDS, table_of

__all__ = ["LateHelp"]


def _names(name: str | None, words: str) -> str:
    """The legal names of the setting ``name`` whose help holds ``words``; several kinds may have one."""
    tables = map(table_of, (COLLECTIVES, *KINDS))
    having = [table[name] for table in tables if name is not None and name in table]
    return next((one for one in having if one.help in words), having[0]).names


class LateHelp(PlainWords, TyperCommand):
    """A command of whose options some are settings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for option in self.params:
            words = getattr(option, "help", None) or ""
            if "{names}" in words:
                option.help = words.replace("{names}", _names(option.name, words))  # type: ignore[attr-defined]
        super().format_options(ctx, formatter)
