"""Distance tables against breadth-first searches in plain Python."""

from __future__ import annotations

from typing import Any

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, graph, random_graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric, route
from fabric.routing import distance
from fabric.routing.distance import NO_PATH, Distances
from fabric.routing.policies import parse_policy
from fabric.routing.twins import classes
from topologies import fat_tree, random_regular, torus


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
            for u in expected:
                found = table(np.full(len(block.leaves), node[u] - n), block.leaves).tolist()
                for leaf, value in zip(block.leaves, found):
                    assert (None if value == block.none else value) == expected[u].get(F.ids[F.leaves[leaf]])
        flows = np.tile(block.leaves, F.n_switches)
        at = np.repeat(np.arange(F.n_switches), len(block.leaves))
        some, even = np.arange(0, len(flows), 3), flows % 2 == 0
        lookup = block.lookup(flows)
        assert np.array_equal(lookup.reach(at), block.reach(at, flows))
        assert np.array_equal(lookup.down(at[some], some), block.down(at[some], flows[some]))
        lookup.keep(even)
        assert np.array_equal(lookup.reach(at[even]), block.reach(at[even], flows[even]))
    every, leaves = np.arange(n, n + F.n_switches), np.arange(len(F.leaves))
    matrix = tables.matrix(every, leaves)
    assert [[reach[F.ids[u]].get(F.ids[v], NO_PATH) for v in F.leaves] for u in every] == matrix.tolist()
    flat = tables.between(np.repeat(every, len(leaves)), np.tile(leaves, len(every)))
    assert flat.tolist() == matrix.ravel().tolist()
    apart = bool(np.any(tables.matrix(F.leaves, leaves) == NO_PATH))
    assert tables.joined == (oracle.tiered(G) and not apart)


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
    reach = block.reach(place[:, None], place)
    assert reach.dtype == np.uint16
    np.testing.assert_array_equal(reach, np.minimum(apart, n - apart) if close else apart)


def test_a_tall_tree_needs_two_bytes() -> None:
    """Two towers of 300 tiers under one roof, an endpoint at the foot of each: 600 links apart, all legal."""
    trunk = [(f"{side}{i}", f"{side}{i + 1}") for side in "ab" for i in range(1, 300)]
    tiers = {f"{side}{i}": i for side in "ab" for i in range(1, 301)} | {"roof": 301}
    trunk += [("a300", "roof"), ("b300", "roof")]
    F = Fabric.from_graph(graph("towers", "xy", tiers, [("x", "a1"), ("y", "b1"), *trunk]))
    assert F.tiered
    (block,) = Distances(F)
    assert block.reach(F.leaves[0] - 2, np.arange(2)).tolist() == [0, 600]
    assert block.down(np.array(F.ids.index("roof") - 2), np.arange(2)).tolist() == [300, 300]


