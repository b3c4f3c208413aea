"""Valiant and UGAL: ways by an intermediate switch, what they do for a dragonfly, UGAL's choice by a twin."""

from __future__ import annotations

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import graph, leaf_spine
from hypothesis import given, settings
from hypothesis import strategies as st
from test_routing import chi_square, nodes, pairs

from fabric import Adaptive, Ecmp, Fabric, Paths, Ugal, Valiant, carrier, certify, max_min, route
from fabric.routing import detour
from fabric.routing.policies import Policy
from fabric.routing.route import check_policy
from fabric.words.errors import ParameterError
from topologies import dragonfly, from_networkx, torus

BENT: list[Policy] = [Valiant(), Valiant(paths=3, seed=2), Ugal(), Ugal(paths=5, seed=1)]


def adversarial(F: Fabric, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Everyone sends to their counterpart in the next group."""
    n = F.n_endpoints
    return np.arange(n), (np.arange(n) + n // groups) % n


def rates(F: Fabric, src: np.ndarray, dst: np.ndarray, policy: Policy) -> np.ndarray:
    on = carrier(F, policy)
    return max_min(route(on, src, dst, policy), on.capacity)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(BENT))
def test_every_part_of_a_flow_arrives(seed: int, policy: Policy) -> None:
    """Certificate on random regular graphs: what leaves arrives, and every switch passes on what it gets."""
    G = from_networkx(nx.random_regular_graph(3, 10, seed=seed), hosts_per_switch=2)
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = np.array([(s, d) for s, d in np.ndindex(20, 20) if s != d and nx.has_path(G, s, d)]).T
    paths = route(F, src, dst, policy)
    assert paths.weight is not None and paths.weight.min() > 0
    for flow in range(0, len(src), 7):
        load = paths.take(np.array([flow])).load(1.0, F.n_links)
        balance = np.bincount(F.link_dst, weights=load, minlength=len(F.kind))
        balance -= np.bincount(F.link_src, weights=load, minlength=len(F.kind))
        expected = np.zeros(len(F.kind))
        expected[[src[flow], dst[flow]]] = -1, 1
        assert balance == pytest.approx(expected, abs=1e-12)
    assert certify(paths, F.capacity, max_min(paths, F.capacity))


def test_one_part_goes_minimally_to_its_intermediate_and_minimally_on() -> None:
    F = Fabric.from_graph(dragonfly(p=2))
    G = dragonfly(p=2)
    src, dst = pairs(F.n_endpoints)
    keep = src != dst
    src, dst, policy = src[keep][::29], dst[keep][::29], Valiant(paths=1, seed=3)
    paths = route(F, src, dst, policy)
    draw = policy.draw(F, src, dst, np.zeros(len(src), np.uint64))
    here, there = F.leaf_index[F.arc_dst[F.arc_up[src]]], F.leaf_index[F.arc_dst[F.arc_up[dst]]]
    via = detour.intermediates(F, draw, here.astype(int), there.astype(int))
    length = dict(nx.all_pairs_shortest_path_length(G.subgraph(oracle.switches(G))))
    for flow in range(len(src)):
        a, b = F.ids[F.leaves[here[flow]]], F.ids[F.leaves[there[flow]]]
        expected = {(F.ids[src[flow]], a): 1.0, (b, F.ids[dst[flow]]): 1.0}
        mine = paths.take(np.array([flow]))
        assert (
            expected.items()
            <= {(F.ids[F.link_src[link]], F.ids[F.link_dst[link]]): 1.0 for link in mine.link}.items()
        )
        hops = paths.take(np.array([flow])).load(1.0, F.n_links).sum() - 2
        if a == b:
            assert via[flow] == -1 and hops == 0
        else:
            c = F.ids[F.leaves[via[flow]]]
            assert c not in (a, b)
            assert hops == length[a][c] + length[c][b]


def test_intermediates_are_uniform_over_the_other_switches() -> None:
    F, n = Fabric.from_graph(dragonfly(p=2)), 34_000
    policy = Valiant()
    draw = policy.draw(F, np.zeros(n, int), np.full(n, 40), np.arange(n, dtype=np.uint64))
    via = detour.intermediates(F, draw, np.full(n, 3), np.full(n, 20))
    counts = np.bincount(via, minlength=36)
    assert counts[3] == counts[20] == 0
    assert abs(chi_square(np.delete(counts, [3, 20]), np.ones(34))) < 4


def test_a_dragonfly_under_adversarial_traffic() -> None:
    """Everyone sends to the next group. Valiant's load is that of all ways by all intermediates, evenly.

    Shortest paths put 4 flows and more on one cable. Of Valiant's, the mean hops are known, and with many
    parts no flow is much slower than another; UGAL is never far below the better of the two.
    """
    G = dragonfly(p=2)
    F = Fabric.from_graph(G)
    src, dst = adversarial(F, 9)
    length = dict(nx.all_pairs_shortest_path_length(G.subgraph(oracle.switches(G))))
    hops = 0.0
    for a, b in zip(src.tolist(), dst.tolist()):
        (u,), (v,) = (oracle.attachments(G, end) for end in (a, b))
        hops += np.mean([length[u][c] + length[c][v] for c in length if c not in (u, v)]) + 2
    load = route(F, src, dst, Valiant(paths=256)).load(1.0, F.n_links)
    assert load.sum() == pytest.approx(hops, rel=0.01)
    minimal, valiant = rates(F, src, dst, Ecmp()), rates(F, src, dst, Valiant(paths=256))
    ugal = rates(F, src, dst, Ugal(paths=256))
    assert minimal.min() <= 50e9 / 4 < valiant.min()
    assert valiant.max() < 1.1 * valiant.min() and minimal.max() > 3 * minimal.min()
    assert ugal.min() > 0.95 * valiant.min() and ugal.mean() > minimal.mean()


def test_under_gentle_traffic_ugal_stays_minimal() -> None:
    """One flow on an idle network: the minimal path is never worse."""
    F = Fabric.from_graph(torus(dims=[4, 4]))
    one = np.array([0]), np.array([1])
    minimal = route(F, *one, Ecmp()).load(1.0, F.n_links)
    assert route(F, *one, Ugal(paths=1)).load(1.0, F.n_links).tolist() == minimal.tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 5))
def test_ugal_chooses_as_its_twin(seed: int, flows: int, parts: int) -> None:
    F = Fabric.from_graph(leaf_spine())
    rng = np.random.default_rng(seed)

    def path(longest: int) -> list[int]:
        return rng.permutation(F.n_links)[: rng.integers(1, longest)].tolist()

    made = [[(path(4), path(7)) for _ in range(parts)] for _ in range(flows)]
    tables = []
    for which in (0, 1):
        table = np.full((flows * parts, 6), -1, np.int32)
        for i, links in enumerate(part[which] for flow in made for part in flow):
            table[i, : len(links)] = links
        tables.append(table)
    found = detour._chosen(F, *tables, np.ones(flows * parts, bool), parts)
    assert found.reshape(flows, parts).tolist() == oracle.ugal(made, F.capacity.tolist())


def test_without_tiers_adaptive_splits_over_as_many_paths_as_it_is_told() -> None:
    """Two switches joined by two ways of two hops: with many paths half on each."""
    trunk = [("a", "x"), ("a", "y"), ("x", "b"), ("y", "b"), ("x", "y")]
    G = graph("diamond", range(2), {"a": 1, "b": 1, "x": 2, "y": 2}, [(0, "a"), (1, "b"), *trunk])
    F = Fabric.from_graph(G)
    one = np.array([0]), np.array([1])
    assert carrier(F, Adaptive()) is F
    assert "an approximation here, without tiers: even over 8 shortest paths" in Adaptive().warning(F)
    assert Adaptive(paths=3).pieces(F.tiered) == 3 and Ecmp(qps=2).pieces(F.tiered) == 2
    paths = route(F, *one, Adaptive(paths=256))
    load = paths.load(1.0, F.n_links)
    assert sorted(load.tolist())[:8] == [0.0] * 8 and sorted(load.tolist())[-2:] == [1.0, 1.0]
    middle = [x for link, x in enumerate(load) if F.ids[F.link_src[link]] == "a" and x]
    assert sum(middle) == pytest.approx(1) and max(middle) < 0.6
    assert len(route(F, *one, Adaptive(paths=1)).link) == 4
    assert route(F, np.array([0, 1]), np.array([0, 0]), Adaptive()).length.tolist()[0] == 0


def test_without_tiers_adaptive_splits_over_parallel_cables_of_a_server() -> None:
    trunk = [(0, "a"), (1, "b"), (2, "c"), ("a", "b"), ("b", "c"), ("c", "a")]
    switches = {"a": 1, "b": 1, "c": 1}
    G = graph("server", range(3), switches, [*trunk, (0, "n", 2), (1, "n", 3)], scaleup=["n"])
    F = Fabric.from_graph(G)
    load = route(F, np.array([0]), np.array([1]), Adaptive()).load(1.0, F.n_links)
    assert not F.tiered and sorted(load[load > 0].tolist()) == pytest.approx([1 / 3] * 3 + [1 / 2] * 2)
    assert len(route(F, np.array([0]), np.array([1]), Ecmp()).link) == 2


# --- illegal use ---


def test_detours_need_a_graph_without_tiers() -> None:
    F = Fabric.from_graph(leaf_spine())
    for policy in (Valiant(), Ugal()):
        with pytest.raises(ParameterError, match="for graphs without tiers; leaf-spine has tiers"):
            check_policy(F, policy)
    with pytest.raises(ParameterError, match="paths: 3: only for graphs without tiers; leaf-spine has tiers"):
        carrier(F, Adaptive(paths=3))


def test_two_switches_have_nothing_between_them() -> None:
    G = graph("pair", range(4), {"a": 1, "b": 1}, [(0, "a"), (1, "a"), (2, "b"), (3, "b"), ("a", "b")])
    F = Fabric.from_graph(G)
    for policy in (Valiant(), Ugal()):
        paths = route(F, np.array([0, 1]), np.array([2, 0]), policy)
        each = np.split(paths.link, paths.ptr[1:-1])
        assert [len(set(one.tolist())) for one in each] == [3, 2]


def test_parts_of_the_network_that_are_cut_off_are_no_intermediates() -> None:
    trunk = [("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")]
    G = graph("two parts", range(5), dict.fromkeys("abcxy", 1), [*enumerate("abcxy"), *trunk])
    F = Fabric.from_graph(G, allow_partition=True)
    for policy in (Valiant(paths=64), Ugal(paths=64)):
        paths = route(F, np.array([0, 3]), np.array([1, 4]), policy)
        cut = paths.take(np.array([1]))
        first = Paths(ptr=np.array([0, 3]), link=cut.link[:3])
        assert nodes(F, first, 0) == [3, "x", "y", 4] and len(set(cut.link.tolist())) == 3
        used = {F.ids[node] for node in F.link_dst[paths.link[: paths.ptr[1]]]}
        assert used <= {"a", "b", "c", 1}
