"""Pairs by way and links, against routing every pair."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from fabric_zoo import ZOO

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
    assert hop_counts(fabric) == measure(fabric).hops
