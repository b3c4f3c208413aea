"""Star, leaf-spine, generalised trees, rails and planes: closed forms, isomorphisms, routes, illegal use."""

from __future__ import annotations

import re
from collections import Counter
from math import ceil, prod
from typing import Any

import networkx as nx
import numpy as np
import pytest
from clusters import cluster_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.graph.fabric import Fabric
from fabric.measures.measure import measure
from fabric.routing.policies.ecmp import Ecmp
from fabric.routing.route import route
from fabric.words.errors import ParameterError, TooLargeError
from topologies.catalogue import FAMILIES, canonical, load
from topologies.families.fat_tree import fat_tree
from topologies.families.leaf_spine import leaf_spine
from topologies.families.multi_plane import multi_plane
from topologies.families.pgft import pgft, xgft
from topologies.families.rail_only import rail_only
from topologies.families.rail_optimized import rail_optimized
from topologies.families.star import star
from topologies.parts import memory


def switches(G: nx.Graph) -> list[int]:
    """Switches per tier, from the leaves up."""
    count = Counter(data["tier"] for _, data in G.nodes(data=True) if data["kind"] == "switch")
    return [count[tier] for tier in sorted(count)]


def cables(G: nx.Graph) -> list[int]:
    """Cables per boundary, from the endpoints up; scale-up links left out."""
    total = Counter[int]()
    for u, v, data in G.edges(data=True):
        if "nvswitch" not in (G.nodes[u]["kind"], G.nodes[v]["kind"]):
            total[max(G.nodes[u]["tier"], G.nodes[v]["tier"])] += data.get("cables", 1)
    return [total[tier] for tier in sorted(total)]


def leaves_of(G: nx.Graph, endpoint: int) -> list[int]:
    return sorted(v for v in G[endpoint] if G.nodes[v]["kind"] == "switch")


def fabric_only(G: nx.Graph) -> nx.Graph:
    """Without the scale-up switches."""
    return G.subgraph([n for n, data in G.nodes(data=True) if data["kind"] != "nvswitch"])


def wired_alike(G: nx.Graph, H: nx.Graph) -> bool:
    return list(G.nodes(data=True)) == list(H.nodes(data=True)) and list(G.edges(data=True)) == list(
        H.edges(data=True)
    )


def test_star() -> None:
    G = star(endpoints=8, gpus_per_server=4, rate=100e9, delay=(1e-9, 2e-9))
    assert (switches(G), cables(G), G.number_of_nodes()) == ([1], [8], 8 + 1 + 2)
    assert G.edges[0, 8] == {"rate": 100e9, "delay": 1e-9}
    assert nx.is_isomorphic(star(endpoints=5), nx.star_graph(5))


def test_leaf_spine() -> None:
    G = leaf_spine(leaves=6, spines=3, endpoints_per_leaf=4, cables=2, trunk_rate=100e9)
    assert (switches(G), cables(G)) == ([6, 3], [24, 6 * 3 * 2])
    assert G.edges[24, 30] == {"rate": 100e9, "delay": 250e-9, "cables": 2}
    assert G.edges[0, 24] == {"rate": 50e9, "delay": 25e-9}
    trunk = G.subgraph(range(24, 33))
    assert nx.is_isomorphic(trunk, nx.complete_bipartite_graph(6, 3))
    railed = leaf_spine(leaves=4, spines=2, endpoints_per_leaf=3, gpus_per_server=2, rails=True)
    assert [leaves_of(railed, n)[0] - 12 for n in range(12)] == [0, 1] * 3 + [2, 3] * 3
    assert [railed.nodes[leaf]["rail"] for leaf in range(12, 16)] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "spec", ["fat-tree:k=4", "dragonfly:p=2", "dragonfly-plus:leaves=2", "fat-tree:endpoints=60,radix=8"]
)
def test_an_endpoint_is_in_the_pod_of_its_leaf(spec: str) -> None:
    G = load(spec)
    ends = [node for node, kind in G.nodes(data="kind") if kind == "gpu"]
    assert [G.nodes[end]["pod"] for end in ends] == [G.nodes[leaves_of(G, end)[0]]["pod"] for end in ends]
    assert len({G.nodes[end]["pod"] for end in ends}) > 1


