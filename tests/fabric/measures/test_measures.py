"""Static measures against closed forms of k-ary and oversubscribed trees, and against counting by hand."""

from __future__ import annotations

from math import isnan
from typing import Any

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, dragonfly, dual_homed, graph, leaf_spine, rail_only, random_graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric, measure
from fabric.measures import hops
from fabric.measures.link_kind import link_kind
from fabric.measures.reach import unreachable
from topologies import fat_tree


@pytest.mark.parametrize("k", [4, 6, 8, 16])
def test_the_k_ary_tree(k: int) -> None:
    r, n, rate = k // 2, k**3 // 4, 50e9
    m = measure(Fabric.from_graph(fat_tree(k=k)))
    in_leaf, in_pod = n * (r - 1), n * (r * r - r)
    assert m.hops == ((2, in_leaf), (4, in_pod), (6, n * (n - 1) - in_leaf - in_pod))
    assert m.mean_hops == pytest.approx((2 * in_leaf + 4 * in_pod + 6 * (n - r * r) * n) / (n * (n - 1)))
    assert m.diameter == 6 and m.endpoints == n and m.servers == 0
    assert m.diversity == ((2, r, r), (4, r * r, r * r))
    assert m.bisection == pytest.approx(k**3 / 8 * rate) and m.injection == pytest.approx(n * rate)
    assert m.oversubscription == (("leaf", 1.0), ("spine", 1.0))
    assert [(t.name, t.switches, t.ports) for t in m.tiers] == [
        ("leaf", k * r, ((k, k * r),)),
        ("spine", k * r, ((k, k * r),)),
        ("core", r * r, ((k, r * r),)),
    ]
    assert [(b.name, b.cables, b.capacity) for b in m.boundaries] == [
        (name, n, pytest.approx(n * rate)) for name in ("endpoint - leaf", "leaf - spine", "spine - core")
    ]
    assert m.cables == 3 * n


def test_an_oversubscribed_and_partly_filled_tree() -> None:
    """Leaves of 12 ports down and 4 up: 3 : 1. 100 endpoints on 9 leaves, the last with 4."""
    m = measure(Fabric.from_graph(fat_tree(endpoints=100, radix=16, oversubscription=3)))
    assert m.oversubscription == (("leaf", 3.0),)
    assert m.tiers[0].ports == ((8, 1), (16, 8))
    assert m.bisection == pytest.approx(9 * 4 * 50e9 / 2)
    assert m.hops == ((2, 8 * 12 * 11 + 4 * 3), (4, 100 * 99 - 8 * 12 * 11 - 4 * 3))


def test_parallel_cables_count_as_paths_and_cables() -> None:
    """Two cables up, two spines, two cables down: 8 paths."""
    m = measure(Fabric.from_graph(leaf_spine()))
    assert m.diversity == ((2, 8, 8),) and m.bisection == 8.0
    assert [(b.cables, b.capacity, b.delay) for b in m.boundaries] == [(16, 16.0, (1e-7, 1e-7))] * 2


@pytest.mark.parametrize("name", ["irregular", "dragonfly", "dual_homed", "leaf_spine", "servers"])
def test_hops_and_diversity_of_the_zoo(name: str) -> None:
    G = ZOO[name]()
    F = Fabric.from_graph(G)
    m = measure(F)
    assert m.hops == oracle.hops(G)
    assert m.diversity == diversity(G, F)


@settings(max_examples=40, deadline=None)
@given(random_graphs())
def test_hops_and_diversity_of_random_graphs(G: nx.Graph) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    m = measure(F)
    assert m.hops == oracle.hops(G)
    assert m.diversity == diversity(G, F)


def diversity(G: nx.Graph, F: Fabric) -> tuple[tuple[int, int, int], ...]:
    first, *others = [F.ids[i] for i in F.leaves]
    length = oracle.legal_distances(G, first)
    found: dict[int, list[int]] = {}
    for leaf in others:
        if leaf in length:
            found.setdefault(length[leaf], []).append(oracle.shortest_paths(G, first, leaf))
    return tuple((d, min(n), max(n)) for d, n in sorted(found.items()))


