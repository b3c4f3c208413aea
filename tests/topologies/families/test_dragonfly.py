"""Dragonflies and Dragonfly+ against their definitions and published sizes; each promise broken once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import networkx as nx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from topology_oracles import assert_plain, assert_shortest_routes, endpoints, ports, same, switches

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from topologies.catalogue import load
from topologies.families.dragonfly import dragonfly
from topologies.families.dragonfly_plus import dragonfly_plus
from topologies.parts import memory
from topologies.parts.global_cables import global_cables


def between(G: nx.Graph) -> Counter[tuple[int, int]]:
    """Cables between each two groups."""
    group, found = nx.get_node_attributes(G, "group"), Counter[tuple[int, int]]()
    for u, v, data in switches(G).edges(data=True):
        if group[u] != group[v]:
            found[min(group[u], group[v]), max(group[u], group[v])] += data.get("cables", 1)
    return found


@pytest.mark.parametrize("p", [1, 2, 3, 4])
def test_balanced_counts(p: int) -> None:
    """a = 2p, h = p, g = 2p^2 + 1: N = a p g = 4 p^4 + 2 p^2 endpoints on routers of 4p - 1 ports."""
    G, g = dragonfly(p=p), 2 * p * p + 1
    S = switches(G)
    assert len(endpoints(G)) == 4 * p**4 + 2 * p**2 and len(S) == 2 * p * g
    assert set(ports(G).values()) == {4 * p - 1}
    assert between(G) == dict.fromkeys([(i, j) for j in range(g) for i in range(j)], 1)
    assert S.number_of_edges() == g * (p * (2 * p - 1)) + g * (g - 1) // 2
    assert nx.diameter(S) == 3
    assert_plain(G)


def test_the_example_of_the_paper() -> None:
    """ISCA 2008: p = h = 2, a = 4: 72 endpoints in 9 groups; and 64 ports reach more than 256K endpoints."""
    G = dragonfly(p=2)
    assert G.graph["notes"][0] == "72 endpoints; 9 groups of 4 routers of 7 ports."
    assert G.graph["name"] == "dragonfly:p=2" and G.graph["params"]["p"] == 2
    assert 4 * 16**4 + 2 * 16**2 > 256 * 1024  # p = 16: 63 ports


def test_groups_are_cliques_with_attributes() -> None:
    G = dragonfly(p=3, a=4, h=2, groups=5)
    S = switches(G)
    first = min(S)
    for node in S:
        group = (node - first) // 4
        assert G.nodes[node] == {"kind": "switch", "tier": 1, "pod": group, "group": group}
    for group in range(5):
        members = [n for n in S if S.nodes[n]["group"] == group]
        assert S.subgraph(members).number_of_edges() == 6
    assert all(set(G[e]) == {first + e // 3} and G.nodes[e]["pod"] == e // 12 for e in endpoints(G))


def test_delay_by_kind_of_cable() -> None:
    G = dragonfly(p=2, delay=(1e-9, 2e-9, 3e-9))
    group = nx.get_node_attributes(G, "group")
    for u, v, data in G.edges(data=True):
        here = 0 if u not in group else 1 if group[u] == group[v] else 2
        assert data == {"rate": 50e9, "delay": (1e-9, 2e-9, 3e-9)[here]}
    assert {d for _, _, d in dragonfly(p=2, delay=1e-9).edges(data="delay")} == {1e-9}


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 7), st.integers(1, 5), st.data())
def test_global_cables_are_spread_evenly(routers: int, per_router: int, data: Any) -> None:
    slots = routers * per_router
    groups = data.draw(st.integers(1, slots + 1))
    tail, head, cables = global_cables(groups, routers, per_router)
    used, pair = Counter[int](), Counter[tuple[int, int]]()
    for u, v, count in zip(tail.tolist(), head.tolist(), cables.tolist()):
        assert u // routers < v // routers and count > 0
        used.update({u: count, v: count})
        pair[u // routers, v // routers] += count
    free = groups * slots - sum(used.values())
    if groups == 1:
        assert free == slots
        return
    assert max(used.values()) <= per_router and free == groups * slots % 2
    assert len(pair) == groups * (groups - 1) // 2 and max(pair.values()) - min(pair.values()) <= 1
    assert len(set(zip(tail.tolist(), head.tolist()))) == len(tail)


@pytest.mark.parametrize("slots", [1, 2, 3, 6])
def test_port_k_of_a_group_leads_k_plus_1_groups_onwards(slots: int) -> None:
    """The relative arrangement, with a router for each port."""
    tail, head, _ = global_cables(slots + 1, slots, 1)
    ends = {
        frozenset((i * slots + k, (i + k + 1) % (slots + 1) * slots + slots - 1 - k))
        for i in range(slots + 1)
        for k in range(slots)
    }
    assert set(map(frozenset, zip(tail.tolist(), head.tolist()))) == ends


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 13))
def test_any_dragonfly_has_diameter_three(p: int, a: int, h: int, groups: int) -> None:
    assume(groups <= a * h + 1)
    G = dragonfly(p=p, a=a, h=h, groups=groups)
    assert nx.diameter(switches(G)) <= 3
    assert max(ports(G).values()) <= p + a - 1 + h
    assert same(G, dragonfly(**G.graph["params"])) and same(G, load(G.graph["name"]))
    Fabric.from_graph(G)


def test_few_groups_share_parallel_cables() -> None:
    """Three groups of two routers of four: 8 global ports, four to each other group, two of each router."""
    G = dragonfly(p=1, a=2, h=4, groups=3)
    assert set(between(G).values()) == {4}
    assert {d.get("cables", 1) for _, _, d in switches(G).edges(data=True)} == {1, 2}
    assert not any("free" in note for note in G.graph["notes"])
    odd = dragonfly(p=1, a=1, h=3, groups=3)  # nine ports do not pair off
    assert odd.graph["notes"][-1] == "1 global port is free."


@pytest.mark.parametrize("leaves", [1, 2, 3])
def test_plus_counts(leaves: int) -> None:
    """Switches of 2n ports: n^2 + 1 groups of n^2 endpoints, n leaves and n spines."""
    G, n = dragonfly_plus(leaves=leaves), leaves
    tiers = Counter(tier for _, tier in switches(G).nodes(data="tier"))
    assert len(endpoints(G)) == n**4 + n**2 and tiers == {1: n * (n * n + 1), 2: n * (n * n + 1)}
    assert set(ports(G).values()) == {2 * n}
    assert set(between(G).values()) == {1}
    assert_plain(G)
    assert not Fabric.from_graph(G).tiered and "without tiers" in " ".join(G.graph["notes"])


def test_plus_is_bipartite_in_a_group_and_three_across() -> None:
    G = dragonfly_plus(leaves=3, spines=2, endpoints_per_leaf=4, global_ports=3, groups=4)
    S = switches(G)
    tier, group = nx.get_node_attributes(S, "tier"), nx.get_node_attributes(S, "group")
    leaves = [n for n in S if tier[n] == 1]
    assert len(endpoints(G)) == 4 * 3 * 4 and len(leaves) == 12
    for leaf in leaves:
        assert {(tier[v], group[v]) for v in S[leaf]} == {(2, group[leaf])} and len(S[leaf]) == 2
    distance = dict(nx.all_pairs_shortest_path_length(S))
    for u in leaves:
        assert {distance[u][v] for v in leaves if group[v] == group[u] and v != u} == {2}
        assert {distance[u][v] for v in leaves if group[v] != group[u]} == {3}
    assert set(between(G).values()) == {2}  # six global ports of a group, three other groups
    assert same(G, dragonfly_plus(**G.graph["params"])) and same(G, load(G.graph["name"]))


@pytest.mark.parametrize(
    "G",
    [
        dragonfly(p=2),
        dragonfly(p=1, a=3, h=2, groups=4),
        dragonfly(p=2, gpus_per_server=2, nvlink=0),
        dragonfly_plus(leaves=2),
        dragonfly_plus(leaves=2, spines=3, global_ports=1, groups=3),
    ],
    ids=lambda G: G.graph["name"],
)
def test_routes_are_shortest(G: nx.Graph) -> None:
    assert_shortest_routes(G)


def test_servers() -> None:
    G = dragonfly(p=4, a=2, h=1, gpus_per_server=4, nvlink=900e9, nvlink_delay=7e-9)
    fabric = Fabric.from_graph(G)
    assert fabric.n_scaleup == 6 and fabric.server.tolist() == [e // 4 for e in range(24)]
    box = len(G) - 6
    assert dict(G[box]) == {e: {"rate": 900e9, "delay": 7e-9} for e in range(4)}
    assert G.nodes[box + 5] == {"kind": "nvswitch", "tier": 1, "server": 5}
    assert not any("straddle" in note for note in G.graph["notes"])
    apart = dragonfly(p=2, a=2, h=1, gpus_per_server=4)
    assert apart.graph["notes"][-1] == "3 of 3 servers straddle switches."
    plus = dragonfly_plus(leaves=2, gpus_per_server=2)
    assert Fabric.from_graph(plus).n_scaleup == 10


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("dragonfly", "p: not given: dragonfly needs it, such as p=8"),
        ("dragonfly:p=0", "p: 0: a whole number, at least 1"),
        (
            "dragonfly:p=2,groups=10",
            r"groups: 10: at most a\*h \+ 1 with a = 4 and h = 2: the nearest legal is 9",
        ),
        ("dragonfly:p=2,gpus_per_server=7", "gpus_per_server: 7: divides the 72 endpoints: .* 6 and 8"),
        ("dragonfly:p=2,nvlink=900GB/s", "nvlink: .*: needs servers"),
        ("dragonfly-plus:spines=2", "leaves: not given: dragonfly-plus needs it"),
        ("dragonfly-plus:leaves=2,groups=6", r"groups: 6: at most spines \* global_ports \+ 1 .* is 5"),
        ("dragonfly-plus:leaves=2,global_ports=0", "global_ports: 0: a whole number, at least 1"),
    ],
)
def test_illegal(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_too_large_is_refused_before_building(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    for spec in ("dragonfly:p=200", "dragonfly-plus:leaves=200"):
        with pytest.raises(TooLargeError, match=f"{spec}: needs about"):
            load(spec)
