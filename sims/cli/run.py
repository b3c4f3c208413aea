"""``fabricsim run``: parse, one API call, write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabric.words.errors import ParameterError
from sims.cli.one_job import run_one
from sims.cli.output import Output, outputs
from sims.cli.output_options import Explain, Format, Json, Out, RowFile
from sims.cli.setting_options import Sets
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs

if TYPE_CHECKING:
    from sims.jobs.together.job import RunJob
    from sims.scenario.run_row import RunRow

__all__ = ["run"]


def run(
    scenario: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCENARIO.toml",
            help="The fabric, the jobs on it, and background traffic.",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    row: RowFile = None,
    timeline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the jobs over time: .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
    explain: Explain = False,
    sets: Sets = None,
    show_sample: Annotated[
        bool, typer.Option("--show-sample", help="Print a scenario to start from, and end.")
    ] = False,
) -> None:
    """Run several jobs at once, and say who slows whom.

    With stragglers and background traffic. One line for each job with --out: its iterations, and how long
    they take against alone.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    check_outputs(("--row", row, ROW_FORMATS), ("--timeline", timeline, FIGURE_FORMATS))
    from sims.settings.scenario_file import read_scenario, sample_scenario

    if show_sample:
        print(sample_scenario(), end="")
        return
    if scenario is None or not scenario.exists() or scenario.is_dir():
        from fabric.machine.no_file import no_file

        rule = "no such file: fabricsim run --show-sample > jobs.toml makes one to start from"
        rule = rule if scenario is None else no_file(scenario, rule)
        raise ParameterError("SCENARIO.toml", None if scenario is None else str(scenario), rule)
    wanted["figure"] = Output((timeline,) if timeline else ())
    wanted["row"] = Output((row,) if row else ())
    from sims.jobs.together.job import RunJob
    from sims.settings.judged import judged
    from sims.show.figures.of_job import figure_of_job
    from sims.show.words.run import run_lines

    texts, why = read_scenario(scenario, sets or ()), _why if explain else None
    own = {text.partition("=")[0].strip() for text in sets or ()}
    with judged(scenario, own):
        run_one(texts, wanted, RunJob, lines=run_lines, why=why, records=_lines, figure=figure_of_job)


def _lines(row: RunRow) -> list[dict[str, Any]]:
    return list(row.lines())


def _why(job: RunJob, row: RunRow) -> tuple[RunRow, Iterator[str]]:
    from sims.show.words.run import remedy_lines
    from sims.studies.explain.run import explain_run

    return row, remedy_lines(row, list(explain_run(job)))
