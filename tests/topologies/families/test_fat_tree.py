"""Fat trees against closed forms, published tables and a slow builder; each promise broken once."""

from __future__ import annotations

import gc
from collections import Counter
from fractions import Fraction
from math import ceil
from typing import Any

import networkx as nx
import numpy as np
import pytest
from clusters import cluster_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.machine import memory as machine
from fabric.measures.measure import measure
from fabric.words.errors import ParameterError, TooLargeError
from topologies.families.fat_tree import fat_tree
from topologies.parts import memory
from topologies.parts.tree import Shape, smallest, splits
from topologies.presets.operators import colossus_100k


def tier_counts(G: nx.Graph) -> list[int]:
    """Switches per tier, from the leaves up."""
    count = Counter(tier for _, (kind, tier) in kinds(G).items() if kind == "switch")
    return [count[tier] for tier in sorted(count)]


def kinds(G: nx.Graph) -> dict[int, tuple[str, int]]:
    return {n: (data["kind"], data["tier"]) for n, data in G.nodes(data=True)}


def cables(G: nx.Graph) -> dict[tuple[int, int], int]:
    """Cables between tiers, scale-up links left out."""
    kind, total = kinds(G), Counter[tuple[int, int]]()
    for u, v, data in G.edges(data=True):
        if "nvswitch" not in (kind[u][0], kind[v][0]):
            total[tuple(sorted((kind[u][1], kind[v][1])))] += data.get("cables", 1)  # type: ignore[index]
    return dict(total)


def ports(G: nx.Graph, node: int) -> tuple[int, int]:
    """(cables down, cables up) of a switch."""
    kind = kinds(G)
    up = sum(d.get("cables", 1) for _, v, d in G.edges(node, data=True) if kind[v][1] > kind[node][1])
    return sum(d.get("cables", 1) for _, _, d in G.edges(node, data=True)) - up, up


def leaf_of(G: nx.Graph, endpoint: int) -> int:
    (leaf,) = (v for v in G[endpoint] if G.nodes[v]["kind"] == "switch")
    return leaf


def same(G: nx.Graph, H: nx.Graph) -> bool:
    return (
        G.graph == H.graph
        and list(G.nodes(data=True)) == list(H.nodes(data=True))
        and list(G.edges(data=True)) == list(H.edges(data=True))
    )


def al_fares(k: int) -> nx.Graph:
    """The tree as the paper words it, built switch by switch under names, not numbers."""
    G, half = nx.Graph(), k // 2
    for pod in range(k):
        for edge in range(half):
            for host in range(half):
                G.add_edge(("host", pod, edge, host), ("edge", pod, edge))
            for agg in range(half):
                G.add_edge(("edge", pod, edge), ("agg", pod, agg))
        for agg in range(half):
            for j in range(half):
                G.add_edge(("agg", pod, agg), ("core", agg, j))  # core switches agg*k/2 .. agg*k/2 + k/2 - 1
    names = {"host": 0, "edge": 1, "agg": 2, "core": 3}
    nx.set_node_attributes(G, {node: names[node[0]] for node in G}, "tier")
    return G


