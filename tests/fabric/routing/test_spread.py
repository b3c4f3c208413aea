"""Spray and the quotient that it runs on, against a split by fractions on the graph itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, dual_homed, graph, irregular, leaf_spine, rail_only, random_graphs, three_tier
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fabric import Adaptive, Ecmp, Fabric, Paths, Spray, carrier, certify, max_min, measure, route
from fabric.graph.contraction import members
from fabric.routing import spread
from fabric.routing.quotient import alike, quotient
from fabric.words.errors import NoRouteError, ParameterError, TooLargeError
from topologies import fat_tree

OVER_THE_FABRIC = [name for name in ZOO if name not in ("servers", "rail_only", "three_tier")]


def joined(G: nx.Graph, F: Fabric) -> tuple[NDArray, NDArray]:
    """All ordered pairs of different endpoints that have a legal path."""
    table = {u: oracle.legal_distances(G, u) for u in oracle.switches(G)}
    n = F.n_endpoints
    fine = [
        (s, d)
        for s in range(n)
        for d in range(n)
        if s != d
        and any(
            v in table[u] for u in oracle.attachments(G, F.ids[s]) for v in oracle.attachments(G, F.ids[d])
        )
    ]
    src, dst = np.array(fine, int).reshape(-1, 2).T
    return src, dst


def arc_loads(F: Fabric, load: NDArray) -> dict[tuple[Any, Any], float]:
    """Loads of true links from those of the quotient, summed over parallel cables."""
    Q = quotient(F)
    known = Q.contraction
    assert known is not None
    every = np.where(known.image >= 0, (load / members(Q))[known.image], 0.0)
    found: Counter[tuple[Any, Any]] = Counter()
    for u, v, x in zip(F.link_src.tolist(), F.link_dst.tolist(), every.tolist()):
        found[F.ids[u], F.ids[v]] += x
    return found


def check(G: nx.Graph, F: Fabric, src: NDArray, dst: NDArray) -> None:
    Q = quotient(F)
    paths = route(Q, src, dst, Spray())
    for flow, (s, d) in enumerate(zip(src.tolist(), dst.tolist())):
        found = arc_loads(F, paths.take(np.array([flow])).load(1.0, Q.n_links))
        expected = oracle.spray(G, F.ids[s], F.ids[d])
        assert {arc for arc, x in found.items() if x > 1e-12} == set(expected)
        assert all(found[arc] == pytest.approx(float(x)) for arc, x in expected.items())
    # On the fabric itself, without any contraction, the rates are the same.
    plain = max_min(route(F, src, dst, Spray()), F.capacity)
    assert max_min(paths, Q.capacity) == pytest.approx(plain)
    assert certify(paths, Q.capacity, max_min(paths, Q.capacity))


@pytest.mark.parametrize("name", OVER_THE_FABRIC)
def test_the_split_is_that_of_fractions(name: str) -> None:
    G = ZOO[name]()
    F = Fabric.from_graph(G)
    src, dst = joined(G, F)
    pick = np.random.default_rng(0).permutation(len(src))[:40]
    check(G, F, src[pick], dst[pick])


@settings(max_examples=25, deadline=None)
@given(random_graphs(), st.integers(0, 2**32 - 1))
def test_random_graphs(G: nx.Graph, seed: int) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = joined(G, F)
    if len(src):
        pick = np.random.default_rng(seed).permutation(len(src))[:15]
        check(G, F, src[pick], dst[pick])


TRUNK = [e for e in fat_tree(k=4).edges if min(e) >= 16]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(TRUNK), max_size=5), st.sets(st.sampled_from(TRUNK), max_size=3))
def test_a_tree_with_cut_and_slow_cables(cut: set, slow: set) -> None:
    G = fat_tree(k=4)
    for edge in slow:
        G.edges[edge]["rate"] /= 4
    G.remove_edges_from(cut)
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = joined(G, F)
    pick = np.random.default_rng(len(cut)).permutation(len(src))[:15]
    check(G, F, src[pick], dst[pick])


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(TRUNK), max_size=5), st.integers(0, 2**32 - 1))
def test_links_that_flows_share_change_nothing(cut: set, seed: int) -> None:
    """Written out and by the bundle: the same loads, means, rates, whatever is taken, stacked and joined."""
    G = fat_tree(k=4)
    G.remove_edges_from(cut)
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = joined(G, F)
    pick = np.random.default_rng(seed).permutation(len(src))[:120]
    src, dst = src[pick], dst[pick]
    flat = route(F, src, dst, Spray())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_WRITTEN_OUT", 0)
        patch.setattr(spread, "_SAVES", 0)
        bundled = route(F, src, dst, Spray())
    assert flat.shared is None and bundled.shared is not None
    same(F, flat, bundled)
    rates = max_min(bundled, F.capacity)
    assert rates == pytest.approx(max_min(flat, F.capacity))
    assert certify(bundled, F.capacity, rates) and certify(flat, F.capacity, rates)
    limits = np.random.default_rng(seed).uniform(1e9, 50e9, len(src))
    assert max_min(bundled, F.capacity, limits) == pytest.approx(max_min(flat, F.capacity, limits))
    some = np.random.default_rng(seed).integers(0, len(src), 50)
    same(F, flat.take(some), bundled.take(some))
    ecmp = route(F, src, dst, Ecmp())
    same(F, Paths.stack([ecmp, flat, flat]), Paths.stack([ecmp, bundled, bundled]))
    same(F, Paths.join(flat, ecmp), Paths.join(bundled, ecmp))
    half = np.full(len(src), 0.5)
    same(F, flat.scaled(half), bundled.scaled(half))
    two = np.full(len(src) // 2, 2)
    whole = np.arange(len(src) // 2 * 2)
    same(F, flat.take(whole).grouped(two), bundled.take(whole).grouped(two))
    twice = Paths.stack([bundled, bundled])
    assert twice.shared and twice.shared.bundles is bundled.shared.bundles  # once for both


def same(F: Fabric, flat: Paths, bundled: Paths) -> None:
    amount = np.arange(1.0, len(flat) + 1)
    assert bundled.load(amount, F.n_links) == pytest.approx(flat.load(amount, F.n_links))
    assert bundled.load(2.0, F.n_links) == pytest.approx(flat.load(2.0, F.n_links))
    assert bundled.total(F.delay) == pytest.approx(flat.total(F.delay))
    value = np.random.default_rng(len(flat)).random(F.n_links)
    assert bundled.largest(value).tolist() == flat.largest(value).tolist()
    assert bundled.expanded().load(amount, F.n_links) == pytest.approx(flat.load(amount, F.n_links))
    assert bundled.expanded().shared is None


def test_bundles_drop_out_of_sharing_one_after_the_other() -> None:
    """Flows of a slow pair freeze first; those left still share the links of their bundles rightly."""
    G = leaf_spine()
    for spine in ("s0", "s1"):
        G.edges["l0", spine]["rate"] = 0.01
        G.edges["l1", spine]["rate"] = 0.02
    F = Fabric.from_graph(G)
    src = np.repeat(np.arange(16), 16)
    dst = np.tile(np.arange(16), 16)
    keep = src // 4 != dst // 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_WRITTEN_OUT", 0)
        bundled = route(F, src[keep], dst[keep], Spray())
    assert bundled.shared is not None
    rates = max_min(bundled, F.capacity)
    assert len(np.unique(rates.round(12))) > 2
    assert rates == pytest.approx(max_min(bundled.expanded(), F.capacity))


# --- the quotient ---


@pytest.mark.parametrize("k", [4, 8, 12])
def test_a_regular_tree_becomes_one_switch_a_pod_and_tier(k: int) -> None:
    F = Fabric.from_graph(fat_tree(k=k))
    Q = quotient(F)
    assert Q.n_switches == k * k // 2 + k + 1  # leaves, a spine for each pod, a core
    assert quotient(Q) is Q and quotient(F) is Q and carrier(F, Spray()) is Q
    assert int(members(Q).sum()) == F.n_links
    assert [b.capacity for b in measure(Q).boundaries] == pytest.approx(
        [b.capacity for b in measure(F).boundaries]
    )


def test_on_regular_wiring_spray_is_adaptive() -> None:
    F, n = Fabric.from_graph(three_tier()), 128
    for seed in range(3):
        src, dst = np.arange(n), np.random.default_rng(seed).permutation(n)
        found = [
            max_min(route(on, src, dst, policy), on.capacity)
            for policy in (Spray(), Adaptive())
            for on in [carrier(F, policy)]
        ]
        assert found[0] == pytest.approx(found[1])


def test_where_a_cable_is_cut_the_weakest_link_bounds_spray() -> None:
    """l1 has lost one of two cables to s1: l0 -> l1 splits evenly by both spines, so s1 -> l1 carries half.

    Four flows of rate r load it with 2 r: 1/2 each. Adaptive has 3 cables for 4 flows: 3/4.
    """
    G = leaf_spine()
    G.edges["l1", "s1"]["cables"] = 1
    F = Fabric.from_graph(G)
    src, dst = np.arange(4), np.arange(4, 8)
    rates = {}
    for policy in (Spray(), Adaptive()):
        on = carrier(F, policy)
        rates[str(policy)] = max_min(route(on, src, dst, policy), on.capacity).tolist()
    assert rates["spray"] == pytest.approx([0.5] * 4)
    assert rates["adaptive"] == pytest.approx([0.75] * 4)


@pytest.mark.parametrize("name", ZOO)
def test_alike_switches_have_alike_cables(name: str) -> None:
    """The definition of an equitable partition; leaves stand alone."""
    G = ZOO[name]()
    F = Fabric.from_graph(G)
    own = alike(F)
    around: dict[int, list] = {}
    for node in range(F.n_endpoints, F.n_endpoints + F.n_switches):
        mine = F.link_src == node
        pairs = zip(own[F.link_dst[mine]].tolist(), F.capacity[mine].tolist())
        around.setdefault(int(own[node]), []).append(sorted(pairs))
    assert all(cables == group[0] for group in around.values() for cables in group)
    assert np.all(own[F.leaves] == F.leaves)


def test_relays_and_servers_carry_sprayed_flows_too() -> None:
    for make in (rail_only, ZOO["servers"], dual_homed):
        F = Fabric.from_graph(make())
        Q = carrier(F, Spray())
        n = F.n_endpoints
        src, dst = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
        paths = route(Q, src, dst, Spray())
        out, back = np.zeros(Q.n_links), np.zeros(Q.n_links)
        out[Q.link_src < n] = 1
        back[Q.link_dst < n] = 1
        relayed = 2 if make is rail_only else 1
        hops = paths.total(out)
        assert hops == pytest.approx(paths.total(back))
        assert set(hops.round(9).tolist()) <= {0.0, 1.0, float(relayed)} and np.all(
            (hops == 0) == (src == dst)
        )


# --- illegal use ---


def test_no_other_policy_runs_on_the_quotient() -> None:
    Q = quotient(Fabric.from_graph(leaf_spine()))
    with pytest.raises(ParameterError, match="does not run on the fabric whose alike switches are one"):
        route(Q, np.array([0]), np.array([5]), Ecmp())
    with pytest.raises(ParameterError, match="runs on the merged fabric"):
        route(Q, np.array([0]), np.array([5]), Adaptive())


def test_what_does_not_fit_is_refused_before_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    G = irregular()
    F = Fabric.from_graph(G)
    monkeypatch.setattr(spread, "available_memory", lambda: 1e4)
    monkeypatch.setattr(spread, "_PROBED", 2)
    src, dst = joined(G, F)
    with pytest.raises(
        TooLargeError, match=r"routing spray: 64 pairs of leaves over [\d,]+ links of irregular"
    ):
        route(quotient(F), src, dst, Spray())


def test_pairs_without_a_path_are_named() -> None:
    G = irregular()
    G.remove_edges_from([(16, 25)])
    F = Fabric.from_graph(G, allow_partition=True)
    with pytest.raises(NoRouteError, match="no path from endpoint 0 to endpoint 2"):
        route(quotient(F), np.array([0]), np.array([2]), Spray())


def test_a_flow_in_a_server_is_split_over_parallel_cables() -> None:
    """Two cables of 1 byte/s to the scale-up switch and two back: a flow has 2 bytes/s."""
    F = Fabric.from_graph(graph("server", range(2), {}, [(0, "nv", 2), (1, "nv", 2)], ["nv"]))
    paths = route(F, np.array([0]), np.array([1]), Spray())
    assert max_min(paths, F.capacity).tolist() == [2.0]
