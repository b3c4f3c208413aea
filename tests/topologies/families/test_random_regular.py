"""Jellyfish: regular, connected, the same for the same seed; each promise broken once."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from topology_oracles import assert_plain, assert_shortest_routes, endpoints, ports, same, switches

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from topologies.catalogue import load
from topologies.families.random_regular import random_regular
from topologies.parts import memory


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 30), st.integers(3, 29), st.integers(1, 3), st.integers(0, 5))
def test_is_regular_and_connected(n: int, degree: int, p: int, seed: int) -> None:
    assume(degree < n and n * degree % 2 == 0)
    G = random_regular(switches=n, radix=degree + p, endpoints_per_switch=p, seed=seed)
    S = switches(G)
    assert len(S) == n and {d for _, d in S.degree} == {degree} and nx.is_connected(S)
    assert len(endpoints(G)) == n * p and set(ports(G).values()) == {degree + p}
    assert_plain(G)
    assert same(G, random_regular(**G.graph["params"])) and same(G, load(G.graph["name"]))
    Fabric.from_graph(G)


def test_the_seed_decides() -> None:
    graphs = [random_regular(switches=40, radix=6, endpoints_per_switch=2, seed=seed) for seed in (0, 0, 1)]
    edges = [set(G.edges) for G in graphs]
    assert edges[0] == edges[1] != edges[2]
    assert graphs[0].graph["name"] == "random-regular:switches=40,radix=6,endpoints_per_switch=2"
    assert graphs[2].graph["name"].endswith("seed=1")


def test_drawn_again_until_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = [nx.disjoint_union(nx.complete_graph(4), nx.complete_graph(4)), nx.cubical_graph()]
    monkeypatch.setattr(nx, "random_regular_graph", lambda d, n, seed: draws.pop(0))
    G = random_regular(switches=8, radix=4, endpoints_per_switch=1)
    assert not draws and nx.is_isomorphic(switches(G), nx.cubical_graph())


def test_as_dense_as_can_be() -> None:
    """With n - 1 ports to others the switches are fully connected; nearly so, the missing pairs are drawn."""
    full = random_regular(switches=9, radix=10, endpoints_per_switch=2)
    assert nx.is_isomorphic(switches(full), nx.complete_graph(9))
    G = random_regular(switches=10, radix=10, endpoints_per_switch=2)
    pairs = nx.from_edgelist((2 * i, 2 * i + 1) for i in range(5))
    assert nx.is_isomorphic(nx.complement(switches(G)), pairs)


def test_jellyfish_is_shallow() -> None:
    """246 switches with 11 ports to others: 1 + 11 + 110 < 246, so 3 across at least, and hardly more."""
    G = random_regular(switches=246, radix=14, endpoints_per_switch=3, seed=1)
    assert len(endpoints(G)) == 738 and nx.diameter(switches(G)) in (3, 4)


def test_routes_are_shortest() -> None:
    assert_shortest_routes(random_regular(switches=20, radix=6, endpoints_per_switch=2))


def test_servers() -> None:
    G = random_regular(switches=10, radix=11, endpoints_per_switch=8, gpus_per_server=8)
    assert Fabric.from_graph(G).n_scaleup == 10 and len(G.graph["notes"]) == 2


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("random-regular:switches=20,radix=8", "endpoints_per_switch: not given: random-regular needs it"),
        (
            "random-regular:switches=3,radix=8,endpoints_per_switch=1",
            "switches: 3: a whole number, at least 4",
        ),
        ("random-regular:switches=20,radix=8,endpoints_per_switch=6", "radix: 8: 3 ports .* legal is 9"),
        ("random-regular:switches=20,radix=24,endpoints_per_switch=4", "radix: 24: 20 ports .* 19 .* is 23"),
        (
            "random-regular:switches=21,radix=8,endpoints_per_switch=3",
            "switches: 21: an even number where 5 ports .* 20 and 22",
        ),
        (
            "random-regular:switches=20,radix=8,endpoints_per_switch=3,gpus_per_server=8",
            "gpus_per_server: 8: divides the 60 endpoints: the nearest legal are 6 and 10",
        ),
    ],
)
def test_illegal(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_too_large_is_refused_before_building(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    with pytest.raises(TooLargeError, match=r"random-regular:.*: needs about"):
        random_regular(switches=10**8, radix=64, endpoints_per_switch=32)
