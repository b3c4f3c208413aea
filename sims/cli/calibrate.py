"""``fabricsim calibrate``: a latency profile from the output of nccl-tests. Parse, fit, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.options import Graph, Preset, Topology, named, opened
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written

__all__ = ["calibrate"]


def calibrate(
    log: Annotated[Path, typer.Argument(help="Output of all_reduce_perf of nccl-tests, text or JSON.")],
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    ranks: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Of a log that does not list its devices.  [default: as listed, else by busbw / algbw]",
            show_default=False,
        ),
    ] = None,
    placement: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="packed, strided[:STEP], random, or a file of endpoints.")
    ] = "packed",
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="What to fit, as in allreduce.  [default: what NCCL says in the log that it chose "
            "(NCCL_DEBUG_SUBSYS=TUNING), else ring,hierarchical-tree]",
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
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.toml",
            help="Write the profile that fits best.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the residuals: .csv, .json or .jsonl.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw fit and residuals: .svg, .png or .pdf.", show_default=False
        ),
    ] = None,
) -> None:
    """Fit latency and effective bandwidth to a log of nccl-tests; the profile works in all commands.

    Unless a fabric is named, it is a tree without blocking of the log's ranks, in servers as its devices are
    on hosts, and of eight GPUs where it lists none. What does not fit is said on stderr and in the profile.
    """
    check_outputs(
        ("--output", output, (".toml",)), ("--out", out, ROW_FORMATS), ("--plot", plot, FIGURE_FORMATS)
    )
    from fabric.machine.whole_file import replaced
    from sims.jobs.allreduce import AllReduce
    from sims.models.profiles import profile_toml
    from sims.scenario.files import write_records
    from sims.show.words.calibrate import (
        Item,
        calibration_lines,
        calibration_records,
        default_fabric,
        doubts,
        plan,
    )
    from sims.studies.calibration import Fit, fit
    from sims.studies.nccl_log import read_nccl

    found = read_nccl(log, ranks)
    if found.collective != "all_reduce":
        rule = "only all_reduce_perf can be calibrated yet: no other collective is simulated"
        raise ParameterError("log", f"{found.collective}_perf", rule)
    if found.ranks is None or found.ranks < 2:
        why = (
            "is of one rank" if found.ranks else "does not tell its ranks, by devices or busbw: give --ranks"
        )
        raise ParameterError("log", str(log), why)
    chosen = plan(found.rows, found.text, algorithm, latency_profile)
    with Progress() as progress:
        own = any((topology, preset, graph))
        default = None if own else default_fabric(found.ranks, found.servers)
        text = named(None, topology, preset, graph, default=default)
        fabric, text, digest, _ = opened(text, progress)
        fits: list[tuple[Item, Fit]] = []
        left_out: list[tuple[str, ParameterError]] = []
        for item in chosen:
            progress.step(f"fitting {item.label}")
            job = AllReduce(
                fabric,
                topology=text,
                digest=digest,
                ranks=found.ranks,
                routing=routing,
                placement=placement,
                latency_profile=item.profile,
            )
            try:
                fits.append((item, fit(job, item.algorithm, item.rows)))
            except ParameterError as error:
                left_out.append((item.label, error))
        if not fits:
            raise left_out[0][1]
        doubtful = doubts(found, job, named=own)
        notes = [f"left out: {label}: {error}" for label, error in left_out]
        progress.print(calibration_lines(str(log), found, fits, notes))
        label, best = min(((i.label, f) for i, f in fits), key=lambda pair: pair[1].typical)
        progress.say(f"fabricsim: warning: {said}" for said in doubtful)
        progress.say(f"fabricsim: warning: {label}: {said}" for said in best.warnings)
        if output:
            with replaced(output) as file:
                file.write(profile_toml(best.profile, best.provenance(log.name, found.ranks, doubtful)))
        if out:
            write_records(out, calibration_records(fits))
        if plot:
            progress.step("drawing")
            from sims.show.figures import save_figure
            from sims.show.figures.calibration import calibration_figure

            save_figure(calibration_figure([(i.label, f) for i, f in fits], log.name), plot)
    tell_written(output, out, plot)
