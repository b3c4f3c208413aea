"""``fabricsim routing compare``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.routing.policies import policy_help
from sims.cli.group import Group
from sims.cli.options import (
    AllowPartition,
    Degrade,
    Fail,
    Graph,
    Preset,
    Seed,
    Sets,
    Spec,
    Topology,
    joined,
    named,
    opened,
    whole,
)
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

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


@commands.command()
def compare(
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    traffic: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="permutation, shift[:STEP], incast, alltoall, or allreduce:ALGORITHM (its heaviest phase).",
        ),
    ] = "permutation",
    routing: Annotated[
        str,
        typer.Option(
            metavar="POLICY[,POLICY...]",
            help=policy_help(),
        ),
    ] = "ecmp,ecmp:qps=16,dmodk,adaptive",
    ranks: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER", help="Of an all-reduce: how many GPUs.  [default: all]", show_default=False
        ),
    ] = None,
    placement: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="Of an all-reduce: as --placement of allreduce."),
    ] = "packed",
    seed: Seed = "0",
    fail: Fail = None,
    degrade: Degrade = None,
    allow_partition: AllowPartition = False,
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
    sets: Sets = None,
) -> None:
    """Show what each policy does to the same traffic.

    Loads of links per tier, the slowest and the mean flow.
    """
    wanted = outputs(out, form, json, plot=plot, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.jobs.contest import Contest
    from sims.jobs.routing_compare import policy_texts
    from sims.scenario.files import write_records
    from sims.settings.assignments import overridden
    from sims.settings.table import spelled
    from sims.show.words.routing_compare import balance_lines

    given = {
        "topology": [named(spec, topology, preset, graph)],
        "routing": policy_texts(routing),
        "ranks": ["all" if ranks is None else str(whole("--ranks", ranks))],
        "placement": [placement],
        "seed": [seed],
        "fail": [joined(fail)],
        "degrade": [joined(degrade)],
        "allow_partition": [str(allow_partition).lower()],
    }
    texts = overridden(given, sets or (), several=("routing",))
    draw, members = whole("--seed", texts["seed"]), spelled("ranks", texts["ranks"])
    contest = Contest(
        traffic=traffic,
        routing=texts["routing"],
        ranks=None if members == "all" else int(members),
        placement=texts["placement"],
        seed=draw,
        fail=texts["fail"],
        degrade=texts["degrade"],
        allow_partition=spelled("allow_partition", texts["allow_partition"]) == "true",
    )
    with Progress(silent=alone(wanted.values())) as progress:
        partition = contest.allow_partition
        fabric, text, digest, notes = opened(texts["topology"], progress, allow_partition=partition)
        arena = contest.on(fabric)
        progress.step("routing")
        found = list(progress.each(arena.balances(), len(arena.policies)))
        said = [*notes, str(arena.damage)] if arena.damage else notes
        progress.print(balance_lines(text, arena.fabric, arena.demand, found, said))
        rows = arena.rows(found, text, digest)
        wanted["rows"].write(write_records, rows)
        if wanted["figure"]:
            progress.step("drawing")
            from sims.show.figures import balance_figure, save_figure

            drawn = balance_figure(rows, fabric.disclaimer)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
