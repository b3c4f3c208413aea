"""``fabricsim routing compare``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sims.cli.fabric_options import opened
from sims.cli.group import Group
from sims.cli.late_help import LateHelp
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from sims.jobs.routing_compare import Balance

__all__ = ["commands"]

commands = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.callback()
def _group() -> None:
    """Compare routing policies on one fabric."""


@commands.command(cls=LateHelp)
@with_settings(
    *("topology", "routing", "ranks", "placement", "seed", "fail", "degrade", "allow_partition"),
    several=("routing",),
    defaults={"routing": "ecmp,ecmp:qps=16,dmodk,adaptive"},
    helps={
        "ranks": "Of an all-reduce: how many GPUs.",
        "placement": "Of an all-reduce: as --placement of allreduce.",
    },
)
def compare(
    texts: Texts,
    traffic: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="permutation, shift[:STEP], incast, alltoall, or allreduce:ALGORITHM (its heaviest phase).",
        ),
    ] = "permutation",
    out: Out = None,
    form: Format = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw the rates of flows and the loads of links: .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what each policy does to the same traffic.

    Loads of links per tier, the slowest and the mean flow.
    """
    wanted = outputs(out, form, json, plot=plot, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.jobs.contest import Contest
    from sims.scenario.files import write_records
    from sims.show.words.routing_compare import balance_lines

    topology = texts.pop("topology")
    contest = Contest.of(traffic, texts)
    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, notes = opened(
            topology, progress, allow_partition=contest.allow_partition, fits=contest.fits
        )
        arena = contest.on(fabric)
        progress.say(filter(None, [arena.foretold]))
        progress.step("routing")
        found: list[Balance] = []
        try:
            found += progress.each(arena.balances(), len(arena.policies))
        finally:
            # Also after Ctrl-C: what is finished is kept.
            rows = arena.rows(found, text, digest) if found else []
            if rows:
                wanted["rows"].write(write_records, rows)
        said = [*notes, str(arena.damage)] if arena.damage else notes
        progress.print(balance_lines(text, arena.fabric, arena.demand, found, said))
        if wanted["figure"]:
            progress.drawing()
            from sims.show.figures import balance_figure, save_figure

            drawn = balance_figure(rows, fabric.disclaimer)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
