"""NICs of several cables: how many planes there are, how many are used, and what bounds the endpoint."""

from __future__ import annotations

import numpy as np
import pytest
from fabric_zoo import graph
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Ecmp, Fabric, Spray, carrier, route
from fabric.graph.nic import busiest_nic, planes, planes_used
from fabric.graph.schema import NVSWITCH
from topologies import load


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("fat-tree:k=4,gpus_per_server=4", 1),  # NVLink is no plane
        ("rail-optimized:servers=8,radix=16,gpus_per_server=4", 1),
        ("multi-plane:planes=8,endpoints=16,radix=8", 8),
        ("multi-plane:planes=2,endpoints=32,radix=8,attach=one,gpus_per_server=4", 1),
        ("preset:hpn-pod:segments=2", 2),
    ],
)
def test_planes_are_attachments_outside_the_server(spec: str, expected: int) -> None:
    assert planes(Fabric.from_graph(load(spec))) == expected


@pytest.mark.parametrize("qps", [1, 2, 3, 4, 8, 11])
def test_queue_pairs_are_dealt_over_planes(qps: int) -> None:
    """Each of the first eight gets a plane of its own, whoever sends to whom."""
    F = Fabric.from_graph(load("multi-plane:planes=8,endpoints=16,radix=8"))
    for src, dst in ((0, 5), (3, 4), (9, 2)):
        ways = route(F, np.full(qps, src), np.full(qps, dst), Ecmp(), qp=np.arange(qps))
        assert planes_used(F, ways.load(1.0, F.n_links)) == min(qps, 8)


@pytest.mark.parametrize(("ours", "theirs"), [(2, 2), (2, 3), (4, 2), (3, 3)])
def test_queue_pairs_are_dealt_over_leaves_that_all_meet(ours: int, theirs: int) -> None:
    """One spine joins all leaves, so that any of ours goes with any of theirs: both ends deal in turn."""
    leaves = {f"{side}{i}": 1 for side, number in (("a", ours), ("b", theirs)) for i in range(number)}
    access = [(int(leaf[0] == "b"), leaf) for leaf in leaves]
    F = Fabric.from_graph(
        graph("met", range(2), leaves | {"s": 2}, access + [(leaf, "s") for leaf in leaves])
    )
    for seed in range(5):
        for qps in (1, 2, 3, ours * theirs):
            ways = route(F, np.zeros(qps, int), np.ones(qps, int), Ecmp(seed=seed), qp=np.arange(qps))
            assert planes_used(F, ways.load(1.0, F.n_links)) * ours / max(ours, theirs) == min(qps, ours)
            into = F.link_src[ways.link[ways.ptr[1:] - 1]]
            assert len(set(into.tolist())) == min(qps, theirs)
            pairs = set(zip(F.link_dst[ways.link[ways.ptr[:-1]]].tolist(), into.tolist()))
            assert len(pairs) == min(qps, ours * theirs)


def test_an_endpoint_on_fewer_planes_uses_all_of_its_own() -> None:
    G = graph("mixed", range(3), {"a": 1, "b": 1}, [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a")])
    F = Fabric.from_graph(G, allow_partition=True)
    on = carrier(F, Spray())
    both, one = (route(on, np.array([src]), np.array([1 - src // 2]), Spray()) for src in (0, 2))
    assert planes_used(on, both.load(1.0, on.n_links)) == 2
    assert planes_used(on, one.load(1.0, on.n_links)) == 2
    assert planes_used(on, np.zeros(on.n_links)) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_busiest_nic_by_a_loop(seed: int) -> None:
    F = Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8,gpus_per_server=4"))
    load_ = np.random.default_rng(seed).exponential(1e9, F.n_links)
    found = 0.0
    for end in range(F.n_endpoints):
        for ends, others in ((F.link_src, F.link_dst), (F.link_dst, F.link_src)):
            for inside in (True, False):
                mine = (ends == end) & ((F.kind[others] == NVSWITCH) == inside)
                found = max(found, load_[mine].sum() / F.capacity[mine].sum())
    assert busiest_nic(F, load_) == pytest.approx(found, rel=1e-12)
    assert found <= np.max(load_ / F.capacity)
