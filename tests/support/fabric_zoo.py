"""A few small named graphs, with drawings. They serve all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import networkx as nx
from hypothesis import strategies as st

from topologies import fat_tree


def graph(
    name: str,
    gpus: Iterable[Any],
    switches: Mapping[Any, int],
    cables: Iterable[tuple],
    scaleup: Iterable[Any] = (),
) -> nx.Graph:
    """``switches`` gives the tier of each; ``cables`` are (u, v) or (u, v, how many), of 1 byte/s each."""
    G = nx.Graph(name=name)
    G.add_nodes_from(gpus, kind="gpu", tier=0)
    for node, tier in switches.items():
        G.add_node(node, kind="switch", tier=tier)
    G.add_nodes_from(scaleup, kind="nvswitch", tier=1)
    for u, v, *count in cables:
        G.add_edge(u, v, rate=1.0, delay=1e-7, cables=count[0] if count else 1)
    return G


def leaf_spine() -> nx.Graph:
    """Four leaves of four endpoints; two cables to each of two spines.

       s0      s1
       ||  ..  ||
     l0  l1  l2  l3
    0-3 4-7 8-11 12-15
    """
    leaves, spines = [f"l{i}" for i in range(4)], ["s0", "s1"]
    access = [(e, leaves[e // 4]) for e in range(16)]
    trunk = [(leaf, spine, 2) for leaf in leaves for spine in spines]
    return graph("leaf-spine", range(16), dict.fromkeys(leaves, 1) | dict.fromkeys(spines, 2), access + trunk)


def three_tier() -> nx.Graph:
    """k = 8: two ECMP stages (leaf to one of 4 spines, spine to one of its 4 cores); 128 endpoints."""
    return fat_tree(k=8)


def irregular() -> nx.Graph:
    """k = 4, three cables cut: leaf 16 is left with spine 25, leaf 21 with spine 29, spine 26 with core 32.

    endpoints 0-15, leaves 16-23, spines 24-31, cores 32-35; pod p: leaves 16+2p, 17+2p, spines 24+2p, 25+2p
    """
    G = fat_tree(k=4)
    G.remove_edges_from([(16, 24), (26, 34), (21, 28)])
    G.graph["name"] = "irregular"
    return G


def dragonfly() -> nx.Graph:
    """Three groups of three switches, each group a triangle, one cable between any two groups. No tiers.

    a0-a1-a2-(a0)   a0-b0   b1-c1   c2-a2      one endpoint on each switch
    """
    names = [g + str(i) for g in "abc" for i in range(3)]
    rings = [(g + str(i), g + str((i + 1) % 3)) for g in "abc" for i in range(3)]
    trunk = [*rings, ("a0", "b0"), ("b1", "c1"), ("c2", "a2")]
    return graph("dragonfly", range(9), dict.fromkeys(names, 1), [*enumerate(names), *trunk])


def servers() -> nx.Graph:
    """k = 4 whose endpoints 2i and 2i+1 are a server with a scale-up switch of their own."""
    return fat_tree(k=4, gpus_per_server=2)


def dual_homed() -> nx.Graph:
    """Two racks of four endpoints, each on both leaves of its rack; the B leaves hang on one spine only.

      s0    s1
     / | \\ / |  \\     A0, A1 to s0 and s1; B0, B1 to s1
    A0 A1  B0  B1     endpoints 0-3: A0 + B0, 4-7: A1 + B1
    """
    access = [(e, f"{side}{e // 4}") for e in range(8) for side in "AB"]
    trunk = [("A0", "s0"), ("A1", "s0"), ("A0", "s1"), ("A1", "s1"), ("B0", "s1"), ("B1", "s1")]
    tiers = {"A0": 1, "A1": 1, "B0": 1, "B1": 1, "s0": 2, "s1": 2}
    return graph("dual-homed", range(8), tiers, access + trunk)


def rail_only() -> nx.Graph:
    """Four servers of two; GPU 2i on rail r0, GPU 2i+1 on rail r1; only the servers join the rails.

    r0        r1
    |0 2 4 6  |1 3 5 7      n0: 0, 1   n1: 2, 3   n2: 4, 5   n3: 6, 7
    """
    access = [(e, f"r{e % 2}") for e in range(8)] + [(e, f"n{e // 2}") for e in range(8)]
    return graph("rail-only", range(8), {"r0": 1, "r1": 1}, access, [f"n{i}" for i in range(4)])


ZOO = {
    make.__name__: make
    for make in (leaf_spine, three_tier, irregular, dragonfly, servers, dual_homed, rail_only)
}


@st.composite
def random_graphs(draw: st.DrawFn) -> nx.Graph:
    """Switches of random tiers, cabled at random (tiers may be skipped), some with endpoints."""
    n = draw(st.integers(2, 9))
    tier = draw(st.lists(st.integers(1, draw(st.integers(1, 4))), min_size=n, max_size=n))
    pairs = [(u, v) for u in range(n) for v in range(u)]
    if draw(st.booleans()):
        pairs = [(u, v) for u, v in pairs if tier[u] != tier[v]]
    trunk = draw(st.sets(st.sampled_from(pairs), max_size=20)) if pairs else set()
    homes = draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=8))
    names = {f"w{i}": t for i, t in enumerate(tier)}
    access = [(e, f"w{home}") for e, home in enumerate(homes)]
    return graph("random", range(len(homes)), names, access + [(f"w{u}", f"w{v}") for u, v in trunk])


@st.composite
def thinned_trees(draw: st.DrawFn) -> nx.Graph:
    """Trees of two or three tiers in which any cable but one of each leaf may be missing, in any order."""
    leaves = draw(st.integers(2, 7))
    tiers = [[f"l{i}" for i in range(leaves)]]
    tiers += [
        [f"{name}{i}" for i in range(draw(st.integers(1, 5)))] for name in draw(st.sampled_from(["s", "sc"]))
    ]
    trunk = []
    for lower, upper in pairwise(tiers):
        pairs = draw(st.permutations([(u, v) for u in lower for v in upper]))
        missing = (
            draw(st.sets(st.integers(1, len(pairs) - 1), max_size=len(pairs) // 2))
            if len(pairs) > 1
            else set()
        )
        trunk += [pair for i, pair in enumerate(pairs) if i not in missing]
    homes = draw(st.permutations(range(leaves)))
    names = {name: t + 1 for t, tier in enumerate(tiers) for name in draw(st.permutations(tier))}
    access = [(e, f"l{home}") for e, home in enumerate(homes)]
    return graph("thinned", range(len(homes)), names, access + trunk)