def test_endpoints_on_several_leaves_count_their_nearest() -> None:
    """Two racks of four: 3 neighbours two links away, 4 at four links."""
    m = measure(Fabric.from_graph(dual_homed()))
    assert m.hops == ((2, 8 * 3), (4, 8 * 4))
    assert m.injection == 16.0  # two cables each


def test_small_pieces_give_the_same_hops(monkeypatch: pytest.MonkeyPatch) -> None:
    F = Fabric.from_graph(fat_tree(k=6))
    whole = measure(F).hops
    monkeypatch.setattr(hops, "_PAIRS_AT_ONCE", 1)
    assert measure(F).hops == whole


def test_scale_up_switches_are_no_part_of_the_fabric() -> None:
    m = measure(Fabric.from_graph(rail_only()))
    # On the rail 4 x 3 on each of two, in the server 8; the other 24 pairs are relayed: two links to the
    # peer, two on.
    assert m.hops == ((2, 2 * 4 * 3 + 8), (4, 24)) and m.injection == 8.0 and m.diversity == ()
    assert [(t.name, t.switches) for t in m.tiers] == [("leaf", 2), ("scale-up switch", 4)]
    assert [b.name for b in m.boundaries] == ["endpoint - leaf", "endpoint - scale-up switch"]


def test_a_graph_without_tiers() -> None:
    m = measure(Fabric.from_graph(dragonfly()))
    assert isnan(m.bisection) and m.oversubscription == ()
    assert [(b.name, b.cables) for b in m.boundaries] == [("endpoint - switch", 9), ("switch - switch", 12)]
    assert [(t.name, t.ports) for t in m.tiers] == [("switch", ((3, 3), (4, 6)))]


def test_a_tier_that_is_skipped_hides_no_capacity() -> None:
    """Leaves of tier 1 on a core of tier 3: four cables cross every boundary below the core."""
    access = [(e, f"l{e // 2}") for e in range(4)]
    G = graph(
        "skip", range(4), {"core": 3, "l0": 1, "l1": 1}, [*access, ("l0", "core", 2), ("l1", "core", 2)]
    )
    F = Fabric.from_graph(G)
    assert measure(F).bisection == 2.0
    # Named from below, whatever the order of the nodes.
    assert [b.name for b in measure(F).boundaries] == ["endpoint - leaf", "leaf - core"]
    up = int(np.flatnonzero((F.tier[F.link_src] == 1) & (F.tier[F.link_dst] == 3))[0])
    assert link_kind(F, up) == "leaf -> core"


def test_one_switch_alone() -> None:
    m = measure(Fabric.from_graph(graph("star", range(4), {"hub": 1}, [(e, "hub") for e in range(4)])))
    assert m.hops == ((2, 12),) and m.diversity == () and m.bisection == 2.0 and m.oversubscription == ()


def test_a_high_tier_has_a_name_too() -> None:
    towers = [("t1", "t2"), ("t2", "t3"), ("t3", "t4"), ("t4", "t5")]
    F = Fabric.from_graph(graph("tower", [0], {f"t{i}": i for i in range(1, 6)}, [(0, "t1"), *towers]))
    assert [t.name for t in measure(F).tiers] == ["leaf", "spine", "core", "super-core", "tier-5 switch"]
    assert measure(F).mean_hops == 0.0 and measure(F).diameter == 0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ZOO)), st.randoms(use_true_random=False), st.integers(0, 8))
def test_pairs_by_hops_and_pairs_without_a_path_are_all_pairs(name: str, random: Any, cuts: int) -> None:
    """Also of endpoints whose only way is their server's switch, or whose last cable is cut."""
    G = ZOO[name]()
    G.remove_edges_from(random.sample(sorted(G.edges, key=repr), min(cuts, G.number_of_edges())))
    F = Fabric.from_graph(G, allow_partition=True)
    pairs = F.n_endpoints * (F.n_endpoints - 1) - unreachable(F).pairs
    assert sum(n for _, n in measure(F).hops) == pairs
    assert sum(c.pairs for c in hops.pair_classes(F)) == pairs
