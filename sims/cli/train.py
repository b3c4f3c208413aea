"""``fabricsim train``: parse, one API call, write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Explain, Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

__all__ = ["train"]


@with_settings(
    *every("topology", "model", "groups", "experts", "sequence", "batch", "microbatch", kind="train"),
    kind="train",
    helps={"ranks": "The GPUs of the job.", "seed": "Draws random placements, the salts of ECMP, faults."},
)
def train(
    texts: Texts,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw what every stage computes and sends over time: .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
    explain: Explain = False,
) -> None:
    """Simulate one step of a training job.

    How long it takes, and what of it is exposed. SPEC is a fabric, or a file JOB.toml with
    settings by name and, as tables [[step]], a step by hand.
    """
    wanted = outputs(out, form, json, plot=plot, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.jobs.train.job import TrainJob
    from sims.scenario.files import write_records
    from sims.scenario.job_scenario import JobScenario
    from sims.settings.job_file import with_job_file
    from sims.show.words.explain import explanation_lines
    from sims.show.words.train import train_lines

    given = with_job_file(texts, texts.said, "train")
    JobScenario.of("train", given)  # mistakes that need no fabric to be seen
    with Progress(silent=alone(wanted.values())) as progress:
        partial = given["allow_partition"] == "true"
        fabric, text, digest, notes = opened(given.pop("topology"), progress, allow_partition=partial)
        job = TrainJob(fabric, topology=text, digest=digest, **given)
        progress.step("routing and running")
        row = job.row()
        progress.print(train_lines(row, [*notes, *job.warnings], fabric.disclaimer))
        if explain:
            from sims.studies.explain.train import explain_train

            progress.step("trying what would help")
            why = explain_train(job, row)
            row = replace(row, gains=why.gains)
            progress.print(explanation_lines("a step", why))
        wanted["rows"].write(write_records, [row.to_dict()])
        if wanted["figure"]:
            progress.step("drawing")
            from sims.show.figures import save_figure
            from sims.show.figures.gantt import gantt_figure

            drawn = gantt_figure(
                row, job.run.record, job.run.usage(), [fabric.disclaimer] * bool(fabric.disclaimer)
            )
            wanted["figure"].write(lambda path: save_figure(drawn, path))
