"""Bisection of a fabric in several parts: against all ways to halve it, counted one by one."""

from __future__ import annotations

from itertools import combinations
from math import isnan

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import graph, rail_only
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric, measure
from fabric.measures.halves import half_capacity, part_of
from fabric.measures.subnet import boundary_bisections
from sims.show.words.table import measures_lines
from topologies import fat_tree, load


def stars(sizes: list[int]) -> nx.Graph:
    """A switch for each of ``sizes`` that has endpoints on it; 0 is an endpoint without a cable."""
    hubs = {f"hub{i}": 1 for i, size in enumerate(sizes) if size}
    ends = [(f"e{i}.{j}", f"hub{i}") for i, size in enumerate(sizes) for j in range(size)]
    alone = [f"alone{i}" for i, size in enumerate(sizes) if not size]
    return graph("stars", [e for e, _ in ends] + alone, hubs, ends)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=5).filter(any))
def test_stars_against_all_their_halves(sizes: list[int]) -> None:
    """Between x and n - x endpoints of one switch min(x, n - x) cables' worth can pass, of unequal switches
    the sum: the least over all choices of half of the endpoints."""
    home = [i for i, size in enumerate(sizes) for _ in range(max(size, 1))]
    least = min(
        sum(min((x := sum(home[e] == i for e in half)), size - x) for i, size in enumerate(sizes) if size)
        for half in combinations(range(len(home)), len(home) // 2)
    )
    F = Fabric.from_graph(stars(sizes), allow_partition=True)
    assert measure(F).bisection == pytest.approx(least)
    assert [b.bisection for b in boundary_bisections(F)] == [pytest.approx(least)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=2, max_size=5))
def test_of_several_parts_at_most_one_is_cut(parts: list[tuple[int, int]]) -> None:
    """All ways to take 0 .. n endpoints of every part, half of them in all."""
    sizes, capacity = (np.array(column) for column in zip(*parts))
    half = int(sizes.sum()) // 2
    taken = np.indices(tuple(sizes + 1)).reshape(len(sizes), -1).T
    taken = taken[taken.sum(axis=1) == half]
    least = (capacity * np.minimum(taken, sizes - taken) / sizes).sum(axis=1).min()
    assert half_capacity(sizes, capacity.astype(float)) == pytest.approx(least)


def test_two_trees_that_nothing_joins_have_no_bisection() -> None:
    m = measure(F := Fabric.from_graph(nx.disjoint_union(fat_tree(k=4), fat_tree(k=4)), allow_partition=True))
    assert m.bisection == 0 and m.parts == ((16, 2),)
    assert [(b.bisection, b.share) for b in boundary_bisections(F)] == [(0, 0)] * 3
    text = "\n".join(measures_lines("two", m))
    assert "separate parts                2" in text and "by endpoints: 2 of 16" in text
    assert "0 bps one way: 0.0% of full" in text


def test_pods_without_their_cores_are_parts_too() -> None:
    """k = 4: four pods of four; two against two share no cable. A core without a cable changes nothing."""
    G = fat_tree(k=4)
    G.remove_edges_from([(u, v) for u, v in G.edges if 3 in (G.nodes[u]["tier"], G.nodes[v]["tier"])])
    m = measure(Fabric.from_graph(G, allow_partition=True))
    assert (m.bisection, m.parts) == (0, ((4, 4),))


def test_an_endpoint_cut_off_leaves_the_others_bisection() -> None:
    """15 of 16 are one part: 8 on one side of it, or 7 and the one cut off. 15 cables remain below."""
    G = fat_tree(k=4)
    G.remove_edge(0, 16)
    m = measure(Fabric.from_graph(G, allow_partition=True))
    assert m.parts == ((15, 1), (1, 1))
    assert m.bisection == pytest.approx(50e9 * 15 * 7 / 15)


@pytest.mark.parametrize(
    "spec",
    [
        "rail-only:servers=4,radix=16",
        "multi-plane:planes=2,endpoints=64,radix=16,attach=one,gpus_per_server=8",
        "multi-plane:planes=4,endpoints=64,radix=16",
        "preset:hpn-pod:segments=1",
    ],
)
def test_planes_and_rails_are_one_part_at_full_bisection(spec: str) -> None:
    m = measure(Fabric.from_graph(load(spec)))
    assert len(m.parts) == 1 and m.parts[0][1] == 1
    assert 2 * m.bisection == pytest.approx(
        m.injection * min(1, 1 / max([1, *dict(m.oversubscription).values()]))
    )
    assert not any("separate" in line for line in measures_lines(spec, m))


def test_without_tiers_two_islands_have_none_and_three_are_not_known() -> None:
    island = load("torus:dims=3/3")
    two = nx.disjoint_union(island, island)
    three = nx.disjoint_union(two, island)
    assert measure(Fabric.from_graph(two, allow_partition=True)).bisection == 0
    assert isnan(measure(Fabric.from_graph(three, allow_partition=True)).bisection)


def test_parts_of_nodes() -> None:
    F = Fabric.from_graph(stars([2, 0]), allow_partition=True)
    assert part_of(F).tolist() == [0, 0, 1, 0]
    assert set(part_of(Fabric.from_graph(rail_only())).tolist()) == {0}


@pytest.mark.parametrize("size", [1, 6, 7])
def test_one_part_is_cut_in_the_middle(size: int) -> None:
    """Half of its capacity, for an odd number of endpoints as well."""
    assert half_capacity(np.array([size]), np.array([14.0])) == 7.0
