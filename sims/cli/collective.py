"""``fabricsim collective`` and ``fabricsim allreduce``, its short name: parse, one API call, write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from sims.cli.beside import Beside
from sims.cli.fabric_options import opened
from sims.cli.output import alone
from sims.cli.output_options import Explain, ExplainPlot, Json, Out, Timeline
from sims.cli.progress import Progress
from sims.cli.row_outputs import RowFormat, log_sizes, row_outputs, with_log, write_log
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, check_outputs, tell_written

if TYPE_CHECKING:
    from sims.jobs.collective import CollectiveJob
    from sims.models.fluid.faults.timeline import Timeline as Record
    from sims.scenario.row import Row
    from sims.show.words.dtype import Dtype
    from sims.studies.explain.explainer import Explainer

__all__ = ["allreduce", "collective"]

_ALIKE: Mapping[str, Any] = {
    "several": ("algorithm", "size"),
    "defaults": {"topology": "preset:colossus-100k", "algorithm": "", "size": "8:16G:x4"},
}
_LONG = 150_000  # nodes and edges, which take as long to build as the plotting library to import


def _simulate(
    texts: Texts,
    timeline: Timeline = None,
    out: Out = None,
    form: RowFormat = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Draw busbw and time (of groups, the time of each): .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[
        str,
        typer.Option("--dtype", metavar="NAME", help="Elements that are counted: float, half, bfloat16, ..."),
    ] = "float",
    explain: Explain = False,
    explain_plot: ExplainPlot = None,
) -> None:
    """The body of both commands."""
    wanted = row_outputs(out, form, json)
    check_outputs(
        ("--plot", plot, FIGURE_FORMATS),
        ("--explain-plot", explain_plot, FIGURE_FORMATS),
        ("--timeline", timeline, FIGURE_FORMATS),
    )
    from fabric.words.units import parse_sizes
    from sims.jobs.collective import CollectiveJob
    from sims.scenario.files import write_records
    from sims.scenario.scenario import JOB_SETTINGS
    from sims.settings.setup import Setup
    from sims.show.words.dtype import parse_dtype, undivided
    from sims.workload.collective import ALL_REDUCE, collective_named
    from sims.workload.collectives import sliced_each, split_algorithms, usual_algorithms

    of = collective_named(texts.get("collective", ALL_REDUCE.name)).name
    named = texts["algorithm"] or ("auto" if wanted["log"] else ",".join(usual_algorithms(of)))
    names = with_log(wanted["log"], split_algorithms(sliced_each(named, texts["engine"], of), of))
    sizes, elements = parse_sizes(texts["size"]), parse_dtype(dtype)
    settings = {name: texts[name] for name in JOB_SETTINGS if name in texts}
    setup = Setup(**settings)  # mistakes that need no fabric to be seen
    if timeline and (texts["engine"] != "flow" or not setup.in_step or len(names) > 1 or len(sizes) > 1):
        rule = "shows one run of engine flow, phase by phase: name one --algorithm and one --size"
        raise ParameterError("--timeline", str(timeline), rule)
    rows: list[Row] = []
    figures = (plot, explain_plot, timeline)
    with _ready(texts["topology"], figures) as draw, Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, notes = opened(
            texts["topology"], progress, allow_partition=setup.allow_partition, fits=setup.fits
        )
        job = CollectiveJob(fabric, topology=text, digest=digest, **settings)
        sizes = log_sizes(wanted["log"], sizes, job, elements)
        explainer, record = _watching(job, explain=explain or bool(explain_plot), timeline=bool(timeline))
        job.require_few(names, max(sizes))
        progress.say(job.foretold(names))
        progress.step("routing")
        all_fit = "algorithm" in texts.said or bool(wanted["log"])
        fitting, left_out = (names, []) if all_fit else job.fits(names)
        for name in progress.each(fitting, len(fitting)):
            progress.step(f"routing {name}")
            job.check(name, sizes)  # what cannot be done is refused before anything is printed
        progress.say(job.runs_foretold(fitting, sizes))
        progress.step("running")
        try:
            said = [
                *notes,
                *job.warnings,
                *left_out,
                *undivided(job.collective, job.together, sizes, elements),
            ]
            for row in _printed(progress, job, fitting, sizes, record, explainer, said, elements):
                rows.append(row)
        finally:
            # Also after Ctrl-C: what is finished is kept.
            if rows:
                wanted["rows"].write(write_records, [row.to_dict() for row in rows])
                write_log(wanted["log"], form or "", rows, job, elements)
        if any(figures):
            progress.drawing()
            _write(draw(rows, fabric.disclaimer, record, *figures))


collective = with_settings(
    *every("collective", "topology", "algorithm", "size"),
    **_ALIKE,
    shown={"algorithm": "the usual ones"},
    helps={"algorithm": "Of this collective, as in ring:channels=4,bruck; an unknown name lists all."},
    argument="collective",
    name="collective",
    summary="Simulate a collective over message sizes. Without a fabric: 100,000 GPUs, preset colossus-100k.",
)(_simulate)

allreduce = with_settings(
    *every("topology", "algorithm", "size", but=("collective",)),
    **_ALIKE,
    shown={"algorithm": "five of them"},
    name="allreduce",
    summary="Simulate all-reduce over message sizes. Without arguments: 100,000 GPUs, preset colossus-100k.",
)(_simulate)


def _ready(topology: str, figures: Sequence[Path | None]) -> Beside:
    """What draws the figures; where their fabric takes long to build, it gets ready meanwhile."""
    from topologies.named import named

    draw = Beside("sims.show.figures.of_collective", "collective_figures")
    size = named(topology).size if any(figures) else None
    if size and size.nodes + size.edges >= _LONG:
        draw.start()
    return draw


def _write(files: Mapping[Path, bytes]) -> None:
    for path, contents in files.items():
        with replaced(path, "wb") as file:
            file.write(contents)
    tell_written(*files)


def _watching(job: CollectiveJob, *, explain: bool, timeline: bool) -> tuple[Explainer | None, Record | None]:
    """What explains the rows of ``job`` and what records a run, where that is asked for."""
    explainer, record = None, None
    if explain:
        from sims.studies.explain.explainer import Explainer

        explainer = Explainer(job)
    if timeline:
        from sims.models.fluid.faults.timeline import Timeline as Recorder

        record = Recorder()
    return explainer, record


def _printed(
    progress: Progress,
    job: CollectiveJob,
    names: Sequence[str],
    sizes: Sequence[int],
    record: Record | None,
    explainer: Explainer | None,
    notes: Sequence[str],
    dtype: Dtype,
) -> Iterator[Row]:
    """The rows of ``job``, as each is found; the header is printed with the first, a table with the last of
    each algorithm.
    """
    from fabric.words.units import format_size
    from sims.show.words.fastest import fastest_lines
    from sims.show.words.table import collective_block, collective_header
    from sims.workload.members import used

    found: list[Row] = []
    for number, row in enumerate(progress.each(job.rows(names, sizes, record), len(names) * len(sizes))):
        if number == 0:
            ends = used(job.fabric, job.placement)
            progress.print(collective_header(row, job.fabric.disclaimer, notes, ends))
        if explainer:
            row = replace(row, gains=explainer.gains(row))
        yield row
        found.append(row)
        if len(found) % len(sizes) == 0:
            block = found[-len(sizes) :]
            progress.print(collective_block(block, _note(job, block), dtype))
            if explainer:
                from sims.show.words.explain import explanation_lines

                largest = max(block, key=lambda row: row.scenario.size_bytes)
                name = f"{largest.used} at {format_size(largest.scenario.size_bytes)}"
                progress.print(explanation_lines(name, explainer.explain(largest)))
    if len(names) > 1 and found:
        progress.print(fastest_lines(found))


def _note(job: CollectiveJob, block: Sequence[Row]) -> str:
    """What is so of every algorithm that ran in a block; what ran at some sizes ``used`` tells."""
    first, *more = [job.note(name).split("; ") for name in dict.fromkeys(row.used for row in block)]
    return "; ".join(part for part in first if all(part in other for other in more))
