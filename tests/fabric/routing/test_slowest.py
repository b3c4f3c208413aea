"""The slowest way of a flow against an enumeration of its ways, and the runs that wait for it."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import graph
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Adaptive, Ecmp, Fabric, Paths, Spray, Ugal, Valiant, carrier, route
from fabric.routing.policies import Policy
from fabric.routing.slowest import slowest
from sims.models.fluid.flows import run_flows
from sims.models.latency import link_latency
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic
from topologies import dragonfly, from_networkx

ROCE = latency_profile("roce-400g")


def alone(src: int, dst: int, size: float = 1e6) -> Traffic:
    return Traffic(src=np.array([src]), dst=np.array([dst]), size=np.array([size]), start=np.zeros(1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_sprayed_flow_waits_for_the_slowest_of_its_shortest_paths(seed: int) -> None:
    """Every path that networkx lists, on random graphs with random delays: their largest sum."""
    rng = np.random.default_rng(seed)
    G = from_networkx(nx.random_regular_graph(4, 12, seed=seed % 2**31), hosts_per_switch=1)
    for _, _, data in G.edges(data=True):
        data["delay"] = float(rng.integers(1, 6)) * 1e-7
    F = Fabric.from_graph(G, allow_partition=True)
    reach = nx.node_connected_component(G, F.ids[0])
    ends = [e for e in range(1, F.n_endpoints) if F.ids[e] in reach]
    paths = route(carrier(F, Spray()), np.zeros(len(ends), int), np.array(ends), Spray())
    on = carrier(F, Spray())
    ways = [list(nx.all_shortest_paths(G, F.ids[0], F.ids[end])) for end in ends]
    expected = [max(sum(G.edges[hop]["delay"] for hop in pairwise(way)) for way in every) for every in ways]
    assert slowest(paths, on, on.delay) == pytest.approx(expected, rel=1e-12)
    assert np.all(slowest(paths, on, on.delay) >= paths.total(on.delay) * (1 - 1e-12))


def test_alike_switches_with_cables_of_other_lengths_are_not_one() -> None:
    """Two spines, one by long cables: the slowest way goes by it, whatever the quotient merges."""
    trunk = [(leaf, spine) for leaf in "ab" for spine in "st"]
    G = graph("lengths", range(2), {"a": 1, "b": 1, "s": 2, "t": 2}, [(0, "a"), (1, "b"), *trunk])
    for leaf in "ab":
        G.edges[leaf, "t"]["delay"] = 1e-6
    F = Fabric.from_graph(G)
    on = carrier(F, Spray())
    found = slowest(route(on, np.array([0]), np.array([1]), Spray()), on, on.delay)
    expected = G.edges[0, "a"]["delay"] + 2e-6 + G.edges[1, "b"]["delay"]
    assert found.tolist() == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize("kind", [Valiant, Adaptive])
def test_a_flow_in_parts_waits_for_its_slowest_part(kind: type[Valiant] | type[Adaptive]) -> None:
    """Part i of several is what a flow of one part takes as queue pair i: its path is summed alone."""
    F = Fabric.from_graph(dragonfly(p=2))
    src, dst = np.divmod(np.arange(0, F.n_endpoints**2, 7), F.n_endpoints)
    value = link_latency(F, ROCE)
    whole = slowest(route(F, src, dst, kind(paths=5)), F, value)
    if kind is Valiant:
        parts = [route(F, src, dst, Valiant(paths=1), qp=part).total(value) for part in range(5)]
        assert whole == pytest.approx(np.max(parts, axis=0), rel=1e-12)
    mean = route(F, src, dst, kind(paths=5)).total(value)
    assert np.any(whole > mean * 1.01) and np.all(whole >= mean * (1 - 1e-12))


def test_a_circle_of_relays_is_no_longer_way() -> None:
    """A joined flow that passes the scale-up switch twice: legs add up, and the relaxation ends."""
    access = [(0, "n"), (1, "n"), (2, "n"), (2, "a"), (3, "a")]
    F = Fabric.from_graph(graph("relays", range(4), {"a": 1}, access, ["n"]))
    on = carrier(F, Spray())
    one, two = (np.array([end]) for end in (0, 1))
    paths = Paths.join(route(on, one, two, Spray()), route(on, two, np.array([3]), Spray()))
    assert slowest(paths, on, np.ones(on.n_links)).tolist() == [6.0]


@pytest.mark.parametrize("policy", [Spray(), Valiant(), Ugal(), Ecmp(qps=8), Adaptive()])
def test_a_run_ends_with_its_slowest_way(policy: Policy) -> None:
    """One idle flow 7 -> 8 on a dragonfly: its bytes at the NIC's rate, then the slowest way's latency."""
    F = Fabric.from_graph(dragonfly(p=2))
    on, qps = carrier(F, policy), policy.qps
    ways = [route(on, np.array([7]), np.array([8]), policy, qp=qp) for qp in range(qps)]
    latency = max(float(slowest(way, on, link_latency(on, ROCE))[0]) for way in ways)
    result = run_flows(F, alone(7, 8), policy, ROCE)
    rate = float(F.capacity[F.link_src == 7].sum())
    assert result.end[0] == pytest.approx(1e6 / rate + latency, rel=1e-12)