@pytest.mark.parametrize("k", [2, 4, 6, 8, 12])
def test_k_ary_counts_and_degrees(k: int) -> None:
    G = fat_tree(k=k)
    assert tier_counts(G) == [k * k // 2, k * k // 2, k * k // 4]  # together 5 k^2 / 4
    assert cables(G) == dict.fromkeys([(0, 1), (1, 2), (2, 3)], k**3 // 4)
    kind = kinds(G)
    assert [n for n in G if kind[n] == ("gpu", 0)] == list(range(k**3 // 4))
    assert all(G.degree[n] == (1 if kind[n][0] == "gpu" else k) for n in G)
    assert [t for _, t in kind.values()] == sorted(t for _, t in kind.values())
    assert sorted(Counter(nx.get_node_attributes(G, "pod").values()).items()) == [
        (pod, k * k // 4 + k) for pod in range(k)
    ]
    assert cluster_of(fat_tree, k=k).size[:2] == (G.number_of_nodes(), G.number_of_edges())


@pytest.mark.parametrize("k", [4, 6])
def test_k_ary_is_six_hops_across(k: int) -> None:
    G, n = fat_tree(k=k), k**3 // 4
    assert nx.diameter(G) == 6
    hops = nx.single_source_shortest_path_length(G, 0)
    # Under the same leaf 2, in the same pod 4, elsewhere 6.
    half = k // 2
    assert Counter(hops[i] for i in range(1, n)) == {
        2: half - 1,
        4: half * (half - 1),
        6: n - half * half,
    }


def test_equal_cost_paths() -> None:
    G = fat_tree(k=4)
    assert len(list(nx.all_shortest_paths(G, 0, 15))) == 4  # (k/2)^2 between pods
    assert len(list(nx.all_shortest_paths(G, 0, 2))) == 2  # k/2 inside one


def test_isomorphic_to_the_tree_of_the_paper() -> None:
    G = fat_tree(k=4)
    assert nx.is_isomorphic(G, al_fares(4), node_match=lambda a, b: a["tier"] == b["tier"])


def test_by_k_and_by_endpoints_are_one_tree() -> None:
    G, H = fat_tree(k=8), fat_tree(endpoints=128, radix=8)
    assert list(G.nodes(data=True)) == list(H.nodes(data=True))
    assert list(G.edges(data=True)) == list(H.edges(data=True))


# RA-11333-001 V11, Table 3: scalable units of 256 GPUs on 64-port switches; leaf, spine; leaf-spine cables.
# Three units use 16 spines, not 12: the 32 uplinks must divide evenly (Table 4: 24 leaves, 16 spines).
@pytest.mark.parametrize(("units", "spines"), [(1, 4), (2, 8), (3, 16), (4, 16), (8, 32)])
def test_superpod(units: int, spines: int) -> None:
    G = fat_tree(endpoints=256 * units, radix=64, gpus_per_server=8, rails=True)
    assert tier_counts(G) == [8 * units, spines]
    assert cables(G) == {(0, 1): 256 * units, (1, 2): 256 * units}
    assert {d.get("cables", 1) for _, v, d in G.edges(data=True) if G.nodes[v]["tier"] == 2} == {32 // spines}


@pytest.mark.parametrize(
    ("endpoints", "radix", "switches"),
    [
        (1, 4, [1]),
        (64, 64, [1]),
        (65, 64, [3, 2]),  # 3 * 32 uplinks on 64 ports: 1.5, so 2
        (2048, 64, [64, 32]),  # DeepSeek-V3 insights, ISCA 2025, Table 3: 96 switches
        (65_536, 64, [2048, 2048, 1024]),  # the same table: 5,120 switches
        (17, 4, [9, 10, 12, 8]),
        (32, 4, [16, 16, 16, 8]),
    ],
)
def test_smallest_number_of_tiers(endpoints: int, radix: int, switches: list[int]) -> None:
    shape = cluster_of(fat_tree, endpoints=endpoints, radix=radix).size
    assert shape[0] == endpoints + sum(switches)
    if endpoints < 10_000:
        assert tier_counts(fat_tree(endpoints=endpoints, radix=radix)) == switches


def test_partial_pod_keeps_its_spines() -> None:
    """5 leaves of 4 ports in pods of 2: the third pod has one leaf, of one endpoint, and both its spines."""
    G = fat_tree(endpoints=9, radix=4)
    assert tier_counts(G) == [5, 6, 4]
    last = next(n for n in G if G.nodes[n] == {"kind": "switch", "tier": 1, "pod": 2})
    assert ports(G, last) == (1, 2)
    assert len(list(nx.all_shortest_paths(G, 0, 8))) == 4
    assert any("last of 3 pods has 1 of 2 leaves" in note for note in G.graph["notes"])


def test_tiers_may_be_more_than_needed() -> None:
    G = fat_tree(endpoints=16, radix=8, tiers=3)
    assert tier_counts(G) == [4, 4, 4]  # one pod; each spine on one core by 4 cables
    assert cables(G) == {(0, 1): 16, (1, 2): 16, (2, 3): 16}


def test_oversubscription() -> None:
    G = fat_tree(endpoints=96, radix=16, oversubscription=3)
    assert tier_counts(G) == [8, 2]  # leaves of 12 down and 4 up; 8 * 4 uplinks on spines of 16
    assert {ports(G, n) for n in G if G.nodes[n]["tier"] == 1} == {(12, 4)}
    spine = fat_tree(endpoints=288, radix=16, oversubscription=[1, 3], tiers=3)
    # Leaves 8 down and 8 up; pods of 12 leaves and 8 spines, each 12 down and 4 up; 3 pods.
    assert tier_counts(spine) == [36, 24, 8]
    assert {ports(spine, n) for n in spine if spine.nodes[n]["tier"] == 2} == {(12, 4)}
    assert same(G, fat_tree(endpoints=96, radix=16, oversubscription=Fraction(3)))
    assert tier_counts(fat_tree(endpoints=80, radix=16, oversubscription=1.2857)) == [9, 7]  # 9 down, 7 up


def test_servers_and_scale_up() -> None:
    G = fat_tree(k=8, gpus_per_server=4, nvlink=900e9, nvlink_delay=7e-9)
    boxes = [n for n in G if G.nodes[n]["kind"] == "nvswitch"]
    assert boxes == list(range(G.number_of_nodes() - 32, G.number_of_nodes()))
    for server, box in enumerate(boxes):
        members = [4 * server + i for i in range(4)]
        assert sorted(G[box]) == members
        assert G.nodes[box] == {"kind": "nvswitch", "tier": 1, "server": server}
        assert {G.nodes[n]["server"] for n in members} == {server}
        assert len({leaf_of(G, n) for n in members}) == 1
        assert all(G.edges[n, box] == {"rate": 900e9, "delay": 7e-9} for n in members)
    fabric = Fabric.from_graph(G)
    assert fabric.n_scaleup == 32 and fabric.scaleup.tolist() == [boxes[i // 4] for i in range(128)]
    assert cluster_of(fat_tree, k=8, gpus_per_server=4).size[:2] == (G.number_of_nodes(), G.number_of_edges())


def test_servers_without_a_scale_up_link_are_labels_only() -> None:
    G = fat_tree(k=4, gpus_per_server=2, nvlink=0)
    assert not any(data["kind"] == "nvswitch" for _, data in G.nodes(data=True))
    assert [G.nodes[n]["server"] for n in range(16)] == [n // 2 for n in range(16)]
    alone = fat_tree(k=4, gpus_per_server=1)
    assert alone.number_of_nodes() == 36  # a switch for one GPU joins nothing


def test_servers_may_straddle_leaves() -> None:
    G = fat_tree(endpoints=12, radix=8, gpus_per_server=3)
    assert leaf_of(G, 3) != leaf_of(G, 4)  # both of server 1; leaves have 4 ports down
    assert any("straddle" in note for note in G.graph["notes"])


def test_rails() -> None:
    """Servers of 2 on leaves of 4 ports down: groups of 4 servers share 2 leaves; the last has 2 servers."""
    G = fat_tree(endpoints=12, radix=8, gpus_per_server=2, rails=True)
    first = 12
    assert tier_counts(G) == [4, 2]
    for n in range(12):
        server, rail = divmod(n, 2)
        assert (G.nodes[n]["server"], G.nodes[n]["rail"]) == (server, rail)
        assert leaf_of(G, n) == first + server // 4 * 2 + rail
    assert [ports(G, leaf) for leaf in range(12, 16)] == [(4, 4), (4, 4), (2, 4), (2, 4)]
    full = fat_tree(k=8, gpus_per_server=4, rails=True)
    assert {ports(full, n) for n in full if full.nodes[n]["tier"] == 1 and n < 128 + 32} == {(4, 4)}


def test_rates_and_delays_per_boundary() -> None:
    G = fat_tree(k=4, rate=100e9, delay=[1e-9, 2e-9])
    found = {(G.nodes[v]["tier"], d["rate"], d["delay"]) for _, v, d in G.edges(data=True)}
    assert found == {(1, 100e9, 1e-9), (2, 100e9, 2e-9), (3, 100e9, 2e-9)}  # the last repeats


@pytest.mark.parametrize(
    "arguments",
    [
        {"k": 6},
        {"k": 4, "delay": 1 / 3, "gpus_per_server": 2},
        {"endpoints": 100, "radix": 12, "oversubscription": (2, 1)},
        {"endpoints": np.int64(48), "radix": 8, "gpus_per_server": 4, "rails": True},
    ],
)
def test_params_build_the_same_graph(arguments: dict[str, Any]) -> None:
    G = fat_tree(**arguments)
    assert same(G, fat_tree(**G.graph["params"]))
    assert {type(n) for n in G} == {int}
    assert {type(x) for _, d in G.nodes(data=True) for x in d.values()} == {int, str}


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 300),
    st.sampled_from([4, 6, 8, 12, 16]),
    st.sampled_from([0, 1, 2, 3, 4]),
    st.booleans(),
    st.integers(0, 2),
)
def test_partial_trees(n: int, radix: int, g: int, rails: bool, more: int) -> None:
    n, rails = max(n // max(g, 1), 1) * max(g, 1), rails and g > 0
    arguments: dict[str, Any] = {"endpoints": n, "radix": radix, "gpus_per_server": g, "rails": rails}
    try:
        G = fat_tree(**arguments)
    except ParameterError as error:  # 4 tiers hold 2 (radix/2)^4; groups of rails fill them worse
        room = 2 * (radix // 2) ** 4
        assert error.name == "endpoints" and (n > room or (rails and n > room - g * radix))
        return
    kind = kinds(G)
    assert [i for i in G if kind[i][0] == "gpu"] == list(range(n)) and list(G) == list(range(len(G)))
    top = max(tier for k, tier in kind.values() if k == "switch")
    for node, (k, tier) in kind.items():
        if k == "switch":
            down, up = ports(G, node)
            assert up == (0 if tier == top else radix // 2)
            assert 1 <= down <= (radix if tier == top else radix // 2)
    assert nx.is_connected(G)
    assert (len(G), G.number_of_edges()) == cluster_of(fat_tree, **arguments).size[:2]
    if not rails and n > radix:
        assert tier_counts(G)[0] == ceil(n / (radix // 2))
    Fabric.from_graph(G)
    if top + more <= 4:
        higher = cluster_of(fat_tree, **arguments, tiers=top + more)
        assert same(G, fat_tree(**arguments)) and higher.size[0] >= len(G)


def test_shape_counts_what_it_builds() -> None:
    shape = Shape(down=(3, 2, 3), parents=(1, 2, 2), cables=(1, 2, 3), leaves=5, endpoints=14)
    assert shape.switches == (5, 6, 4) and shape.subtrees == (5, 3, 1)
    for tier in (1, 2):
        lower, upper = shape.above(tier)
        assert len(lower) == shape.edges[tier] and len(set(zip(lower.tolist(), upper.tolist()))) == len(lower)
        assert (np.unique(lower) == np.arange(shape.first(tier), shape.first(tier + 1))).all()
        assert (np.unique(upper) == np.arange(shape.first(tier + 1), shape.first(tier + 2))).all()
    assert shape.cable_counts == (14, 20, 36)


@pytest.fixture(scope="module")
def colossus() -> nx.Graph:
    return colossus_100k()


def test_colossus(colossus: nx.Graph) -> None:
    """From the ports: ceil(100000/64) leaves, ceil(1563/64) pods of 64 spines, 16 cores per plane."""
    assert tier_counts(colossus) == [1563, 25 * 64, 64 * 16]
    assert cables(colossus) == {(0, 1): 100_000, (1, 2): 1563 * 64, (2, 3): 1600 * 64}
    tier = nx.get_node_attributes(colossus, "tier")
    assert {d.get("cables", 1) for _, v, d in colossus.edges(data=True) if tier[v] == 3} == {4}
    assert sum(data["kind"] == "nvswitch" for _, data in colossus.nodes(data=True)) == 12_500
    assert colossus.graph["name"] == colossus.graph["preset"] == "colossus-100k"
    assert "not the operator's design" in colossus.graph["disclaimer"]


def test_colossus_is_its_own_record(colossus: nx.Graph) -> None:
    again = fat_tree(**colossus.graph["params"])
    assert again.number_of_edges() == colossus.number_of_edges()
    assert again.graph["params"] == colossus.graph["params"] and again.graph["family"] == "fat-tree"


def test_colossus_overridden() -> None:
    G = colossus_100k(servers=64, rails=True, nvlink=0)
    assert G.graph["name"] == "colossus-100k:servers=64,nvlink=0,rails=true"
    assert tier_counts(G) == [8, 4]  # one array of 512 GPUs: 8 rails of 64; 512 uplinks on 4 spines of 128
    with pytest.raises(ParameterError, match="servers: 0: a whole number, at least 1"):
        colossus_100k(servers=0)


def test_garbage_collector_is_left_as_it_was() -> None:
    for state in (gc.disable, gc.enable):
        state()
        before = gc.isenabled()
        fat_tree(k=4)
        assert gc.isenabled() == before


def test_too_large_is_refused_before_building(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    with pytest.raises(TooLargeError, match=r"fat-tree:k=1000: needs about 55\d\.\d GB of memory, 64\.0 GB"):
        fat_tree(k=1000)


@pytest.mark.parametrize(("p", "q"), [(1, 1), (3, 1), (7, 1), (3, 2), (9, 7), (1, 9), (12, 5)])
def test_splits_are_all_whole_ones_that_have_room(p: int, q: int) -> None:
    for radix in range(2, 150):
        whole = [d for d in range(1, radix) if d * q % p == 0 and d + d * q // p <= radix]
        assert splits(radix, p / q) == whole, radix


def test_available_memory_is_the_least_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.available_memory() > 0
    for name, left in (("_machine", 8e9), ("_control_group", 2e9), ("_address_space", 4e9)):
        monkeypatch.setattr(machine, name, lambda left=left: iter([left]))
    assert memory.available_memory() == 2e9
    with pytest.raises(TooLargeError, match=r"^it: needs about 2\.2 GB"):
        memory.require_memory("it", memory.Size(2_000_000, 2_000_000, 0, 0, 0))
    memory.require_memory("it", memory.Size(1_000_000, 2_000_000, 0, 0, 0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "endpoints: not given: needed: give k alone, or endpoints and radix"),
        ({"endpoints": 8}, "radix: not given: needed"),
        ({"k": 7}, "k: 7: an even number: the nearest legal are 6 and 8"),
        ({"k": 0}, "k: 0: an even number, at least 2"),
        ({"k": 4.0}, "k: 4.0: an even number"),
        ({"k": True}, "k: True: an even number"),
        ({"k": 4, "radix": 4}, "radix: 4: k stands alone"),
        ({"k": 4, "endpoints": 16}, "endpoints: 16: k stands alone"),
        ({"k": 4, "tiers": 3}, "tiers: 3: k stands alone"),
        ({"k": 4, "oversubscription": 3}, r"oversubscription: \[3\]: k stands alone"),
        ({"endpoints": 0, "radix": 4}, "endpoints: 0: a whole number, at least 1"),
        ({"endpoints": 8, "radix": 5}, "radix: 5: an even number: the nearest legal are 4 and 6"),
        ({"endpoints": 8, "radix": 2}, "radix: 2: an even number, at least 4"),
        ({"endpoints": 8, "radix": 4, "tiers": 5}, "tiers: 5: from 1 to 4"),
        (
            {"endpoints": 33, "radix": 4},
            "endpoints: 33: 4 tiers of 4-port switches hold at most 32: fewer, or a",
        ),
        (
            {"endpoints": 17, "radix": 4, "tiers": 3},
            "3 tiers of 4-port switches hold at most 16: .* more tiers",
        ),
        (
            {"endpoints": 99, "radix": 16, "oversubscription": 1 / 99},
            r"both whole: the nearest legal are 0\.0666667 \(1 down, 15 up\) and 0\.142857 \(2 down",
        ),
        ({"endpoints": 99, "radix": 16, "oversubscription": 99}, r"legal are 15 \(15 down, 1 up\)"),
        ({"endpoints": 9, "radix": 16, "oversubscription": 3}, "0 of 1 tier have uplinks: .* tiers=2"),
        (
            {"endpoints": 9, "radix": 16, "oversubscription": 0},
            "oversubscription: 0: a finite number, above zero",
        ),
        (
            {"endpoints": 9, "radix": 16, "oversubscription": []},
            "oversubscription: not given: a finite number",
        ),
        ({"k": 4, "rate": 0}, "rate: 0: a finite number, above zero"),
        ({"k": 4, "rate": float("nan")}, "rate: nan: a finite number"),
        ({"k": 4, "delay": (1e-9, -1)}, "delay: -1: a finite number, zero or more"),
        ({"k": 4, "delay": "5ns"}, "delay: '5ns': a finite number"),
        ({"k": 4, "nvlink": -1}, "nvlink: -1: a finite number, zero or more"),
        ({"k": 4, "nvlink": 9e11}, "nvlink: 900000000000.0: needs servers"),
        ({"k": 4, "rails": True}, "rails: True: needs servers"),
        ({"k": 4, "gpus_per_server": 2, "rails": "yes"}, "rails: 'yes': True or False"),
        ({"k": 4, "gpus_per_server": -1}, "gpus_per_server: -1: a whole number, at least 0"),
        ({"k": 6, "gpus_per_server": 8}, "54 endpoints in servers of 8 .* legal k are 4 and 8"),
        ({"k": 6, "gpus_per_server": 4, "rails": True}, "18 leaves in groups of 4 .* legal k are 4 and 8"),
        ({"endpoints": 9, "radix": 8, "gpus_per_server": 4}, "endpoints: 9: .* legal are 8 and 12"),
        ({"endpoints": 3, "radix": 8, "gpus_per_server": 4}, "endpoints: 3: .* legal are 4$"),
    ],
)
def test_illegal_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        fat_tree(**arguments)
    with pytest.raises(ParameterError, match=words):
        cluster_of(fat_tree, **arguments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cables": (1,)}, "m, w and p have one entry per tier each"),
        ({"down": (2, 0)}, "every entry is at least 1"),
        ({"endpoints": 17, "apart": True, "parents": (2, 2)}, "endpoints: 17: from 4 to 16"),
        ({"leaves": 5}, "leaves: 5: from 1 to 4"),
        ({"endpoints": 9}, "endpoints: 9: from 4 to 8"),
    ],
)
def test_illegal_shapes(change: dict[str, Any], words: str) -> None:
    legal: dict[str, Any] = {"down": (2, 4), "parents": (1, 2), "cables": (1, 1), "leaves": 4, "endpoints": 8}
    Shape(**legal)
    with pytest.raises(ParameterError, match=words):
        Shape(**{**legal, **change})


@pytest.mark.parametrize(
    ("radix", "ratio", "down", "up"),
    [
        (64, 2, 42, 21),
        (64, 4, 48, 12),
        (64, 3, 48, 16),  # nothing is free
        (64, 1.5, 36, 24),
        (128, 2, 84, 42),
        (36, 2, 24, 12),
        (36, 4, 28, 7),
        (4, 2, 2, 1),
        (16, 1 / 2, 5, 10),
    ],
)
def test_ports_that_a_ratio_does_not_split_are_free(radix: int, ratio: float, down: int, up: int) -> None:
    # The most m for which m times (numerator + denominator) ports fit: down = 2 m, up = m for 2:1.
    part = Fraction(ratio)
    m = radix // (part.numerator + part.denominator)
    assert (down, up) == (m * part.numerator, m * part.denominator)
    G = fat_tree(endpoints=4 * down, radix=radix, oversubscription=ratio, tiers=2)
    ports = {leaf: G.nodes[leaf]["tier"] for leaf in G if G.nodes[leaf]["tier"] == 1}
    assert len(ports) == 4
    for leaf in ports:
        tiers = [G.nodes[n]["tier"] for n in G[leaf] for _ in range(G.edges[leaf, n].get("cables", 1))]
        assert (tiers.count(0), tiers.count(2)) == (down, up)
    free = radix - down - up
    (said,) = [note for note in G.graph["notes"] if note.startswith("Oversubscription")]
    words = f"; {free} of its {radix} ports {'is' if free == 1 else 'are'} free" if free else ""
    assert said == f"Oversubscription {down / up:.4g}:1: each leaf has {down} ports down for {up} up{words}."
    measured = dict(measure(Fabric.from_graph(G)).oversubscription)
    assert measured["leaf"] == down / up == ratio


def test_free_ports_of_leaf_and_spine_are_told_apart() -> None:
    G = fat_tree(endpoints=800, radix=16, oversubscription=[2, 4], tiers=3)
    told = [note for note in G.graph["notes"] if note.startswith("Oversubscription")]
    assert told == [
        "Oversubscription 2:1: each leaf has 10 ports down for 5 up; 1 of its 16 ports is free.",
        "Oversubscription 4:1: each spine has 12 ports down for 3 up; 1 of its 16 ports is free.",
    ]
    f = Fabric.from_graph(G)
    assert measure(f).oversubscription == (("leaf", 2.0), ("spine", 4.0))
    assert max(np.bincount(f.link_src)[f.kind == SWITCH]) <= 16


def test_splits_are_those_of_trying_all() -> None:
    for radix in (2, 7, 16, 48, 64):
        for ratio in (
            Fraction(1, 3),
            Fraction(2, 3),
            Fraction(1),
            Fraction(3, 2),
            Fraction(2),
            Fraction(9, 7),
        ):
            by_hand = [d for d in range(1, radix) for u in range(1, radix - d + 1) if Fraction(d, u) == ratio]
            assert splits(radix, float(ratio)) == by_hand
    assert splits(64, 1e300) == splits(64, 1e-300) == []
    assert splits(10**12, 2.0)[-1] == 666_666_666_666


def test_top_switches_divide_the_uplinks_below_up_to_all_of_them() -> None:
    """8 leaves of 8 down and 8 up: 4 tops of 16 ports at least, and 8 with one cable from each leaf."""
    assert smallest(64, 16, 2, [1], 0).cables == (1, 2)
    for top, each in ((4, 2), (8, 1)):
        shape = smallest(64, 16, 2, [1], 0, top=top)
        assert (shape.parents, shape.cables, shape.switches) == ((1, top), (1, each), (8, top))
    for top in (2, 5, 16):
        with pytest.raises(ParameterError, match=r"the legal are 4, 8$"):
            smallest(64, 16, 2, [1], 0, top=top)
