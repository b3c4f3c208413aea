"""``fabricsim plot`` and ``report``: figures and pages of saved results. Simulates nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import FabricsimError, ParameterError
from sims.cli.output import outputs, write_text
from sims.cli.output_options import out_option, title_option
from sims.cli.progress import Progress
from sims.cli.standard_input import as_named, piped_log, piped_rows
from sims.scenario.files import FIGURE_FORMATS

if TYPE_CHECKING:
    from sims.scenario.job_row import JobRow
    from sims.studies.best import Best

__all__ = ["plot", "report"]

_FIGURES = (
    "busbw, time, scaling, heatmap, cdf, pareto, crossover, utilisation, bars, gains, groups or lines; "
    "of jobs exposed (train), useful (goodput), slowdown (run) or lines"
)
_COLUMNS = "a column of the rows, or a part of one such as topology.k"

Results = Annotated[
    list[Path],
    typer.Argument(
        metavar="ROWS...",
        help="Files of rows (.csv, .json, .jsonl, .parquet) or folders of sweeps; several count as one; - is "
        "standard input.",
        show_default=False,
        callback=piped_rows,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="Only rows for which it holds: \"ranks >= 1024 and algorithm in ('ring', 'tree')\"; repeatable.",
        show_default=False,
    ),
]


def _option(name: str, help: str, metavar: str = "COLUMN") -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(name, metavar=metavar, help=help, show_default=False)
    return found


def plot(
    rows: Results,
    out: Annotated[list[Path], out_option("The figure: .svg, .png or .pdf; - is standard output, as SVG.")],
    figure: Annotated[str | None, _option("--figure", f"{_FIGURES}.", "NAME")] = None,
    x: Annotated[str | None, _option("--x", f"The axis across: {_COLUMNS}.")] = None,
    y: Annotated[str | None, _option("--y", "The axis upwards.")] = None,
    color: Annotated[
        str | None,
        _option("--color", "A line, bar or mark for each value; of a heatmap, what the cells show."),
    ] = None,
    facet: Annotated[str | None, _option("--facet", "A panel for each value.")] = None,
    where: Where = None,
    overlay: Annotated[
        list[Path] | None,
        typer.Option(
            "--overlay",
            metavar="LOG",
            help="Measurements to draw beside: the output of nccl-tests, text or JSON; - is standard input.",
            show_default=False,
            callback=piped_log,
        ),
    ] = None,
    prices: Annotated[
        str | None,
        _option(
            "--prices", "Prices for cost and cost_per_endpoint, as of topology bom; or sample.", "FILE|sample"
        ),
    ] = None,
    title: Annotated[str | None, title_option("Instead of what all rows share.")] = None,
    width: Annotated[float | None, _option("--width", "By default 3.5, a column.", "INCHES")] = None,
    height: Annotated[float | None, _option("--height", "By default as high as it needs.", "INCHES")] = None,
) -> None:
    """Draw saved rows, any column over any other.

    Or a figure by name; nothing is simulated. Without options: bus bandwidth and time over message size. Rows
    that differ in their seed alone are one point, their median, in a band from the 5th to the 95th
    percentile.
    """
    wanted = outputs(out, figure=FIGURE_FORMATS)["figure"]
    from sims.scenario.job_row import JobRow
    from sims.scenario.row import Row
    from sims.scenario.rows import read_results, rows_of
    from sims.show.figures import figure_of, save_figure
    from sims.show.figures import where as where_holds
    from sims.studies.nccl_log import read_nccl

    with Progress() as progress:
        progress.step("reading the rows")
        results = read_results(*rows)
    if any(isinstance(result, JobRow) for result in results):
        from sims.show.figures.job_rows import figure_of_jobs
        from sims.show.figures.job_rows.selection import where_jobs

        for option, given in {"--facet": facet, "--overlay": overlay, "--prices": prices}.items():
            if given:
                raise ParameterError(option, str(given), "is of rows of collectives, and these are of jobs")
        jobs = where_jobs(rows_of(results, rows, JobRow), where or ())
        how = {"figure": figure, "x": x, "y": y, "color": color, "title": title}
        made = figure_of_jobs(jobs, **how, width=width, height=height)
        wanted.write(lambda path: save_figure(made, path, jobs))
        return
    found = where_holds(rows_of(results, rows, Row), where or ())
    measured = [read_nccl(log) for log in overlay or ()]
    with Progress() as progress:
        if prices:
            from sims.studies.bom.costs import costs

            known = costs((row.scenario.topology for row in found), prices, progress.step)
        drawn = figure_of(
            found,
            figure=figure,
            x=x,
            y=y,
            color=color,
            facet=facet,
            width=width,
            height=height,
            costs=known if prices else None,
            overlay=measured,
            title=title,
        )
    for log in measured:
        for note in log.notes:
            print(f"{log.name}: {note}", file=sys.stderr)
    wanted.write(lambda path: save_figure(drawn, path, found))


def report(
    rows: Results,
    out: Annotated[list[Path], out_option("The page: .html; - is standard output.")],
    where: Where = None,
    prices: Annotated[
        str, _option("--prices", "Prices of the bills, as of topology bom.", "FILE|sample")
    ] = "sample",
    gpu: Annotated[
        str,
        _option(
            "--gpu", "Whose power the site draws, as of topology bom: a100, h100, h200, b200, gb200.", "NAME"
        ),
    ] = "h100",
    pue: Annotated[
        float | None, _option("--pue", "Power of the site over that of its machines, by default 1.25.", "X")
    ] = None,
    fabrics: Annotated[
        bool,
        typer.Option(
            "--fabrics/--no-fabrics",
            help="Bill, power and drawing of each topology; of jobs the best one, run again, over time.",
        ),
    ] = True,
    title: Annotated[str | None, title_option("By default what was run.")] = None,
) -> None:
    """Write one page about saved results.

    Who wins where and by how much, figures, the fabrics side by side (bill, power, drawing), limits, rows,
    where the numbers come from. It is self-contained: nothing is loaded from elsewhere, so it can be sent
    and kept as it is.
    """
    wanted = outputs(out, page=(".html",))["page"]
    from sims.scenario.job_row import JobRow
    from sims.scenario.job_scenario import JobScenario
    from sims.scenario.row import Failure, Row
    from sims.scenario.rows import read_results, rows_of, sweep_text
    from sims.show.report import report as page

    with Progress() as progress:
        progress.step("reading the rows")
        results = read_results(*rows)
    source, told = as_named(", ".join(map(str, rows))), sweep_text(*rows) if not where else None
    jobs = any(isinstance(result.scenario, JobScenario) for result in results)
    if where and jobs:
        from sims.show.figures.job_rows.selection import where_jobs

        results = list(where_jobs(rows_of(results, rows, JobRow), where))
    elif where:
        from sims.show.figures import where as where_holds

        results = list(where_holds(rows_of(results, rows, Row), where))
    with Progress() as progress:
        section = None
        if fabrics:
            from sims.show.report.fabrics import fabrics_section
            from sims.studies.bom.site import PUE

            section = fabrics_section(
                (result.scenario.topology for result in results),
                prices=prices,
                gpu=gpu,
                pue=PUE if pue is None else pue,
                step=progress.step,
            )
        progress.step("drawing the figures")
        said = {"title": title, "sweep_toml": told}
        if jobs:
            from sims.show.report.jobs import job_report

            best = _best([one for one in results if isinstance(one, JobRow)]) if fabrics else ""
            text = job_report(results, **said, source=source, fabrics=section, best=best)
        else:
            own = [one for one in results if isinstance(one, Row | Failure)]
            text = page(own, **said, source=source, fabrics=section)
    wanted.write(write_text, text)


def _best(rows: list[JobRow]) -> Best | str:
    """The best of some jobs, run again, or why it cannot."""
    from sims.studies.best import best_of

    try:
        return best_of(rows) if rows else ""
    except FabricsimError as error:
        return str(error)
