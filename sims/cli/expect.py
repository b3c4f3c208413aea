"""``fabricsim expect``: what one should see on a fabric, and whether a log reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import opened
from sims.cli.output import alone
from sims.cli.output_options import Json, out_option
from sims.cli.progress import Progress
from sims.cli.row_outputs import RowFormat, log_sizes, row_outputs, write_log
from sims.cli.setting_options import Texts, every, with_settings
from sims.cli.standard_input import piped_log
from sims.cli.tolerance import tolerance_option
from sims.scenario.files import FIGURE_FORMATS

__all__ = ["expect"]

_SIZES = "8:16G:x4"


@with_settings(
    *every("topology", "collective", "algorithm", "size", "ranks"),
    several=("algorithm", "size"),
    defaults={"collective": "", "algorithm": "", "size": "", "latency_profile": "", "routing": "adaptive"},
    shown={"collective": "that of the log, else all-reduce", "latency_profile": "NCCL's of the algorithm"},
    helps={
        "algorithm": "Of which the fastest is taken at each size.  [default: what NCCL chooses from]",
        "size": f"8:16G:x4, a list or one size (1GiB).  [default: those of the log, else {_SIZES}]",
    },
    name="expect",
)
def expect(
    texts: Texts,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="LOG",
            help="Output of nccl-tests, which is judged; - is standard input.",
            show_default=False,
            callback=piped_log,
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        tolerance_option(
            "How much slower still passes, as in 20%.  [default: where nine of ten machines were]"
        ),
    ] = None,
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write the marks (.csv, .json, .jsonl, .parquet), or draw the curve (.svg, .png, .pdf); - is "
            "standard output."
        ),
    ] = None,
    form: RowFormat = None,
    json: Json = False,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="NAME", help="Elements that a log counts: float, half, ...")
    ] = "float",
) -> None:
    """Say what one should see on a fabric, and judge a log by it.

    Time and bus bandwidth of each size, the least with which a machine passes, and how sure that is. Exit
    status: 0 pass, 1 the log is too slow, 2 bad input.
    """
    wanted = row_outputs(out, form, json, figure=FIGURE_FORMATS)
    from fabric.words.units import parse_sizes
    from sims.jobs.collective import CollectiveJob
    from sims.scenario.files import write_records
    from sims.scenario.scenario import JOB_SETTINGS
    from sims.settings.setup import Setup
    from sims.show.words.dtype import parse_dtype
    from sims.show.words.expect import expect_lines, expect_records
    from sims.studies.expect.expectation import expect as expected
    from sims.studies.nccl_log import read_nccl

    settings = {name: texts[name] for name in JOB_SETTINGS if texts.get(name)}
    elements = parse_dtype(dtype)
    profile = settings.pop("latency_profile", "")
    setup = Setup(**settings)  # mistakes that need no fabric to be seen
    read = read_nccl(log, setup.ranks) if log else None
    sizes = parse_sizes(texts["size"] or _SIZES) if texts["size"] or not read else ()
    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, _ = opened(
            texts["topology"], progress, allow_partition=setup.allow_partition, fits=setup.fits
        )
        if wanted["log"] and not read:
            job = CollectiveJob(fabric, topology=text, digest=digest, **settings)
            sizes = log_sizes(wanted["log"], sizes, job, elements)
        found = expected(
            fabric,
            sizes,
            log=read,
            algorithm=texts["algorithm"],
            latency_profile=profile,
            tolerance=tolerance,
            topology=text,
            digest=digest,
            watch=lambda label: progress.step(f"routing {label}"),
            stoppable=progress.stoppable,
            **settings,
        )
        progress.print(expect_lines(found))
        wanted["rows"].write(write_records, expect_records(found))
        write_log(wanted["log"], form or "", [mark.row for mark in found.marks], found.job, elements)
        if wanted["figure"] and not progress.stopped:
            progress.drawing()
            from sims.show.figures import save_figure
            from sims.show.figures.expect import expect_figure

            drawn = expect_figure(found)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
    if not found.passed:
        raise typer.Exit(1)
