"""``fabricsim topology ...``: the catalogue and one fabric looked at. Parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.options import (
    AllowPartition,
    Degrade,
    Fail,
    Graph,
    Opened,
    Out,
    Preset,
    Seed,
    Sets,
    Spec,
    Topology,
    built,
    joined,
    named,
    opened,
    whole,
)
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_writable, tell_written

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The catalogue of topologies; one of them looked at, checked, drawn, counted, written to a file.",
)


@commands.command("list")
def list_() -> None:
    """All families and presets, with parameters, defaults and one line each."""
    from sims.show.words.table import listing_lines
    from topologies.catalogue import listing

    print(*listing_lines(listing()), sep="\n")


@commands.command()
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
    """Counts per tier, cables, ports, hops, path diversity, bisection, oversubscription, InfiniBand LIDs."""
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


@commands.command()
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
    sets: Sets = None,
) -> None:
    """Is the cabling what it claims to be? Faults by name; exit status 1 where one is found.

    With --fail or --degrade, of what these leave: what a check would tell on such a day.
    """
    if out:
        check_writable(out, "--out", ROW_FORMATS)
    from sims.scenario.files import write_columns

    with Progress() as progress:
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
        if out:
            write_columns(out, finding_columns(findings))
    tell_written(out)
    if any(finding.level == FAULT for finding in findings):
        raise typer.Exit(1)


def _harmed(
    found: Opened, fail: list[str] | None, degrade: list[str] | None, seed: str, allow_partition: bool
) -> Opened:
    """``found`` after the faults that the options name, which are then among what is said of it."""
    from fabric.damage.breakage import harmed
    from fabric.damage.fault import parse_faults

    faults = (*parse_faults("fail", joined(fail)), *parse_faults("degrade", joined(degrade)))
    left, damage = harmed(found.fabric, faults, whole("--seed", seed), allow_partition=allow_partition)
    return found._replace(fabric=left, notes=[*found.notes, *([str(damage)] if damage else [])])


@commands.command()
def draw(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The picture: .svg, .png or .pdf.")
    ],
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
    """Draw the fabric: node by node, folded with counts and capacities where it is large, or as a matrix."""
    check_writable(output, "--output", FIGURE_FORMATS)
    from sims.show.drawing import STYLES, topology_figure
    from sims.show.figures import save_figure

    if style not in STYLES:
        raise ParameterError("--style", style, "unknown", STYLES)
    with Progress() as progress:
        fabric = opened(
            named(spec, topology, preset, graph, sets=sets), progress, allow_partition=True
        ).fabric
        progress.step("drawing")
        save_figure(topology_figure(fabric, style=style), output)
    tell_written(output)


@commands.command()
def bom(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SPEC...", help="One or more fabrics, side by side.", show_default=False),
    ] = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    prices: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|sample",
            help="Prices, and figures other than the shipped ones (TOML); sample is the shipped file.",
            show_default=False,
        ),
    ] = None,
    floor: Annotated[
        str,
        typer.Option(
            metavar="KEY=VALUE,...",
            help="Where no delay is given, lengths by this floor plan (keys: table floor of --show-prices).",
            show_default=False,
        ),
    ] = "",
    show_prices: Annotated[
        bool, typer.Option("--show-prices", help="Print the shipped price file and end.")
    ] = False,
    out: Out = None,
) -> None:
    """What it takes to build: switches, cables, transceivers, NICs, free ports, power; cost with --prices."""
    if out:
        check_writable(out, "--out", ROW_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.bom import bill_lines
    from sims.studies.bom import bill
    from sims.studies.bom.parts import read_parts, sample_text, with_floor

    if show_prices:
        print(sample_text(), end="")
        return
    parts, bills = with_floor(read_parts(prices), floor), []
    with Progress() as progress:
        if topology or preset or graph or not specs:
            specs = [*(specs or []), named(None, topology, preset, graph)]
        for spec in specs:
            network, source = built(spec, progress)
            network.graph["name"] = source.text
            progress.step("counting")
            bills.append(bill(network, parts))
        progress.print(bill_lines(bills, parts))
        if out:
            write_records(out, [row for made in bills for row in made.rows()])
    tell_written(out)


@commands.command()
def export(
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help=".json, .graphml (small), .dot or .csv (links)."),
    ],
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    sets: Sets = None,
) -> None:
    """Write the graph: node-link JSON (all of it), GraphML, DOT with ports, or a CSV of links."""
    from topologies.files.exchange import WRITERS, write_graph

    check_writable(output, "--output", tuple(WRITERS))
    from topologies import load

    with Progress() as progress:
        progress.step("building the topology")
        built = load(named(spec, topology, preset, graph, sets=sets))
        progress.step("writing")
        write_graph(built, output)
    tell_written(output)


@commands.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(help="Node-link JSON, GraphML, a link CSV or an ibnetdiscover dump.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The node-link JSON file.")],
) -> None:
    """Read any supported file or dump, check it against the schema, and write it as node-link JSON."""
    check_writable(output, "--output", (".json",))
    from fabric.graph.schema import read_columns
    from topologies import load, write_node_link

    built = load(named(None, None, None, file))
    read_columns(built)  # what breaks the schema is refused here, not in the command that uses it
    write_node_link(built, output)
    for note in built.graph.get("notes", ()):
        print(f"note: {note}")
    tell_written(output)
