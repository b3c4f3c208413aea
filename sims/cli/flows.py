"""``fabricsim flows``: parse, one API call, write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.cli.fabric_options import opened
from sims.cli.output import Output, alone, outputs
from sims.cli.output_options import Explain, ExplainPlot, Format, Json, Out, Ports, RowFile, Timeline
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, every, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written
from sims.settings.table import SETTINGS

if TYPE_CHECKING:
    from sims.models.fluid.flows import FlowResult

__all__ = ["flows"]

_NOT_HERE = [one.name for one in SETTINGS.values() if not one.of_flows]


@with_settings(
    *every("topology", "size", but=_NOT_HERE),
    defaults={"size": ""},
    helps={
        "size": "Bytes of each flow of a pattern (1GB).",
        "engine": "flow (shared links on the SimPy clock) or packet (small fabrics).",
    },
    without=("steps",),
)
def flows(
    texts: Texts,
    traffic: Annotated[
        str,
        typer.Option(
            metavar="PATTERN|FILE",
            help="permutation, shift[:STEP], incast, or a CSV of src,dst,size_bytes[,start_s] (endpoints by "
            "number, name or host), a matrix of bytes (CSV, .npy) or htsim's connections.",
        ),
    ] = "permutation",
    resolution: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Handle completions within this share of the makespan together, which may move each by "
            "about as much; 0 is exact.  [default: 0; 0.002 above 5,000 flows that are not all alike]",
            show_default=False,
        ),
    ] = None,
    timeline: Timeline = None,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    ports: Ports = None,
    row: RowFile = None,
    explain: Explain = False,
    explain_plot: ExplainPlot = None,
) -> None:
    """Run flows to their last byte on an otherwise idle fabric; one row per flow with --out."""
    wanted = outputs(out, form, json, rows=ROW_FORMATS, connections=(".cm",))
    check_outputs(
        ("--ports", ports, ROW_FORMATS),
        ("--row", row, ROW_FORMATS),
        ("--explain-plot", explain_plot, FIGURE_FORMATS),
        ("--timeline", timeline, FIGURE_FORMATS),
    )
    from sims.jobs.flow_row import flow_row
    from sims.jobs.flow_run import FlowRun, traffic_of
    from sims.models.fluid.faults.timeline import Timeline as Record
    from sims.scenario.files import write_records
    from sims.settings.setup import Setup
    from sims.show.words.explain import explanation_lines
    from sims.show.words.table import flows_lines
    from sims.studies.explain.flows import explain_flows
    from sims.workload.connections import write_connections

    size = texts.pop("size") or None
    topology = texts.pop("topology")
    setup = Setup(**texts)
    window = None if resolution is None else _share("--resolution", resolution)
    _check(setup.engine, traffic, size, resolution, timeline, ports)
    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, notes = opened(topology, progress, allow_partition=setup.allow_partition)
        run = FlowRun.of(fabric, setup, traffic_of(traffic, size, fabric, setup.seed), window)
        progress.say(filter(None, [run.routing_wait.foretold]))
        progress.step("routing and running")
        progress.say(filter(None, [run.faults_wait().foretold, run.packets_wait().foretold]))
        record = Record() if timeline else None
        result = run.run(record)
        progress.print(flows_lines(text, traffic, run, setup, result, notes))
        _write(result, wanted["rows"], ports)
        wanted["connections"].write(write_connections, run.traffic, fabric.n_endpoints)
        if row:
            own = flow_row(run, result, setup, topology=text, digest=digest, traffic=traffic, size=size)
            write_records(row, [own.to_dict()])
            tell_written(row)
        if explain or explain_plot:
            progress.step("trying what would help")
            why = explain_flows(run, result)
            progress.print(explanation_lines(f"the last flow of {len(run.traffic):,}", why))
        if explain_plot:
            progress.drawing()
            from sims.show.figures import gains_figure, save_figure

            subject = [text, f"{traffic} of {counted(len(run.traffic), 'flow')}"]
            setting = f"Routing {run.policy}, latency profile {run.profile.name}"
            save_figure(gains_figure(why, subject, setting, fabric.disclaimer), explain_plot)
        if record and timeline:
            progress.drawing("drawing the timeline")
            from sims.show.figures import flows_timeline_figure, save_figure

            save_figure(flows_timeline_figure(record, f"{text}: {traffic}, routing {run.policy}"), timeline)
        tell_written(explain_plot, timeline)


def _share(option: str, text: str) -> float:
    """The share of the makespan that an option holds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 0.5:
        raise ParameterError(option, text, "a share of the makespan, a number from 0 (exact) to 0.5")
    return value


def _check(
    engine: str,
    traffic: str,
    size: str | None,
    resolution: str | None,
    timeline: Path | None,
    ports: Path | None,
) -> None:
    """Refuse options that do not go together."""
    if engine not in ("flow", "packet"):
        raise ParameterError("engine", engine, "unknown engine of flows", ("flow", "packet"))
    if resolution is not None and engine == "packet":
        raise ParameterError("--resolution", resolution, "an option of --engine flow, not of packet")
    if ports is not None and engine != "packet":
        raise ParameterError("--ports", str(ports), f"an option of --engine packet, not of {engine}")
    if timeline and engine == "packet":
        raise ParameterError("engine", engine, "what happens during a run needs engine flow", ("flow",))
    is_file = os.path.isfile(traffic)
    if is_file and size is not None:
        raise ParameterError("size", size, f"{traffic} says the size of each flow itself")
    if not is_file and (
        os.sep in traffic or os.path.splitext(traffic)[1] in (".csv", ".tsv", ".npy", ".npz")
    ):
        from fabric.machine.no_file import no_file

        raise ParameterError("--traffic", traffic, no_file(traffic))
    if not is_file and size is None:
        raise ParameterError("size", None, "a pattern needs the size of its flows, such as 1GB")


def _write(result: FlowResult, rows: Output, ports: Path | None) -> None:
    from sims.scenario.files import write_columns

    rows.write(write_columns, result.columns())
    if ports:
        write_columns(ports, result.ports)
        tell_written(ports)
