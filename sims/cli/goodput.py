"""``fabricsim goodput``: parse, one API call, write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabric.words.errors import ParameterError
from sims.cli.one_job import run_one
from sims.cli.output import outputs
from sims.cli.output_options import Explain, Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from fabric import Fabric
    from sims.jobs.goodput.job import GoodputJob
    from sims.scenario.goodput_row import GoodputRow

__all__ = ["goodput"]


@with_settings(
    *every("topology", "step", "exposed", "faults", "checkpoint", "duration", kind="goodput"),
    kind="goodput",
    job_file="job_file",
    helps={
        "ranks": "The GPUs of the job.",
        "collective": "What stands for the traffic of a step: the time that it takes on a degraded fabric.",
        "algorithm": "Its algorithm, as in allreduce.",
        "seed": "Draws the histories, and which cable or switch of a class is tried.",
    },
)
def goodput(
    texts: Texts,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw where the time goes over sizes up to a million GPUs: .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            "--gpus",
            metavar="N1,N2,...",
            help="The sizes of that figure: 1k,16k,1M.  [default: 1,024 to a million, by fours]",
            show_default=False,
        ),
    ] = None,
    explain: Explain = False,
    job_file: Annotated[
        Path | None,
        typer.Option(
            "--job",
            metavar="JOB.toml",
            help="The step of a job, as of train: its time, and what of it waits for the network. Its fabric "
            "counts where no other is named.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say how much of a job's weeks is useful when things fail.

    GPUs, hosts, cables and switches do. Which faults of the network stop the job and which slow it comes out
    of the model of its fabric.
    """
    wanted = outputs(out, form, json, plot=plot, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.jobs.goodput.job import GoodputJob
    from sims.jobs.goodput.of_step import step_of
    from sims.jobs.goodput.sizes import parse_sizes
    from sims.scenario.job_scenario import JobScenario
    from sims.settings.job_file import read_job
    from sims.settings.judged import judged
    from sims.show.figures.of_job import figure_of_job
    from sims.show.words.goodput import goodput_lines

    if job_file and {"step", "exposed"} & texts.said:
        raise ParameterError("--job", str(job_file), "says the step: leave out --step and --exposed")
    step = read_job(job_file, "train") if job_file else {}
    JobScenario.of("goodput", {**texts, "step": "1s"} if job_file else texts)  # mistakes that need no fabric
    points = parse_sizes(sizes)

    def make(fabric: Fabric, *, topology: str, digest: str, **said: str) -> GoodputJob:
        if job_file:
            with judged(job_file, ("topology",)):
                of_job = step_of(fabric, topology, digest, step)
            said.update({name: text for name, text in of_job.items() if name not in texts.said})
        return GoodputJob(fabric, topology=topology, digest=digest, **said)

    def figure(job: GoodputJob, row: GoodputRow, progress: Progress) -> Any:
        found = list(progress.each(job.sizes(points), len(points)))
        return figure_of_job(job, row, sizes=found)

    run_one(texts, wanted, make, lines=goodput_lines, why=_why if explain else None, figure=figure)


def _why(job: GoodputJob, row: GoodputRow) -> tuple[GoodputRow, Iterator[str]]:
    from sims.show.words.goodput import goodput_remedies
    from sims.studies.explain.goodput import explain_goodput

    return row, goodput_remedies(row, list(explain_goodput(job)))
