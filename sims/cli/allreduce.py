"""``fabricsim allreduce``: parse, one API call, write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from fabric.words.errors import ParameterError
from sims.cli.fault_options import (
    Faults,
    Flap,
    FlapTime,
    Gap,
    MtbfLink,
    MtbfSwitch,
    MttrLink,
    MttrSwitch,
    Repeat,
    RerouteDelay,
    faults_text,
)
from sims.cli.late_help import ALGORITHMS
from sims.cli.options import (
    AllowPartition,
    Degrade,
    Fail,
    Graph,
    Out,
    Preset,
    Profile,
    Routing,
    Seed,
    Sets,
    Spec,
    Topology,
    Upgrade,
    joined,
    named,
    opened,
    whole,
)
from sims.cli.output_options import Explain, ExplainPlot, Timeline
from sims.cli.packet_options import Buffer, Control, Header, Mtu, Steps, Switching, check_packet, packet_text
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written

__all__ = ["allreduce"]


def allreduce(
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help=f"{ALGORITHMS}; with parameters as in ring:channels=4,tree:segment=1MiB.  "
            "[default: five of them]",
            show_default=False,
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            "--sizes",
            "--size",
            metavar="SIZES",
            help="8:16G:x4, a list or one size (1GiB).  [default: 8:16G:x4]",
            show_default=False,
        ),
    ] = None,
    ranks: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="How many GPUs take part.  [default: all]", show_default=False),
    ] = None,
    placement: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="packed, strided-servers[:STEP], strided-endpoints:STEP, random, hostlist:n[01-16], or a "
            "file with an endpoint or host per line.",
        ),
    ] = "packed",
    seed: Seed = "0",
    routing: Routing = "ecmp",
    engine: Annotated[
        str,
        typer.Option(
            help="flow (shared links on the SimPy clock), bound (closed forms) or packet (small fabrics)."
        ),
    ] = "flow",
    latency_profile: Profile = "roce-400g",
    cc: Control = None,
    mtu: Mtu = None,
    header: Header = None,
    buffer: Buffer = None,
    switching: Switching = None,
    steps: Steps = None,
    upgrade: Upgrade = None,
    fail: Fail = None,
    degrade: Degrade = None,
    allow_partition: AllowPartition = False,
    faults: Faults = None,
    mtbf_link: MtbfLink = None,
    mttr_link: MttrLink = None,
    mtbf_switch: MtbfSwitch = None,
    mttr_switch: MttrSwitch = None,
    flap: Flap = None,
    flap_time: FlapTime = None,
    reroute_delay: RerouteDelay = "1s",
    repeat: Repeat = "1",
    gap: Gap = "0s",
    timeline: Timeline = None,
    out: Out = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw busbw and time: .svg, .png or .pdf.", show_default=False
        ),
    ] = None,
    explain: Explain = False,
    explain_plot: ExplainPlot = None,
    sets: Sets = None,
) -> None:
    """Simulate all-reduce over message sizes. Without arguments: 100,000 GPUs, preset colossus-100k."""
    check_outputs(
        ("--out", out, ROW_FORMATS),
        ("--plot", plot, FIGURE_FORMATS),
        ("--explain-plot", explain_plot, FIGURE_FORMATS),
        ("--timeline", timeline, FIGURE_FORMATS),
    )
    explain |= explain_plot is not None
    from fabric.words.units import format_size, parse_sizes
    from sims.jobs.allreduce import DEFAULT_ALGORITHMS, AllReduce
    from sims.models.fluid.faults.timeline import Timeline as Record
    from sims.scenario.files import write_records
    from sims.scenario.row import Row
    from sims.settings.assignments import overridden
    from sims.settings.setup import Setup
    from sims.settings.spelling import check_field
    from sims.show.words.explain import explanation_lines
    from sims.show.words.table import allreduce_block, allreduce_header
    from sims.studies.explain.explainer import Explainer
    from sims.workload.collectives import sliced_each
    from sims.workload.members import used

    asked = DEFAULT_ALGORITHMS if algorithm is None else _algorithms(algorithm)
    settings = {
        "topology": named(spec, topology, preset, graph, default="preset:colossus-100k"),
        "ranks": "all" if ranks is None else str(whole("--ranks", ranks)),
        "placement": placement,
        "seed": seed,
        "routing": routing,
        "size": "8:16G:x4" if sizes is None else sizes,
        "engine": engine,
        "packet": packet_text(
            engine, cc=cc, mtu=mtu, header=header, buffer=buffer, switching=switching, steps=steps
        ),
        "latency_profile": latency_profile,
        "upgrade": joined(upgrade),
        "fail": joined(fail),
        "degrade": joined(degrade),
        "allow_partition": str(allow_partition).lower(),
        "faults": faults_text(
            faults,
            link_mtbf=mtbf_link,
            link_mttr=mttr_link,
            switch_mtbf=mtbf_switch,
            switch_mttr=mttr_switch,
            flaps=flap,
            flap_time=flap_time,
        ),
        "reroute_delay": reroute_delay,
        "repeat": repeat,
        "gap": gap,
    }
    given = {"algorithm": asked, **{name: (text,) for name, text in settings.items()}}
    texts = overridden(given, sets or (), several=("algorithm", "size"))
    check_packet(texts)
    texts["algorithm"] = sliced_each(texts["algorithm"], texts["engine"])
    names = _algorithms(texts.pop("algorithm"))
    chosen = parse_sizes(texts.pop("size"))
    members = check_field("ranks", texts["ranks"])
    partition = check_field("allow_partition", texts["allow_partition"])
    text = texts.pop("topology")
    terms: dict[str, Any] = texts | {
        "ranks": None if members == "all" else int(members),
        "seed": whole("--seed", texts["seed"]),
        "allow_partition": partition == "true",
    }
    Setup(**terms)  # mistakes that need no fabric to be seen
    if timeline and (texts["engine"] != "flow" or len(names) > 1 or len(chosen) > 1):
        rule = "shows one run of engine flow: name one --algorithm and one --size"
        raise ParameterError("--timeline", str(timeline), rule)
    rows: list[Row] = []
    with Progress() as progress:
        fabric, text, digest, notes = opened(text, progress, allow_partition=terms["allow_partition"])
        job = AllReduce(fabric, topology=text, digest=digest, **terms)
        explainer = Explainer(job) if explain else None
        record = Record() if timeline else None
        try:
            progress.step("routing")
            by_default = algorithm is None and [name.partition(":")[0] for name in names] == [*asked]
            fitting, left_out = job.fits(names) if by_default else (names, [])
            total = len(fitting) * len(chosen)
            done = 0
            for name in fitting:
                progress.step(name)
                job.check(name, chosen)  # what cannot be done is refused before anything is printed
            for row in progress.each(job.rows(fitting, chosen, record), total):
                if not rows:
                    progress.print(
                        allreduce_header(
                            row,
                            fabric.disclaimer,
                            [*notes, *job.caveats, *left_out],
                            used(fabric, job.placement),
                        )
                    )
                if explainer:
                    row = replace(row, gains=explainer.gains(row))
                rows.append(row)
                if len(rows) - done == len(chosen):
                    progress.print(allreduce_block(rows[done:], job.note(row.used)))
                    if explainer:
                        largest = max(rows[done:], key=lambda row: row.scenario.size_bytes)
                        name = f"{largest.used} at {format_size(largest.scenario.size_bytes)}"
                        progress.print(explanation_lines(name, explainer.explain(largest)))
                    done = len(rows)
        finally:
            # Also after Ctrl-C: what is finished is kept.
            if rows and out:
                write_records(out, [row.to_dict() for row in rows])
                tell_written(out)
        if plot:
            progress.step("drawing")
            from sims.show.figures import allreduce_figure, save_figure

            save_figure(allreduce_figure(rows, fabric.disclaimer), plot, rows)
            tell_written(plot)
        if explain_plot:
            progress.step("drawing")
            from sims.show.figures import figure_of, save_figure

            facet = "algorithm" if len(fitting) > 1 else None
            save_figure(figure_of(rows, figure="gains", facet=facet), explain_plot, rows)
            tell_written(explain_plot)
        if timeline:
            progress.step("drawing the timeline")
            from sims.show.figures import save_figure, timeline_figure

            assert record is not None
            save_figure(timeline_figure(record, rows[0]), timeline, rows)
            tell_written(timeline)


def _algorithms(text: str) -> list[str]:
    """One text for each algorithm that ``text`` names."""
    from sims.workload.collectives import format_algorithm, parse_algorithms

    return [format_algorithm(*item) for item in parse_algorithms(text)]
