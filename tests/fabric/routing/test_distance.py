"""Distance tables against breadth-first searches in plain Python."""

from __future__ import annotations

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, graph, random_graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.routing import distance
from fabric.routing.distance import NO_PATH, Distances, unreached
from topologies import fat_tree


def check(G: nx.Graph) -> None:
    """Every entry of every table of G equals the slow search, and the lookups agree with the tables."""
    F = Fabric.from_graph(G, allow_partition=True)
    tables, n = Distances(F), F.n_endpoints
    node = {name: i for i, name in enumerate(F.ids)}
    reach = {u: oracle.legal_distances(G, u) for u in oracle.switches(G)}
    down = {u: oracle.legal_distances(G, u, rising=False) for u in oracle.switches(G)}
    if not oracle.tiered(G):
        down = {u: {u: 0} for u in down}
    for block in tables:
        for table, expected in ((block.reach, reach), (block.down, down)):
            for column in range(table.shape[1]):
                leaf = F.ids[F.leaves[block.first + column]]
                for u in expected:
                    value = int(table[node[u] - n, column])
                    assert (None if value == unreached(table) else value) == expected[u].get(leaf)
    every, leaves = np.arange(n, n + F.n_switches), np.arange(len(F.leaves))
    matrix = tables.matrix(every, leaves)
    assert [[reach[F.ids[u]].get(F.ids[v], NO_PATH) for v in F.leaves] for u in every] == matrix.tolist()
    flat = tables.between(np.repeat(every, len(leaves)), np.tile(leaves, len(every)))
    assert flat.tolist() == matrix.ravel().tolist()


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name: str) -> None:
    check(ZOO[name]())


def test_without_tiers_any_shortest_path_is_legal() -> None:
    G = ZOO["dragonfly"]()
    F = Fabric.from_graph(G)
    length = dict(nx.all_pairs_shortest_path_length(G.subgraph(oracle.switches(G))))
    for u in oracle.switches(G):
        row = Distances(F).matrix(np.array([F.ids.index(u)]), np.arange(9))[0]
        assert row.tolist() == [length[u][F.ids[v]] for v in F.leaves]


TRUNK = [e for e in fat_tree(k=4).edges if min(e) >= 16]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(TRUNK), max_size=12))
def test_a_cut_tree(cut: set) -> None:
    G = fat_tree(k=4)
    G.remove_edges_from(cut)
    check(G)


@settings(max_examples=60, deadline=None)
@given(random_graphs())
def test_random_graphs(G: nx.Graph) -> None:
    check(G)


@pytest.mark.parametrize("close", [False, True])
def test_a_long_chain_or_ring_needs_two_bytes(close: bool) -> None:
    n = 600
    trunk = [(f"w{i}", f"w{(i + 1) % n}") for i in range(n if close else n - 1)]
    access = [(i, f"w{i}") for i in range(n)]
    F = Fabric.from_graph(graph("chain", range(n), {f"w{i}": 1 for i in range(n)}, access + trunk))
    (block,) = Distances(F)
    place = np.arange(n)
    apart = abs(place[:, None] - place)
    assert block.reach.dtype == np.uint16
    np.testing.assert_array_equal(block.reach, np.minimum(apart, n - apart) if close else apart)


def test_a_tall_tree_needs_two_bytes() -> None:
    """Two towers of 300 tiers under one roof, an endpoint at the foot of each: 600 links apart, all legal."""
    trunk = [(f"{side}{i}", f"{side}{i + 1}") for side in "ab" for i in range(1, 300)]
    tiers = {f"{side}{i}": i for side in "ab" for i in range(1, 301)} | {"roof": 301}
    trunk += [("a300", "roof"), ("b300", "roof")]
    F = Fabric.from_graph(graph("towers", "xy", tiers, [("x", "a1"), ("y", "b1"), *trunk]))
    assert F.tiered
    (block,) = Distances(F)
    assert block.reach[F.leaves[0] - 2].tolist() == [0, 600]
    assert block.down[F.ids.index("roof") - 2].tolist() == [300, 300]


@pytest.mark.parametrize("close", [False, True])
def test_small_blocks_give_the_same_answers(monkeypatch: pytest.MonkeyPatch, close: bool) -> None:
    G = fat_tree(k=12)
    if close:
        G.remove_edges_from([e for i, e in enumerate(G.edges) if min(e) >= 432 and i % 7 == 0])
    F = Fabric.from_graph(G)
    (whole,) = Distances(F)
    monkeypatch.setattr(distance, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(distance, "_KEPT_BYTES", 1)  # keep one block: the others are made again
    parts = Distances(F)
    assert parts.columns == 64 and len(list(parts)) == 2
    np.testing.assert_array_equal(np.hstack([block.reach for block in parts]), whole.reach)
    np.testing.assert_array_equal(np.hstack([block.down for block in parts]), whole.down)
    u, v = np.meshgrid(F.leaves, np.arange(len(F.leaves)))
    one, many = Distances(F), parts
    np.testing.assert_array_equal(many.between(u.ravel(), v.ravel()), one.between(u.ravel(), v.ravel()))
    np.testing.assert_array_equal(
        many.matrix(F.leaves, np.arange(72)[::-1]), one.matrix(F.leaves, np.arange(72)[::-1])
    )


def test_where_the_way_down_is_forced() -> None:
    """On a tree with one cable per parent every way down is unique; over two middle switches it is not."""
    (block,) = Distances(Fabric.from_graph(fat_tree(k=4)))
    assert block.forced.all()
    diamond = [("top", "m0"), ("top", "m1"), ("m0", "l"), ("m1", "l"), (0, "l"), (1, "l")]
    F = Fabric.from_graph(graph("diamond", range(2), {"l": 1, "m0": 2, "m1": 2, "top": 3}, diamond))
    (block,) = Distances(F)
    forced = dict(zip(F.ids[2:], block.forced.tolist()))
    assert forced == {"l": True, "m0": True, "m1": True, "top": False}
