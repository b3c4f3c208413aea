"""Pairs by way and links, against routing every pair."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from fabric_zoo import ZOO, graph

from fabric import Dmodk, Fabric, route
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.hops import hop_counts, pair_classes
from fabric.measures.measure import measure
from topologies import load

SPECS = [
    "fat-tree:k=4",
    "fat-tree:endpoints=64,radix=16,gpus_per_server=8",
    "fat-tree:endpoints=30,radix=8,gpus_per_server=3",
    "rail-only:gpus_per_server=4,servers=6,radix=8",
    "multi-plane:planes=2,endpoints=32,radix=8",
    "dragonfly:p=2",
    "torus:dims=3/4",
]


def routed(fabric: Fabric) -> Counter[tuple[str, int]]:
    """Every ordered pair by what its path crosses."""
    src, dst = (a.ravel() for a in np.mgrid[: fabric.n_endpoints, : fabric.n_endpoints])
    apart = src != dst
    paths = route(fabric, src[apart], dst[apart], Dmodk())
    into = fabric.kind[fabric.link_dst]
    inside, outside = (paths.total((into == kind).astype(float)) > 0 for kind in (NVSWITCH, SWITCH))
    way = np.where(inside & outside, "relay", np.where(inside, "server", "network"))
    return Counter(zip(way.tolist(), paths.length.tolist()))


def counted(fabric: Fabric) -> dict[tuple[str, int], int]:
    return {(c.way, c.links): c.pairs for c in pair_classes(fabric)}


@pytest.mark.parametrize("spec", SPECS)
def test_classes_are_those_of_routing_every_pair(spec: str) -> None:
    fabric = Fabric.from_graph(load(spec))
    assert counted(fabric) == routed(fabric)


@pytest.mark.parametrize("name", ZOO)
def test_classes_of_the_zoo(name: str) -> None:
    fabric = Fabric.from_graph(ZOO[name]())
    assert counted(fabric) == routed(fabric)
    n = fabric.n_endpoints
    assert sum(c.pairs for c in pair_classes(fabric)) == n * (n - 1)
    by_links: Counter[int] = Counter()
    for (_, links), pairs in routed(fabric).items():
        by_links[links] += pairs
    assert hop_counts(fabric) == measure(fabric).hops == tuple(sorted(by_links.items()))


def test_a_pair_of_one_server_is_two_links_apart_though_its_leaves_are_four() -> None:
    """Two servers of two GPUs, each on a leaf of its own and both leaves on one spine: by hand."""
    cables = [(e, f"l{e % 2}") for e in range(4)] + [(e, f"n{e // 2}") for e in range(4)]
    tiers = {"l0": 1, "l1": 1, "s": 2}
    G = graph("rails", range(4), tiers, [*cables, ("l0", "s"), ("l1", "s")], ["n0", "n1"])
    assert measure(Fabric.from_graph(G)).hops == ((2, 4 + 4), (4, 4))
