"""Pipelines that fill and drain: a slow twin, theorems, and ranks and packets that do not go in step."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric, Paths
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import bound_time, flow_time, latency_time
from sims.models.fluid.filling import NONE, filling
from sims.models.fluid.program import Program
from sims.models.fluid.stage import Stage
from sims.workload.schedule import Phase
from tests.support.pipeline_twin import segment_times, twin
from topologies import load

SEGMENT = 2**19
SILENT = "ideal:cable_factor=0"
GOODPUT = "roce-400g:bandwidth=0.9803921568627451"  # 4096 bytes of 4178


@cache
def fabric(text: str) -> Fabric:
    return Fabric.from_graph(load(text))


def program(
    text: str,
    algorithm: str = "tree",
    collective: str = "all-reduce",
    routing: str = "dmodk",
    profile: str = SILENT,
) -> Program:
    job = CollectiveJob(fabric(text), collective=collective, routing=routing, latency_profile=profile, seed=1)
    return job.program(algorithm)


def expected(of: Program, stage: Stage) -> tuple[float, float, float]:
    """What the twin says of a stage."""
    phase, paths = stage.phase, stage.routed.expanded()
    chunk = np.broadcast_to(phase.first + phase.base, len(phase)).tolist()
    assert phase.stage is not None
    ends = list(zip(phase.src.tolist(), phase.dst.tolist(), chunk, phase.stage.tolist()))
    seconds = (np.ones(len(paths.link)) if paths.weight is None else paths.weight) / of.qps
    seconds = seconds / of.fabric.capacity[paths.link]
    crossed = [
        list(zip(paths.link[a:b].tolist(), seconds[a:b].tolist()))
        for a, b in zip(paths.ptr[:-1].tolist(), paths.ptr[1:].tolist())
    ]
    assert of.qps == 1
    return twin(ends, crossed)


CASES = [
    ("star:endpoints=6", "tree", "all-reduce", "dmodk"),
    ("star:endpoints=13", "tree", "reduce", "ecmp"),
    ("fat-tree:k=4", "tree", "all-reduce", "ecmp"),
    ("fat-tree:k=4", "tree", "broadcast", "adaptive"),
    ("fat-tree:k=4", "chain", "reduce", "ecmp"),
    ("leaf-spine:leaves=3,spines=2,endpoints_per_leaf=5", "tree", "all-reduce", "spray"),
    ("fat-tree:endpoints=24,radix=16,gpus_per_server=4", "chain-tree", "all-reduce", "ecmp"),
    ("fat-tree:endpoints=24,radix=16,gpus_per_server=4", "hierarchical-tree", "all-reduce", "dmodk"),
]


@pytest.mark.parametrize(("text", "algorithm", "collective", "routing"), CASES)
def test_the_slow_twin_agrees(text: str, algorithm: str, collective: str, routing: str) -> None:
    of = program(text, algorithm, collective, routing)
    stages = [stage for stage in of.stages if stage.phase.stage is not None]
    assert stages and all(stage.filling is NONE for stage in of.stages if stage not in stages)
    for stage in stages:
        way, pair, full = expected(of, stage)
        assert (*stage.filling, stage.peak) == pytest.approx((way, pair, full), rel=1e-12)
        for segments in (1, 2, 3, 40):
            assert stage.filling.steps(segments, stage.peak) * stage.peak == pytest.approx(
                segment_times(segments, way, pair, full), rel=1e-12
            )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_so_it_does_on_links_drawn_at_random(data: st.DataObject) -> None:
    """Any transfers on any links of any rates, two queue pairs each of which takes links of its own."""
    count = data.draw(st.integers(1, 8))
    ends = [data.draw(st.tuples(*[st.integers(0, 3)] * 4)) for _ in range(count)]
    rates = np.array(data.draw(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=4, max_size=4)))
    rows = [data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)) for _ in range(count)]
    ptr, link = np.cumsum([0, *map(len, rows)]), np.array([x for row in rows for x in row], np.int32)
    src, dst, chunk, stage = (np.array(column, np.int32) for column in zip(*ends))
    phase = Phase(
        kind="pipeline", src=src, dst=dst, first=chunk, count=1, modulus=4, stage=stage, segment_bytes=1
    )
    found = filling(phase, Paths(ptr=ptr, link=link), rates, 1.0, 4)
    way, pair, full = twin(ends, [[(x, 1 / float(rates[x])) for x in row] for row in rows])
    assert tuple(found) == pytest.approx((way, pair), rel=1e-12)
    # The same twice, each with half the bytes.
    double = Paths(ptr=np.concatenate([ptr, ptr[-1] + ptr[1:]]), link=np.tile(link, 2))
    assert tuple(filling(phase, double, rates, 0.5, 4)) == pytest.approx((way, pair), rel=1e-12)
    # Between what the fullest link is busy and all stages at full load.
    stages = int(stage.max()) + 1
    times = [found.steps(p, full) for p in (1, 2, 3, 10, 1000)]
    for segments, steps in zip((1, 2, 3, 10, 1000), times):
        assert segments <= steps <= (stages + segments - 1) * (1 + 1e-12)
    assert times == sorted(times)


@pytest.mark.parametrize("segments", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("n", [2, 5, 16])
def test_a_chain_is_exact(n: int, segments: int) -> None:
    """No two stages share a link: n - 2 + p segments of time, as ever, and as ranks by themselves take."""
    of, size = program(f"star:endpoints={n}", "chain", "broadcast"), segments * SEGMENT
    assert flow_time(of, size) == pytest.approx((n - 2 + segments) * SEGMENT / 50e9, rel=1e-12)
    job = CollectiveJob(
        fabric(f"star:endpoints={n}"), collective="broadcast", latency_profile=SILENT, sync="rank"
    )
    if segments < 7:
        assert job.row("chain", size).time_s == pytest.approx(flow_time(of, size), rel=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_of_full_trees_on_one_switch(depth: int) -> None:
    """n = 2^(d+1) - 1: a parent and its two children take two segments of time in each of 2 d stages."""
    of = program(f"star:endpoints={2 ** (depth + 1) - 1}")
    unit = SEGMENT / 50e9
    for segments in (1, 2, 3, 50):
        full = max(4 * depth + 2 * (segments > 1) + 4 * max(0, segments - 2), 4 * segments)
        assert flow_time(of, 2 * segments * SEGMENT) == pytest.approx(full * unit, rel=1e-12)
        assert bound_time(of, 2 * segments * SEGMENT) == pytest.approx(full * unit, rel=1e-12)
    assert latency_time(of, 2**30, flow_time(of, 2**30)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "algorithm", "collective", "least", "most"),
    [
        ("star:endpoints=16", "tree", "all-reduce", 0.97, 1.02),
        ("star:endpoints=31", "tree", "all-reduce", 0.99, 1.07),
        ("star:endpoints=31", "tree", "reduce", 0.91, 1.01),
        ("star:endpoints=33", "tree", "broadcast", 0.999, 1.07),
        ("fat-tree:endpoints=32,radix=16,gpus_per_server=8", "chain-tree", "all-reduce", 0.8, 1.12),
    ],
)
def test_ranks_that_do_not_wait_take_about_as_long_without_latency(
    text: str, algorithm: str, collective: str, least: float, most: float
) -> None:
    """Bytes alone, where the difference of the two is largest."""
    common = {"collective": collective, "routing": "dmodk", "latency_profile": SILENT}
    phase, rank = (CollectiveJob(fabric(text), sync=sync, **common) for sync in ("phase", "rank"))
    chunks = phase.schedule(algorithm).chunks
    for segments in (1, 2, 3, 4, 8):
        size = segments * chunks * SEGMENT
        times = [job.row(algorithm, size).time_s for job in (phase, rank)]
        assert least <= times[0] / times[1] <= most, (segments, times)


@pytest.mark.parametrize("collective", ["all-reduce", "broadcast", "reduce"])
@pytest.mark.parametrize("size", [2**16, 2**18, 2**20, 2**21])
def test_packets_take_as_long_within_a_tenth(collective: str, size: int) -> None:
    common = {"collective": collective, "routing": "dmodk", "seed": 1}
    fluid = CollectiveJob(fabric("fat-tree:k=4"), latency_profile=GOODPUT, **common)
    packets = CollectiveJob(
        fabric("fat-tree:k=4"), latency_profile="roce-400g", engine="packet", packet="none", **common
    )
    found, other = (job.row("tree", size) for job in (fluid, packets))
    assert found.time_s == pytest.approx(other.time_s, rel=0.1)
    assert 0 < found.efficiency <= 1 and found.contention >= 1


@pytest.mark.parametrize("algorithm", ["tree", "chain-tree", "hierarchical-tree:pipeline=1"])
@pytest.mark.parametrize("size", [8, 2**20, 2**24, 2**34])
def test_no_pipeline_takes_less_than_its_fullest_link(algorithm: str, size: int) -> None:
    of = program("fat-tree:k=4,gpus_per_server=2", algorithm, routing="ecmp")
    time = flow_time(of, size)
    least = sum(s.peak * s.phase.repeat * s.phase.count for s in of.stages) / of.schedule.chunks * size
    assert time >= least * (1 - 1e-12)
    faster = of.with_capacity(of.fabric.capacity * 4)
    assert flow_time(faster, size) == pytest.approx(time / 4, rel=1e-9)
