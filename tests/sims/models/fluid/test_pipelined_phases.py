"""Slices that follow each other through the phases: a recurrence, theorems, packets, and what is said."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Dmodk, Fabric
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.models.fluid.engine import collective, flow_time
from sims.models.fluid.network import FluidNetwork
from sims.models.fluid.program import Program
from sims.models.packet.collective import PacketProgram
from sims.models.packet.settings import parse_packet_settings
from sims.models.profiles import latency_profile
from sims.scenario.scenario import Scenario
from sims.show.words.explain import explanation_lines
from sims.show.words.table import limit_lines
from sims.simulation import simulate
from sims.studies.explain.bottleneck import hotspots
from sims.studies.explain.explainer import command, explain
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import read_sweep
from sims.workload.collectives import SLICES, algorithms, sliced
from sims.workload.schedule import Phase, Schedule
from topologies import fat_tree, load

B, NVLINK = 50e9, 450e9  # bytes/s of a NIC and of a GPU's links into its server
ROCE = latency_profile("roce-400g")
SILENT = "ideal:cable_factor=0"
STEP = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9  # s, under one switch
ACROSS = ("hierarchical-ring", "hierarchical-tree", "hierarchical-halving-doubling")


@cache
def servers(count: int, gpus: int = 8) -> Fabric:
    return Fabric.from_graph(fat_tree(endpoints=gpus * count, radix=64, tiers=1, gpus_per_server=gpus))


# --- the recurrence -----------------------------------------------------------------------------------------


def recurrence(slices: int, bytes_: Sequence[float], latency: Sequence[float]) -> float:
    """start[s, k] = max(received[s, k - 1], sent[s - 1, k]): seconds of the last receipt.

    ``bytes_``, ``latency``: per phase, s that a slice's bytes take, and from its sending to its receipt.
    """
    sent = [0.0] * len(bytes_)
    received = 0.0
    for _ in range(slices):
        received = 0.0
        for k in range(len(bytes_)):
            sent[k] = max(received, sent[k]) + bytes_[k]
            received = sent[k] + latency[k]
    return received


def relay(counts: Sequence[int], slices: int) -> Schedule:
    """Phase k is one transfer of counts[k] chunks from rank k to k + 1: no two phases share a link."""
    phases = tuple(
        Phase(kind="round", src=[k], dst=[k + 1], first=[0], count=count, modulus=max(counts))  # type: ignore[arg-type]
        for k, count in enumerate(counts)
    )
    return Schedule(name="relay", n=len(counts) + 1, chunks=max(counts), phases=phases, pipeline=slices)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(1, 9), st.sampled_from([2e4, 1e6, 5e7])
)
def test_phases_on_links_of_their_own_follow_the_recurrence(
    counts: list[int], slices: int, size: float
) -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=len(counts) + 1, radix=64, tiers=1))
    schedule, ranks = relay(counts, slices), np.arange(len(counts) + 1)
    bytes_ = [count / max(counts) * size / slices / B for count in counts]
    expected = recurrence(slices, bytes_, [STEP] * len(counts))
    # Alike slices: each phase once, and the longest again for every further slice; latencies once.
    assert expected == pytest.approx(sum(bytes_) + (slices - 1) * max(bytes_) + len(counts) * STEP, rel=1e-12)
    program = Program.compile(schedule, fabric, ranks, Dmodk(), ROCE)
    assert flow_time(program, size) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("steps", ["receipt", "barrier"])
@pytest.mark.parametrize("cc", ["none", "window"])
@pytest.mark.parametrize("counts", [(1,), (2, 1, 3), (3, 3, 1, 2)])
@pytest.mark.parametrize("slices", [1, 2, 5])
def test_so_do_packets(slices: int, counts: tuple[int, ...], cc: str, steps: str) -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=len(counts) + 1, radix=64, tiers=1))
    packet = parse_packet_settings(f"{cc}:steps={steps},header=0,mtu=1000")
    size = 1000.0 * math.lcm(*counts) * slices * 12  # whole packets
    program = PacketProgram.compile(
        relay(counts, slices), fabric, np.arange(len(counts) + 1), Dmodk(), ROCE, packet
    )
    bytes_ = [count / max(counts) * size / slices / B for count in counts]
    expected = recurrence(slices, bytes_, [STEP] * len(counts))
    if cc == "none":
        assert program.run(size)[0] == pytest.approx(expected, rel=1e-9)
    else:  # a window lets each slice's last packets go later
        assert program.run(size)[0] == pytest.approx(expected, rel=0.05)


# --- theorems -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slices", [2, 8, 100])
@pytest.mark.parametrize("phase", [0, 1])
@pytest.mark.parametrize("size", [10**4, 10**9])
def test_slices_of_a_single_phase_change_nothing(phase: int, size: int, slices: int) -> None:
    # Only bytes occupy links, so the last slice leaves when the whole would have left.
    job = AllReduce(servers(4), routing="dmodk")
    whole = job.program("hierarchical-ring").schedule
    times = []
    for pipeline in (1, slices):
        schedule = Schedule(
            name="one", n=whole.n, chunks=whole.chunks, phases=(whole.phases[phase],), pipeline=pipeline
        )
        program = Program.compile(schedule, job.fabric, job.placement, job.policy, job.profile)
        times.append(flow_time(program, size))
    assert times[1] == pytest.approx(times[0], rel=1e-9)


def test_slices_of_a_tree_fill_it_once() -> None:
    # Slices of a whole number of segments are segments one after another, and fill the tree once: each slice
    # fills behind the one ahead, the second segment of the whole closer behind the first than at full pace.
    job, size, slices, segment = AllReduce(servers(8), routing="dmodk"), 8 * 2**23, 8, 2**16
    plain = job.program(f"hierarchical-tree:segment={segment}").schedule
    times = []
    for pipeline in (1, slices):
        schedule = Schedule(
            name="tree", n=plain.n, chunks=plain.chunks, phases=(plain.phases[1],), pipeline=pipeline
        )
        program = Program.compile(schedule, job.fabric, job.placement, job.policy, job.profile)
        assert plain.phases[1].bytes_of(size / pipeline, plain.chunks)[1] == segment
        times.append(flow_time(program, size))
    stage = program.stages[0]
    assert times[0] <= times[1] * (1 + 1e-9)
    assert times[1] <= times[0] + (stage.peak - stage.filling.pair) * segment + 1e-12


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ACROSS),
    st.sampled_from([(2, 4), (3, 4), (6, 2), (5, 8), (1, 8), (6, 1)]),
    st.integers(1, 20),
    st.sampled_from([8, 10**5, 10**7, 10**9]),
    st.sampled_from(["roce-400g", SILENT, "nccl-ring-ll"]),
)
def test_a_pipeline_lies_between_its_bytes_and_its_phases_one_by_one(
    name: str, shape: tuple[int, int], slices: int, size: int, profile: str
) -> None:
    """Above: while any phase sends, those that send do a second's work a second on some full link; while none
    does, the last slice is under way, for the latencies of one way through the phases at most."""
    job = AllReduce(servers(*shape), routing="dmodk", latency_profile=profile)
    program = job.program(f"{name}:pipeline={slices}")
    time = flow_time(program, size)
    work = program.byte_times(size)[:, 0]
    part = size / slices, program.schedule.chunks
    filling = sum(
        (stage.bytes_of(*part)[0] - stage.segments(*part)) * stage.bytes_of(*part)[1] * stage.peak
        for stage in program.stages
    )
    above = float(work.sum()) + filling * (slices > 1) + program.chain(size)
    assert time <= above * (1 + 1e-9)
    one = program.chain(size) + float(work.sum()) / slices  # a slice on its own
    assert time >= max(one, program.busy(size)[0] + program.base(size)) * (1 - 1e-9)


@pytest.mark.parametrize("name", ACROSS)
@pytest.mark.parametrize("slices", [2, 5, 16])
@pytest.mark.parametrize("size", [2**16, 2**22])
def test_packets_are_near_and_each_slice_pays_latency_beside_the_others(
    name: str, slices: int, size: int
) -> None:
    settings = {"routing": "dmodk", "latency_profile": "roce-400g"}
    packet = ":header=0,mtu=4096" if size > 2**16 else ":header=0,mtu=64"
    algorithm = f"{name}:pipeline={slices}"
    fluid = AllReduce(servers(4, 4), **settings).row(algorithm, size)
    found = AllReduce(servers(4, 4), engine="packet", packet=packet, **settings).row(algorithm, size)
    # Slices use the gaps of rings, and segments those of a tree that fills, where lockstep has none.
    least, most = {ACROSS[0]: (0.8, 1.005), ACROSS[1]: (0.55, 1.005), ACROSS[2]: (0.995, 1.15)}[name]
    assert least < found.time_s / fluid.time_s < most
    plain = AllReduce(servers(4, 4), **settings).row(name, size)
    assert fluid.time_s <= plain.time_s * 1.05


def test_latency_of_many_steps_is_not_paid_slice_by_slice() -> None:
    # A ring over 12,500 servers: 24,998 steps of latency are nearly all of the 101 ms.
    job = AllReduce(Fabric.from_graph(load("preset:colossus-100k")))
    plain, sliced = (
        job.row(name, 2**28).time_s for name in ("hierarchical-ring", "hierarchical-ring:pipeline=8")
    )
    assert plain == pytest.approx(0.101, rel=0.01)
    assert sliced < plain


@pytest.mark.parametrize("name", ACROSS[:2])
@pytest.mark.parametrize("latency", [True, False])
@pytest.mark.parametrize("routing", ["ecmp", "spray"])
def test_some_links_stand_for_all(name: str, latency: bool, routing: str) -> None:
    graph = load("fat-tree:k=8,gpus_per_server=4")
    graph.remove_edges_from([edge for edge in list(graph.edges) if min(edge) >= 128 and min(edge) < 160][::9])
    settings: dict[str, str] = {"placement": "random", "routing": routing}
    program = AllReduce(Fabric.from_graph(graph), seed=3, **settings).program(f"{name}:pipeline=5")  # type: ignore[arg-type]
    assert len(program.condensed.capacity) < program.fabric.n_links / 10
    for size in (10**5, 10**9):
        env = simpy.Environment()
        network = FluidNetwork(env, program.fabric.capacity)
        env.run(env.process(collective(env, network, program, size, latency=latency)))
        assert flow_time(program, size, latency=latency) == pytest.approx(env.now, rel=1e-9)


# --- how many slices ----------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(ACROSS[:2]),
    st.sampled_from([(2, 4), (3, 8), (8, 2)]),
    st.sampled_from([8, 10**6, 10**9]),
)
def test_the_default_is_never_slower_than_none_and_near_the_best(
    name: str, shape: tuple[int, int], size: int
) -> None:
    job = AllReduce(servers(*shape), routing="dmodk", latency_profile="ideal")
    none, default, many = (
        flow_time(job.program(text), size)
        for text in (f"{name}:pipeline=1", sliced(name, "flow"), f"{name}:pipeline=64")
    )
    assert default <= none * (1 + 1e-9)
    if "ring" in name:  # two kinds of links: what fills is 1/8 of the faster one's time at most
        assert default <= many * (1 + 1 / SLICES)


def test_rows_say_how_many_slices_ran_and_old_ones_mean_what_they_meant() -> None:
    fabric = servers(4)
    names = "hierarchical-ring,hierarchical-ring:pipeline=8,hierarchical-ring:pipeline=1,ring,auto"
    rows = all_reduce(fabric, names, 2**26)
    assert [row.scenario.algorithm for row in rows] == [
        "hierarchical-ring:pipeline=8",
        "hierarchical-ring:pipeline=1",
        "ring",
        "auto:pipeline=8",
    ]
    for row in rows:
        assert simulate(row.scenario, fabric) == row
    old = rows[0].scenario.model_copy(update={"algorithm": "hierarchical-ring"})
    assert simulate(old, fabric).time_s == rows[1].time_s > rows[0].time_s
    older = rows[-1].scenario.model_copy(update={"algorithm": "auto"})
    every = [AllReduce(fabric).row(name, 2**26).time_s for name in algorithms()]
    assert simulate(older, fabric).time_s == min(every)
    (bound,) = all_reduce(fabric, "hierarchical-ring", 2**26, engine="bound")
    assert bound.scenario.algorithm == "hierarchical-ring"  # closed forms know no slices
    with pytest.raises(ParameterError, match="no closed form for pipelined phases"):
        all_reduce(fabric, "auto:pipeline=4", 2**26, engine="bound")


def test_sweeps_mean_the_same() -> None:
    plan = plan_sweep(
        read_sweep(
            sets=["topology=fat-tree:k=4", "algorithm=hierarchical-ring,ring", "engine=flow,bound", "size=8"]
        )
    )
    assert {(point.algorithm, point.engine) for point in plan.points} == {
        ("hierarchical-ring:pipeline=8", "flow"),
        ("hierarchical-ring", "bound"),
        ("ring", "flow"),
        ("ring", "bound"),
    }


def test_the_command_of_a_row_runs_what_the_row_ran() -> None:
    old = Scenario.of(topology="fat-tree:k=4", ranks=16, algorithm="hierarchical-ring", size_bytes=8)
    assert old.key == "4ab82049eb1acdfe"  # as it was before there was a default
    assert "--algorithm hierarchical-ring:pipeline=1 " in command(old)
    assert "--algorithm hierarchical-ring " in command(old.model_copy(update={"engine": "bound"}))
    assert "--algorithm ring " in command(old.model_copy(update={"algorithm": "ring"}))
    kept = old.model_copy(update={"algorithm": "hierarchical-tree:pipeline=8,segment=1024"})
    assert f"--algorithm {kept.algorithm} " in command(kept)


# --- what limits them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["flow", "bound", "packet"])
@pytest.mark.parametrize("routing", ["ecmp", "adaptive"])
@pytest.mark.parametrize("fabric", ["star:endpoints=7", "fat-tree:k=4,gpus_per_server=2"])
def test_without_latency_no_share_of_the_time_is_latency(fabric: str, routing: str, engine: str) -> None:
    ranks = Fabric.from_graph(load(fabric))
    for packet in ("none", "window", ":header=0,steps=barrier") if engine == "packet" else ("",):
        job = AllReduce(ranks, engine=engine, routing=routing, packet=packet, latency_profile=SILENT, seed=3)
        names = [*algorithms()]
        if engine != "bound":
            names += [f"{name}:pipeline={m}" for name in ACROSS for m in (2, 5)]
        for name in job.fits(names)[0]:
            for size in (56, 300_000):
                row = job.row(name, size)
                assert row.latency_share == pytest.approx(0, abs=1e-12), name
                assert 0 < row.efficiency <= 1 + 1e-9 and row.contention >= 1 - 1e-12
                assert row.efficiency * row.contention <= 1 + 1e-9
                assert "latency takes" not in "".join(limit_lines([row]))


@pytest.mark.parametrize("slices", [1, 2, 8])
@pytest.mark.parametrize("size", [8, 10**6, 10**9])
def test_the_share_of_latency_is_what_no_latency_would_save(size: int, slices: int) -> None:
    for name in ACROSS:
        algorithm = f"{name}:pipeline={slices}"
        row = AllReduce(servers(4), routing="dmodk").row(algorithm, size)
        without = AllReduce(servers(4), routing="dmodk", latency_profile=SILENT).row(algorithm, size)
        assert row.time_s * (1 - row.latency_share) == pytest.approx(without.time_s, rel=1e-9)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_of_packets_the_latency_is_that_of_the_profile(n: int) -> None:
    # log2 n rounds of S/2, S/4 ... and back, each with a step of latency; headers are apart.
    job = AllReduce(Fabric.from_graph(load(f"star:endpoints={n}")), engine="packet", routing="dmodk")
    row = job.row("halving-doubling", 2**20)
    rounds = 2 * int(math.log2(n))
    assert row.latency_share * row.time_s == pytest.approx(rounds * STEP, rel=1e-9)
    packets = 2 * sum(2**20 / 2**i / 4096 for i in range(1, rounds // 2 + 1))
    rest = 1 - row.efficiency * row.contention - row.latency_share
    assert rest * row.time_s == pytest.approx(packets * 82 / B, rel=1e-9)


def test_phases_on_the_same_links_add_up() -> None:
    """128 servers of 8 under 1 GiB: each NIC carries 2 (127/128) S/8, each GPU's NVLink 2 (7/8) S."""
    size, fabric = 2**30, Fabric.from_graph(load("preset:superpod-h100:su=4"))
    job = AllReduce(fabric, routing="adaptive", latency_profile=SILENT)
    row = job.row("hierarchical-halving-doubling:pipeline=8", size)
    nic, inside = 2 * 127 / 128 * size / 8 / B, 2 * 7 / 8 * size / NVLINK
    assert nic > inside
    assert row.efficiency == pytest.approx(nic / row.time_s, rel=1e-9)
    assert row.efficiency == pytest.approx(0.896, abs=5e-4)
    assert row.latency_share == 0 and row.limit_link == "endpoint -> leaf"
    # The first slice has to come to the NICs, and the last to leave them.
    assert row.time_s >= nic + inside / 8
    lines = list(limit_lines([row]))
    assert (
        lines[0]
        == "# limit at 1 GiB: 89.6% of the bandwidth bound; the bytes wait for endpoint -> leaf links"
    )
    assert (
        lines[1] == "# the rest: 10.4% of the time, in which these links wait while pipelines fill and empty"
    )
    found = explain(row.scenario, fabric)
    (spot,) = found.hotspots
    assert spot.phases == tuple(range(2, 16)) and spot.share == pytest.approx(row.efficiency, rel=1e-9)
    assert spot.seconds == pytest.approx(nic, rel=1e-9) and spot.together
    kinds = [one.link for one in spot.bottlenecks for _ in range(one.links)]
    assert Counter(kinds) == {"endpoint -> leaf": 1024, "leaf -> endpoint": 1024}
    assert "side by side: these links are busy 89.6% of the time" in "\n".join(explanation_lines("it", found))