@pytest.mark.parametrize(
    "spec",
    [
        *("fat-tree:endpoints=13,radix=8", "fat-tree:k=4", "multi-plane:planes=2,endpoints=27,radix=8"),
        "fat-tree:endpoints=24,radix=8,gpus_per_server=3",
        *("fat-tree:endpoints=32,radix=8,gpus_per_server=4", "rail-only:servers=5,radix=4,gpus_per_server=2"),
        *("pgft:m=2/2/2,w=1/2/1,p=1/1/2", "pgft:m=2/2/2,w=1/2/1,p=1/2/1", "pgft:m=2/2,w=1/2,p=1/3"),
    ],
)
def test_notes_say_what_the_graph_is(spec: str) -> None:
    """Ports that the fullest leaf uses and others do not, servers on two leaves, cables beside each other."""
    G = load(spec)
    notes = " ".join(G.graph["notes"])
    down = {
        leaf: sum(G.nodes[v]["kind"] == "gpu" for v in G[leaf])
        for leaf, data in G.nodes(data=True)
        if data["kind"] == "switch" and data["tier"] == 1
    }
    fewer = {max(down.values()) - n for n in down.values()} - {0}
    assert ("of the last leaf" in notes or "of each of the last" in notes) == bool(fewer)
    places: dict[int, set[tuple[int, ...]]] = {}
    for node, data in G.nodes(data=True):
        if data["kind"] == "gpu" and "server" in data and "rail" not in data:
            places.setdefault(data["server"], set()).add(tuple(leaves_of(G, node)))
    assert ("straddle" in notes) == any(len(on) > 1 for on in places.values())
    top = max(data["tier"] for _, data in G.nodes(data=True))
    beside = {
        data.get("cables", 1)
        for u, v, data in G.edges(data=True)
        if max(G.nodes[u]["tier"], G.nodes[v]["tier"]) == top > 1
    }
    assert ("parallel cables to each" in notes) == (max(beside, default=1) > 1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4))
def test_generalised_trees_by_the_formula(lists: list[tuple[int, int, int]]) -> None:
    """Tier i: prod_{j>i} m_j * prod_{j<=i} w_j nodes of m_i children and w_(i+1) parents (Ohring et al.)."""
    m, w, p = zip(*lists)
    G = pgft(m=m, w=w, p=p)
    level = [prod(m[i:]) * prod(w[:i]) for i in range(len(m) + 1)]
    assert [prod(m), *switches(G)] == level
    assert cables(G) == [n * a * b for n, a, b in zip(level, w, p)]
    for node, data in G.nodes(data=True):
        i = data["tier"]
        down = sum(G.nodes[v]["tier"] < i for v in G[node])
        assert down == (m[i - 1] if i else 0) and G.degree[node] - down == (w[i] if i < len(m) else 0)
    parts = nx.number_connected_components(G.subgraph([n for n, d in G.nodes(data=True) if d["tier"]]))
    assert parts % w[0] == 0 and nx.is_connected(G)
    assert {d["plane"] for _, d in G.nodes(data=True) if "plane" in d} == set(range(w[0]) if w[0] > 1 else [])


def test_the_trees_are_instances() -> None:
    assert wired_alike(xgft(m=(3, 3, 6), w=(1, 3, 3)), fat_tree(k=6))
    assert wired_alike(pgft(m=8, w=1), star(endpoints=8))
    assert wired_alike(
        pgft(m=(4, 6), w=(1, 3), p=(1, 2)), leaf_spine(leaves=6, spines=3, endpoints_per_leaf=4, cables=2)
    )
    assert wired_alike(pgft(m=[2, 2], w=[1, 2]), xgft(m=[2, 2], w=[1, 2]))
    assert wired_alike(
        xgft(m=(4, 8), w=(2, 4), rate=25e9), multi_plane(planes=2, endpoints=32, radix=8, rate=50e9)
    )
    # Four scalable units of a SuperPOD: PGFT(2; 32,32; 1,16; 1,2).
    assert wired_alike(
        load("pgft:m=32/32,w=1/16,p=1/2,gpus_per_server=8,rails=true"),
        rail_optimized(servers=128, radix=64, servers_per_group=32),
    )


