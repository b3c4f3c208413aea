"""``fabricsim compare``: what changed between two sets of rows, and what that did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import opened
from sims.cli.figures import Where
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, out_option, title_option
from sims.cli.progress import Progress
from sims.cli.setting_options import Sets
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from sims.scenario.row import Row

__all__ = ["compare"]

_SIDE = "Rows (.csv, .json, .jsonl, .parquet), the folder of a sweep, or a topology, which is simulated."
_ALGORITHM = "ring,tree,halving-doubling"
_SIZES = "1K:16G:x4"


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_SIDE, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="The same.", show_default=False)],
    algorithm: Annotated[
        str, typer.Option(metavar="NAME[,NAME...]", help="Of topologies: what is simulated.")
    ] = _ALGORITHM,
    sizes: Annotated[
        str, typer.Option("--sizes", "--size", metavar="SIZES", help="Of topologies: message sizes.")
    ] = _SIZES,
    sets: Sets = None,
    where: Where = None,
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write the pairs (.csv, .json, .jsonl, .parquet) or draw the ratio (.svg, .png, .pdf); - is "
            "standard output. May be given again."
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
    title: Annotated[str | None, title_option("Over the figure.")] = None,
) -> None:
    """Say what differs between two results, and what that did.

    What changed in the scenarios of B against A, row by row and as a ratio. Rows belong together that agree
    in all that was not changed. Two topologies are simulated with the same settings: --algorithm, --sizes,
    and --set for all others (--set ranks=128 --set routing=adaptive).
    """
    changed = {"--algorithm": algorithm, "--sizes": sizes, "--set": (sets or [""])[0]}
    usual = {"--algorithm": _ALGORITHM, "--sizes": _SIZES, "--set": ""}
    if own := [name for name in usual if changed[name] != usual[name]]:
        _require_topology(a, b, own[0], changed[own[0]])
    wanted = outputs(out, form, json, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.compare import comparison_lines
    from sims.studies.compare import compare as compared

    with Progress(silent=alone(wanted.values())) as progress:
        sides = [_rows(side, algorithm, sizes, sets or [], progress) for side in (a, b)]
        if where:
            from sims.show.figures import where as where_holds

            sides = [where_holds(side, where) for side in sides]
        found = compared(*sides)
        progress.print(comparison_lines(found, a, b))
        wanted["rows"].write(write_records, found.records())
        if wanted["figure"]:
            from sims.show.figures import ratio_figure, save_figure

            drawn = ratio_figure(found, a, b, title=title)
            rows = [row for side in sides for row in side]
            wanted["figure"].write(lambda path: save_figure(drawn, path, rows))


def _require_topology(a: str, b: str, name: str, value: str) -> None:
    """Refuse an option of what is simulated where nothing is."""
    from sims.scenario.rows import is_results

    if is_results(a) and is_results(b):
        rule = "is of topologies, and both sides are rows: choose among those by --where"
        raise ParameterError(name, value, rule)


def _rows(side: str, algorithm: str, sizes: str, sets: list[str], progress: Progress) -> list[Row]:
    """The rows that ``side`` holds, or those of the topology that it names."""
    from sims.scenario.rows import is_results, read_rows

    if is_results(side):
        return read_rows(side)
    from sims.jobs.allreduce import collective
    from sims.settings.assignments import overridden
    from sims.settings.setup import Setup
    from sims.settings.texts import DEFAULTS

    given = {field: [text] for field, text in DEFAULTS.items()}
    given |= {"topology": [side], "algorithm": algorithm.split(","), "size": [sizes]}
    texts = overridden(given, sets, several=("algorithm", "size"))
    of, algorithm, sizes, topology = (
        texts.pop(name) for name in ("collective", "algorithm", "size", "topology")
    )
    setup = Setup(collective=of, **texts)
    fabric, text, digest, _ = opened(
        topology, progress, allow_partition=setup.allow_partition, fits=setup.fits
    )
    progress.step(f"simulating {text}")
    return collective(of, fabric, algorithm, sizes, topology=text, digest=digest, **texts)
