"""``fabricsim calibrate``: a latency profile from the output of nccl-tests. Parse, fit, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import Graph, Preset, Topology, named, opened
from sims.cli.log_options import Log, LogRanks
from sims.cli.output import alone, outputs, write_text
from sims.cli.output_options import Json, format_option, out_option
from sims.cli.progress import Progress
from sims.cli.standard_input import as_named
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

__all__ = ["calibrate"]

ProfileFormat = Annotated[str | None, format_option("toml, csv, json, jsonl or svg", "toml")]


def calibrate(
    log: Log,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    ranks: LogRanks = None,
    placement: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="packed, strided[:STEP], random, or a file of endpoints.")
    ] = "packed",
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="What to fit, as in collective.  [default: what NCCL says in the log that it chose "
            "(NCCL_DEBUG_SUBSYS=TUNING), else what is like NCCL's: of all-reduce ring,hierarchical-tree]",
            show_default=False,
        ),
    ] = None,
    latency_profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            help="The profile whose latencies and bandwidth are scaled.  [default: NCCL's of the algorithm]",
            show_default=False,
        ),
    ] = None,
    routing: Annotated[str, typer.Option(metavar="POLICY", help="ecmp, dmodk or adaptive.")] = "adaptive",
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write the profile that fits best (.toml), the residuals (.csv, .json, .jsonl, .parquet) or the "
            "figure (.svg, .png, .pdf); - is standard output."
        ),
    ] = None,
    form: ProfileFormat = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw fit and residuals: .svg, .png or .pdf.", show_default=False
        ),
    ] = None,
) -> None:
    """Fit a latency profile to a log of nccl-tests.

    Its latencies and effective bandwidth; it works in all commands. Unless a fabric is named, it is a tree
    without blocking of the log's ranks, in servers as its devices are on hosts, and of eight GPUs where it
    lists none. What does not fit is said on stderr and in the profile.
    """
    wanted = outputs(out, form, json, plot=plot, profile=(".toml",), rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from sims.models.profiles import profile_toml
    from sims.scenario.files import write_records
    from sims.show.words.calibrate import calibration_lines, calibration_records
    from sims.studies.calibrated import calibrate as calibrated
    from sims.studies.calibrated import check_log, default_fabric, plan
    from sims.studies.nccl_log import read_nccl

    read = read_nccl(log, ranks)
    count = check_log(read, as_named(str(log)))
    items = plan(read.rows, read.text, algorithm, latency_profile, read.collective)
    with Progress(silent=alone(wanted.values())) as progress:
        ways = {"topology": topology, "preset": preset, "graph": graph}
        own = any(ways.values())
        text = named(ways, None if own else default_fabric(count, read.servers))
        fabric, text, digest, _ = opened(text, progress)
        found = calibrated(
            read,
            fabric,
            items,
            topology=text,
            digest=digest,
            routing=routing,
            placement=placement,
            named=own,
            watch=lambda label: progress.step(f"fitting {label}"),
        )
        progress.print(calibration_lines(as_named(str(log)), found, fabric.disclaimer))
        progress.say(f"fabricsim: warning: {said}" for said in found.warnings)
        best = found.best[1]
        text = profile_toml(best.profile, best.provenance(log.name, count, found.doubts))
        wanted["profile"].write(write_text, text)
        wanted["rows"].write(write_records, calibration_records(found))
        if wanted["figure"]:
            progress.drawing()
            from sims.show.figures import save_figure
            from sims.show.figures.calibration import calibration_figure

            drawn = calibration_figure(
                [(item.label, one) for item, one in found.fits], log.name, of=found.collective
            )
            wanted["figure"].write(lambda path: save_figure(drawn, path))