@pytest.mark.parametrize(
    ("servers", "g", "radix", "size"), [(128, 8, 64, 32), (100, 4, 16, 8), (31, 8, 64, 32), (9, 1, 8, 4)]
)
def test_rail_optimized(servers: int, g: int, radix: int, size: int) -> None:
    G = rail_optimized(servers=servers, gpus_per_server=g, radix=radix, servers_per_group=size)
    assert wired_alike(G, fat_tree(endpoints=servers * g, radix=radix, gpus_per_server=g, rails=True))
    first = servers * g
    for n in range(servers * g):
        server, rail = divmod(n, g)
        (leaf,) = leaves_of(G, n)
        assert leaf == first + server // size * g + rail
        assert (G.nodes[n]["server"], G.nodes[n]["rail"], G.nodes[leaf]["rail"]) == (server, rail, rail)


def test_rail_optimized_pods_hold_whole_groups() -> None:
    """3 rails: of 8 ports down a spine uses 6, for two groups; groups of 4, 2:1 above the leaf."""
    G = rail_optimized(servers=40, gpus_per_server=3, radix=16, servers_per_group=4, oversubscription=(2, 1))
    # 10 groups of 3 leaves with 2 uplinks each; 5 pods of 6 leaves and 2 spines with 6 up; per spine of a pod
    # c cores, the least divisor of 6 with 5 pods * 6 / c cables <= 16 ports: c = 2.
    assert (switches(G), cables(G)) == ([30, 10, 4], [120, 60, 60])
    for group in range(10):
        assert {G.nodes[120 + 3 * group + rail]["pod"] for rail in range(3)} == {group // 2}
    assert cluster_of(rail_optimized, servers=40, gpus_per_server=3, radix=16).shape.down[0] == 8
    assert rail_optimized(servers=3, gpus_per_server=1, radix=8, nvlink=0).number_of_nodes() == 4


def test_rail_only_has_no_cable_between_rails() -> None:
    for servers, radix, per_rail in ((8, 8, [1]), (20, 8, [5, 4])):  # 5 leaves * 4 up = 20 ports: c = 4 of 8
        G = rail_only(servers=servers, radix=radix, gpus_per_server=4)
        assert switches(G) == [4 * n for n in per_rail]
        rails = list(nx.connected_components(fabric_only(G)))
        assert len(rails) == 4
        for part in rails:
            assert len({G.nodes[n]["rail"] for n in part}) == 1
            assert sum(G.nodes[n]["kind"] == "gpu" for n in part) == servers
        assert all(G.nodes[n]["rail"] == n % 4 and "plane" not in G.nodes[n] for n in range(4 * servers))
        assert nx.is_connected(G)


def test_rail_only_of_fewer_rails_than_gpus() -> None:
    """Servers of 6 GPUs on 3 rails, GPU r on rail r mod 3; leaves of 2 servers, 4 ports down."""
    G = rail_only(
        servers=5, radix=16, gpus_per_server=6, rails_per_server=3, servers_per_group=2, top_switches=2
    )
    assert (switches(G), cables(G)) == ([9, 6], [30, 36])
    for n in range(30):
        assert leaves_of(G, n) == [30 + n // 12 * 3 + n % 3]
        assert G.nodes[n]["rail"] == n % 3
    # Without groups a leaf is filled, whatever it cuts: 10 NICs of a rail on one switch of 16 ports.
    assert switches(rail_only(servers=5, radix=16, gpus_per_server=6, rails_per_server=3)) == [3]
    assert wired_alike(
        rail_only(servers=9, radix=8, gpus_per_server=2, rails_per_server=2, servers_per_group=4),
        rail_only(servers=9, radix=8, gpus_per_server=2),
    )


def test_other_rails_are_reached_by_relay() -> None:
    G = rail_only(servers=8, radix=8, gpus_per_server=4)
    fabric = Fabric.from_graph(G)
    paths = route(fabric, np.array([0, 0, 0]), np.array([4, 5, 1]), Ecmp())
    rows = [paths.link[paths.ptr[i] : paths.ptr[i + 1]] for i in range(3)]
    nodes = [[int(fabric.link_dst[link]) for link in row] for row in rows]
    box, rail = {s: len(G) - 8 + s for s in range(8)}, {r: 32 + r for r in range(4)}
    assert nodes == [[rail[0], 4], [box[0], 1, rail[1], 5], [box[0], 1]]


@pytest.mark.parametrize("rails", [False, True])
def test_planes_split(rails: bool) -> None:
    """Dual top-of-rack: each endpoint on both planes, by half of its NIC each."""
    G = multi_plane(planes=2, endpoints=48, radix=8, gpus_per_server=2, rails=rails, rate=50e9)
    plane = multi_plane(planes=1, endpoints=48, radix=8, gpus_per_server=2, rails=rails)
    assert switches(G) == [2 * n for n in switches(plane)] and cables(G) == [2 * n for n in cables(plane)]
    for n in range(48):
        assert [G.nodes[leaf]["plane"] for leaf in leaves_of(G, n)] == [0, 1]
        if rails:
            assert {G.nodes[leaf]["rail"] for leaf in leaves_of(G, n)} == {n % 2}
    rates = {
        d["rate"]
        for u, v, d in G.edges(data=True)
        if "nvswitch" not in (G.nodes[u]["kind"], G.nodes[v]["kind"])
    }
    assert rates == {25e9}
    top = [n for n, data in G.nodes(data=True) if data["tier"]]
    for part in nx.connected_components(fabric_only(G).subgraph(top)):
        assert len({G.nodes[n]["plane"] for n in part}) == 1
    one = [n for n in fabric_only(G) if n < 48 or G.nodes[n]["plane"] == 0]
    assert nx.is_isomorphic(G.subgraph(one), fabric_only(plane))
    Fabric.from_graph(G)


@pytest.mark.parametrize(("planes", "g", "rails"), [(4, 4, False), (2, 4, False), (2, 4, True)])
def test_planes_one_each(planes: int, g: int, rails: bool) -> None:
    G = multi_plane(planes=planes, endpoints=64, radix=8, attach="one", gpus_per_server=g, rails=rails)
    parts = list(nx.connected_components(fabric_only(G)))
    assert len(parts) == planes and nx.is_connected(G)
    plain = fat_tree(endpoints=64 // planes, radix=8, gpus_per_server=g // planes, rails=rails, nvlink=0)
    for part in parts:
        assert len({G.nodes[n]["plane"] for n in part}) == 1
        assert nx.is_isomorphic(G.subgraph(part), plain)
    for n in range(64):
        (leaf,) = leaves_of(G, n)
        assert G.nodes[n]["plane"] == G.nodes[leaf]["plane"] == n % g % planes
        assert not rails or G.nodes[n]["rail"] == G.nodes[leaf]["rail"] == n % g
    assert G.edges[0, leaves_of(G, 0)[0]]["rate"] == 50e9
    Fabric.from_graph(G)


# DeepSeek-V3 insights, ISCA 2025, Table 3: endpoints, switches, switch-switch cables.
def test_deepseek_table_3() -> None:
    two = fat_tree(endpoints=2048, radix=64)
    assert (sum(switches(two)), cables(two)[1:]) == (96, [2048])
    three = fat_tree(k=64)
    assert (sum(switches(three)), sum(cables(three)[1:])) == (5120, 131_072)
    planes = multi_plane(planes=8, endpoints=16_384, radix=64, attach="one", gpus_per_server=8)
    assert (sum(switches(planes)), cables(planes)[1:]) == (768, [16_384])


@pytest.mark.parametrize(
    "spec",
    [
        "star:endpoints=6,gpus_per_server=3",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,cables=2,trunk_rate=800Gbps",
        "xgft:m=2/2/4,w=1/2/2,delay=10ns",
        "pgft:m=4/4,w=2/2,p=1/2,gpus_per_server=4",
        "rail-optimized:servers=20,radix=8,gpus_per_server=2",
        "rail-only:servers=20,radix=8,gpus_per_server=2",
        "multi-plane:planes=2,endpoints=16,radix=4,attach=one,gpus_per_server=4",
    ],
)
def test_counts_names_and_records(spec: str) -> None:
    G = load(spec)
    assert G.graph["name"] == canonical(spec) == spec
    family = FAMILIES[G.graph["family"]]
    again = family.function(**G.graph["params"])
    assert wired_alike(G, again) and again.graph == G.graph
    assert {type(n) for n in G} == {int}
    assert {type(x) for _, data in G.nodes(data=True) for x in data.values()} == {int, str}
    endpoints = sum(data["kind"] == "gpu" for _, data in G.nodes(data=True))
    assert G.graph["notes"][0].startswith(f"{endpoints:,} endpoints; switches")
    named = zip(cables(G), ("endpoint-leaf", "leaf-spine", "spine-core"))
    assert "Cables: " + ", ".join(f"{n:,} {name}" for n, name in named) + "." in G.graph["notes"]
    Fabric.from_graph(G)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 40), st.sampled_from([4, 8, 12]), st.sampled_from([1, 2, 4]), st.booleans(), st.booleans()
)
def test_planes_are_counted_before_they_are_built(n: int, radix: int, g: int, one: bool, rails: bool) -> None:
    """Closed form against the graph, on partly filled trees too."""
    arguments: dict[str, Any] = {"planes": min(2, g), "endpoints": n * g, "radix": radix, "rails": rails}
    arguments |= {"attach": "one" if one else "split", "gpus_per_server": g}
    try:
        cluster = cluster_of(multi_plane, **arguments)
    except ParameterError as error:
        assert error.name == "endpoints" and radix == 4
        return
    G = cluster.graph()
    assert cluster.size[:2] == (G.number_of_nodes(), G.number_of_edges())
    assert list(cluster.shape.switches) == switches(G) and list(cluster.shape.cable_counts) == cables(G)
    for node, data in G.nodes(data=True):
        if data["kind"] == "switch":
            assert sum(d.get("cables", 1) for _, _, d in G.edges(node, data=True)) <= radix
    if not rails:
        assert switches(G)[0] % arguments["planes"] == 0
        share = n * g // (arguments["planes"] if one else 1)
        assert share <= radix or switches(G)[0] == arguments["planes"] * ceil(share / (radix // 2))
    Fabric.from_graph(G)


@pytest.mark.parametrize(
    "spec",
    [
        "star:endpoints=1000000000",
        "leaf-spine:leaves=100000,spines=100,endpoints_per_leaf=10000",
        "pgft:m=1000/1000/1000,w=1/1/1",
        "xgft:m=1000/1000/1000,w=1/1/1",
        "rail-optimized:servers=100000000,radix=2000",
        "rail-only:servers=100000000,radix=1000",
        "multi-plane:planes=8,endpoints=100000000,radix=1000",
    ],
)
def test_too_large_is_refused_before_building(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 16e9)
    with pytest.raises(TooLargeError, match="GB are available"):
        load(spec)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("star", "endpoints: not given: star needs it, such as endpoints=8"),
        ("star:endpoints=0", "endpoints: 0: a whole number, at least 1"),
        (
            "star:endpoints=9,gpus_per_server=4",
            "endpoints: 9: servers of 4 GPUs: the nearest legal are 8 and 12",
        ),
        ("star:endpoints=3,gpus_per_server=4", "endpoints: 3: servers of 4 GPUs: the nearest legal are 4$"),
        ("star:endpoints=9,nvlink=1GB/s", "nvlink: 1000000000.0: needs servers"),
        ("leaf-spine:leaves=4,spines=2", "endpoints_per_leaf: not given: leaf-spine needs it"),
        ("leaf-spine:leaves=4,spines=0,endpoints_per_leaf=2", "spines: 0: a whole number, at least 1"),
        (
            "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=8,gpus_per_server=5",
            "gpus_per_server: 5: divides the 32 endpoints: the nearest legal are 4 and 8",
        ),
        (
            "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=8,gpus_per_server=8,rails=true",
            "gpus_per_server: 8: divides the 4 leaves, .*: the nearest legal are 4$",
        ),
        ("leaf-spine:leaves=4,spines=2,endpoints_per_leaf=8,rails=true", "rails: True: needs servers"),
        ("xgft:m=4/4,w=1", "w: '1': one number per tier, and m has 2: a near legal value is 1/1"),
        ("xgft:m=4/4,w=1/0", "w: 0: a whole number, at least 1"),
        ("xgft:m=4/x,w=1/1", "m: '4/x': whole numbers with /"),
        ("xgft:m=4/4,w=1/1,p=1/1", "parameter of xgft: 'p': unknown"),
        ("pgft:m=4/4,w=1/1,p=1/1/2", "p: '1/1/2': at most one number per tier, and m has 2"),
        (
            "rail-optimized:servers=8,radix=16,gpus_per_server=0",
            "gpus_per_server: 0: a whole number, at least 1",
        ),
        (
            "rail-optimized:servers=8,radix=16,servers_per_group=9",
            "servers_per_group: 9: 1 : 1 makes whole uplinks .* 16 ports with it: the nearest legal are 8$",
        ),
        (
            "rail-optimized:servers=8,radix=16,servers_per_group=7,oversubscription=3",
            "servers_per_group: 7: 3 : 1 .* the nearest legal are 6 and 9",
        ),
        ("rail-optimized:servers=8,radix=16,oversubscription=99", "oversubscription: 99: ports down"),
        (
            "rail-optimized:servers=8,radix=16,oversubscription=1/3",
            "oversubscription: .1, 3.: the spines of two",
        ),
        ("rail-optimized:servers=8,radix=16,oversubscription=1/1.5/3", "at most two numbers"),
        (
            "rail-optimized:servers=99,radix=8,gpus_per_server=8",
            "gpus_per_server: 8: a spine of 8 ports, 1 : 1",
        ),
        (
            "rail-optimized:servers=99,radix=8,gpus_per_server=4",
            "servers: 99: three tiers .* hold at most 32",
        ),
        ("rail-only:servers=9,radix=7", "radix: 7: an even number: the nearest legal are 6 and 8"),
        ("rail-only:servers=9,radix=8,gpus_per_server=1", "gpus_per_server: 1: a whole number, at least 2"),
        ("rail-only:servers=9,radix=8,nvlink=0", "nvlink: 0.0: above zero: only the scale-up .* the 8 rails"),
        (
            "rail-only:servers=99,radix=8,tiers=2",
            "servers: 99: each is on every rail, and 2 tiers .* at most 32",
        ),
        (
            "rail-only:servers=20,radix=8,oversubscription=9",
            "oversubscription: 9: ports down : ports up of 8 ports",
        ),
        ("multi-plane:planes=2,endpoints=8,radix=8,attach=two", "attach: 'two': .* .legal: split, one"),
        ("multi-plane:planes=2,endpoints=8,radix=8,attach=one", "gpus_per_server: 0: attach=one spreads"),
        (
            "multi-plane:planes=3,endpoints=8,radix=8,attach=one,gpus_per_server=8",
            "planes: 3: divides the 8 GPUs of a server: the nearest legal are 2 and 4",
        ),
        (
            "multi-plane:planes=2,endpoints=8,radix=8,attach=one,gpus_per_server=2,nvlink=0",
            "join the 2 planes",
        ),
        (
            "multi-plane:planes=2,endpoints=80,radix=8,attach=one,gpus_per_server=2,tiers=2",
            "endpoints: 80: 40 on each of 2 planes: 2 tiers of 8-port switches hold at most 32",
        ),
        ("multi-plane:planes=2,endpoints=80,radix=8,tiers=2", "endpoints: 80: 2 tiers .* hold at most 32"),
        ("multi-plane:planes=0,endpoints=8,radix=8", "planes: 0: a whole number, at least 1"),
    ],
)
def test_illegal_specs(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_illegal_words_from_python() -> None:
    with pytest.raises(ParameterError, match=r"attach: 'both': how an .* \(legal: split, one"):
        multi_plane(planes=2, endpoints=8, radix=8, attach="both")
    with pytest.raises(TypeError, match="endpoints"):
        star()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("spec", "down", "up", "free"),
    [
        ("fat-tree:endpoints=420,radix=64,gpus_per_server=7", 42, 21, 1),
        ("rail-optimized:servers=84,radix=64", 42, 21, 1),
        ("rail-only:servers=126,radix=64", 42, 21, 1),
        ("multi-plane:planes=2,endpoints=420,radix=64", 42, 21, 1),
        ("preset:colossus-100k:servers=120", 84, 42, 2),
    ],
)
def test_every_family_with_a_ratio_leaves_ports_free(spec: str, down: int, up: int, free: int) -> None:
    texts = [f"{spec},oversubscription={text}" for text in ("2", "2:1", "2.0", "4:2", "2/1")]
    assert len(set(map(canonical, texts))) == 1
    G = load(texts[1])
    ports = f"{free} of its {down + up + free} ports {'is' if free == 1 else 'are'} free"
    words = f"Oversubscription 2:1: each leaf has {down} ports down for {up} up; {ports}"
    (told,) = [note for note in G.graph["notes"] if note.startswith("Oversubscription")]
    assert told.partition(", ")[0].rstrip(".") == words
    assert dict(measure(Fabric.from_graph(G)).oversubscription)["leaf"] == 2


@pytest.mark.parametrize(
    "spec",
    [
        *("fat-tree:endpoints=10,radix=64", "fat-tree:endpoints=1000,radix=64", "fat-tree:k=8"),
        *(f"fat-tree:endpoints=1000,radix=64,oversubscription={ratio}" for ratio in (2, 3, 4)),
        "fat-tree:endpoints=1000,radix=64,gpus_per_server=8,rails=true,oversubscription=2",
        *("rail-optimized:servers=100,radix=64", "rail-optimized:servers=100,radix=64,servers_per_group=28"),
        "rail-optimized:servers=100,radix=64,servers_per_group=28,oversubscription=2",
        *("rail-optimized:servers=10,radix=64,oversubscription=2", "rail-only:servers=100,radix=64"),
        *("rail-only:servers=10,radix=64,planes=4", "preset:colossus-100k:servers=120,oversubscription=2"),
        "multi-plane:planes=4,endpoints=500,radix=64,attach=one,gpus_per_server=4",
        *(f"multi-plane:planes=2,endpoints=500,radix=64,oversubscription={ratio}" for ratio in (1, 2)),
    ],
)
def test_the_ports_that_are_said_to_be_free_are_those_without_a_cable(spec: str) -> None:
    """Of each leaf, and of so many last ones; nobody else speaks of ports of leaves."""
    G = load(spec)
    radix = int(re.findall(r"switches of (\d+) ports", G.graph["notes"][0] + G.graph["notes"][1])[0])
    leaves = [node for node, tier in G.nodes(data="tier") if tier == 1 and G.nodes[node]["kind"] == "switch"]
    free = [radix - sum(G.edges[leaf, n].get("cables", 1) for n in G[leaf]) for leaf in leaves]
    told = [note for note in G.graph["notes"] if " free" in note and "each spine" not in note]
    assert len(told) == (1 if any(free) else 0)
    last = [n for n in free if n != min(free)]
    assert free == [min(free)] * (len(free) - len(last)) + last and len(set(last)) < 2
    if last:
        whom = f"each of the last {len(last)} leaves" if len(last) > 1 else "the last leaf"
        assert re.search(rf"\b{last[0]} (ports? )?of {whom}( (is|are) free)?\.$", told[0])
    if min(free):
        assert re.search(rf"\b{min(free)} (ports of|of its|of the) ", told[0])


@pytest.mark.parametrize(
    "text", ["2:0", "0:2", ":2", "2:", "2:1:1", "-2:1", "1e999", "nan", "a:b", "1e5000:1"]
)
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=r"a number above zero per tier .*, such as 3, 3:2 \(three down"):
        load(f"fat-tree:endpoints=96,radix=16,oversubscription={text}")


@pytest.mark.parametrize(
    "text",
    [
        "dragonfly:p=2",
        "dragonfly-plus:leaves=4",
        "slim-fly:q=5,gpus_per_server=2",
        "random-regular:switches=10,radix=7,endpoints_per_switch=3",
        "torus:dims=4/2/3",
        "torus:dims=4/5,wrap=no",
    ],
)
def test_memory_is_asked_for_what_is_built(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Nodes and edges, before there are any."""
    asked = []
    monkeypatch.setattr("topologies.parts.hosts.require_memory", lambda what, size: asked.append(size))
    G = load(text)
    (size,) = asked
    assert (size.nodes, size.edges) == (len(G), G.number_of_edges())
