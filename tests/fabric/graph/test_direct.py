"""Endpoints cabled straight to each other: one hop, in every count, under every policy, on any graph."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric, carrier, max_min, route
from fabric.damage.breakage import sole
from fabric.damage.degraded import Damage, cable_links, damaged
from fabric.graph.schema import NVSWITCH
from fabric.measures.hops import hop_counts, pair_classes
from fabric.measures.measure import measure
from fabric.measures.reach import unreachable
from fabric.routing.policies import parse_policy
from fabric.words.errors import NoRouteError

POLICIES = ("ecmp", "ecmp:qps=4", "dmodk", "adaptive", "spray")


def back_to_back(cables: int = 1) -> nx.Graph:
    G = nx.Graph(name="back to back")
    G.add_nodes_from(range(2), kind="gpu", tier=0)
    G.add_edge(0, 1, rate=25e9, delay=1e-8, cables=cables)
    return G


def servers(rails: int = 4) -> nx.Graph:
    """Two servers; GPU i of one is cabled to GPU i of the other."""
    G = nx.Graph(name="servers")
    for i in range(2 * rails):
        G.add_node(i, kind="gpu", tier=0, server=i // rails)
    for s in range(2):
        G.add_node(f"nv{s}", kind="nvswitch", tier=1, server=s)
        G.add_edges_from([(s * rails + i, f"nv{s}") for i in range(rails)], rate=450e9, delay=5e-9)
    G.add_edges_from([(i, rails + i) for i in range(rails)], rate=50e9, delay=1e-8)
    return G


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    """Some endpoints on leaves, some not, some in servers, and any cables between them."""
    n, leaves = draw(st.integers(2, 8)), draw(st.integers(0, 3))
    G = nx.Graph(name="drawn")
    for i in range(n):
        G.add_node(i, kind="gpu", tier=0)
    for leaf in range(leaves):
        G.add_node(f"l{leaf}", kind="switch", tier=1)
    if leaves > 1 and draw(st.booleans()):
        G.add_node("s", kind="switch", tier=2)
        G.add_edges_from([(f"l{i}", "s") for i in range(leaves)], rate=2.0, delay=1e-6, cables=2)
    per = draw(st.sampled_from([0, 2, 3]))
    for i in range(n):
        if per:
            G.add_node(f"nv{i // per}", kind="nvswitch", tier=1)
            G.add_edge(i, f"nv{i // per}", rate=8.0, delay=1e-7)
        for leaf in draw(st.sets(st.integers(0, leaves - 1), max_size=2)) if leaves else ():
            G.add_edge(i, f"l{leaf}", rate=1.0, delay=1e-6)
    pairs = [(a, b) for a in range(n) for b in range(a)]
    for a, b in draw(st.sets(st.sampled_from(pairs), min_size=1, max_size=6)):
        G.add_edge(a, b, rate=1.0, delay=1e-6, cables=draw(st.integers(1, 2)))
    return G


def expected(G: nx.Graph) -> dict[tuple[int, int], tuple[str, int]]:
    """Way and links of each pair, by the definition: breadth first over up*-down* paths, else by a relay."""
    gpus = [n for n, d in G.nodes(data=True) if d["kind"] == "gpu"]
    domain = {i: next((v for v in G[i] if str(v).startswith("nv")), None) for i in gpus}

    def network(a: int, b: int) -> int | None:
        if G.has_edge(a, b):
            return 1
        tier = nx.get_node_attributes(G, "tier")
        front, hops = {(v, True) for v in G[a] if G.nodes[v]["kind"] == "switch"}, 1
        seen = set(front)
        while front:
            if any(G.has_edge(v, b) for v, _ in front):
                return hops + 1
            front = {
                (w, rising and tier[w] > tier[v])
                for v, rising in front
                for w in G[v]
                if G.nodes[w]["kind"] == "switch" and (rising or tier[w] < tier[v])
            } - seen
            seen |= front
            hops += 1
        return None

    found = {}
    for a in gpus:
        for b in gpus:
            if a == b:
                continue
            same, links = domain[a] is not None and domain[a] == domain[b], network(a, b)
            peers = [p for p in gpus if domain[p] == domain[a] and p not in (a, b) and domain[a]]
            relays = [x for x in (network(p, b) for p in peers) if x]
            if same:
                found[a, b] = "server", 2
            elif links is not None:
                found[a, b] = "network", links
            elif relays:
                found[a, b] = "relay", 2 + min(relays)
    return found


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_count_and_every_path_is_that_of_the_definition(G: nx.Graph) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    want = expected(G)
    classes = {(c.way, c.links): c.pairs for c in pair_classes(F)}
    assert classes == dict(Counter(want.values()))
    hops = Counter(links for _, links in want.values())
    assert dict(hop_counts(F)) == dict(hops)
    n = F.n_endpoints
    assert unreachable(F).pairs == n * (n - 1) - len(want)
    src, dst = (np.array(x) for x in zip(*want)) if want else (np.zeros(0, int), np.zeros(0, int))
    for text in POLICIES:
        policy = parse_policy(text)
        on = carrier(F, policy)
        paths = route(on, src, dst, policy).expanded()
        for flow, pair in enumerate(want):
            part = slice(paths.ptr[flow], paths.ptr[flow + 1])
            weight = np.ones(part.stop - part.start) if paths.weight is None else paths.weight[part]
            assert weight.sum() == pytest.approx(want[pair][1])
            if want[pair] == ("network", 1):
                ends = {(int(on.link_src[x]), int(on.link_dst[x])) for x in paths.link[part].tolist()}
                assert ends == {pair}
    for pair in [(a, b) for a in range(n) for b in range(n) if a != b and (a, b) not in want][:3]:
        with pytest.raises(NoRouteError):
            route(F, np.array([pair[0]]), np.array([pair[1]]), parse_policy("ecmp"))


@settings(max_examples=30, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_a_damaged_fabric_is_that_of_the_graph_without_the_cable(G: nx.Graph, random: object) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    single = [(a, b) for a, b, d in G.edges(data=True) if d.get("cables", 1) == 1 and "nv" not in f"{a}{b}"]
    if not single:
        return
    a, b = random.choice(single)  # type: ignore[attr-defined]
    ends = {F.ids.index(a), F.ids.index(b)}
    first = cable_links(F)[:, 0]
    lost = np.array([{int(F.link_src[x]), int(F.link_dst[x])} == ends for x in first.tolist()])
    left = damaged(F, Damage(lost=lost, rate=np.ones(len(lost))))
    H = G.copy()
    H.remove_edge(a, b)
    want = Fabric.from_graph(H, allow_partition=True)
    for name in ("arc_ptr", "arc_up", "arc_dst", "arc_link", "arc_back", "link_src", "link_dst", "leaves"):
        assert getattr(left, name).tolist() == getattr(want, name).tolist(), name
    assert unreachable(left).pairs == unreachable(want).pairs


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_cables_that_may_not_fail_are_those_whose_loss_leaves_an_endpoint_without_one(
    G: nx.Graph,
) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    pairs = cable_links(F)
    found = sole(F, "cables", np.arange(len(pairs)))
    for cable, link in enumerate(pairs[:, 0].tolist()):
        ends = [node for node in (F.link_src[link], F.link_dst[link]) if node < F.n_endpoints]
        cables = [int(np.sum((F.link_src == e) & (F.kind[F.link_dst] != NVSWITCH))) for e in ends]
        assert found[cable] == (1 in cables)


def test_the_measures_of_two_endpoints_on_one_cable() -> None:
    found = measure(Fabric.from_graph(back_to_back()))
    assert (found.endpoints, found.cables, found.hops, found.diameter) == (2, 1, ((1, 2),), 1)
    assert found.boundaries[0].name == "endpoint - endpoint" and found.injection == 50e9


@pytest.mark.parametrize("policy", POLICIES)
def test_parallel_cables_between_two_endpoints_are_shared(policy: str) -> None:
    F = Fabric.from_graph(back_to_back(cables=2))
    paths = route(carrier(F, parse_policy(policy)), np.zeros(64, int), np.ones(64, int), parse_policy(policy))
    total = float(max_min(paths, carrier(F, parse_policy(policy)).capacity).sum())
    assert total == pytest.approx(50e9 if policy in ("adaptive", "spray") else 25e9)


def test_a_chain_of_endpoints_carries_nothing_through() -> None:
    G = back_to_back()
    G.add_node(2, kind="gpu", tier=0)
    G.add_edge(1, 2, rate=25e9, delay=1e-8)
    with pytest.raises(NoRouteError, match="cabled to each other carry nothing for others"):
        route(Fabric.from_graph(G), np.array([0]), np.array([2]), parse_policy("ecmp"))


def test_a_relay_with_a_cable_is_nearer_than_one_on_the_leaf_of_the_destination() -> None:
    """0 has NVLink alone; of its server 1 is cabled to 3 and 4, and 2 is on their leaf."""
    G = nx.Graph()
    G.add_nodes_from(range(5), kind="gpu", tier=0)
    G.add_node("nv", kind="nvswitch", tier=1)
    G.add_node("leaf", kind="switch", tier=1)
    G.add_edges_from([(i, "nv") for i in (0, 1, 2)], rate=8.0, delay=1e-7)
    G.add_edges_from([(i, "leaf") for i in (2, 3, 4)] + [(1, 3), (1, 4)], rate=1.0, delay=1e-6)
    F = Fabric.from_graph(G)
    paths = route(F, np.array([0, 0]), np.array([3, 4]), parse_policy("ecmp"))
    for flow, end in enumerate((3, 4)):
        mine = paths.link[paths.ptr[flow] : paths.ptr[flow + 1]]
        assert [F.ids[i] for i in F.link_dst[mine].tolist()] == ["nv", 1, end]


def test_an_endpoint_of_the_server_with_the_cable_relays() -> None:
    F = Fabric.from_graph(servers())
    classes = {(c.way, c.links): c.pairs for c in pair_classes(F)}
    assert classes == {("server", 2): 2 * 4 * 3, ("network", 1): 2 * 4, ("relay", 3): 2 * 4 * 3}
