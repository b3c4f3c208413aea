"""``fabricsim trace``: a program's trace on any fabric. Parse, one call, write."""

from __future__ import annotations

from typing import Annotated

import typer

from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings
from sims.scenario.files import ROW_FORMATS

__all__ = ["trace"]


@with_settings("topology", "routing", "placement", "seed", "latency_profile")
def trace(
    texts: Texts,
    file: Annotated[
        str,
        typer.Option(
            "--trace",
            metavar="FILE",
            help="GOAL, or one rank's file of a Chakra execution trace (NAME.0.et or NAME.0.json).",
        ),
    ],
    out: Out = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Run a program's trace, GOAL or Chakra, on a fabric.

    Each operation starts as soon as those that it waits for are over. One row per operation with --out.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    from sims.jobs.trace_run import TraceRun
    from sims.scenario.files import write_columns
    from sims.settings.setup import Setup
    from sims.show.words.trace import trace_lines
    from sims.workload.trace import read_trace

    setup = Setup(**{name: text for name, text in texts.items() if name != "topology"})
    with Progress(silent=alone(wanted.values())) as progress:
        progress.step("reading the trace")
        read = read_trace(file)
        fabric, text, _, notes = opened(texts["topology"], progress)
        progress.step("running")
        run = TraceRun.of(fabric, setup, read)
        progress.print(trace_lines(text, run, texts["placement"], notes))
        wanted["rows"].write(write_columns, run.result.columns())
