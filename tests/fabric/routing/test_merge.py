"""The merged tree: capacities are conserved, one path is left, no routing of the true graph does better."""

from __future__ import annotations

from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import dragonfly, graph, irregular, leaf_spine, rail_only, three_tier
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Adaptive, Dmodk, Ecmp, Fabric, carrier, max_min, measure, route
from fabric.routing.merge import balanced, classes, merged
from fabric.words.errors import NoRouteError, ParameterError
from topologies import fat_tree, load


def rates(F: Fabric, src: np.ndarray, dst: np.ndarray, policy: Adaptive | Dmodk | Ecmp) -> np.ndarray:
    on = carrier(F, policy)
    return max_min(route(on, src, dst, policy), on.capacity)


@pytest.mark.parametrize(
    "make", [leaf_spine, three_tier, lambda: fat_tree(endpoints=100, radix=8), rail_only]
)
def test_a_regular_tree_merges_into_one_path_with_all_capacity(make) -> None:
    F = Fabric.from_graph(make())
    M = merged(F)
    assert M.merged_from == F.name and merged(M) is M and merged(F) is M
    assert [b.capacity for b in measure(M).boundaries] == pytest.approx(
        [b.capacity for b in measure(F).boundaries]
    )
    assert [n for *_, n in measure(M).diversity] == [1] * len(measure(M).diversity)
    leaves = [F.ids[i] for i in F.leaves]
    assert [M.ids[i] for i in M.leaves] == leaves  # leaves are never merged
    assert measure(M).hops == measure(F).hops


def test_names_say_how_many_switches_stand_behind_a_node() -> None:
    M = merged(Fabric.from_graph(leaf_spine()))
    assert M.labels is not None and M.labels[-1] == "s0 (+1)" and M.labels[:2] == ("0", "1")


def test_the_largest_delay_of_a_class_counts() -> None:
    G = leaf_spine()
    G.edges["l0", "s1"]["delay"] = 5.0
    M = merged(Fabric.from_graph(G))
    assert sorted(M.delay)[-3:] == [1e-7, 5.0, 5.0]


@pytest.mark.parametrize("k", [4, 8])
def test_no_permutation_overloads_a_regular_tree(k: int) -> None:
    F, n = Fabric.from_graph(fat_tree(k=k)), k**3 // 4
    for seed in range(5):
        perm = np.random.default_rng(seed).permutation(n)
        assert np.all(rates(F, np.arange(n), perm, Adaptive())[perm != np.arange(n)] == pytest.approx(50e9))


TRUNK = [e for e in fat_tree(k=4).edges if min(e) >= 16]


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(TRUNK), max_size=6), st.integers(0, 2**32 - 1))
def test_no_routing_of_a_cut_tree_beats_the_merged_one(cut: set, seed: int) -> None:
    """The least max-min rate is the largest that all can have at once, so the bound is on it."""
    G = fat_tree(k=4)
    G.remove_edges_from(cut)
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = np.arange(16), np.random.default_rng(seed).permutation(16)
    for policy in (Ecmp(seed=seed), Dmodk()):
        try:
            true = rates(F, src, dst, policy).min()
        except NoRouteError:
            continue
        assert rates(F, src, dst, Adaptive()).min() >= true * (1 - 1e-9)


def best_split(G: nx.Graph, demands: list[tuple[str, str]]) -> float:
    """The largest common rate of demands between leaves under two spines, split at will: by twentieths."""
    best = 0.0
    for parts in product(range(21), repeat=len(demands)):
        load: Counter[tuple[str, str]] = Counter()
        for (a, b), part in zip(demands, parts):
            for spine, share in (("s0", part / 20), ("s1", 1 - part / 20)):
                load[a, spine] += share
                load[spine, b] += share
        if all(G.has_edge(*arc) for arc, share in load.items() if share):
            best = max(best, 1 / max(load.values()))
    return best


def cut_leaf_spine() -> nx.Graph:
    """Three leaves of two endpoints, two spines, one cable each; l0 has lost s0.

      s0   s1
       \\  / | \\
      l1 l2  l0       (l1 and l2 on both, l0 on s1)
    """
    trunk = [("l1", "s0"), ("l2", "s0"), ("l0", "s1"), ("l1", "s1"), ("l2", "s1")]
    access = [(e, f"l{e // 2}") for e in range(6)]
    return graph("cut", range(6), {"l0": 1, "l1": 1, "l2": 1, "s0": 2, "s1": 2}, access + trunk)


