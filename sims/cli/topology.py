"""``fabricsim topology list | show | check | draw``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import Fits, Opened, opened
from sims.cli.group import Place, Program
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out, out_option
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from fabric import Fabric
    from fabric.damage.degraded import Damage
    from topologies.parts.memory import Size

__all__ = ["check", "commands", "draw", "list_", "show"]

_COMMANDS = {
    "list": Place("topology", "list_", "List families and presets, or the parameters of one."),
    "show": Place("topology", "show", "Count tiers, cables, ports, hops, paths, bisection and more."),
    "check": Place("topology", "check", "Check that the cabling is what it claims to be."),
    "draw": Place(
        "topology",
        "draw",
        "Draw the fabric, folded where it is large, or as a matrix.",
        "fat-tree:k=4 -o picture.svg",
    ),
    "bom": Place("bom", "bom", "Say what it takes to build, and with --prices what it costs."),
    "export": Place(
        "graph_files",
        "export",
        "Write the graph in a format that other programs read.",
        "fat-tree:k=4 -o fabric.graphml",
    ),
    "import": Place(
        "graph_files",
        "import_",
        "Read a file or dump, check it, write node-link JSON.",
        "dump.ibnetdiscover -o fabric.json",
    ),
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


_ON_SUCH_A_DAY = ("topology", "fail", "degrade", "allow_partition", "seed")


@with_settings(*_ON_SUCH_A_DAY)
def show(texts: Texts) -> None:
    """Count tiers, cables, ports, hops, paths, bisection and more.

    Also path diversity, oversubscription and LIDs of InfiniBand.
    """
    with Progress() as progress:
        from fabric import measure
        from fabric.measures.hops import require_countable
        from sims.show.words.audit import bisection_lines, subnet_line
        from sims.show.words.table import measures_lines

        def fits(name: str, size: Size) -> None:
            require_countable(name, size.places, size.switches)

        fabric, text, _, notes = _degraded(texts, progress, fits)
        progress.step("measuring")
        measures = measure(fabric)  # first, as it refuses what would take minutes
        cuts = list(bisection_lines(fabric))
        progress.print(measures_lines(text, measures, fabric.disclaimer, notes, cuts))
        progress.print([subnet_line(fabric)])


@with_settings(*_ON_SUCH_A_DAY)
def check(texts: Texts, out: Out = None, form: Format = None, json: Json = False) -> None:
    """Check that the cabling is what it claims to be.

    Faults are told by name; exit status 1 where one is found. With --fail or --degrade, of what these leave:
    what a check would tell on such a day.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    from sims.scenario.files import write_columns

    with Progress(silent=alone(wanted.values())) as progress:
        found = _degraded(texts, progress)
        progress.step("checking")
        from fabric.measures.audit import audit
        from fabric.measures.finding import FAULT
        from sims.show.words.audit import audit_lines, finding_columns
        from topologies import load
        from topologies.claim import broken_claims

        # A file may say what it is; what was built just now is what it says.
        claims = broken_claims(load(texts["topology"])) if found.digest else ()
        findings = audit(found.fabric, claims)
        progress.print(audit_lines(found.text, found.fabric, findings, found.notes))
        wanted["rows"].write(write_columns, finding_columns(findings))
    if any(finding.level == FAULT for finding in findings):
        raise typer.Exit(1)


def _degraded(texts: Texts, progress: Progress, fits: Fits | None = None) -> Opened:
    """The fabric after the faults that the settings name, which are then among what is said of it."""
    from sims.settings.setup import Setup

    Setup(**{name: text for name, text in texts.items() if name != "topology"})  # mistakes before it is built
    found = opened(texts["topology"], progress, allow_partition=True, fits=fits)
    fabric, damage = _after(found.fabric, texts)
    return found._replace(fabric=fabric, notes=[*found.notes, *([str(damage)] if damage else [])])


def _after(fabric: Fabric, texts: Texts) -> tuple[Fabric, Damage]:
    """What the faults that the settings name leave of a fabric."""
    from fabric.damage.breakage import harmed
    from sims.settings.setup import Setup

    asked = Setup(**{name: text for name, text in texts.items() if name != "topology"})
    return harmed(fabric, asked.faults_from_start, asked.seed, allow_partition=asked.allow_partition)


@with_settings("topology", "fail", "allow_partition", "seed")
def draw(
    texts: Texts,
    out: Annotated[list[Path], out_option("The picture: .svg, .png or .pdf; - is standard output, as SVG.")],
    style: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="tiers (node by node, folded where that is too much), folded (what is alike stands once "
            "with its number), or adjacency (a matrix of cables).",
        ),
    ] = "tiers",
) -> None:
    """Draw the fabric, folded where it is large, or as a matrix.

    With --fail, what is left of it, and the cables that failed.
    """
    wanted = outputs(out, figure=FIGURE_FORMATS)
    from sims.show.drawing import STYLES, topology_figure
    from sims.show.figures import save_figure

    if style not in STYLES:
        raise ParameterError("--style", style, "unknown", STYLES)
    with Progress() as progress:
        found = opened(texts["topology"], progress, allow_partition=True)
        fabric, before = _after(found.fabric, texts)[0], found.fabric
        progress.drawing()
        drawn = topology_figure(fabric, style=style, before=None if fabric is before else before)
        wanted["figure"].write(lambda path: save_figure(drawn, path))
