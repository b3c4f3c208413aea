"""The audit: clean wiring gives nothing; every kind of fault is provoked once; a real dump, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, dual_homed, graph, leaf_spine, rail_only
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from fabric import Dmodk, Ecmp, Fabric, route
from fabric.measures.audit import audit
from fabric.measures.blocks import joints
from fabric.measures.finding import Finding
from fabric.measures.reach import components, unreachable
from fabric.measures.subnet import boundary_bisections, port_use, subnet_lids
from fabric.words.errors import NoRouteError
from sims.show.words.audit import audit_lines, bisection_lines, finding_columns, port_lines, subnet_line
from topologies import fat_tree, load

SAMPLES = ROOT.parent / "shared" / "samples"


def compiled(G: nx.Graph) -> Fabric:
    return Fabric.from_graph(G, allow_partition=True)


def found(G: nx.Graph, kind: str = "") -> list[Finding]:
    return [f for f in audit(compiled(G)) if kind in ("", f.kind)]


def wide_leaf_spine(leaves: int = 6, spines: int = 4, cables: int = 2) -> nx.Graph:
    """Leaves l0.. of spines * cables endpoints each, so that nothing is oversubscribed."""
    names = [f"l{i}" for i in range(leaves)]
    tops = [f"s{i}" for i in range(spines)]
    per = spines * cables
    access = [(e, names[e // per]) for e in range(leaves * per)]
    trunk = [(leaf, spine, cables) for leaf in names for spine in tops]
    return graph(
        "wide", range(leaves * per), dict.fromkeys(names, 1) | dict.fromkeys(tops, 2), access + trunk
    )


# Clean wiring, whole and cut short.


@pytest.mark.parametrize(
    "spec",
    [
        "fat-tree:k=4",
        "fat-tree:k=8",
        "fat-tree:endpoints=1000,radix=16",
        "fat-tree:endpoints=3000,radix=16,tiers=4",
        "fat-tree:endpoints=2000,radix=16,gpus_per_server=8,rails=true",
        "fat-tree:endpoints=520,radix=32,gpus_per_server=8",
        "fat-tree:endpoints=100,radix=16,tiers=2",
        "fat-tree:endpoints=16,radix=16",
        "preset:colossus-100k:servers=3000",
        "preset:colossus-100k",
        "preset:superpod-h100:su=3",
        "preset:superpod-h100:as_built=true",
        "star:endpoints=16",
        "multi-plane:planes=4,endpoints=1000,radix=32",
        "dragonfly:p=2",
        "dragonfly-plus:leaves=4",
        "torus:dims=8/8/2",
        "slim-fly:q=5",
    ],
)
def test_what_the_builders_return_is_clean(spec):
    assert found(load(spec)) == []


def test_leaf_spine_and_scale_up_are_clean():
    assert found(leaf_spine()) == [] and found(wide_leaf_spine()) == [] and found(rail_only()) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.sampled_from([8, 16]), st.sampled_from([1, 3]))
def test_every_partial_fat_tree_is_without_fault(endpoints, radix, ratio):
    tiers = 2 if endpoints <= radix * radix / 2 else 4  # the last pod and the last leaf are seldom full
    G = fat_tree(endpoints=endpoints, radix=radix, tiers=tiers, oversubscription=ratio)
    assert [f for f in found(G) if f.level == "fault"] == []


def test_intended_oversubscription_is_a_note():
    G = fat_tree(endpoints=480, radix=32, oversubscription=3)
    notes = found(G)
    assert {f.level for f in notes} == {"note"}
    assert [f.message for f in notes] == [
        "leaf: 3:1 oversubscribed by design, all alike",
        "leaf - spine: 33.3% of full bisection",
    ]


@pytest.mark.parametrize("G", [nx.hypercube_graph(5), nx.circulant_graph(24, [1, 5])], ids=["cube", "ring"])
def test_regular_graphs_without_tiers_are_clean(G):
    assert found(lifted(G)) == []


def lifted(G: nx.Graph) -> nx.Graph:
    """One endpoint on each node of G."""
    names = {node: f"w{i}" for i, node in enumerate(G)}
    access = [(i, name) for i, name in enumerate(names.values())]
    trunk = [(names[u], names[v]) for u, v in G.edges]
    return graph("lifted", range(len(names)), dict.fromkeys(names.values(), 1), access + trunk)


# Every kind of fault, provoked once.


def test_a_missing_cable_is_named_by_its_pair():
    G = wide_leaf_spine()
    G.edges["l3", "s1"]["cables"] = 1
    G.remove_edge("l2", "s0")
    pairs = found(G, "missing-cable")
    assert pairs[1].message == "l3 - s1: 1 of 2 cables"
    assert [(f.nodes, f.found, f.expected) for f in pairs] == [(("l2", "s0"), 0, 2), (("l3", "s1"), 1, 2)]
    (total,) = found(G, "cables")
    assert (total.found, total.expected) == (6 * 4 * 2 - 3, 6 * 4 * 2)


def test_leaves_with_fewer_uplinks_than_their_peers_and_what_follows():
    G = wide_leaf_spine()
    G.remove_edge("l2", "s0")
    assert [(f.nodes, f.found, f.expected) for f in found(G, "uplinks")] == [(("l2",), 6, 8)]
    assert [(f.nodes, f.found, f.expected) for f in found(G, "downlinks")] == [(("s0",), 10, 12)]
    (over,) = found(G, "oversubscription")
    assert over.nodes == ("l2",) and over.found == pytest.approx(8 / 6) and over.level == "effect"
    (half,) = found(G, "bisection")
    assert half.level == "effect" and (half.found, half.expected) == (46, 48)


def test_a_doubled_cable_is_named():
    G = wide_leaf_spine()
    G.edges["l3", "s1"]["cables"] = 3
    (pair,) = found(G, "extra-cable")
    assert pair.message == "l3 - s1: 3 cables, 2 expected"
    assert [f.nodes for f in found(G, "uplinks")] == [("l3",)]


def test_a_cable_into_another_pod_is_astray_and_missing_at_home():
    G = fat_tree(k=8)
    leaf = 128  # first leaf of pod 0; its spines are 160..163, those of pod 1 are 164..167
    G.add_edge(leaf, 164, **G.edges[leaf, 160])
    G.remove_edge(leaf, 160)
    assert [f.nodes for f in found(G, "stray-cable")] == [("leaf 128", "spine 164")]
    assert [f.nodes for f in found(G, "missing-cable")] == [("leaf 128", "spine 160")]
    assert [f.nodes for f in found(G, "downlinks")] == [("spine 160",), ("spine 164",)]
    assert found(G, "uplinks") == []


def test_a_cable_between_two_leaves_is_astray_and_the_tiers_stay():
    G = fat_tree(k=8)
    G.add_edge(128, 129, **G.edges[128, 160])
    assert [f.nodes for f in found(G)] == [("leaf 128", "leaf 129")]


def test_a_spine_cut_off_is_named_and_so_is_a_lost_one():
    G = wide_leaf_spine()
    G.remove_edges_from(list(G.edges("s2")))
    assert ("s2",) in [f.nodes for f in found(G, "downlinks")]
    assert len(found(G, "missing-cable")) == 6
    G = fat_tree(k=8)
    G.remove_node(160)  # all four leaves of pod 0 lose an uplink; nothing is left to name a pair by
    assert [f.nodes for f in found(G, "uplinks")] == [(f"leaf {i}",) for i in range(128, 132)]


def test_parallel_cables_of_different_rates():
    G = wide_leaf_spine()
    G.edges["l3", "s1"]["rates"] = [1.0, 0.5]
    (pair,) = found(G, "rate")
    assert pair.nodes == ("l3", "s1") and (pair.found, pair.expected) == (0.5, 1.0)
    assert "parallel cables of 4 bps and 8 bps" in pair.message


def test_an_odd_rate_among_the_cables_of_a_boundary():
    G = wide_leaf_spine()
    G.edges["l3", "s1"]["rate"] = 0.5
    (pair,) = found(G, "rate")
    assert "4 bps, the usual leaf - spine cable has 8 bps" in pair.message
    for leaf in ("l0", "l1", "l2"):
        for spine in G[leaf]:
            if isinstance(spine, str):
                G.edges[leaf, spine]["rate"] = 0.5
    assert [f.level for f in found(G, "rate")] == ["note"]  # no rate is the usual one


def test_an_endpoint_on_fewer_leaves_than_the_others():
    assert [f.nodes for f in found(dual_homed(), "missing-cable")] == [
        ("B0", "s0"),
        ("B1", "s0"),
    ]
    G = dual_homed()
    G.remove_edge(5, "B1")
    assert ("endpoint 5", "B1") in [f.nodes for f in found(G, "missing-cable")]
    assert [f.nodes for f in found(G, "uplinks") if f.where == "endpoint"] == [("endpoint 5",)]


def test_unequal_leaves_are_a_note():
    G = wide_leaf_spine()
    G.remove_nodes_from([0, 1])
    assert [(f.kind, f.level, f.found, f.expected) for f in found(G)] == [("filling", "note", 6, 8)]


def test_a_switch_of_another_degree_without_tiers():
    G = lifted(nx.circulant_graph(24, [1, 5]))
    G.remove_edge("w3", "w4")
    assert [f.nodes for f in found(G, "degree")] == [("w3",), ("w4",)]
    G.edges["w7", "w8"]["cables"] = 2
    (pair,) = found(G, "extra-cable")
    assert pair.nodes == ("w7", "w8")
    assert [f.level for f in found(lifted(nx.path_graph(4)))] == ["note"]


def test_no_legal_path_and_a_graph_in_parts():
    G = fat_tree(k=4)  # leaf 16 can only go up by spine 24, leaf 17 only by 25, both of pod 0
    G.remove_edges_from([(16, 25), (17, 24)])
    (lost,) = found(G, "no-path")
    assert lost.nodes == ("0", "2") and lost.found == 8 and "first up, then down" in lost.message
    G.remove_edge(16, 24)
    (lost,) = found(G, "no-path")
    assert lost.found == 2 * 2 * 14 and "2 separate parts" in lost.message


def test_faults_come_first_and_rows_are_plain():
    G = wide_leaf_spine()
    G.remove_nodes_from([0, 1])
    G.remove_edge("l2", "s0")
    findings = found(G)
    order = ("fault", "effect", "note")
    assert {f.level for f in findings} == set(order)
    assert [f.level for f in findings] == sorted((f.level for f in findings), key=order.index)
    columns = finding_columns(findings)
    assert {type(v) for column in columns.values() for v in column} <= {str, int, float, type(None)}
    assert list(finding_columns([])) == list(columns) and columns["kind"][0] == "missing-cable"


# Certificates.


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ZOO)), st.randoms(use_true_random=False), st.integers(0, 8))
def test_unreachable_pairs_are_those_that_cannot_be_routed(name, random, cuts):
    G = ZOO[name]()
    for edge in random.sample(sorted(G.edges, key=repr), min(cuts, G.number_of_edges())):
        if all(G.degree(end) > 1 for end in edge):
            G.remove_edge(*edge)
    f = compiled(G)
    src, dst = map(np.ravel, np.indices((f.n_endpoints, f.n_endpoints)))
    lost = unreachable(f)
    audit(f)  # never fails
    if lost.pairs == 0:
        route(f, src, dst, Dmodk())
        return
    with pytest.raises(NoRouteError) as error:
        route(f, src, dst, Dmodk())
    assert error.value.count == lost.pairs
    with pytest.raises(NoRouteError):
        route(f, np.array([lost.src]), np.array([lost.dst]), Dmodk())


def test_no_way_leads_down_and_up_again(monkeypatch):
    """Leaf 0 is on spine a alone, leaf 2 on b: only over leaf 1, which is no way. Also a source at a time."""
    G = wide_leaf_spine(leaves=3, spines=2, cables=1)
    G.remove_edges_from([("l0", "s1"), ("l2", "s0")])
    for cells in (20_000_000, 1):
        monkeypatch.setattr("fabric.measures.reach._CELLS_AT_ONCE", cells)
        lost = unreachable(compiled(G))
        assert (lost.pairs, lost.src, lost.dst) == (2 * 2 * 2, 0, 4)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8), st.booleans(), st.booleans())
def test_cables_between_endpoints_reach_as_routing_does(pairs, switched, servers):
    """Six endpoints, cabled to each other at random, some on a switch, two and two in a server."""
    at = [6] if switched else []
    inside = [7, 8, 9] if servers else []
    access = [(0, 6), (3, 6)] if switched else []
    cables = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]} | {(0, 1)}
    scale_up = [(e, 7 + e // 2) for e in range(6)] if servers else []
    f = compiled(
        graph("direct", range(6), dict.fromkeys(at, 1), [*access, *sorted(cables), *scale_up], inside)
    )

    def routed(src: int, dst: int) -> bool:
        try:
            return bool(len(route(f, np.array([src]), np.array([dst]), Dmodk() if f.tiered else Ecmp())))
        except NoRouteError:
            return False

    every = [(src, dst) for src in range(6) for dst in range(6) if src != dst and not routed(src, dst)]
    lost = unreachable(f)
    assert lost.pairs == len(every)
    assert (lost.src, lost.dst) == (every[0] if every else (-1, -1))


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_cables_pulled_at_random_are_exactly_those_named(random, cuts):
    G = fat_tree(k=8)
    pulled = random.sample([e for e in G.edges if min(e) >= 128], cuts)
    G.remove_edges_from(pulled)
    tier = G.nodes(data="tier")
    ends = {(node, tier[other]) for edge in pulled for node, other in (edge, edge[::-1])}
    if any(all(tier[peer] != way for peer in G[node]) for node, way in ends):
        return  # a switch without any cable up, or down, may belong to any block: it is named, not its pairs
    named = {tuple(int(n.split()[1]) for n in f.nodes) for f in found(G, "missing-cable")}
    assert named == {tuple(sorted(e)) for e in pulled}


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_components_are_those_of_networkx(nodes, pairs):
    pairs = [(a, b) for a, b in pairs if a < nodes and b < nodes]
    G = nx.empty_graph(nodes)
    G.add_edges_from(pairs)
    tail, head = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = {node: min(part) for part in nx.connected_components(G) for node in part}
    assert components(nodes, tail, head).tolist() == [expected[node] for node in range(nodes)]


def test_blocks_are_pods_and_planes():
    f = compiled(fat_tree(k=8))
    shapes = [Counter((len(b.lower), len(b.upper), b.cables) for b in j.blocks) for j in joints(f)]
    # Endpoints; 8 pods of 4 leaves x 4 spines; 4 planes of 8 spines x 4 cores.
    assert shapes == [Counter(), Counter({(4, 4, 1): 8}), Counter({(8, 4, 1): 4})]


# A real cluster: 31 leaves, 9 spines, two cables for each pair, 26 of the 558 cables missing.


def test_the_real_dump_misses_26_cables_by_name():
    path = SAMPLES / "dgx-ndr.ibnetdiscover"
    if not path.exists():
        pytest.skip("the sample is not beside this checkout")
    G = load(str(path))
    name = {d["name"]: i for i, d in G.nodes(data=True)}
    leaves = [n for n, i in name.items() if G.nodes[i]["tier"] == 1]
    spines = [n for n, i in name.items() if G.nodes[i]["tier"] == 2]
    have = {
        (a, b): G.get_edge_data(name[a], name[b], {"cables": 0})["cables"] for a in leaves for b in spines
    }
    short = {pair: n for pair, n in have.items() if n < 2}
    assert Counter(short.values()) == {0: 10, 1: 6}
    assert {f.nodes: f.found for f in found(G, "missing-cable")} == short
    (total,) = found(G, "cables")
    assert (total.found, total.expected, total.message) == (
        532,
        558,
        "leaf - spine: of 558 cables 26 missing",
    )
    assert sum(f.expected - f.found for f in found(G, "uplinks")) == 26
    lines = list(audit_lines("dgx", compiled(G), found(G)))
    assert "    MF0;leaf-07:MQM9701/U1 - MF0;spine-05:MQM9701/U1: 1 of 2 cables" in lines


# What topology show adds.


def test_one_subnet_or_not():
    small = subnet_lids(compiled(fat_tree(k=8)))
    assert (small.lids, small.fits, small.limit) == (128 + 80, True, 49_151)
    for limit, fits in ((208, True), (207, False)):
        one = replace(small, limit=limit)
        assert (one.fits, one.parts_fit) == (fits, fits)
    large = compiled(load("preset:colossus-100k"))
    assert subnet_lids(large).lids == 104_187 and not subnet_lids(large).fits
    said = (
        "too large for one subnet: 100,000 endpoint ports + 4,187 switches need 104,187 of a subnet's 49,151"
    )
    assert said in subnet_line(large)
    rails = compiled(rail_only())
    planes = subnet_lids(rails)
    assert (planes.parts, planes.planes, planes.largest, planes.lids) == (2, True, 5, 10)
    assert (
        "2 subnets, one for each of its planes: the largest takes 5 of a subnet's 49,151 addresses"
        in subnet_line(rails)
    )


def test_islands_are_as_many_subnets_and_an_idle_switch_is_in_none():
    G = nx.disjoint_union(nx.disjoint_union(fat_tree(k=4), fat_tree(k=4)), fat_tree(endpoints=4, radix=8))
    G.add_node("spare", kind="switch", tier=1)
    s = subnet_lids(f := compiled(G))
    assert (s.parts, s.planes, s.largest, s.lids) == (3, False, 36, 36 + 36 + 5)
    assert "3 subnets, one for each of its separate parts: the largest takes 36 of a subnet's" in subnet_line(
        f
    )
    G.remove_edges_from(list(G.edges))
    assert "no subnet" in subnet_line(compiled(G))


def test_bisection_per_boundary_and_ports():
    f = compiled(fat_tree(endpoints=480, radix=32, oversubscription=3))
    access, trunk = boundary_bisections(f)
    assert access.share == 1 and trunk.share == pytest.approx(1 / 3)
    assert trunk.bisection == 480 / 3 * 50e9 / 2
    assert [u.ports for u in port_use(f)] == [((24, 8, 20),), ((20, 0, 8),)]
    assert next(port_lines(f)) == "  ports (leaf)       down + up: 24 + 8 on 20"
    assert len(list(bisection_lines(f))) == 2
    assert [one.name for one in (access, trunk)] == ["endpoint - leaf", "leaf - spine"]


def test_lines_say_so_when_nothing_is_found_and_count_the_rest():
    f = compiled(fat_tree(k=4))
    assert list(audit_lines("x", f, audit(f)))[-1] == "  no fault found: 48 cables, 20 switches, 16 endpoints"
    G = wide_leaf_spine()
    G.remove_edges_from([("l0", "s0"), ("l1", "s1"), ("l2", "s2")])
    lines = list(audit_lines("x", compiled(G), found(G), shown=2))
    assert "    and 1 more: --out FILE writes all" in lines
