"""One missing cable is one fault, whatever it shows as; what nothing else explains stays a fault."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.measures.audit import audit
from fabric.measures.finding import Finding
from sims.show.words.audit import audit_lines
from topologies import fat_tree, load
from topologies.claim import broken_claims

FAMILIES = [
    "fat-tree:k=8",
    "fat-tree:endpoints=480,radix=32,oversubscription=3",
    "fat-tree:endpoints=250,radix=8",
    "star:endpoints=16",
    "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
    "xgft:m=4/4,w=1/2",
    "pgft:m=4/4,w=1/2,p=1/2",
    "rail-optimized:servers=64,radix=16",
    "rail-only:servers=32,radix=16",
    "multi-plane:planes=2,endpoints=32,radix=8",
    "multi-plane:planes=4,endpoints=64,radix=16,attach=one,gpus_per_server=8",
    "dragonfly:p=2",
    "dragonfly-plus:leaves=4",
    "torus:dims=4/4",
    "slim-fly:q=5",
    "random-regular:switches=10,radix=6,endpoints_per_switch=2",
    "preset:superpod-h100:su=2",
    "preset:hpn-pod:segments=2",
]


def at(G: nx.Graph, level: str, *, claims: bool = False) -> list[Finding]:
    found = audit(Fabric.from_graph(G, allow_partition=True), broken_claims(G) if claims else ())
    return [f for f in found if f.level == level]


def one_of_each_kind(G: nx.Graph) -> Iterator[tuple[int, int]]:
    """A cable of each kind: between which tiers, scale-up left out."""
    seen = set()
    for u, v in G.edges:
        kind = frozenset((G.nodes[n]["kind"], G.nodes[n]["tier"]) for n in (u, v))
        if kind not in seen and not any(k == "nvswitch" for k, _ in kind):
            seen.add(kind)
            yield u, v


def pull(G: nx.Graph, u: int, v: int) -> None:
    if G.edges[u, v].get("cables", 1) > 1:
        G.edges[u, v]["cables"] -= 1
    else:
        G.remove_edge(u, v)


@pytest.mark.parametrize("claims", [False, True], ids=["by its wiring", "by its record"])
@pytest.mark.parametrize("spec", FAMILIES)
def test_one_missing_cable_is_one_fault_that_names_it(spec: str, claims: bool) -> None:
    for u, v in one_of_each_kind(load(spec)):
        G = load(spec)
        pull(G, u, v)
        faults = at(G, "fault", claims=claims)
        assert len(faults) == 1, [f.message for f in faults]
        named = {int(name.split()[-1]) for name in faults[0].nodes}
        # Of an endpoint that is on no switch any more, the wiring alone does not tell on which it was.
        assert named == {u, v} if G.nodes[u]["kind"] == "switch" or claims else named <= {u, v} and named


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_faults_are_as_many_as_pairs_that_lack_cables(random: Random, cuts: int) -> None:
    """Three cables for each leaf and spine: any few of the 3 x 8 x 4 pulled, counted by pair."""
    spec = "pgft:m=12/8,w=1/4,p=1/3"
    G = load(spec)
    trunks = [e for e in G.edges if all(G.nodes[n]["kind"] == "switch" for n in e)]
    pulled = random.sample([e for e in trunks for _ in range(3)], cuts)
    for edge in pulled:
        pull(G, *edge)
    assert {frozenset(int(n.split()[1]) for n in f.nodes) for f in at(G, "fault")} == set(
        map(frozenset, pulled)
    )
    effects = {f.kind for f in at(G, "effect")}
    assert {"cables", "uplinks", "downlinks"} <= effects


def test_islands_are_a_fault_of_their_own_beside_a_missing_cable() -> None:
    two = nx.disjoint_union(fat_tree(k=4), fat_tree(k=4))
    assert [f.kind for f in at(two, "fault")] == ["no-path"]
    two.remove_edge(16, 24)  # a leaf and a spine of the first
    assert sorted(f.kind for f in at(two, "fault")) == ["missing-cable", "no-path"]


def test_an_endpoint_cut_off_is_why_pairs_have_no_path() -> None:
    G = fat_tree(k=4)
    G.remove_edge(0, 16)
    assert [f.message for f in at(G, "fault")] == ["endpoint 0: 0 cables up, its peers have 1"]
    assert [f.kind for f in at(G, "effect")] == ["no-path"]


def test_a_slow_cable_is_why_its_leaf_is_oversubscribed() -> None:
    G = fat_tree(k=4)
    G.edges[16, 24]["rate"] = 25e9
    assert [(f.kind, f.nodes) for f in at(G, "fault")] == [("rate", ("leaf 16", "spine 24"))]
    assert {f.kind for f in at(G, "effect")} == {"oversubscription", "bisection"}


def test_each_boundary_that_lacks_a_cable_has_its_cause() -> None:
    """A cause elsewhere takes nothing away from one here."""
    G = fat_tree(k=4)
    spine, core = next(e for e in G.edges if min(e) >= 24 and not set(e) & set(G[16]))
    pull(G, 16, 24)
    pull(G, spine, core)
    assert [f.kind for f in at(G, "fault")] == ["missing-cable", "missing-cable"]
    assert {f.where for f in at(G, "effect") if f.kind == "bisection"} == {"leaf - spine", "spine - core"}


def test_what_no_pair_explains_stays_a_fault() -> None:
    G = fat_tree(k=8)
    G.remove_node(160)  # a spine: its leaves lack a cable, and to what nothing tells
    assert {(f.kind, f.where) for f in at(G, "fault")} == {("uplinks", "leaf"), ("bisection", "spine - core")}


def test_faults_are_listed_and_counted_and_what_follows_stands_under_them() -> None:
    G = fat_tree(k=4)
    G.remove_edge(16, 24)
    F = Fabric.from_graph(G)
    assert list(audit_lines("x", F, audit(F))) == [
        "x",
        "  missing cables",
        "    leaf 16 - spine 24: 0 of 1 cable",
        "  follows from this",
        "    cabling",
        "      leaf - spine: of 16 cables 1 missing",
        "    cables up",
        "      leaf 16: 1 cable up, its peers have 2",
        "    cables down",
        "      spine 24: 1 cable down, its peers have 2",
        "    oversubscription",
        "      leaf 16: 2:1 oversubscribed, its peers at most 1:1",
        "    bisection",
        "      leaf - spine: 93.8% of full bisection",
        "  1 fault found",
    ]
