"""Times of collectives: against closed forms, against a slow recurrence, engine against engine."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Adaptive, Dmodk, Ecmp, Fabric, route
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.engine import ENGINES, bound_time, flow_time
from sims.models.fluid.program import Program
from sims.models.latency import link_latency
from sims.models.profiles import LatencyProfile, latency_profile
from sims.workload.collectives import build
from sims.workload.collectives.tree import SEGMENT, two_trees
from tests.support.pipeline_twin import segment_times, twin
from topologies import fat_tree

B = 50e9  # bytes/s of an endpoint, the default of fat_tree
CABLE = 25e-9  # s, endpoint to leaf
IDEAL, ROCE = latency_profile("ideal"), latency_profile("roce-400g")


@cache
def star(n: int) -> Fabric:
    """n endpoints under one switch."""
    return Fabric.from_graph(fat_tree(endpoints=n, radix=64, tiers=1))


@cache
def tree(k: int, delay: float | None = None) -> Fabric:
    return Fabric.from_graph(fat_tree(k=k) if delay is None else fat_tree(k=k, delay=delay))


@cache
def servers(count: int) -> Fabric:
    """Servers of 8 GPUs under one switch, with NVLink."""
    return Fabric.from_graph(fat_tree(endpoints=8 * count, radix=64, tiers=1, gpus_per_server=8))


def compiled(
    fabric: Fabric,
    name: str,
    policy: Policy,
    profile: LatencyProfile,
    ranks: int | None = None,
    **params: object,
) -> Program:
    n = ranks or fabric.n_endpoints
    schedule = build(name, params, n)
    return Program.compile(schedule, fabric, np.arange(n), policy, profile)


def closed_form(name: str, n: int, size: float, a: float) -> float:
    """DESIGN section 6: n ranks, ``size`` bytes, ``a`` s per step, B bytes/s per endpoint."""
    m = n.bit_length() - 1
    folds = 0.0 if n == 2**m else 2 * (a + size / B)
    if name == "ring":
        return 2 * (n - 1) * (a + size / (n * B))
    if name == "recursive-doubling":
        return m * (a + size / B) + folds
    if name == "halving-doubling":
        return 2 * m * a + 2 * (2**m - 1) / 2**m * size / B + folds
    segments, sent = max(1, size / 2 / SEGMENT), min(size / 2, SEGMENT)
    return 2 * m * a + segment_times(segments, *tree_units(n)) * sent / B


def tree_units(n: int) -> tuple[float, float, float]:
    """Of two trees on one switch, where a rank has a link out and one in: what the twin says of them."""
    depth, transfers = n.bit_length() - 1, []
    for tree, (parents, depths) in enumerate(zip(*(a.tolist() for a in two_trees(n)))):
        for child, (parent, j) in enumerate(zip(parents, depths)):
            if parent >= 0:
                transfers.append((child, parent, tree, depth - j))
                transfers.append((parent, child, tree, depth + j - 1))
    return twin(transfers, [[(src, 1.0), (n + dst, 1.0)] for src, dst, *_ in transfers])


def tree_load(n: int) -> int:
    """The most segments that one rank sends in a step: to its parent and its children in both trees."""
    sends: Counter[int] = Counter()
    for parents in two_trees(n)[0].tolist():
        for child, parent in enumerate(parents):
            if parent >= 0:
                sends.update([child, parent])  # up, and down again
    return max(sends.values())


FLAT = ("ring", "recursive-doubling", "halving-doubling", "tree")


@pytest.mark.parametrize("profile", [IDEAL, ROCE], ids=["ideal", "roce"])
@pytest.mark.parametrize("name", FLAT)
def test_closed_forms_under_one_switch(name: str, profile: LatencyProfile) -> None:
    a = profile.overhead + profile.switch_latency + 2 * CABLE
    for n in range(2, 34):
        program = compiled(star(n), name, Ecmp(), profile)
        for size in (8, 3_000_000):
            expected = closed_form(name, n, size, a)
            for engine in ENGINES.values():
                assert engine(program, size) == pytest.approx(expected, rel=1e-11), (n, size)


def test_a_large_double_binary_tree_loads_a_link_four_times() -> None:
    assert [tree_load(n) for n in (2, 3, 8, 33, 1000)] == [2, 3, 4, 4, 4]


# --- k-ary trees -------------------------------------------------------------------------------------------


def hop_latency(links: int) -> float:
    """Latency of a path of 2, 4 or 6 links of a default k-ary tree."""
    cables = {2: (25,) * 2, 4: (25, 250) * 2, 6: (25, 250, 500) * 2}[links]
    return ROCE.overhead + (links - 1) * ROCE.switch_latency + sum(cables) * 1e-9


def links_between(i: int, j: int, k: int) -> int:
    """Endpoints in order: k/2 to a leaf, (k/2)^2 to a pod."""
    if i // (k // 2) == j // (k // 2):
        return 2
    return 4 if i // (k // 2) ** 2 == j // (k // 2) ** 2 else 6


@pytest.mark.parametrize("k", [4, 6, 8, 10])
def test_a_ring_over_a_full_tree_with_dmodk_has_no_contention(k: int) -> None:
    n, size = k**3 // 4, 1e8
    program = compiled(tree(k), "ring", Dmodk(), ROCE)
    hops = [hop_latency(links_between(i, (i + 1) % n, k)) for i in range(n)]
    round_and_round = hops * 3
    longest = max(sum(round_and_round[i : i + 2 * (n - 1)]) for i in range(n))
    expected = longest + 2 * (n - 1) * size / (n * B)
    for engine in ENGINES.values():
        assert engine(program, size) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("k", [4, 8, 16])
@pytest.mark.parametrize("name", ["recursive-doubling", "halving-doubling"])
def test_xor_rounds_with_dmodk_are_free_of_contention_where_half_of_k_is_a_power_of_two(
    name: str, k: int
) -> None:
    n, size = k**3 // 4, 1e8
    rounds = range(n.bit_length() - 1)
    latency = [hop_latency(links_between(0, 1 << j, k)) for j in rounds]
    if name == "recursive-doubling":
        expected = sum(latency) + len(rounds) * size / B
    else:
        expected = 2 * sum(latency) + 2 * (n - 1) / n * size / B
    program = compiled(tree(k), name, Dmodk(), ROCE)
    for engine in ENGINES.values():
        assert engine(program, size) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("k", [6, 10])
@pytest.mark.parametrize("policy", [Dmodk(), Ecmp(seed=3)], ids=str)
@pytest.mark.parametrize("name", ["recursive-doubling", "halving-doubling"])
def test_elsewhere_a_round_takes_its_largest_link_load(name: str, policy: Policy, k: int) -> None:
    fabric, size = tree(k, 0.0), 1e8
    program = compiled(fabric, name, policy, IDEAL)
    expected, loads = 0.0, []
    for phase in program.schedule.phases:
        paths = route(fabric, phase.src, phase.dst, policy)
        loads.append(np.bincount(paths.link).max())
        expected += phase.bytes_of(size, program.schedule.chunks)[1] * loads[-1] / B
    assert max(loads) >= 2
    for engine in ENGINES.values():
        assert engine(program, size) == pytest.approx(expected, rel=1e-11)


# --- engine against engine ---------------------------------------------------------------------------------

small = st.sampled_from([("k", 4), ("k", 6), ("star", 7), ("servers", 2)])
policies = st.one_of(
    st.builds(Ecmp, qps=st.integers(1, 3), seed=st.integers(0, 99)), st.just(Dmodk()), st.just(Adaptive())
)


def small_fabric(which: tuple[str, int]) -> Fabric:
    return {"k": tree, "star": star, "servers": servers}[which[0]](which[1])


@settings(max_examples=60, deadline=None)
@given(small, st.sampled_from(FLAT), policies, st.integers(2, 16), st.sampled_from([1, 4096, 10**8]))
def test_flow_is_never_above_bound(
    which: tuple[str, int], name: str, policy: Policy, ranks: int, size: int
) -> None:
    fabric = small_fabric(which)
    program = compiled(fabric, name, policy, ROCE, ranks=min(ranks, fabric.n_endpoints))
    flow, bound = flow_time(program, size), bound_time(program, size)
    assert 0 < flow <= bound * (1 + 1e-12)
    if all(stage.phase.lockstep or np.ptp(stage.latency) < 1e-15 for stage in program.stages):
        assert flow == pytest.approx(bound, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    small,
    st.sampled_from(
        [*FLAT, "hierarchical-ring", "hierarchical-tree:pipeline=true", "hierarchical-halving-doubling"]
    ),
    st.sampled_from(["packed", "strided", "random"]),
    st.sampled_from(["ecmp", "ecmp:qps=3", "dmodk", "adaptive"]),
    st.sampled_from([8, 10**6, 10**10]),
    st.integers(0, 50),
)
def test_efficiency_is_never_above_one(
    which: tuple[str, int], name: str, placement: str, routing: str, size: int, seed: int
) -> None:
    job = AllReduce(
        small_fabric(which), placement=placement, routing=routing, seed=seed, latency_profile="ideal"
    )
    row = job.row(name, size)
    assert 0 < row.efficiency <= 1 + 1e-12
    assert row.contention >= 1 - 1e-12 and row.worst_load >= 1 - 1e-12
    assert 0 <= row.latency_share < 1


# --- latencies along a ring --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ranks", [2, 5, 16])
def test_a_ring_with_unequal_latencies_is_the_max_plus_recurrence(ranks: int, seed: int) -> None:
    fabric, size = tree(4), 1e5
    placement = np.random.default_rng(seed).permutation(16)[:ranks]
    program = Program.compile(build("ring", {}, ranks), fabric, placement, Dmodk(), ROCE)
    paths = route(fabric, placement, np.roll(placement, -1), Dmodk())
    a = [sum(link_latency(fabric, ROCE)[paths.link[paths.ptr[i] : paths.ptr[i + 1]]]) for i in range(ranks)]
    s = size / ranks * program.stages[0].peak  # lockstep: the fullest link sets the pace of all
    start, steps = [0.0] * ranks, 2 * (ranks - 1)
    for _ in range(steps - 1):
        start = [max(start[i - 1] + s + a[i - 1], start[i] + s) for i in range(ranks)]
    expected = max(start[i] + s + a[i] for i in range(ranks))
    assert flow_time(program, size) == pytest.approx(expected, rel=1e-12)


# --- servers -----------------------------------------------------------------------------------------------


def test_ring_j_uses_the_nic_of_gpu_j_both_ways() -> None:
    fabric = servers(4)
    job = AllReduce(fabric, routing="dmodk", latency_profile="ideal")
    program = job.program("ring")
    phase = program.schedule.phases[0]
    assert len(phase) == 8 * 32  # a ring per GPU of a server
    for j in range(8):
        ring = slice(32 * j, 32 * (j + 1))
        src, via, dst = phase.src[ring], phase.via[ring], phase.dst[ring]
        leaving = src // 8 != dst // 8
        assert leaving.sum() == 4
        assert (np.where(via[leaving] >= 0, via[leaving], src[leaving]) % 8 == j).all()
        assert (dst[leaving] % 8 == j).all()
    load = program.stages[0].paths.load(1.0, fabric.n_links)
    leaf = 32  # the node after the endpoints
    assert load[(fabric.link_dst == leaf) | (fabric.link_src == leaf)].tolist() == [1.0] * 64


def test_busbw_of_a_ring_on_servers_is_that_of_all_nics() -> None:
    # Each of 8 rings takes an eighth of the bytes over its own NIC; NVLink, 8 eighths at 450 GB/s, is faster.
    row = AllReduce(servers(4), routing="dmodk", latency_profile="ideal").row("ring", 10**12)
    bytes_only = 2 * 31 / 32 * 10**12 / (8 * B)
    assert row.time_s * (1 - row.latency_share) == pytest.approx(bytes_only, rel=1e-12)
    assert row.busbw_GBps == pytest.approx(8 * B / 1e9, rel=1e-4)
    one = AllReduce(servers(4), routing="dmodk", latency_profile="ideal").row("ring:channels=1", 10**12)
    assert one.busbw_GBps == pytest.approx(B / 1e9, rel=1e-4)


@pytest.mark.parametrize("name", ["hierarchical-ring", "hierarchical-tree", "hierarchical-halving-doubling"])
@pytest.mark.parametrize("size", [800, 10**8])
def test_hierarchical_is_the_sum_of_its_parts(name: str, size: int) -> None:
    fabric = servers(4)
    job = AllReduce(fabric, routing="dmodk")
    program = job.program(name)
    parts = [
        Program.compile(
            replace(program.schedule, phases=(phase,)), fabric, job.placement, job.policy, job.profile
        )
        for phase in program.schedule.phases
    ]
    for engine in ENGINES.values():
        assert engine(program, size) == pytest.approx(sum(engine(part, size) for part in parts), rel=1e-11)
    # Inside: 7 steps of S/8 over NVLink, twice. Across: 8 rails of 4 ranks with S/8 each.
    step = ROCE.scaleup_overhead + 2 * 5e-9
    inside = 2 * 7 * (step + size / 8 / 450e9)
    a = ROCE.overhead + ROCE.switch_latency + 2 * CABLE
    across = closed_form(name.removeprefix("hierarchical-"), 4, size / 8, a)
    assert flow_time(program, size) == pytest.approx(inside + across, rel=1e-11)


@pytest.mark.parametrize("name", ["hierarchical-ring", "hierarchical-tree", "hierarchical-halving-doubling"])
def test_a_pipeline_is_faster_than_the_sum_and_slower_than_its_slowest_phase(name: str) -> None:
    size = 10**9
    job = AllReduce(servers(4), routing="dmodk")
    plain, piped = job.program(name), job.program(f"{name}:pipeline=true")
    time = flow_time(piped, size)
    assert time < flow_time(plain, size)
    assert time >= plain.byte_times(size)[:, 0].max()


def test_a_pipeline_has_no_closed_form() -> None:
    program = AllReduce(servers(2)).program("hierarchical-ring:pipeline=true")
    with pytest.raises(ParameterError, match=r"engine: 'bound': has no closed form .* \(legal: flow\)"):
        bound_time(program, 1e6)


# --- queue pairs -------------------------------------------------------------------------------------------


def test_queue_pairs_take_paths_of_their_own() -> None:
    fabric = tree(8)
    n = fabric.n_endpoints
    far = (np.arange(n) + n // 2) % n  # always another pod: 16 paths
    routes = [route(fabric, np.arange(n), far, Ecmp(seed=1), qp=qp) for qp in range(4)]
    cores = np.array([r.link.reshape(n, 6)[:, 2] for r in routes])
    for i in range(4):
        for j in range(i):
            assert np.mean(cores[i] == cores[j]) < 0.2  # 1/16 by chance
    one, four = (compiled(fabric, "recursive-doubling", Ecmp(qps=q, seed=1), IDEAL) for q in (1, 4))
    assert len(four.stages[-1].paths) == 4 * len(one.stages[-1].paths)
    assert flow_time(four, 1e9) < flow_time(one, 1e9)
    assert flow_time(four, 1e9) <= bound_time(four, 1e9) * (1 + 1e-12)
