"""Flows: closed forms on small fabrics."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Adaptive, Dmodk, Ecmp, Fabric, Spray, carrier, max_min, route
from fabric.routing.policies import Policy
from sims.models.fluid.flows import run_flows
from sims.models.latency import link_latency
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic, pattern
from topologies import fat_tree

B = 50e9
ROCE = latency_profile("roce-400g")
IDEAL = latency_profile("ideal")


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(fat_tree(k=8))


@pytest.mark.parametrize("policy", [Ecmp(seed=2), Dmodk(), Adaptive(), Spray()], ids=str)
def test_a_permutation_ends_at_size_over_its_first_rate(eight: Fabric, policy: Policy) -> None:
    who = pattern("permutation", eight.n_endpoints, 1e9, seed=5)
    result = run_flows(eight, who, policy, ROCE)
    runs_on = carrier(eight, policy)
    paths = route(runs_on, who.src, who.dst, policy)
    expected = 1e9 / max_min(paths, runs_on.capacity) + paths.total(link_latency(runs_on, ROCE))
    np.testing.assert_allclose(result.end, expected, rtol=1e-12)
    assert result.solves == 1 and result.makespan == pytest.approx(expected.max())
    assert result.busiest_s == pytest.approx(np.max(paths.load(1e9, runs_on.n_links) / runs_on.capacity))
    np.testing.assert_allclose(result.rate, 1e9 / expected)
    if policy == Adaptive():
        np.testing.assert_allclose(result.end - paths.total(link_latency(runs_on, ROCE)), 1e9 / B, rtol=1e-9)


@pytest.mark.parametrize("step", [1, 4, 16, 37, 64, 127])
def test_a_shift_with_dmodk_runs_at_line_rate(eight: Fabric, step: int) -> None:
    result = run_flows(eight, pattern(f"shift:{step}", 128, 1e9), Dmodk(), IDEAL)
    paths = route(eight, result.traffic.src, result.traffic.dst, Dmodk())
    np.testing.assert_allclose(result.end, 1e9 / B + paths.total(eight.delay), rtol=1e-12)


def test_incast_shares_the_receivers_link() -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=10, radix=16, delay=0.0))
    result = run_flows(fabric, pattern("incast", 10, 1e9), Dmodk(), IDEAL)
    np.testing.assert_allclose(result.end, 9 * 1e9 / B, rtol=1e-12)
    assert result.busiest_s == pytest.approx(9 * 1e9 / B)
    assert result.busiest == "leaf -> endpoint"


def test_flows_start_when_they_say() -> None:
    # Two senders, one receiver. Alone for 0.01 s, then half each; the second ends at the line's rate.
    fabric = Fabric.from_graph(fat_tree(endpoints=4, radix=8, delay=0.0))
    size = 1e9
    who = Traffic(
        src=np.array([1, 2]), dst=np.array([0, 0]), size=np.array([size, size]), start=np.array([0.01, 0.0])
    )
    result = run_flows(fabric, who, Dmodk(), IDEAL)
    first = 0.01 + (size - 0.01 * B) / (B / 2)  # of the one that started at 0
    np.testing.assert_allclose(result.end, [2 * size / B, first], rtol=1e-9)
    np.testing.assert_allclose(result.rate, size / (result.end - who.start))
    assert result.makespan == pytest.approx(2 * size / B)


@pytest.mark.parametrize("sizes", [[1000.0, 3.0], [1000.0, 2.5]])
def test_sizes_are_written_as_they_are_and_whole_where_all_are(sizes: list[float]) -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=4, radix=8))
    who = Traffic(src=np.array([1, 2]), dst=np.array([0, 0]), size=np.array(sizes), start=np.zeros(2))
    column = run_flows(fabric, who, Dmodk(), IDEAL).columns()["size_bytes"]
    assert column == sizes and {type(size) for size in column} == {int if sizes[1] == 3 else float}


def test_makespan_counts_from_the_first_start() -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=4, radix=8, delay=0.0))
    who = Traffic(src=np.array([1]), dst=np.array([0]), size=np.array([1e9]), start=np.array([5.0]))
    result = run_flows(fabric, who, Dmodk(), IDEAL)
    assert result.makespan == pytest.approx(1e9 / B, rel=1e-9)


@pytest.mark.parametrize("qps", [1, 2, 5])
def test_a_flow_ends_with_the_last_of_its_queue_pairs(eight: Fabric, qps: int) -> None:
    policy = Ecmp(qps=qps, seed=4)
    who = pattern("permutation", eight.n_endpoints, 1e9, seed=1)
    result = run_flows(eight, who, policy, IDEAL)
    n = len(who)
    pair = np.repeat(np.arange(qps), n)
    paths = route(eight, np.tile(who.src, qps), np.tile(who.dst, qps), policy, qp=pair)
    ends = 1e9 / qps / max_min(paths, eight.capacity) + paths.total(eight.delay)
    np.testing.assert_allclose(result.end, ends.reshape(qps, n).max(axis=0), rtol=1e-12)


def test_a_link_of_the_carrier_counts_for_all_it_stands_for(eight: Fabric) -> None:
    """A sprayed shift by half of the endpoints uses every cable; so does its contraction."""
    for policy in (Spray(), Adaptive()):
        result = run_flows(eight, pattern("shift", 128, 1e6), policy, latency_profile("ideal"))
        assert result.used == 1.0


def test_links_used_are_those_between_switches(eight: Fabric) -> None:
    one = Traffic(src=np.array([0]), dst=np.array([127]), size=np.array([1.0]), start=np.array([0.0]))
    trunks = 2 * 2 * 128  # both directions of two layers of 128 cables
    assert run_flows(eight, one, Dmodk(), IDEAL).used == pytest.approx(4 / trunks)
    flat = Fabric.from_graph(fat_tree(endpoints=4, radix=8))
    assert run_flows(flat, pattern("incast", 4, 1.0), Dmodk(), IDEAL).used == 0.0
