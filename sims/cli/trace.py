"""``fabricsim trace``: a program's trace on any fabric. Parse, one call, write."""

from __future__ import annotations

from dataclasses import replace

from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Explain, Format, Json, Out, RowFile
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import ROW_FORMATS, check_outputs, tell_written

__all__ = ["trace"]


@with_settings(
    *every("topology", "trace", kind="trace"),
    kind="trace",
    helps={"engine": "flow (shared links on the SimPy clock) or packet (small fabrics)."},
    without=("steps",),
)
def trace(
    texts: Texts,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    row: RowFile = None,
    explain: Explain = False,
) -> None:
    """Run a program's trace, GOAL or Chakra, on a fabric.

    Each operation starts as soon as those that it waits for are over. One line per operation with --out.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    check_outputs(("--row", row, ROW_FORMATS))
    from sims.jobs.trace_job import TraceJob
    from sims.scenario.files import write_columns, write_records
    from sims.scenario.job_scenario import JobScenario
    from sims.show.words.explain import explanation_lines
    from sims.show.words.trace import trace_lines
    from sims.studies.explain.trace import explain_trace
    from sims.workload.trace import read_trace

    JobScenario.of("trace", texts)  # mistakes that need no fabric to be seen
    with Progress(silent=alone(wanted.values())) as progress:
        progress.step("reading the trace")
        program = read_trace(texts["trace"])
        partial = texts["allow_partition"] == "true"
        fabric, text, digest, notes = opened(texts.pop("topology"), progress, allow_partition=partial)
        progress.step("routing and running")
        job = TraceJob(fabric, topology=text, digest=digest, program=program, **texts)
        progress.say(job.foretold)
        found = job.row()
        progress.print(trace_lines(job, found, [*notes, *job.warnings]))
        if explain:
            progress.step("trying what would help")
            with progress.stoppable():  # what came out is kept
                why = explain_trace(job, found)
                found = replace(found, gains=why.gains)
                progress.print(explanation_lines("the trace", why))
        wanted["rows"].write(write_columns, job.result.columns())
        if row:
            write_records(row, [found.to_dict()])
        tell_written(row)
