"""``fabricsim goodput``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Explain, Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

__all__ = ["goodput"]


@with_settings(
    *every("topology", "step", "exposed", "faults", "checkpoint", "duration", kind="goodput"),
    kind="goodput",
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
            help="The step of a job, as of train: its time, and what of it waits for the network.",
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
    from sims.scenario.files import write_records
    from sims.scenario.job_scenario import JobScenario
    from sims.settings.job_file import read_job
    from sims.show.words.goodput import goodput_lines, goodput_remedies
    from sims.studies.explain.goodput import explain_goodput

    if job_file and {"step", "exposed"} & texts.said:
        raise ParameterError("--job", str(job_file), "says the step: leave out --step and --exposed")
    step = read_job(job_file, "train") if job_file else {}
    JobScenario.of("goodput", {**texts, "step": "1s"} if job_file else texts)  # mistakes that need no fabric
    points = parse_sizes(sizes)
    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, notes = opened(texts.pop("topology"), progress)
        if job_file:
            progress.step("the step of the job")
            own = {"ranks"} & texts.said
            texts.update({k: v for k, v in step_of(fabric, text, digest, step).items() if k not in own})
        job = GoodputJob(fabric, topology=text, digest=digest, **texts)
        progress.step("the healthy network")
        job.watch = progress.step
        row = job.row()
        progress.print(goodput_lines(row, notes, fabric.disclaimer))
        if explain:
            progress.step("trying what would help")
            progress.print(goodput_remedies(row, list(explain_goodput(job))))
        wanted["rows"].write(write_records, [row.to_dict()])
        if wanted["figure"]:
            progress.step("other sizes")
            found = list(progress.each(job.sizes(points), len(points)))
            from sims.show.figures import save_figure
            from sims.show.figures.goodput import goodput_figure

            drawn = goodput_figure(found, row, fabric.disclaimer)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
