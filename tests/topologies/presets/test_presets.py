"""Presets against the counts that are published, row by row; the big ones counted and not built."""

from __future__ import annotations

from collections import Counter
from typing import Any

import networkx as nx
import pytest
from clusters import cluster_of

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError
from topologies.catalogue import FAMILIES, Entry, canonical, disclaimer, listing, load
from topologies.families.fat_tree import fat_tree
from topologies.families.multi_plane import multi_plane
from topologies.families.rail_only import rail_only
from topologies.named import PRESETS
from topologies.presets import blueprints, fairwater


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


def gpus(G: nx.Graph) -> int:
    return sum(data["kind"] == "gpu" for _, data in G.nodes(data=True))


# RA-11333-001 V11, Table 3: SU, nodes, leaf, spine, core, node-leaf, leaf-spine, spine-core cables.
@pytest.mark.parametrize(
    ("su", "nodes", "leaf", "spine", "core", "to_leaf", "to_spine", "to_core"),
    [
        (4, 128, 32, 16, 0, 1_024, 1_024, 0),
        (8, 256, 64, 32, 0, 2_048, 2_048, 0),
        (16, 512, 128, 128, 64, 4_096, 4_096, 4_096),
        (32, 1_024, 256, 256, 128, 8_192, 8_192, 8_192),
        (64, 2_048, 512, 512, 256, 16_384, 16_384, 16_384),
    ],
)
def test_superpod_as_designed(
    su: int, nodes: int, leaf: int, spine: int, core: int, to_leaf: int, to_spine: int, to_core: int
) -> None:
    G = load(f"preset:superpod-h100:su={su}")
    assert gpus(G) == 8 * nodes
    assert switches(G) == [leaf, spine, core][: 3 if core else 2]
    assert cables(G) == [to_leaf, to_spine, to_core][: 3 if core else 2]
    assert sum(data["kind"] == "nvswitch" for _, data in G.nodes(data=True)) == nodes


# Table 4, one node gives way to management: SU, nodes, leaf, spine, leaf-spine cables.
@pytest.mark.parametrize(
    ("su", "nodes", "leaf", "spine", "to_spine"),
    [(1, 31, 8, 4, 256), (2, 63, 16, 8, 512), (3, 95, 24, 16, 768), (4, 127, 32, 16, 1_024)],
)
def test_superpod_as_built(su: int, nodes: int, leaf: int, spine: int, to_spine: int) -> None:
    G = load(f"preset:superpod-h100:su={su},as_built=true")
    assert (gpus(G), switches(G), cables(G)) == (8 * nodes, [leaf, spine], [8 * nodes, to_spine])