@pytest.mark.parametrize("seed", range(20))
def test_where_a_cable_is_cut_the_merged_rate_is_at_least_the_best_split(seed: int) -> None:
    """Three flows from and to endpoints of their own (no access link matters), between different leaves."""
    G, rng = cut_leaf_spine(), np.random.default_rng(seed)
    F = Fabric.from_graph(G)
    while True:
        src, dst = rng.permutation(6)[:3], rng.permutation(6)[:3]
        if np.all(src // 2 != dst // 2):
            break
    best = best_split(G, [(f"l{s // 2}", f"l{d // 2}") for s, d in zip(src, dst)])
    bound = rates(F, src, dst, Adaptive()).min()
    assert bound >= min(best, 1.0) * (1 - 1e-9)
    assert all(rates(F, src, dst, Ecmp(seed=s)).min() <= best * (1 + 1e-9) for s in range(10))


def test_switches_merge_when_their_leaves_overlap_not_only_when_they_are_equal() -> None:
    """Were s0 (l1, l2) and s1 (l0, l1, l2) apart, l1 -> l2 would have to choose, and the bound would fail.

    Two flows l1 -> l2 get 1 each on the true graph, one by each spine. The merged node carries 2. In two
    classes each of the flows is put on one spine by a hash, and for some seeds on the same: 1/2 each, below
    the true rate.
    """
    F = Fabric.from_graph(cut_leaf_spine())
    own = classes(F)
    s0, s1 = F.ids.index("s0"), F.ids.index("s1")
    assert own[s0] == own[s1]
    src, dst = np.array([2, 3]), np.array([4, 5])
    assert rates(F, src, dst, Adaptive()).tolist() == [1.0, 1.0]
    # Equal sets only: nothing merges here, so the graph with two classes is the true graph, hashed.
    apart = [rates(F, src, dst, Ecmp(seed=seed)).min() for seed in range(20)]
    assert min(apart) == 0.5 and max(apart) == 1.0


def test_where_the_merged_rate_is_too_good() -> None:
    """A bound, not a promise: m1 joins l0 and l1, m2 joins l1 and l2, so their class joins all three."""
    trunk = [("l0", "m1"), ("l1", "m1"), ("l1", "m2"), ("l2", "m2")]
    G = graph(
        "chain",
        range(3),
        {"l0": 1, "l1": 1, "l2": 1, "m1": 2, "m2": 2},
        [(e, f"l{e}") for e in range(3)] + trunk,
    )
    F = Fabric.from_graph(G)
    src, dst = np.array([0]), np.array([2])
    with pytest.raises(NoRouteError):
        route(F, src, dst, Ecmp())
    assert rates(F, src, dst, Adaptive()).tolist() == [1.0]


def test_overlaps_chain_into_one_class() -> None:
    """Spines s3, s0, s2, s1 (numbered against the chain) each share a leaf with the next: one class."""
    trunk = [(f"l{i + j}", s) for i, s in enumerate(["s3", "s0", "s2", "s1"]) for j in (0, 1)]
    switches = {f"l{i}": 1 for i in range(5)} | {f"s{i}": 2 for i in range(4)}
    F = Fabric.from_graph(graph("overlaps", range(5), switches, [(e, f"l{e}") for e in range(5)] + trunk))
    assert len(np.unique(classes(F)[F.tier == 2])) == 1
    assert merged(F).n_switches == 6


def test_cut_cables_lower_the_merged_capacity() -> None:
    F = Fabric.from_graph(irregular())
    M = merged(F)
    assert [b.capacity / 50e9 for b in measure(M).boundaries] == pytest.approx([16, 14, 15])


def test_a_graph_without_tiers_cannot_be_merged() -> None:
    with pytest.raises(ParameterError, match="needs a graph with tiers, and dragonfly has none"):
        merged(Fabric.from_graph(dragonfly()))


@pytest.mark.parametrize(
    "spec",
    [
        "fat-tree:k=8",
        "fat-tree:endpoints=100,radix=8,oversubscription=3",
        "fat-tree:endpoints=500,radix=8",
        "preset:superpod-h100:su=3",
        "preset:meta-24k:pods=2",
        "preset:hpn-pod:segments=2",
        "rail-optimized:servers=20,radix=16",
        "multi-plane:planes=2,endpoints=50,radix=8",
    ],
)
def test_regular_wiring_is_balanced(spec: str) -> None:
    F = Fabric.from_graph(load(spec))
    assert balanced(F)
    assert Adaptive().warning(F) == ""


def test_where_a_cable_is_cut_or_slower_the_result_is_labelled() -> None:
    for change in ("cut", "slow"):
        G = fat_tree(k=4)
        if change == "cut":
            G.remove_edge(16, 24)
        else:
            G.edges[24, 32]["rate"] /= 2
        F = Fabric.from_graph(G)
        assert not balanced(F)
        assert "upper bound" in Adaptive().warning(F)
        assert Ecmp().warning(F) == ""