def test_where_nvlink_is_full_the_two_phases_inside_servers_are_named() -> None:
    # Two servers: the NICs carry S/8 once each way, NVLink at a fifth of its rate 2 (7/8) S.
    fabric = Fabric.from_graph(load("fat-tree:k=8,gpus_per_server=8,nvlink=90GB/s"))
    job = AllReduce(fabric, ranks=16, routing="dmodk", latency_profile=SILENT)
    program, size = job.program("hierarchical-ring:pipeline=4"), 2**26
    time = flow_time(program, size)
    (spot,) = hotspots(program, size, time)
    assert spot.phases == (1, 3) and spot.seconds == pytest.approx(2 * 7 / 8 * size / 90e9, rel=1e-9)
    row = job.row("hierarchical-ring:pipeline=4", size)
    assert row.limit_link == "endpoint -> scale-up switch"
    assert row.efficiency == pytest.approx(spot.seconds / time, rel=1e-9)


def test_of_packets_what_waits_is_no_latency() -> None:
    star = Fabric.from_graph(load("star:endpoints=7"))
    packet = ":header=0"
    row = AllReduce(star, engine="packet", packet=packet, latency_profile=SILENT).row(
        "halving-doubling", 2**24
    )
    # Phase by phase: S to fold in, S/2, S/4, S/4, S/2, and S to fold out.
    assert row.efficiency == pytest.approx(3.5 * 2**24 / B / row.time_s, rel=1e-9)
    lines = list(limit_lines([row]))
    assert row.latency_share == 0 and "latency" not in lines[0]
    assert lines[1].startswith(
        "# the rest: 37.8% of the time, waits in queues and for other ranks, and headers"
    )


@pytest.mark.parametrize("routing", ["ecmp", "adaptive"])
@pytest.mark.parametrize("fabric", ["star:endpoints=7", "fat-tree:k=4,gpus_per_server=2"])
def test_the_share_of_latency_is_what_a_run_without_any_saves(fabric: str, routing: str) -> None:
    """Of every algorithm, in slices and whole, where latency is nearly all and where it is nearly nothing."""
    ranks = Fabric.from_graph(load(fabric))
    real, silent = (
        AllReduce(ranks, routing=routing, latency_profile=profile, seed=3) for profile in ("ib-ndr", SILENT)
    )
    names = [*algorithms(), *(f"{name}:pipeline={m}" for name in ACROSS for m in (2, 5))]
    for name in real.fits(names)[0]:
        for size in (8, 300_000, 2**30):
            row, without = real.row(name, size), silent.row(name, size)
            assert row.latency_share == pytest.approx(1 - without.time_s / row.time_s, abs=1e-9), name
