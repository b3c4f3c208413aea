"""``fabricsim train``: parse, one API call, write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sims.cli.one_job import run_one
from sims.cli.output import outputs
from sims.cli.output_options import Explain, Format, Json, Out
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from sims.jobs.train.job import TrainJob
    from sims.scenario.train_row import TrainRow

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
    from sims.scenario.job_scenario import JobScenario
    from sims.settings.job_file import is_job_file, with_job_file
    from sims.settings.judged import judged
    from sims.show.figures.of_job import figure_of_job
    from sims.show.words.train import train_lines

    given = with_job_file(texts, texts.said, "train")
    JobScenario.of("train", given)  # mistakes that need no fabric to be seen
    with judged(texts["topology"], texts.said) if is_job_file(texts["topology"]) else nullcontext():
        run_one(
            given, wanted, TrainJob, lines=train_lines, why=_why if explain else None, figure=figure_of_job
        )


def _why(job: TrainJob, row: TrainRow) -> tuple[TrainRow, Iterator[str]]:
    from sims.show.words.explain import explanation_lines
    from sims.studies.explain.train import explain_train

    why = explain_train(job, row)
    return replace(row, gains=why.gains), explanation_lines("a step", why)
