"""Groups of commands: read when they are run, completed by the shell, and named when misspelled. Runs none.

``Program`` is the group of all commands. It imports the module of a command when that command is run, so that
``--help`` and the others need not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import typer
import typer.core

from fabric.words.errors import ParameterError
from sims.cli.plain_words import PlainWords

__all__ = ["OLD_SPELLINGS", "SETTINGS", "Group", "Place", "Program"]

# Options that have another name now. Old commands work; help does not show these.
OLD_SPELLINGS: Mapping[str, str] = {"output": "out"}

SETTINGS: Mapping[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda word: OLD_SPELLINGS.get(word, word),
}


class Place(NamedTuple):
    """Where a command is: ``name``, a function or a group, in a ``module`` of sims.cli.

    ``summary``: its line in --help, where 62 characters fit; ``example``: arguments that make sense, where it
    needs any, said to who leaves one out.
    """

    module: str
    name: str
    summary: str
    example: str = ""


class Group(PlainWords, typer.core.TyperGroup):
    """A group that answers a word which is none of its commands with the nearest, and with all of them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = ctx.resilient_parsing or args[0].startswith("-") or self.get_command(ctx, args[0])
        if not known:
            rule = f"unknown{self.elsewhere(ctx, args[0])}"
            raise ParameterError("command", args[0], rule, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def elsewhere(self, ctx: Any, word: str) -> str:
        """Where else ``word`` is a command, as part of a sentence; nothing here."""
        return ""


class Program(Group):
    """The commands of a table, name -> ``Place``. A module is imported when its command is run."""

    table: Mapping[str, Place] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self.table]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command(*self.table[cmd_name][:3]) if cmd_name in self.table else None

    def elsewhere(self, ctx: Any, word: str) -> str:
        from sims.workload.collective import COLLECTIVES

        if word in COLLECTIVES:
            return f": write {ctx.command_path} collective {word}"
        groups = [(name, self.get_command(ctx, name)) for name in self.table]
        inside = [name for name, one in groups if isinstance(one, Group) and one.get_command(ctx, word)]
        return f": write {ctx.command_path} {inside[0]} {word}" if inside else ""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self.table.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        from sims.cli.completion import Word

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            Word(name, help=place.summary)
            for name, place in self.table.items()
            if name.startswith(incomplete)
        ]


@cache
def _command(module: str, name: str, summary: str) -> Any:
    from sims.cli.completion import complete
    from sims.cli.late_help import LateHelp

    found = getattr(import_module(f"sims.cli.{module}"), name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(cls=LateHelp)(found)
        found = alone
    return complete(typer.main.get_command(found))
