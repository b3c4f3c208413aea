"""``fabricsim diagnose``: why a log of nccl-tests is as it is. Parse, one call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import Graph, Preset, Spec, Topology, named, opened
from sims.cli.log_options import Log, LogRanks
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, out_option
from sims.cli.progress import Progress
from sims.cli.standard_input import piped_log
from sims.cli.tolerance import tolerance_option
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

__all__ = ["diagnose"]


def diagnose(
    log: Log,
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    ranks: LogRanks = None,
    placement: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Where the ranks are, as in collective.")
    ] = "packed",
    routing: Annotated[
        str, typer.Option(metavar="POLICY", help="Of the healthy fabric: adaptive, or ecmp:qps=4, ...")
    ] = "adaptive",
    seed: Annotated[str, typer.Option(metavar="NUMBER", help="Of the healthy run.")] = "0",
    algorithm: Annotated[
        str,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="What the library runs, the fastest at each size.  [default: what NCCL chooses from]",
            show_default=False,
        ),
    ] = "",
    latency_profile: Annotated[
        str,
        typer.Option(metavar="NAME|FILE.toml", help="[default: NCCL's of the algorithm]", show_default=False),
    ] = "",
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="LOG",
            help="The same test when all was well: a much sharper eye.",
            show_default=False,
            callback=piped_log,
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        tolerance_option(
            "How far healthy runs stray.  [default: where measured machines were; with --baseline 15%]"
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="flow, or packet, which is nearer to a machine.  [default: packet where it takes seconds]",
            show_default=False,
        ),
    ] = "",
    mtu: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Of --engine packet: a large one is coarser and quicker.  [default: 4 KiB, of buffers above "
            "1 MiB a 256th]",
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write the causes (.csv, .json, .jsonl, .parquet), or draw the likeliest beside the log (.svg, "
            ".png, .pdf); - is standard output."
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Rank what may be wrong with a machine by a log of nccl-tests.

    Each cause is simulated on the fabric as it should be, and held against the times of all sizes. "As
    expected" and "none of these" are answers, too. Each comes with the command that shows it.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.diagnose import diagnose_lines, diagnose_records
    from sims.studies.diagnose.diagnosis import diagnose as diagnosed
    from sims.studies.nccl_log import read_nccl

    text = named({"spec": spec, "topology": topology, "preset": preset, "graph": graph})
    read = read_nccl(log, ranks)
    good = read_nccl(baseline, ranks) if baseline else None
    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, digest, _ = opened(text, progress)
        found = diagnosed(
            read,
            fabric,
            baseline=good,
            tolerance=tolerance,
            algorithm=algorithm,
            latency_profile=latency_profile,
            topology=text,
            digest=digest,
            placement=placement,
            routing=routing,
            seed=seed,
            engine=engine,
            packet=f"none:mtu={mtu},header=0" if engine == "packet" and mtu else "",
            watch=lambda label: progress.step(f"simulating {label}"),
        )
        progress.print(diagnose_lines(found))
        wanted["rows"].write(write_records, diagnose_records(found))
        if wanted["figure"]:
            progress.drawing()
            from sims.show.figures import save_figure
            from sims.show.figures.diagnose import diagnose_figure

            drawn = diagnose_figure(found)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