@pytest.mark.parametrize("close", [False, True])
def test_small_blocks_give_the_same_answers(monkeypatch: pytest.MonkeyPatch, close: bool) -> None:
    G = fat_tree(k=12)
    if close:
        G.remove_edges_from([e for i, e in enumerate(G.edges) if min(e) >= 432 and i % 7 == 0])
    F = Fabric.from_graph(G)
    whole = Distances(F)
    assert len(list(whole)) == 1
    monkeypatch.setattr(distance, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(distance, "_KEPT_BYTES", 1)  # keep one block: the others are made again
    parts = Distances(F)
    assert parts.columns == 64 and len(list(parts)) == (2 if close else 1)
    every = np.arange(F.n_switches)[:, None]
    for block in parts:
        for name in ("reach", "down"):
            own, same = (getattr(b, name)(every, block.leaves) for b in (block, whole.block(0)))
            np.testing.assert_array_equal(own, same)
    u, v = np.meshgrid(F.leaves, np.arange(len(F.leaves)))
    one, many = whole, parts
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


def test_alike_switches_are_searched_from_once() -> None:
    """A class of leaves and one of spines in each of 8 pods, and one of cores."""
    G = fat_tree(k=8)
    assert len(classes(Fabric.from_graph(G)).first) == 8 + 8 + 1
    leaf, spine = 128, 128 + 32
    assert G.has_edge(leaf, spine)
    G.remove_edge(leaf, spine)
    found = classes(Fabric.from_graph(G))
    # The leaf, and in each pod the spine below the four cores from which the leaf is far; and these cores.
    assert len(found.first) == (8 + 1) + 2 * 8 + 2 and sorted(found.twins.tolist()) == [1, 3, *[4] * 7]
    row = found.row.tolist()
    assert row.count(row[0]) == 1 and row.count(row[1]) == 3 and sorted(map(row.count, row[-16:]))[0] == 4


def test_twins_that_nothing_joins_are_apart() -> None:
    """Leaves with no switch above have the same neighbours, none, and no path."""
    F = Fabric.from_graph(
        graph("two", range(2), {"a": 1, "b": 1}, [(0, "a"), (1, "b")]), allow_partition=True
    )
    tables = Distances(F)
    assert len(classes(F).twins) == 1
    assert tables.matrix(F.leaves, np.arange(2)).tolist() == [[0, NO_PATH], [NO_PATH, 0]]


def around(step: int, size: int) -> int:
    return min(step % size, -step % size)


def test_near_pairs_do_not_wait_for_far_ones() -> None:
    """On a torus the search ends where all pairs that are asked for have met, and goes on when others are."""
    F = Fabric.from_graph(torus(dims=(12, 13)))
    tables, every = Distances(F), np.arange(156)
    x, y = np.divmod(every, 13)

    def between(a: int, b: int) -> list[int]:
        other = (x + a) % 12 * 13 + (y + b) % 13
        return tables.between(F.leaves[every], F.leaf_index[F.leaves[other]]).tolist()

    assert between(0, 1) == between(1, 0) == [1] * 156 and not tables.block(0, (every, every)).whole
    near = tables.block(0, (every, every))
    known = near.reach(every[:, np.newaxis], every)
    exact = [[around(x[u] - x[v], 12) + around(y[u] - y[v], 13) for v in every] for u in every]
    assert (known == np.where(np.array(exact) <= 2, exact, near.none)).all()
    assert between(3, -4) == [7] * 156 and tables.block(0).whole  # the second time for good
    assert tables.matrix(F.leaves, every).tolist() == exact
    tables = Distances(F)
    assert between(3, -4) == [7] * 156 and not tables.block(0, (every[:1], every[:1])).whole
    assert tables.matrix(F.leaves, every).tolist() == exact


def test_pairs_that_no_path_joins_end_the_search() -> None:
    G = nx.disjoint_union(torus(dims=(4,)), torus(dims=(9,)))
    F = Fabric.from_graph(G, allow_partition=True)
    first, last = F.leaves[[0, 0, -1]], np.array([3, len(F.leaves) - 1, 0])
    assert Distances(F).between(first, last).tolist() == [1, NO_PATH, NO_PATH]


def test_a_long_ring_is_followed_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level sets two bits of a row, in at most two of its 18 words."""
    calls: list[int] = []
    thinly = Distances._rise_thinly

    def followed(*args: Any) -> bool:
        calls.append(args[4])  # the level from which on
        return thinly(*args)

    monkeypatch.setattr(Distances, "_rise_thinly", followed)
    F = Fabric.from_graph(torus(dims=(1100,)))
    every, tables = np.arange(1100), Distances(F)
    step = np.abs(every[:, np.newaxis] - every)
    assert (tables.matrix(F.leaves, every) == np.minimum(step, 1100 - step)).all() and calls == [9]
    assert Distances(F).between(F.leaves[every], np.roll(every, -300)).tolist() == [300] * 1100


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_flows_take_the_same_paths_however_much_is_known(seed: int, split: bool) -> None:
    rng = np.random.default_rng(seed)
    G = random_regular(switches=20, radix=5, endpoints_per_switch=1, seed=seed % 100)
    F, known = Fabric.from_graph(G), Fabric.from_graph(G)
    distance.distances(known).block(0)
    pairs = rng.integers(0, 20, (2, 6))
    policy = parse_policy("spray" if split else "ecmp")
    for _ in range(2):  # from nothing known, then with what the first left
        one, two = (route(on, *pairs, policy) for on in (F, known))
        assert one.ptr.tolist() == two.ptr.tolist() and one.link.tolist() == two.link.tolist()
        pairs = rng.integers(0, 20, (2, 6))
