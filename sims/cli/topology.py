"""``fabricsim topology list | show | check | draw``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.group import Place, Program
from sims.cli.options import (
    AllowPartition,
    Degrade,
    Fail,
    Graph,
    Opened,
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
from sims.cli.output_options import Format, Json, Out, out_option
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

__all__ = ["check", "commands", "draw", "list_", "show"]

_COMMANDS = {
    "list": Place("topology", "list_", "List families and presets, or the parameters of one."),
    "show": Place("topology", "show", "Count tiers, cables, ports, hops, paths, bisection and more."),
    "check": Place("topology", "check", "Check that the cabling is what it claims to be."),
    "draw": Place("topology", "draw", "Draw the fabric, folded where it is large, or as a matrix."),
    "bom": Place("bom", "bom", "Say what it takes to build, and with --prices what it costs."),
    "export": Place("graph_files", "export", "Write the graph as JSON, GraphML, DOT or a CSV of links."),
    "import": Place("graph_files", "import_", "Read a file or dump, check it, write node-link JSON."),
}


class _Topology(Program):
    table = _COMMANDS


commands = typer.Typer(
    cls=_Topology,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.callback()
def _group() -> None:
    """The catalogue of topologies; one of them looked at, checked, drawn, counted, written to a file."""


def list_(
    family: Annotated[
        str | None,
        typer.Argument(help="A family or preset:NAME: each of its parameters.", show_default=False),
    ] = None,
    out: Out = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """List families and presets, or the parameters of one.

    Of one: what each parameter means, its default, and how a value is spelled.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.catalogue import explained_lines, explained_records, listing_lines, listing_records
    from topologies.catalogue import listing

    with Progress(silent=alone(wanted.values())) as progress:
        progress.print(listing_lines(listing()) if family is None else explained_lines(family))
        if wanted["rows"]:
            records = listing_records(listing()) if family is None else explained_records(family)
            wanted["rows"].write(write_records, records)


def show(
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    fail: Fail = None,
    degrade: Degrade = None,
    allow_partition: AllowPartition = False,
    seed: Seed = "0",
    sets: Sets = None,
) -> None:
    """Count tiers, cables, ports, hops, paths, bisection and more.

    Also path diversity, oversubscription and LIDs of InfiniBand.
    """
    with Progress() as progress:
        text = named(spec, topology, preset, graph, sets=sets)
        found = opened(text, progress, allow_partition=True)
        fabric, text, _, notes = _harmed(found, fail, degrade, seed, allow_partition)
        progress.step("measuring")
        from fabric import measure
        from sims.show.words.audit import bisection_lines, subnet_line
        from sims.show.words.table import measures_lines

        measures = measure(fabric)  # first, as it refuses what would take minutes
        cuts = list(bisection_lines(fabric))
        progress.print(measures_lines(text, measures, fabric.disclaimer, notes, cuts))
        progress.print([subnet_line(fabric)])


def check(
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    fail: Fail = None,
    degrade: Degrade = None,
    allow_partition: AllowPartition = False,
    seed: Seed = "0",
    out: Out = None,
    form: Format = None,
    json: Json = False,
    sets: Sets = None,
) -> None:
    """Check that the cabling is what it claims to be.

    Faults are told by name; exit status 1 where one is found. With --fail or --degrade, of what these leave:
    what a check would tell on such a day.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    from sims.scenario.files import write_columns

    with Progress(silent=alone(wanted.values())) as progress:
        text = named(spec, topology, preset, graph, sets=sets)
        found = _harmed(opened(text, progress, allow_partition=True), fail, degrade, seed, allow_partition)
        progress.step("checking")
        from fabric.measures.audit import audit
        from fabric.measures.finding import FAULT
        from sims.show.words.audit import audit_lines, finding_columns
        from topologies import load
        from topologies.claim import broken_claims

        # A file may say what it is; what was built just now is what it says.
        claims = broken_claims(load(text)) if found.digest else ()
        findings = audit(found.fabric, claims)
        progress.print(audit_lines(found.text, found.fabric, findings, found.notes))
        wanted["rows"].write(write_columns, finding_columns(findings))
    if any(finding.level == FAULT for finding in findings):
        raise typer.Exit(1)


def _harmed(
    found: Opened, fail: list[str] | None, degrade: list[str] | None, seed: str, allow_partition: bool
) -> Opened:
    """``found`` after the faults that the options name, which are then among what is said of it."""
    from fabric.damage.breakage import harmed
    from fabric.damage.fault import parse_faults

    faults = (*parse_faults("fail", joined(fail)), *parse_faults("degrade", joined(degrade)))
    degraded, damage = harmed(found.fabric, faults, whole("--seed", seed), allow_partition=allow_partition)
    return found._replace(fabric=degraded, notes=[*found.notes, *([str(damage)] if damage else [])])


def draw(
    out: Annotated[Path, out_option("The picture: .svg, .png or .pdf; - is standard output, as SVG.")],
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    style: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="tiers (node by node, folded where that is too much), folded (what is alike stands once "
            "with its number), or adjacency (a matrix of cables).",
        ),
    ] = "tiers",
    sets: Sets = None,
) -> None:
    """Draw the fabric, folded where it is large, or as a matrix."""
    wanted = outputs(out, figure=FIGURE_FORMATS)
    from sims.show.drawing import STYLES, topology_figure
    from sims.show.figures import save_figure

    if style not in STYLES:
        raise ParameterError("--style", style, "unknown", STYLES)
    with Progress() as progress:
        fabric = opened(
            named(spec, topology, preset, graph, sets=sets), progress, allow_partition=True
        ).fabric
        progress.step("drawing")
        wanted["figure"].write(lambda path: save_figure(topology_figure(fabric, style=style), path))
