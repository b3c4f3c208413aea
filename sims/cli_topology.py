"""``fabricsim topology ...``: the catalogue and one fabric looked at. Parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.naming import Graph, Out, Preset, Spec, Topology, named, opened
from sims.output import ROW_FORMATS, check_writable, tell_written
from sims.progress import Progress

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The catalogue of topologies; one of them looked at, checked, drawn, counted, written to a file.",
)


@commands.command("list")
def list_() -> None:
    """All families and presets, with parameters, defaults and one line each."""
    from sims.table import listing_lines
    from topologies.catalogue import listing

    print(*listing_lines(listing()), sep="\n")


@commands.command()
def show(spec: Spec = None, topology: Topology = None, preset: Preset = None, graph: Graph = None) -> None:
    """Counts per tier, cables, ports, hops, path diversity, bisection, oversubscription, InfiniBand LIDs."""
    with Progress() as progress:
        fabric, text, _, notes = opened(named(spec, topology, preset, graph), progress)
        progress.step("measuring")
        from fabric import measure
        from sims.audit_lines import bisection_lines, subnet_line
        from sims.table import measures_lines

        cuts = list(bisection_lines(fabric))
        progress.print(measures_lines(text, measure(fabric), fabric.disclaimer, notes, cuts))
        progress.print([subnet_line(fabric)])


@commands.command()
def check(
    spec: Spec = None, topology: Topology = None, preset: Preset = None, graph: Graph = None, out: Out = None
) -> None:
    """Is the cabling what it claims to be? Faults by name; exit status 1 where one is found."""
    if out:
        check_writable(out, "--out", ROW_FORMATS)
    from sims.output import write_columns

    with Progress() as progress:
        found = opened(named(spec, topology, preset, graph), progress, allow_partition=True)
        progress.step("checking")
        from fabric.audit import audit
        from fabric.finding import FAULT
        from sims.audit_lines import audit_lines, finding_columns

        findings = audit(found.fabric)
        progress.print(audit_lines(found.text, found.fabric, findings, found.notes))
        if out:
            write_columns(out, finding_columns(findings))
    tell_written(out)
    if any(finding.level == FAULT for finding in findings):
        raise typer.Exit(1)


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
) -> None:
    """Write the graph: node-link JSON (all of it), GraphML, DOT with ports, or a CSV of links."""
    from topologies.exchange import WRITERS, write_graph

    check_writable(output, "--output", tuple(WRITERS))
    from topologies import load

    with Progress() as progress:
        progress.step("building the topology")
        built = load(named(spec, topology, preset, graph))
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
    from fabric.schema import read_columns
    from topologies import load, write_node_link

    built = load(named(None, None, None, file))
    read_columns(built)  # what breaks the schema is refused here, not in the command that uses it
    write_node_link(built, output)
    for note in built.graph.get("notes", ()):
        print(f"note: {note}")
    tell_written(output)
