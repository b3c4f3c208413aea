"""``fabricsim flows``: parse, one API call, write."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fault_options import (
    Faults,
    Flap,
    FlapTime,
    MtbfLink,
    MtbfSwitch,
    MttrLink,
    MttrSwitch,
    RerouteDelay,
    faults_text,
)
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
    share,
    whole,
)
from sims.cli.output_options import Explain, ExplainPlot, Timeline
from sims.cli.packet_options import Buffer, Control, Header, Mtu, Ports, Switching, check_packet, packet_text
from sims.cli.progress import Progress
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS, check_outputs, tell_written

__all__ = ["flows"]


def flows(
    spec: Spec = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    traffic: Annotated[
        str,
        typer.Option(
            metavar="PATTERN|FILE",
            help="permutation, shift[:STEP], incast, or a CSV of src,dst,size_bytes[,start_s]; endpoints by "
            "number, name or host.",
        ),
    ] = "permutation",
    size: Annotated[
        str | None, typer.Option(help="Bytes of each flow of a pattern (1GB).", show_default=False)
    ] = None,
    seed: Seed = "0",
    routing: Routing = "ecmp",
    engine: Annotated[
        str, typer.Option(help="flow (shared links on the SimPy clock) or packet (small fabrics).")
    ] = "flow",
    latency_profile: Profile = "roce-400g",
    cc: Control = None,
    mtu: Mtu = None,
    header: Header = None,
    buffer: Buffer = None,
    switching: Switching = None,
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
    timeline: Timeline = None,
    resolution: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Handle completions within this share of the makespan together, which may move each by "
            "about as much; 0 is exact.  [default: 0; 0.002 above 5,000 flows that are not all alike]",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    ports: Ports = None,
    explain: Explain = False,
    explain_plot: ExplainPlot = None,
    sets: Sets = None,
) -> None:
    """Run flows to their last byte on an otherwise idle fabric; one row per flow with --out."""
    check_outputs(
        ("--out", out, ROW_FORMATS),
        ("--ports", ports, ROW_FORMATS),
        ("--explain-plot", explain_plot, FIGURE_FORMATS),
        ("--timeline", timeline, FIGURE_FORMATS),
    )
    explain |= explain_plot is not None
    from fabric.routing.policies import parse_policy
    from fabric.words.units import parse_size
    from sims.models.profiles import latency_profile as profile_of
    from sims.settings.assignments import overridden
    from sims.settings.spelling import check_field

    settings = {
        "topology": named(spec, topology, preset, graph),
        "seed": seed,
        "routing": routing,
        "engine": engine,
        "packet": packet_text(engine, cc=cc, mtu=mtu, header=header, buffer=buffer, switching=switching),
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
        **({} if size is None else {"size": size}),
    }
    texts = overridden({name: (text,) for name, text in settings.items()}, sets or ())
    check_packet(texts)
    draw, size = whole("--seed", texts["seed"]), texts.get("size")
    stated, profile = parse_policy(texts["routing"], draw), profile_of(texts["latency_profile"])
    partition = check_field("allow_partition", texts["allow_partition"]) == "true"
    window = None if resolution is None else share("--resolution", resolution)
    engine = texts["engine"]
    if engine not in ("flow", "packet"):
        raise ParameterError("engine", engine, "unknown engine of flows", ("flow", "packet"))
    if window is not None and engine == "packet":
        raise ParameterError("--resolution", resolution, "an option of --engine flow, not of packet")
    if ports is not None and engine != "packet":
        raise ParameterError("--ports", str(ports), f"an option of --engine packet, not of {engine}")
    is_file = os.path.isfile(traffic)
    if is_file and size is not None:
        raise ParameterError("size", size, f"{traffic} says the size of each flow itself")
    if not is_file and size is None:
        raise ParameterError("size", None, "a pattern needs the size of its flows, such as 1GB")
    amount = parse_size(size) if size is not None else 0
    from fabric.damage.fault import format_faults, parse_faults
    from fabric.damage.upgrade import format_upgrades, improved, parse_upgrades
    from fabric.graph.nic import planes
    from fabric.graph.node_names import NodeNames
    from sims.jobs.flow_run import FlowRun
    from sims.models.fluid.faults.setting import Course
    from sims.models.fluid.faults.timeline import Timeline as Record
    from sims.models.packet.settings import parse_packet_settings
    from sims.scenario.files import write_columns
    from sims.show.words.explain import explanation_lines
    from sims.show.words.table import flows_lines
    from sims.studies.explain.flows import explain_flows
    from sims.workload.traffic import pattern, read_traffic

    failing, slowing = parse_faults("fail", texts["fail"]), parse_faults("degrade", texts["degrade"])
    course = Course.of(texts["faults"], texts["reroute_delay"], "1", "0s")
    course.check(stated)
    packets = parse_packet_settings(texts["packet"]) if engine == "packet" else None
    if packets and (course.source or timeline):
        raise ParameterError("engine", engine, "what happens during a run needs engine flow", ("flow",))
    with Progress() as progress:
        fabric, text, _, notes = opened(texts["topology"], progress, allow_partition=partition)
        policy = parse_policy(texts["routing"], draw, planes(fabric))
        faster = parse_upgrades(texts["upgrade"])
        who = (
            read_traffic(traffic, fabric.n_endpoints, NodeNames(fabric))
            if is_file
            else pattern(traffic, fabric.n_endpoints, amount, draw)
        )
        progress.step("routing and running")
        equal = bool((who.size == who.size[0]).all() and (who.start == who.start[0]).all())
        if window is None:
            window = 0.0 if equal or len(who) <= 5000 else 0.002
        run = FlowRun(
            whole=improved(fabric, faster),
            traffic=who,
            policy=policy,
            profile=profile,
            faults=(*failing, *slowing),
            course=course,
            packets=packets,
            seed=draw,
            allow_partition=partition,
            resolution=window,
        )
        record = Record() if timeline else None
        result = run.run(record)
        notes += [str(run.damage)] if run.damage else []
        notes += [f"faster: {format_upgrades(faster)}"] if faster else []
        asked = {"fail": format_faults(failing), "degrade": format_faults(slowing)}
        asked |= {name: text for name, text in course.texts.items() if name in ("faults", "reroute_delay")}
        progress.print(
            flows_lines(text, run.fabric, traffic, policy, profile, result, window, notes, asked, packets)
        )
        if out:
            integral = bool((who.size == who.size.round()).all() and who.size.max() < 2**62)
            columns = {
                "src": who.src.tolist(),
                "dst": who.dst.tolist(),
                "size_bytes": (who.size.astype(int) if integral else who.size).tolist(),
                "start_s": who.start.tolist(),
                "end_s": result.end.tolist(),
                "rate_GBps": (result.rate / 1e9).tolist(),
            }
            write_columns(out, columns)
            tell_written(out)
        if ports:
            write_columns(ports, result.ports)
            tell_written(ports)
        if explain:
            progress.step("trying what would help")
            why = explain_flows(run, result)
            progress.print(explanation_lines(f"the last flow of {len(who):,}", why))
        if explain_plot:
            progress.step("drawing")
            from sims.show.figures import gains_figure, save_figure

            subject = [text, f"{traffic} of {len(who):,} flows"]
            setting = f"Routing {policy}, latency profile {profile.name}"
            save_figure(gains_figure(why, subject, setting, fabric.disclaimer), explain_plot)
            tell_written(explain_plot)
        if record and timeline:
            progress.step("drawing the timeline")
            from sims.show.figures import flows_timeline_figure, save_figure

            save_figure(flows_timeline_figure(record, f"{text}: {traffic}, routing {policy}"), timeline)
            tell_written(timeline)
