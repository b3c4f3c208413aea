"""Orbits of leaves: those of grids by hand, and that no guess is believed without proof."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.measures.hops import hop_counts
from fabric.measures.symmetry import orbits
from topologies import load


def slowly(G: nx.Graph) -> tuple[tuple[int, int], ...]:
    """Ordered pairs of endpoints by their links, pair by pair."""
    ends = [node for node, kind in G.nodes(data="kind") if kind == "gpu"]
    found: Counter[int] = Counter()
    for end in ends:
        length = nx.single_source_shortest_path_length(G, end)
        found.update(length[other] for other in ends if other != end)
    return tuple(sorted(found.items()))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("torus:dims=4/6", 1),
        ("torus:dims=2/3/4,endpoints_per_switch=2", 1),
        ("torus:dims=7", 1),
        ("torus:dims=4/6,wrap=false", 2 * 3),  # a quarter of a mesh
        ("torus:dims=5,wrap=false", 3),
        ("torus:dims=2", 1),
    ],
)
def test_orbits_of_grids(text: str, number: int) -> None:
    G = load(text)
    fabric = Fabric.from_graph(G)
    assert len(np.unique(orbits(fabric))) == number
    assert hop_counts(fabric) == slowly(G)


@pytest.mark.parametrize(
    "text",
    ["slim-fly:q=5", "dragonfly:p=2", "random-regular:switches=20,radix=8,endpoints_per_switch=3,seed=1"],
)
def test_whatever_is_found_counts_alike(text: str) -> None:
    G = load(text)
    assert hop_counts(Fabric.from_graph(G)) == slowly(G)


def test_a_missing_cable_or_endpoint_leaves_few_symmetries() -> None:
    G = load("torus:dims=4/6")
    G.remove_edge(24, 25)  # of the first two switches
    fabric = Fabric.from_graph(G)
    # What is left of a torus with a cable marked: it turned round along either axis.
    assert len(np.unique(orbits(fabric))) > 6
    assert hop_counts(fabric) == slowly(G)
    G = load("torus:dims=4/6")
    G.add_node(48, kind="gpu", tier=0)
    G.add_edge(48, 24, rate=1.0, delay=0.0)
    fabric = Fabric.from_graph(G)
    assert len(np.unique(orbits(fabric))) > 1
    assert hop_counts(fabric) == slowly(G)


def test_switches_without_endpoints() -> None:
    """Rotating a ring of six of which every other has an endpoint: by two."""
    G = load("torus:dims=6")
    for end in (0, 2, 4):
        G.remove_node(end)
    fabric = Fabric.from_graph(G)
    assert len(fabric.leaves) == 3 and hop_counts(fabric) == slowly(G) == ((4, 6),)
