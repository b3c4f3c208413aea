"""Help that is put together when it is shown: it may name what takes long to import."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from sims.cli.plain_words import PlainWords
from sims.settings.table import SETTINGS

__all__ = ["LateHelp"]


class LateHelp(PlainWords, TyperCommand):
    """A command of whose options some are settings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for option in self.params:
            setting = SETTINGS.get(option.name or "")
            words = getattr(option, "help", None) or ""
            if setting and "{names}" in words:
                option.help = words.replace("{names}", setting.names)  # type: ignore[attr-defined]
        super().format_options(ctx, formatter)
