"""``fabricsim routing compare``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.routing.policies import policy_help
from sims.cli.options import (
    AllowPartition,
    Degrade,
    Fail,
    Graph,
    Out,
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
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Routing policies compared on one fabric."
)


@commands.callback()
def _group() -> None:
    """Routing policies compared on one fabric."""


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
    """Show what each policy does to the same traffic: link loads per tier, slowest and mean flow."""
    check_outputs(("--out", out, ROW_FORMATS), ("--plot", plot, FIGURE_FORMATS))
    from fabric.damage.fault import format_faults, parse_faults
    from sims.jobs.demand import check_demand
    from sims.jobs.routing_compare import parse_policies, policy_texts
    from sims.settings.assignments import overridden
    from sims.settings.table import spelled

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
    draw, placement = whole("--seed", texts["seed"]), texts["placement"]
    size = spelled("ranks", texts["ranks"])
    members = None if size == "all" else int(size)
    partition = spelled("allow_partition", texts["allow_partition"]) == "true"
    parse_policies(texts["routing"], draw)
    check_demand(traffic, ranks=members, placement=placement)
    failing, slowing = parse_faults("fail", texts["fail"]), parse_faults("degrade", texts["degrade"])
    from fabric.damage.breakage import harmed
    from fabric.graph.nic import planes
    from sims.jobs.demand import demand
    from sims.jobs.routing_compare import balance_rows, balances
    from sims.scenario.files import write_records
    from sims.show.words.routing_compare import balance_lines

    with Progress() as progress:
        fabric, text, digest, notes = opened(texts["topology"], progress, allow_partition=partition)
        policies = parse_policies(texts["routing"], draw, planes(fabric))
        wanted = demand(traffic, fabric, seed=draw, ranks=members, placement=placement)
        left, damage = harmed(fabric, (*failing, *slowing), draw, allow_partition=partition)
        found = []
        progress.step("routing")
        for one in progress.each(balances(left, wanted, policies, draw), len(policies)):
            found.append(one)
        said = [*notes, str(damage)] if damage else notes
        progress.print(balance_lines(text, left, wanted, found, said))
        rows = balance_rows(
            found,
            topology=text,
            topology_digest=digest,
            traffic=traffic,
            ranks=fabric.n_endpoints if members is None else members,
            placement=placement,
            seed=draw,
            fail=format_faults(failing),
            degrade=format_faults(slowing),
            allow_partition=partition,
        )
        if out:
            write_records(out, rows)
        if plot:
            progress.step("drawing")
            from sims.show.figures import balance_figure, save_figure

            save_figure(balance_figure(rows, fabric.disclaimer), plot)
    tell_written(out, plot)
