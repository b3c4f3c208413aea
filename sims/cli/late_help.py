"""Help that is put together when it is shown: names of heavy modules, which no start waits for."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["ALGORITHMS", "LateHelp"]

ALGORITHMS = "{algorithms}"  # stands in the help of an option for the names of all algorithms of all-reduce


class LateHelp(TyperCommand):
    """A command whose options may name ALGORITHMS in their help."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        from sims.workload.collectives import listed

        for option in self.params:
            words = getattr(option, "help", None) or ""
            if ALGORITHMS in words:
                option.help = words.replace(ALGORITHMS, listed())  # type: ignore[attr-defined]
        super().format_options(ctx, formatter)
