"""``fabricsim compare``: what changed between sets of rows, or between fabrics, and what that did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import opened
from sims.cli.figures import Where
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, out_option, title_option
from sims.cli.progress import Progress
from sims.cli.setting_options import Asked, every, with_settings
from sims.cli.standard_input import as_named, piped_rows
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from sims.scenario.row import Row

__all__ = ["compare"]

_USUAL = "ring,tree,halving-doubling"  # of all-reduce: quick on any fabric, and unlike each other
_SIDE = (
    "Two or more of: rows (.csv, .json, .jsonl, .parquet), folders of sweeps, topologies to simulate; - is "
    "rows from standard input."
)


@with_settings(
    *every("algorithm", "size", "collective", but=("topology",)),
    several=("algorithm", "size"),
    defaults={"algorithm": "", "size": "1K:16G:x4"},
    shown={"algorithm": f"{_USUAL}, or the usual ones of the collective"},
    fabrics=True,
)
def compare(
    asked: Asked,
    sides: Annotated[
        list[str],
        typer.Argument(metavar="ROWS|SPEC...", help=_SIDE, show_default=False, callback=piped_rows),
    ],
    where: Where = None,
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write the pairs (.csv, .json, .jsonl, .parquet) or draw the ratio (.svg, .png, .pdf); - is "
            "standard output."
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
    title: Annotated[str | None, title_option("Over the figure.")] = None,
) -> None:
    """Say what differs between results, and what that did.

    What changed in the scenarios of B, C, ... against A, row by row and as a ratio, and who wins in how many.
    Rows belong together that agree in all that was not changed. Topologies are simulated with the same
    settings, which are options: --routing adaptive --fail cables=1%.
    """
    if len(sides) < 2:
        raise ParameterError("ROWS|SPEC...", sides[0], "a comparison needs two sides or more")
    _require_topology(sides, asked)
    shown = [as_named(side) for side in sides]
    wanted = outputs(out, form, json, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.compare import comparisons_lines
    from sims.studies.compare import compare as compared
    from sims.studies.compare import records_of

    with Progress(silent=alone(wanted.values())) as progress:
        rows: list[list[Row]] = []
        with progress.stoppable():
            for side in progress.each(sides, len(sides)):
                rows.append([])
                for row in _rows(side, asked, progress):
                    rows[-1].append(row)
        if progress.stopped:  # what is finished is compared
            rows = [own for own in rows if own]
            if len(rows) < 2:
                return
        if where:
            from sims.show.figures import where as where_holds

            rows = [where_holds(own, where) for own in rows]
        progress.step("comparing")
        found = [compared(rows[0], own) for own in rows[1:]]
        progress.print(comparisons_lines(found, shown, _notes(sides, rows)))
        wanted["rows"].write(write_records, records_of(found, shown[1:]))
        if wanted["figure"] and not progress.stopped:
            progress.drawing()
            from sims.show.figures import ratios_figure, save_figure

            drawn, every_row = ratios_figure(found, shown, title=title), [row for own in rows for row in own]
            wanted["figure"].write(lambda path: save_figure(drawn, path, every_row))


def _require_topology(sides: list[str], asked: Asked) -> None:
    """Refuse an option of what is simulated where nothing is."""
    from sims.scenario.rows import is_results

    if asked.first and all(map(is_results, sides)):
        rule = "is of topologies, and all sides are rows: choose among those by --where"
        raise ParameterError(*asked.first, rule)


def _notes(sides: Sequence[str], rows: Sequence[Sequence[Row]]) -> list[str]:
    """What has to be said of the fabrics: as they were named, or as rows name them."""
    from sims.scenario.rows import is_results
    from topologies.catalogue import disclaimers

    named = (
        [row.scenario.topology for row in own] if is_results(side) else [side]
        for side, own in zip(sides, rows)
    )
    return disclaimers(chain.from_iterable(named))


def _rows(side: str, asked: Asked, progress: Progress) -> Iterator[Row]:
    """The rows that ``side`` holds, or those of the topology that it names, as each is found."""
    from sims.scenario.rows import is_results, read_rows

    if is_results(side):
        yield from read_rows(side)
        return
    from sims.jobs.allreduce import collective_rows
    from sims.settings.setup import Setup
    from sims.workload.collective import ALL_REDUCE
    from sims.workload.collectives import usual_algorithms

    texts = dict(asked.on(side))
    of, algorithm, sizes, topology = (
        texts.pop(name) for name in ("collective", "algorithm", "size", "topology")
    )
    if not algorithm:
        algorithm = _USUAL if of == ALL_REDUCE.name else ",".join(usual_algorithms(of))
    setup = Setup(collective=of, **texts)
    fabric, text, digest, _ = opened(
        topology, progress, allow_partition=setup.allow_partition, fits=setup.fits
    )
    progress.step(f"simulating {text}")
    yield from collective_rows(of, fabric, algorithm, sizes, topology=text, digest=digest, **texts)