@pytest.mark.parametrize("su", [1, 2, 3, 5, 9, 24])
def test_superpod_of_other_sizes(su: int) -> None:
    """All ports of a leaf are used, no switch has more than 64, and each 32 nodes are one hop on the rail."""
    G = load(f"preset:superpod-h100:su={su}")
    assert switches(G)[0] == 8 * su
    for node, data in G.nodes(data=True):
        used = sum(d.get("cables", 1) for _, _, d in G.edges(node, data=True))
        if data["kind"] == "switch":
            assert used == 64 if data["tier"] == 1 else used <= 64
    leaf = {n: next(v for v in G[n] if G.nodes[v]["kind"] == "switch") for n in range(256 * su)}
    assert all(leaf[n] == leaf[n % 8 + n // 256 * 256] for n in leaf)


def test_meta_24k() -> None:
    """Racks of 16 GPUs, 192 racks a pod at full bisection, 8 pods, 1:7 on top, rounded to whole cables."""
    G = load("preset:meta-24k")
    assert gpus(G) == 24_576
    assert switches(G)[0] == 8 * 192 and cables(G)[:2] == [24_576, 24_576]
    assert round(cables(G)[1] / cables(G)[2]) == 7
    assert Counter(data["pod"] for _, data in G.nodes(data=True) if data["kind"] == "gpu") == dict.fromkeys(
        range(8), 3_072
    )
    rack = next(n for n, data in G.nodes(data=True) if data["kind"] == "switch")
    assert len({G.nodes[n]["server"] for n in G[rack] if n < 24_576}) == 2
    even = load("preset:meta-24k:pods=2,oversubscription=1,nvlink=0")
    assert cables(even) == [6_144, 6_144, 6_144]


def test_hpn_pod() -> None:
    """15 segments of 16 top-of-rack switches with 128 x 200G down and 60 x 400G up; 2 planes of 60."""
    G = load("preset:hpn-pod")
    assert (gpus(G), switches(G)) == (15_360, [15 * 16, 2 * 60])
    for leaf in (n for n, data in G.nodes(data=True) if data["kind"] == "switch" and data["tier"] == 1):
        down = [d for _, v, d in G.edges(leaf, data=True) if v < 15_360]
        up = [d for _, v, d in G.edges(leaf, data=True) if v > leaf]
        assert (len(down), {d["rate"] for d in down}) == (128, {25e9})
        assert (len(up), {d["rate"] for d in up}) == (60, {50e9})
    for n in range(1_024):  # the first segment: 1,024 GPUs on the first 16 switches, a pair per rail
        tors = sorted(v for v in G[n] if G.nodes[v]["kind"] == "switch")
        assert tors == [15_360 + 2 * (n % 8), 15_360 + 2 * (n % 8) + 1]
        assert [G.nodes[v]["plane"] for v in tors] == [0, 1]
    Fabric.from_graph(load("preset:hpn-pod:segments=2"))


@pytest.mark.parametrize("racks", [1, 4, 64, 70])
def test_nvl72(racks: int) -> None:
    """Racks of 72 GPUs in 18 trays of 4; a leaf for each rack and rail, 18 ports down; rails apart."""
    G = load(f"preset:nvl72:racks={racks}")
    first = 72 * racks
    assert gpus(G) == first and switches(G)[0] == 4 * racks and set(cables(G)[:2]) == {first}
    assert len(cables(G)) == (1 if racks == 1 else 2 if racks <= 64 else 3)  # 64 leaves of a rail on a spine
    for n in range(first):
        (leaf,) = (v for v in G[n] if G.nodes[v]["kind"] == "switch")
        assert leaf == first + n // 72 * 4 + n % 4  # GPU r of a tray on rail r
        assert (G.nodes[n]["server"], G.nodes[n]["rail"], G.nodes[leaf]["rail"]) == (n // 72, n % 4, n % 4)
        (box,) = (v for v in G[n] if G.nodes[v]["kind"] == "nvswitch")
        assert G.degree[box] == 72 and (G.edges[n, box]["rate"], G.edges[n, leaf]["rate"]) == (900e9, 50e9)
    for node, data in G.nodes(data=True):
        if data["kind"] == "switch":
            assert sum(d.get("cables", 1) for _, _, d in G.edges(node, data=True)) <= 64


def test_gb200_su() -> None:
    """As reported: 8 racks, 576 GPUs, four groups of 8 leaves and 6 spines: 32 and 24."""
    G = load("preset:gb200-su")
    assert (gpus(G), switches(G), cables(G)) == (576, [32, 24], [576, 576])
    fabric = G.subgraph([n for n, data in G.nodes(data=True) if data["kind"] == "switch"])
    groups = [*nx.connected_components(fabric)]
    assert len(groups) == 4
    for group in groups:
        assert Counter(G.nodes[n]["tier"] for n in group) == {1: 8, 2: 6}
        assert {d["cables"] for _, _, d in fabric.subgraph(group).edges(data=True)} == {3}


def test_fat_tree_64k() -> None:
    """DeepSeek-V3 insights, Table 3: 65,536 endpoints, 5,120 switches, 131,072 cables between them."""
    G = load("preset:fat-tree-64k")
    assert (gpus(G), sum(switches(G)), sum(cables(G)[1:])) == (65_536, 5_120, 131_072)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the preset asks of its family, which builds nothing."""
    call: dict[str, Any] = {}

    def record(**arguments: Any) -> nx.Graph:
        call.update(arguments)
        return nx.Graph()

    monkeypatch.setattr(blueprints, "fat_tree", record)
    monkeypatch.setattr(blueprints, "multi_plane", record)
    return call


def test_multiplane_131k_counted(asked: dict[str, Any]) -> None:
    load("preset:multiplane-131k")
    cluster = cluster_of(multi_plane, **asked)
    shape = cluster.shape
    assert shape.endpoints == 131_072 and shape.tiers == 2
    assert (shape.down[0], shape.ports) == (256, (512, 512))  # 256 down, 256 up
    assert shape.switches == (8 * 512, 8 * 256) and sum(shape.switches) == 6_144
    assert shape.cable_counts == (8 * 131_072, 8 * 131_072)
    # Three tiers of the same silicon, 64 x 800G, take 5 k^2 / 4 switches for k^3 / 4 endpoints.
    assert sum(shape.switches) * 5 == 3 * (5 * 131_072 // 64)


def test_multiplane_131k_of_racks(asked: dict[str, Any]) -> None:
    """1,820 racks of 72 are the most whole ones on 131,072 places; the counts of switches stay."""
    load("preset:mrc-131k:racks=1820")
    cluster = cluster_of(multi_plane, **asked)
    assert sum(cluster.shape.switches) == 6_144
    assert (cluster.shape.endpoints, cluster.scaleup, cluster.gpus) == (131_040, 1_820, 72)
    assert asked["nvlink"] == 900e9
    with pytest.raises(ParameterError, match="hold at most 131,072"):
        cluster_of(multi_plane, **{**asked, "endpoints": 72 * 1_821})


def test_another_name_names_the_same() -> None:
    assert canonical("preset:mrc-131k:endpoints=600") == "preset:multiplane-131k:endpoints=600"
    G = load("preset:mrc-131k:endpoints=600")
    assert (G.graph["name"], G.graph["preset"]) == ("multiplane-131k:endpoints=600", "multiplane-131k")
    assert disclaimer("preset:mrc-131k").startswith(disclaimer("preset:multiplane-131k") + "; ")


def test_multiplane_131k_built_small() -> None:
    G = load("preset:multiplane-131k:endpoints=600")
    assert (switches(G), cables(G)) == ([8 * 3, 8 * 2], [8 * 600, 8 * 3 * 256])
    assert {d["rate"] for _, _, d in G.edges(data=True)} == {12.5e9}  # 8 x 100 Gbps = 800 Gbps
    assert len(G[0]) == 8
    assert nx.shortest_path_length(G, 0, 599) == 4  # three switches


def test_fairwater_524k_counted() -> None:
    """As reported: 524,288 GPUs on four rails of the fabric above, 24,576 switches; 8.4 million cables."""
    with pytest.MonkeyPatch.context() as patch:
        call: dict[str, Any] = {}
        patch.setattr(fairwater, "rail_only", lambda **given: call.update(given) or nx.Graph())
        load("preset:fairwater-524k")
        shape = cluster_of(rail_only, **call).shape
        assert shape.endpoints == 524_288 and shape.switches == (32 * 512, 32 * 256)
        assert sum(shape.switches) == 24_576 and shape.ports == (512, 512)
        assert shape.cable_counts == (8 * 524_288, 32 * 512 * 256) and sum(shape.cable_counts) == 8_388_608
        load("preset:fairwater-524k:racks=7281")  # the most whole ones
        cluster = cluster_of(rail_only, **call)
        assert (cluster.shape.endpoints, cluster.scaleup, sum(cluster.shape.switches)) == (
            *(524_232, 7_281),
            24_576,
        )
        load("preset:fairwater-524k:racks=7282")
        with pytest.raises(ParameterError, match="hold at most 131,072"):
            cluster_of(rail_only, **call)


def test_fairwater_524k_built_small() -> None:
    """Each rail of it is the fabric of ``multiplane-131k`` for as many endpoints, and nothing joins rails."""
    G, one = load("preset:fairwater-524k:servers=600"), load("preset:multiplane-131k:endpoints=600")
    assert (gpus(G), switches(G), cables(G)) == (
        *(2400, [4 * count for count in switches(one)]),
        [4 * count for count in cables(one)],
    )
    network = G.subgraph([n for n, data in G.nodes(data=True) if data["kind"] != "nvswitch"])
    rails = [network.subgraph(part) for part in nx.connected_components(network)]
    assert len(rails) == 4
    for part in rails:
        (rail,) = {data["rail"] for _, data in part.nodes(data=True)}
        assert {n % 4 for n, data in part.nodes(data=True) if data["kind"] == "gpu"} == {rail}
        assert nx.faster_could_be_isomorphic(part, one)
        assert {d["rate"] for *_, d in part.edges(data=True)} == {12.5e9}
        for plane in range(8):
            tree = [n for n, data in part.nodes(data=True) if data.get("plane", plane) == plane]
            assert nx.is_connected(part.subgraph(tree)) and len(tree) == 600 + 3 + 2
    for text, words in (
        ("racks=5,nvlink=450GB/s", "5 racks say it"),
        ("gpus_per_server=6", "a multiple of the 4 rails"),
    ):
        with pytest.raises(ParameterError, match=words):
            load(f"preset:fairwater-524k:{text}")


def test_beyond_1m_counted(asked: dict[str, Any]) -> None:
    load("preset:beyond-1m")
    assert asked["k"] == 160
    cluster = cluster_of(fat_tree, **asked)
    assert cluster.shape.endpoints == 1_024_000
    assert sum(cluster.shape.switches) == 5 * 160**2 // 4
    assert sum(cluster.shape.cable_counts[1:]) == 160**3 // 2
    # Endpoints, switches and one scale-up switch per 8; three cables and one scale-up link per endpoint.
    assert cluster.size[:2] == (1_024_000 + 32_000 + 128_000, 4 * 1_024_000)


@pytest.mark.parametrize(
    "spec",
    [
        "superpod-h100:su=2,as_built=true",
        "meta-24k:pods=2",
        "hpn-pod:segments=1",
        "nvl72:racks=3",
        "gb200-su",
        "multiplane-131k:racks=5",
        "fairwater-524k:servers=300",
    ],
)
def test_a_preset_is_signed_and_can_be_built_without_it(spec: str) -> None:
    G = load(f"preset:{spec}")
    name = spec.partition(":")[0]
    assert (G.graph["name"], G.graph["preset"]) == (spec, name)
    assert G.graph["disclaimer"] == PRESETS[name].disclaimer == disclaimer(f"preset:{spec}")
    again = FAMILIES[G.graph["family"]].function(**G.graph["params"])
    assert list(again.nodes(data=True)) == list(G.nodes(data=True))
    assert list(again.edges(data=True)) == list(G.edges(data=True))


def test_every_preset_names_itself_its_source_and_what_it_is() -> None:
    for name, preset in PRESETS.items():
        assert name in (preset.name, *preset.also) and preset.disclaimer.startswith("an illustration")
        assert "Source" in (preset.function.__doc__ or "")
        assert canonical(f"preset:{name}") == f"preset:{preset.name}"
    for second_hand in ("multiplane-131k", "fat-tree-64k", "gb200-su", "fairwater-524k"):
        assert "as reported" in PRESETS[second_hand].disclaimer


def test_listing() -> None:
    rows = {entry.name: entry for entry in listing()}
    assert [*rows] == [*FAMILIES, *(f"preset:{name}" for name in PRESETS)]
    assert rows["star"].parameters["endpoints"] is None
    assert rows["pgft"].parameters["p"] == "1"
    assert rows["preset:superpod-h100"] == Entry(
        name="preset:superpod-h100",
        summary=PRESETS["superpod-h100"].summary,
        parameters={"su": "4", "as_built": "false", "nvlink": "3.6Tbps"},
    )
    assert all(len(entry.summary) <= 100 and "\n" not in entry.summary for entry in rows.values())


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("superpod-h100:su=65", "su: 65: from 1 to 64 scalable units"),
        ("superpod-h100:su=0", "su: 0: a whole number, at least 1"),
        ("meta-24k:pods=129", "pods: 129: from 1 to 128"),
        ("hpn-pod:segments=16", "segments: 16: from 1 to 15"),
        (
            "multiplane-131k:endpoints=131073",
            "endpoints: 131073: 2 tiers of 512-port switches hold at most 131,072",
        ),
        ("mrc-131k:racks=2,nvlink=1TB/s", "nvlink: 1000000000000.0: 2 racks say it"),
        ("nvl72:racks=2,oversubscription=7", "oversubscription: 7: a leaf of 64 ports, whole uplinks for"),
        ("fat-tree-64k:gpus_per_server=7", "k: 64: 65,536 endpoints in servers of 7 do not come out even"),
        ("beyond-1m:k=8", "parameter of preset:beyond-1m: 'k': unknown"),
    ],
)
def test_illegal_presets(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(f"preset:{spec}")
