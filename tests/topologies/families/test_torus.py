"""Tori and meshes against the grids of NetworkX; each promise broken once."""

from __future__ import annotations

from math import prod
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topology_oracles import assert_plain, assert_shortest_routes, endpoints, ports, same, switches

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from topologies.catalogue import canonical, load
from topologies.families.torus import torus
from topologies.named import named
from topologies.parts import memory


def grid(dims: tuple[int, ...], wrap: bool) -> nx.Graph:
    """The same by NetworkX, which lists dimensions the other way round."""
    G = nx.grid_graph(dims[::-1], periodic=wrap)
    return nx.relabel_nodes(G, {n: (n,) for n in G}) if len(dims) == 1 else G


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(2, 5), min_size=1, max_size=3), st.integers(1, 3), st.booleans())
def test_is_the_grid_of_networkx(dims: list[int], p: int, wrap: bool) -> None:
    """By coordinates, node for node, which is more than isomorphism."""
    G = torus(dims=dims, endpoints_per_switch=p, wrap=wrap)
    S = switches(G)
    place = {n: tuple(S.nodes[n][axis] for axis in "xyz"[: len(dims)]) for n in S}
    expected = grid(tuple(dims), wrap)
    expected.remove_edges_from(nx.selfloop_edges(expected))
    assert set(place.values()) == set(expected)
    assert {frozenset((place[u], place[v])) for u, v in S.edges} == set(map(frozenset, expected.edges))
    assert list(place.values()) == sorted(place.values())  # the last dimension varies fastest
    assert all(set(G[e]) == {min(S) + e // p} for e in endpoints(G))
    across = sum(size // 2 if wrap else size - 1 for size in dims)
    assert nx.diameter(S) == across
    assert len(endpoints(G)) == p * prod(dims)
    assert_plain(G)
    assert same(G, torus(**G.graph["params"])) and same(G, load(G.graph["name"]))


@pytest.mark.parametrize("dims", [(5,), (3, 4), (4, 4), (2, 3, 4), (2, 2, 2)])
@pytest.mark.parametrize("wrap", [True, False])
def test_is_isomorphic_to_the_grid_of_networkx(dims: tuple[int, ...], wrap: bool) -> None:
    assert nx.is_isomorphic(switches(torus(dims=dims, wrap=wrap)), grid(dims, wrap))


def test_a_torus_is_regular() -> None:
    """8 x 8 x 8: each of 512 switches has 6 neighbours and its endpoints; 3 cables per switch; 12 across."""
    G = torus(dims=(8, 8, 8), endpoints_per_switch=4)
    S = switches(G)
    assert set(ports(G).values()) == {10} and S.number_of_edges() == 3 * 512
    assert nx.eccentricity(S, min(S)) == 12
    assert G.graph["notes"][:2] == [
        "2,048 endpoints; 8 x 8 x 8 switches of 10 ports.",
        "Cables: 2,048 endpoint-switch, 1,536 switch-switch.",
    ]


def test_a_dimension_of_two_is_one_cable() -> None:
    G = torus(dims=(2, 2, 2))
    assert nx.is_isomorphic(switches(G), nx.hypercube_graph(3))
    assert not any("cables" in data for _, _, data in G.edges(data=True))
    assert G.graph["notes"][0] == "8 endpoints; 2 x 2 x 2 switches of 4 ports."
    assert "one cable" in G.graph["notes"][2]
    assert set(ports(torus(dims=(4, 2))).values()) == {1 + 2 + 1}


def test_one_size_makes_a_ring() -> None:
    assert nx.is_isomorphic(switches(torus(dims=7)), nx.cycle_graph(7))
    assert nx.is_isomorphic(switches(torus(dims=7, wrap=False)), nx.path_graph(7))


@pytest.mark.parametrize(
    "arguments",
    [
        {"dims": (3, 4), "endpoints_per_switch": 2},
        {"dims": (4, 2, 3)},
        {"dims": (3, 3), "wrap": False},
        {"dims": 9},
    ],
)
def test_routes_are_shortest(arguments: dict[str, Any]) -> None:
    assert_shortest_routes(torus(**arguments))


def test_servers_and_delays() -> None:
    G = torus(dims=(2, 2), endpoints_per_switch=8, gpus_per_server=4, delay=(1e-9, 2e-9))
    assert Fabric.from_graph(G).n_scaleup == 8
    assert {d for _, _, d in switches(G).edges(data="delay")} == {2e-9}
    assert G.edges[0, 32]["delay"] == 1e-9 and G.edges[0, 36] == {"rate": 450e9, "delay": 5e-9}


@pytest.mark.parametrize(
    ("gpus", "nvlink", "switches"), [(0, 450e9, 0), (1, 450e9, 0), (2, 450e9, 4), (2, 0, 0)]
)
def test_who_is_alone_or_has_no_link_has_no_scale_up_switch(gpus: int, nvlink: float, switches: int) -> None:
    given = {"nvlink": nvlink} if gpus else {}
    G = torus(dims=(2, 2), endpoints_per_switch=2, gpus_per_server=gpus, **given)
    assert Fabric.from_graph(G).n_scaleup == switches
    assert named(G.graph["name"]).size[:2] == (len(G), G.number_of_edges())


def test_canonical() -> None:
    assert canonical("torus: wrap=yes, dims=8/8/8, delay=25ns/250ns") == "torus:dims=8/8/8"
    assert load("torus:dims=3/4,wrap=no").graph["name"] == "torus:dims=3/4,wrap=false"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("torus", "dims: not given: torus needs it, such as dims="),
        ("torus:dims=8/1", "dims: 1: a whole number, at least 2"),
        ("torus:dims=2/2/2/2", r"dims: \(2, 2, 2, 2\): one to three sizes"),
        ("torus:dims=8/x", "dims: '8/x': whole numbers with /"),
        ("torus:dims=3/3,gpus_per_server=2", "gpus_per_server: 2: divides the 9 endpoints: .* 1 and 3"),
        ("torus:dims=3/3,endpoints_per_switch=0", "endpoints_per_switch: 0: a whole number, at least 1"),
    ],
)
def test_illegal(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_illegal_wrap_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="wrap: 'no': True or False"):
        torus(dims=4, wrap="no")  # type: ignore[arg-type]
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    with pytest.raises(TooLargeError, match="torus:dims=1000/1000/1000: needs about"):
        load("torus:dims=1000/1000/1000")
