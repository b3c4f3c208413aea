"""Fabrics compiled from the arrays of their builder, against those of the NetworkX graph of the call."""

from __future__ import annotations

from dataclasses import fields

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from topologies import load
from topologies.named import FAMILIES, PRESETS, named
from topologies.parts.arrays import Arrays, left_as_arrays

# Small, and with what a family can have: parallel cables, servers, rails, planes, free ports.
SPECS = [
    "fat-tree:k=4",
    "fat-tree:endpoints=60,radix=8,gpus_per_server=4,rails=true,oversubscription=2",
    "fat-tree:endpoints=40,radix=16,tiers=2",
    "xgft:m=4/4,w=1/2",
    "pgft:m=4/4,w=1/2,p=1/2,gpus_per_server=4",
    "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=8,cables=2",
    "multi-plane:planes=2,endpoints=32,radix=16,gpus_per_server=4",
    "rail-optimized:servers=16,radix=16",
    "rail-only:servers=8,radix=8",
    "rail-only:servers=20,radix=8,gpus_per_server=6,rails_per_server=3,planes=2",
    "dragonfly:p=2",
    "dragonfly:p=2,gpus_per_server=2",
    "dragonfly-plus:leaves=4,spines=4,endpoints_per_leaf=4,global_ports=4",
    "torus:dims=3/4,endpoints_per_switch=2",
    "slim-fly:q=5",
    "random-regular:switches=20,radix=8,endpoints_per_switch=3,seed=1",
    "star:endpoints=5",
]
SMALL = {
    "colossus-100k": "servers=200",
    "memphis": "servers=200",
    "meta-24k": "pods=1",
    "hpn-pod": "segments=1",
    "fairwater-524k": "servers=600",
    **dict.fromkeys(("multiplane-131k", "mrc-131k", "stargate"), "endpoints=2048"),
}


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return one.keys() == other.keys() and all(
            value.names == other[key].names and same(value.of, other[key].of) for key, value in one.items()
        )
    return one == other


def check(text: str) -> None:
    topology = named(text)
    with left_as_arrays(0):
        arrays = topology.graph()
    graph = topology.graph()
    assert isinstance(arrays, Arrays) and isinstance(graph, nx.Graph)
    assert arrays.graph == graph.graph
    one, other = Fabric.from_graph(arrays), Fabric.from_graph(graph)
    for field in fields(Fabric):
        if field.name != "derived":
            assert same(getattr(one, field.name), getattr(other, field.name)), field.name


def test_each_family_stands_here() -> None:
    assert {spec.partition(":")[0] for spec in SPECS} == set(FAMILIES)


@pytest.mark.parametrize("text", SPECS)
def test_families(text: str) -> None:
    check(text)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "beyond-1m"])
def test_presets(name: str) -> None:
    check(f"preset:{name}:{SMALL[name]}" if name in SMALL else f"preset:{name}")


def test_a_graph_that_a_user_asks_for_is_one() -> None:
    assert isinstance(load("fat-tree:k=4"), nx.Graph)
    assert isinstance(named("fat-tree:k=4").compilable(), nx.Graph)


def test_half_a_million_endpoints_are_compiled_from_arrays() -> None:
    topology = named("star:endpoints=500000")
    assert isinstance(topology.compilable(), Arrays)
    fabric = topology.fabric()
    assert (fabric.n_endpoints, fabric.n_links, fabric.tiered) == (500_000, 1_000_000, True)
