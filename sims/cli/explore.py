"""``fabricsim explore``: parse, run a grid, write a page that one can play with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.output import outputs, write_text
from sims.cli.output_options import out_option, title_option
from sims.cli.progress import Progress
from sims.settings.setting import whole_number

__all__ = ["explore"]

_JOBS = whole_number("--jobs", 1, "a whole number from 1")


def explore(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...", help="Topologies, as of topology list; each is a choice.", show_default=False
        ),
    ],
    out: Annotated[list[Path] | None, out_option("The page: .html; - is standard output.")] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the rows stay, as of sweep.  [default: beside the page, as page-rows]",
            show_default=False,
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V1,V2,...",
            help="Values of a setting, instead of the usual.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        str | None,
        typer.Option(
            "-j", "--jobs", metavar="N", help="Processes.  [default: one per core]", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run, and about how long.")
    ] = False,
    title: Annotated[str | None, title_option("By default the topology.")] = None,
) -> None:
    """Write a page that one can play with: sliders, curves, the fabric opened, algorithms step by step.

    A grid of at most 2,000 runs, about ten minutes of one core, is run first; the same command again goes
    on where it stopped. The page is one file that works without a server; it needs the extra [explore].
    """
    if out is None and not dry_run:
        raise ParameterError("--out", None, "a file for the page: -o page.html")
    wanted = outputs(out, page=(".html",))["page"]
    most = None if jobs is None else int(_JOBS(jobs))
    from sims.show.explore import explore_page
    from sims.show.explore.charts import require_charts
    from sims.show.report.axes import listed
    from sims.studies.explore.grid import plan_grid
    from sims.studies.explore.listing import listing
    from sims.studies.explore.run import explore as run
    from sims.studies.explore.run import folder_beside
    from topologies.catalogue import disclaimers

    folder = None if dry_run else rows or folder_beside(out[0] if out else None)
    require_charts()
    with Progress() as progress:
        grid = plan_grid(specs, sets or (), progress.step)
        notes = [f"note: {said}" for said in disclaimers(specs)]
        if folder is None:
            progress.print([*listing(grid, most), *notes])
            return
        progress.say([*list(listing(grid, most))[-1:], *notes])
        found = run(
            grid,
            folder,
            jobs=most,
            say=lambda line: progress.say([line]),
            watch=progress.each,
            step=progress.step,
        )
        progress.step("writing the page")
        text = explore_page(
            found.results,
            found.pictures,
            title=title or f"Play with {listed(specs)}",
            sweep=found.sweep,
            fewer=found.fewer,
            source=str(folder),
        )
    wanted.write(write_text, text)
