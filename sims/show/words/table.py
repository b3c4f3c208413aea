"""The terminal's words: rows in the column layout of nccl-tests, what limits them, static measures.

Prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fabric.damage.fault import NONE
from fabric.graph.nic import planes
from fabric.routing.policies import POLICIES, parse_policy
from fabric.words.counted import counted, plural
from fabric.words.units import format_rate, format_size, format_time
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.profiles import latency_profile
from sims.scenario.row import Row
from sims.scenario.scenario import usual
from sims.settings.setup import Setup
from sims.show.words.band import band_words
from sims.show.words.dtype import FLOAT, Dtype
from sims.show.words.faults import course_lines, disturbance_lines, struck_lines
from sims.show.words.groups import group_lines, groups_header
from sims.workload.collective import COLLECTIVES
from sims.workload.members import used
from sims.workload.mesh import group_size
from sims.workload.placement import placement_words
from sims.workload.skew import skewed, zipf_exponent

if TYPE_CHECKING:
    from fabric.measures.measure import Measures
    from sims.jobs.flow_run import FlowRun
    from sims.models.fluid.flows import FlowResult

__all__ = [
    "collective_block",
    "collective_header",
    "flows_lines",
    "limit_lines",
    "measures_lines",
]

_TOLD = 0.0005  # shares below it are not told

_WIDTHS = (12, 12, 8, 6, 5, 12, 9, 9, 7)
_TITLES = ("size", "count", "type", "redop", "root", "time", "algbw", "busbw", "#wrong")
_UNITS = ("(B)", "(elements)", "", "", "", "(us)", "(GB/s)", "(GB/s)", "")


def _columns(start: str, values: Sequence[object]) -> str:
    return f"{start} " + " ".join(f"{value:>{width}}" for value, width in zip(values, _WIDTHS)).rstrip()


def collective_header(
    row: Row, disclaimer: str = "", notes: Sequence[str] = (), where: str = ""
) -> Iterator[str]:
    """What was run, from any of its rows; ``where``: the servers and leaves of the ranks."""
    s, of = row.scenario, COLLECTIVES[row.scenario.collective]
    yield f"# fabricsim {row.version}: {s.collective}, simulated ({s.engine} model)"
    if s.collective != usual("collective"):
        yield f"# size       {of.size}; busbw = algbw x {of.factor_text}"
    yield f"# topology   {s.topology}: {counted(row.endpoints, 'endpoint')}"
    routing = s.routing + planes_words(s.routing, row.planes)
    ranks, placed = f"{s.ranks:,} {where}".rstrip(), placement_words(s.placement)
    yield f"# ranks      {ranks}, placement {placed}, routing {routing}, seed {s.seed}"
    yield from groups_header(s.model_dump())
    together = group_size(s.groups, s.experts, s.over, s.ranks)
    if (parts := skewed(together, float(s.skew))) is not None:
        who = "rank 0" + f" of {together:,}" * (together < s.ranks)
        law = f"Zipf's law, exponent {zipf_exponent(together, float(s.skew)):.3g}"
        yield f"# skew       {who} gets {parts[0]:.4g} times the mean, the last {parts[-1]:.3g} ({law})"
    yield f"# latency    {latency_profile(s.latency_profile)}"
    if s.sync != usual("sync"):
        yield "# sync       each rank goes on when it has received what it needs"
    if s.packet:
        yield f"# packets    {packet_settings_line(parse_packet_settings(s.packet))}"
    if s.upgrade != NONE:
        yield f"# faster     {s.upgrade}"
    yield from course_lines(s.model_dump())
    if disclaimer:
        yield f"# note       {disclaimer}"
    for note in notes:
        yield f"# note       {note}"


def collective_block(rows: Sequence[Row], note: str = "", dtype: Dtype = FLOAT) -> Iterator[str]:
    """The rows of one algorithm in the columns of nccl-tests, and under them what limits the largest size.

    ``dtype``: of the elements that are counted.
    """
    algorithm = rows[0].scenario.algorithm
    yield "#"
    yield f"# {algorithm}" + (f"   ({note})" if note else "")
    used = "  used" if any(row.used != algorithm for row in rows) else ""
    yield _columns("#", _TITLES) + used
    yield _columns("#", _UNITS)
    for row in rows:
        yield _line(row, dtype) + (f"  {row.used}" if row.used != algorithm else "")
    yield from limit_lines(rows)
    largest = max(rows, key=lambda row: row.scenario.size_bytes)
    yield f"# band at {format_size(largest.scenario.size_bytes)}: {band_words(largest)}"


def planes_words(routing: str, planes: int) -> str:
    """What to say behind a routing that deals the queue pairs of a transfer over all planes.

    >>> planes_words("ecmp:qps=8", 8)
    ', one for each plane'
    """
    kind = POLICIES.get(routing.partition(":")[0])
    dealt = planes > 1 and kind is not None and kind.per_plane and parse_policy(routing).qps == planes
    return ", one for each plane" if dealt else ""


def unused_words(planes: int, used: float) -> str:
    """What to say where endpoints leave planes empty; nothing where they use all, or where it is not known.

    >>> unused_words(8, 1.0), unused_words(1, 1.0)
    ('; an endpoint uses 1 of 8 planes', '')
    """
    return f"; an endpoint uses {used:.3g} of {planes} planes" if 0 < used < planes * (1 - 1e-9) else ""


def _line(row: Row, dtype: Dtype) -> str:
    size = row.scenario.size_bytes
    time, algbw, busbw = _us(row.time_s), f"{row.algbw_GBps:.2f}", f"{row.busbw_GBps:.2f}"
    of = COLLECTIVES[row.scenario.collective]
    s = row.scenario
    count = size // dtype.size // of.count(group_size(s.groups, s.experts, s.over, s.ranks))
    redop = "sum" if of.reduces else "none"
    root = row.scenario.root if of.rooted else -1
    return _columns(" ", (size, count, dtype.name, redop, root, time, algbw, busbw, "N/A"))


def _us(seconds: float) -> str:
    value = seconds * 1e6
    return f"{value:.2f}" if value < 1e5 else f"{value:.0f}" if value < 1e15 else f"{value:.4g}"


def limit_lines(block: Sequence[Row]) -> Iterator[str]:
    """What limits the largest size of one algorithm, in words."""
    row = max(block, key=lambda r: r.scenario.size_bytes)
    size = format_size(row.scenario.size_bytes)
    text = f"# limit at {size}: {row.efficiency:.1%} of the bandwidth bound"
    if row.limit == "latency":
        text += f"; latency takes {row.latency_share:.0%} of the time"
    else:
        text += f"; the bytes wait for {row.limit_link} links"
        if row.latency_share >= _TOLD:
            text += f", latency takes {row.latency_share:.1%} of the time"
    yield text
    # With faults, efficiency is of the mean and not of a run.
    rest = 1 - row.efficiency * row.contention - row.latency_share
    if rest >= _TOLD and not row.disturbance:
        yield f"# the rest: {rest:.1%} of the time, {_rest(row)}"
    if row.contention > 1.0005:
        yield (
            f"# contention: the bytes take {row.contention:.2f} times what the endpoints' links need, "
            f"in the worst phase {row.worst_load:.2f} times, on {row.worst_link} links"
            f"{unused_words(row.planes, row.planes_used)}"
        )
    yield from group_lines(row, f"# groups at {size}")
    if row.disturbance:
        yield from disturbance_lines(size, row.disturbance, row.scenario.collective)
    if row.packets:
        yield from packet_lines(row.packets, "# ")


def _rest(row: Row) -> str:
    """What takes time and is neither bytes on the fullest links nor latency."""
    if row.packets:
        return "waits in queues and for other ranks, and headers"
    if row.scenario.sync != usual("sync"):
        return "in which these links wait for ranks that wait for others"
    return "in which these links wait while pipelines fill and empty"


def flows_lines(
    topology: str, traffic: str, run: FlowRun, setup: Setup, result: FlowResult, notes: Sequence[str] = ()
) -> Iterator[str]:
    """What was run, when it ended, who was slowest and which links were fullest."""
    fabric, policy, packet, resolution = run.fabric, run.policy, run.packets, run.resolution
    notes = [*notes, *([str(run.damage)] if run.damage else [])]
    notes += [f"faster: {setup.upgrade}"] if setup.upgrade != NONE else []
    who, seconds = result.traffic, result.seconds
    slow, fast = int(np.argmin(result.rate)), int(np.argmax(result.rate))
    yield f"# topology   {topology}: {counted(fabric.n_endpoints, 'endpoint')}"
    routing = f"routing {policy}{planes_words(str(policy), planes(fabric))}"
    yield f"# traffic    {traffic}: {counted(len(who), 'flow')}, {who.size.sum() / 1e9:,.6g} GB; {routing}"
    both = np.unique(np.concatenate([who.src, who.dst]))
    yield f"# ends       {counted(len(both), 'endpoint')} {used(fabric, both)}"
    yield f"# latency    {run.profile}"
    if packet is not None:
        yield f"# packets    {packet_settings_line(packet)}"
    else:
        together = f"ends within {resolution:g} of the makespan handled together; rates found"
        times = "once" if result.solves == 1 else f"{result.solves:,} times"
        yield f"# clock      {f'{together} {times}' if resolution else 'exact'}"
    yield from course_lines(setup.values)
    if fabric.disclaimer:
        yield f"# note       {fabric.disclaimer}"
    spared = run.course.warning(fabric, allow_partition=run.allow_partition)
    for note in filter(None, [*notes, policy.warning(fabric, packets=packet is not None), spared]):
        yield f"# note       {note}"
    total = float(who.size.sum())
    yield f"makespan        {format_time(result.makespan):>12}   from the first start to the last byte"
    yield f"mean duration   {format_time(float(seconds.mean())):>12}"
    yield f"aggregate       {total / result.makespan / 1e9:>12,.2f} GB/s over the makespan"
    yield f"mean rate       {float(result.rate.mean()) / 1e9:>12,.2f} GB/s a flow"
    for word, i in (("slowest", slow), ("fastest", fast)):
        ends = f"{fabric.label(int(who.src[i]))} -> {fabric.label(int(who.dst[i]))}"
        yield f"{word} flow    {result.rate[i] / 1e9:>12,.2f} GB/s, {ends}, {format_time(float(seconds[i]))}"
    yield f"fullest link    {result.busiest:>12}, {format_time(result.busiest_s)} of bytes"
    if result.used:
        yield f"links used      {result.used:>12.1%} of those between switches"
    if unused_words(planes(fabric), result.planes_used):
        yield f"planes used     {result.planes_used:>12.3g} of {planes(fabric)} of an endpoint's, in the mean"
    yield from struck_lines(result.faults)
    if result.packets:
        yield from packet_lines(result.packets)


# Of each control: whose a buffer is, and how it works.
_CONTROLS = {
    "none": ("", "no control but back-pressure"),
    "window": ("", "a window per queue pair"),
    "hop-by-hop": (" for each flow", "flows in turn with credits of their own"),
}


def packet_settings_line(settings: PacketSettings) -> str:
    """The settings of the packet model in words."""
    whose, control = _CONTROLS[settings.cc]
    usual = f"{settings.room} packets and the round trip"
    buffers = usual if settings.buffer is None else format_size(settings.buffer)
    return (
        f"{settings.mtu:,} bytes and {settings.header} around them (goodput {settings.goodput:.4f}), "
        f"{settings.switching}, {buffers} behind each link{whose}, {control}"
    )


def packet_lines(packets: Mapping[str, Mapping[str, float]], start: str = "") -> Iterator[str]:
    """What the packet model saw: order and latency of packets; queues, buffers and pauses of ports."""
    seen = packets["all"]
    links = seen["hops"] / max(seen["packets"], 1)
    yield f"{start}packets         {seen['packets']:>12,.0f} over {links:.2f} links each"
    yield f"{start}out of order    {seen['out_of_order']:>12.2%}"
    shown = [("median", "p50"), ("99%", "p99"), ("99.9%", "p999"), ("most", "max")]
    latency = ", ".join(f"{word} {format_time(seen[f'latency_{key}_s'])}" for word, key in shown)
    yield f"{start}packet latency  {format_time(seen['latency_mean_s']):>12} in the mean; {latency}"
    titles = ("queue mean", "most", "mean wait", "buffer", "paused")
    yield f"{start}{'worst port':<26}" + "".join(f"{title:>12}" for title in titles)
    for name, port in packets.items():
        if name != "all":
            values = (
                f"{port['queue_mean']:.1f}",
                f"{port['queue_max']:.0f}",
                format_time(port["wait_max_s"]),
                f"{port['buffer_max']:.0%}",
                format_time(port["paused_max_s"]),
            )
            yield f"{start}  {name:<24}" + "".join(f"{value:>12}" for value in values)


def measures_lines(
    name: str, m: Measures, disclaimer: str = "", notes: Sequence[str] = (), cuts: Sequence[str] = ()
) -> Iterator[str]:
    """Counts per tier, cables, ports, hops, path diversity, bisection (``cuts``: per tier), and so on."""
    yield f"{name}"
    if disclaimer:
        yield f"  note: {disclaimer}"
    for note in notes:
        yield f"  note: {note}"
    servers = f" in {counted(m.servers, 'server')}" if m.servers else ""
    yield f"  endpoints          {m.endpoints:>12,}{servers}"
    if len(m.parts) > 1 or m.parts[0][1] > 1:
        sizes = ", ".join(f"{n:,} of {size:,}" for size, n in m.parts[:4])
        more = f" and {counted(len(m.parts) - 4, 'other size')}" if len(m.parts) > 4 else ""
        count = sum(n for _, n in m.parts)
        yield f"  separate parts     {count:>12,}   no cable joins them; by endpoints: {sizes}{more}"
    for tier in m.tiers:
        ports = ", ".join(
            counted(p, "port") + (f" on {n:,}" if len(tier.ports) > 1 else " each")
            for p, n in tier.ports[-4:]
        )
        more = f" and {counted(len(tier.ports) - 4, 'other count')}" if len(tier.ports) > 4 else ""
        yield f"  {plural(tier.name):<18} {tier.switches:>12,}   cabled: {ports}{more}"
    yield f"  cables             {m.cables:>12,}"
    for b in m.boundaries:
        low, high = map(format_time, b.delay)
        delay = low if low == high else f"{low} to {high}"
        yield f"    {b.name:<26} {b.cables:>10,}   {format_rate(b.capacity)} each way, {delay} of cable"
    pairs = sum(n for _, n in m.hops)
    said = f"{m.diameter:>12,} at most, {m.mean_hops:.3f} in the mean" if pairs else "no pair has a path"
    yield f"  hops (links)       {said}"
    for hops, count in m.hops:
        yield f"    {counted(f'{hops:>2}', 'link') + ':':<9} {count / pairs:>8.3%} of the pairs"
    every = m.endpoints * (m.endpoints - 1)
    if pairs < every:
        yield f"    no path:  {1 - pairs / every:>8.3%} of all pairs{', left out above' if pairs else ''}"
    for links, least, most in m.diversity:
        paths = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        yield f"  shortest paths     {paths:>12} between leaves {counted(links, 'link')} apart"
    if not m.cables:
        yield "  bisection          not given: no cable joins anything"
    elif m.bisection == m.bisection:
        share = f": {2 * m.bisection / m.injection:.1%} of full" if m.injection else ""
        yield f"  bisection          {format_rate(m.bisection):>12} one way{share}"
        yield from cuts
    else:
        lack = "the switches have no tiers to cut between" if m.tiers else "there is no switch"
        yield f"  bisection          not given: {lack}"
    for tier_name, ratio in m.oversubscription:
        yield f"  oversubscription   {ratio:>10.4g}:1 at the worst {tier_name} (capacity below : above)"
