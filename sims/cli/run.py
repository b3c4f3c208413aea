"""``fabricsim run``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Explain, Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Sets
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written

__all__ = ["run"]


def run(
    scenario: Annotated[
        Path,
        typer.Argument(metavar="SCENARIO.toml", help="The fabric, the jobs on it, and background traffic."),
    ],
    out: Out = None,
    form: Format = None,
    json: Json = False,
    row: Annotated[
        Path | None,
        typer.Option(
            "--row",
            metavar="FILE",
            help="Write the run as one row, from which it can be run again: .csv, .json or .jsonl.",
            show_default=False,
        ),
    ] = None,
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
) -> None:
    """Run several jobs at once, and say who slows whom.

    With stragglers and background traffic. One line for each job with --out: its iterations, and how long
    they take against alone.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    check_outputs(("--row", row, ROW_FORMATS), ("--timeline", timeline, FIGURE_FORMATS))
    from sims.jobs.together.job import RunJob
    from sims.scenario.files import write_records
    from sims.settings.scenario_file import read_scenario
    from sims.show.words.run import remedy_lines, run_lines
    from sims.studies.explain.run import explain_run

    texts = read_scenario(scenario, sets or ())
    with Progress(silent=alone(wanted.values())) as progress:
        parting = texts["allow_partition"] == "true"
        fabric, text, digest, notes = opened(texts.pop("topology"), progress, allow_partition=parting)
        job = RunJob(fabric, topology=text, digest=digest, **texts)
        found = job.row(progress.step)
        progress.print(run_lines(found, notes, fabric.disclaimer))
        if explain:
            progress.step("trying what would help")
            progress.print(remedy_lines(found, list(explain_run(job))))
        wanted["rows"].write(write_records, list(found.lines()))
        if row:
            write_records(row, [found.to_dict()])
        if timeline:
            progress.step("drawing the timeline")
            from sims.show.figures import save_figure
            from sims.show.figures.jobs import jobs_figure

            save_figure(jobs_figure(job.all, found, fabric.disclaimer), timeline)
        tell_written(row, timeline)
