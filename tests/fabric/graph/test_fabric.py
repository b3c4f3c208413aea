"""The compiled graph: its promises, on graphs with odd ids, gaps, unequal cables and mixed kinds."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, graph, irregular, leaf_spine, rail_only

import fabric
from fabric import Dmodk, Fabric, route
from fabric.graph.fabric import ranges
from fabric.words.errors import NoRouteError
from topologies import fat_tree


def check(G: nx.Graph, F: Fabric) -> None:
    """Every promise of the class, one by one, against the graph."""
    assert sorted(map(str, F.ids)) == sorted(map(str, G.nodes))
    assert list(F.ids[: F.n_endpoints]) == oracle.gpus(G)
    assert list(F.ids[F.n_endpoints : F.n_endpoints + F.n_switches]) == oracle.switches(G)
    kinds = ["gpu", "switch", "nvswitch"]
    assert [kinds[k] for k in F.kind] == [G.nodes[i]["kind"] for i in F.ids]
    assert F.tier.tolist() == [G.nodes[i]["tier"] for i in F.ids]
    assert F.n_links == 2 * sum(cables for *_, cables in G.edges(data="cables", default=1))
    for a in range(len(F.arc_dst)):
        u = int(np.searchsorted(F.arc_ptr, a, side="right")) - 1
        mine = slice(int(F.arc_link[a]), int(F.arc_link[a + 1]))
        data = G.edges[F.ids[u], F.ids[F.arc_dst[a]]]
        assert F.link_src[mine].tolist() == [u] * data.get("cables", 1)
        assert F.link_dst[mine].tolist() == [F.arc_dst[a]] * data.get("cables", 1)
        assert F.capacity[mine].tolist() == data.get("rates", [data["rate"]] * data.get("cables", 1))
        assert set(F.delay[mine].tolist()) == {data["delay"]}
        up = F.kind[F.arc_dst[a]] == 1 and (
            not F.tiered or u < F.n_endpoints or F.tier[u] < F.tier[F.arc_dst[a]]
        )
        assert (a >= F.arc_up[u]) == up
    for a in range(int(F.arc_ptr[F.n_endpoints])):
        forth, back = F.arc_link[a], F.arc_link[F.arc_back[a]]
        assert (F.link_src[forth], F.link_dst[forth]) == (F.link_dst[back], F.link_src[back])
    homes = {F.ids.index(v) for e in oracle.gpus(G) for v in oracle.attachments(G, e)}
    assert F.leaves.tolist() == sorted(homes)
    assert F.leaf_index[F.leaves].tolist() == list(range(len(homes))) and F.leaf_index.max() == len(homes) - 1
    assert F.attached.tolist() == [len(oracle.attachments(G, e)) for e in oracle.gpus(G)]


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name: str) -> None:
    G = ZOO[name]()
    F = Fabric.from_graph(G)
    check(G, F)
    assert F.tiered == oracle.tiered(G)


@pytest.mark.parametrize("name", ["irregular", "servers", "dual_homed", "rail_only"])
def test_node_ids_may_be_anything_in_any_order(name: str) -> None:
    G = ZOO[name]()
    order = list(G.nodes)
    random.Random(0).shuffle(order)
    H = nx.Graph(name=name)
    H.add_nodes_from((f"node {v}", G.nodes[v]) for v in order)
    H.add_edges_from((f"node {u}", f"node {v}", data) for u, v, data in G.edges(data=True))
    check(H, Fabric.from_graph(H))


def test_gaps_after_nodes_were_removed() -> None:
    G = fat_tree(k=4)
    G.remove_nodes_from([3, 24])
    F = Fabric.from_graph(G)
    check(G, F)
    path = route(F, np.array([2]), np.array([3]), Dmodk())  # positions: the fourth endpoint is node 4 now
    assert F.ids[F.link_src[path.link[0]]] == 2 and F.ids[F.link_dst[path.link[-1]]] == 4


def test_parallel_cables_may_differ() -> None:
    G = leaf_spine()
    G.edges["l0", "s0"]["rates"] = [1.0, 0.25]
    F = Fabric.from_graph(G)
    check(G, F)
    assert sorted(F.capacity)[:2] == [0.25, 0.25]  # one cable, both directions


@pytest.mark.parametrize("name", ZOO)
def test_all_arrays_are_read_only(name: str) -> None:
    F = Fabric.from_graph(ZOO[name]())
    arrays = [v for v in vars(F).values() if isinstance(v, np.ndarray)]
    assert len(arrays) == 15
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[:1] = 0


def test_positions_are_counted_leaf_by_leaf() -> None:
    """Endpoints taken from the leaves in turn: position sorts them by leaf, and a short leaf leaves a gap."""
    access = [(e, f"l{e % 2}") for e in range(5)]
    F = Fabric.from_graph(
        graph("turns", range(5), {"l0": 1, "l1": 1, "s": 2}, [*access, ("l0", "s"), ("l1", "s")])
    )
    assert F.position.tolist() == [0, 3, 1, 4, 2]


def test_a_graph_in_pieces_names_a_pair_and_counts() -> None:
    """Leaf 16 (endpoints 0, 1) cut off: 2 endpoints on one side, 14 on the other: 28 pairs."""
    G = irregular()
    G.remove_edge(16, 25)
    with pytest.raises(
        NoRouteError, match=r"endpoint 0 to endpoint 2 .and 27 more pairs.: the graph falls apart"
    ):
        Fabric.from_graph(G)
    F = Fabric.from_graph(G, allow_partition=True)
    assert int(F.reached_from(0)[:16].sum()) == 2


def test_names_of_nodes() -> None:
    G = rail_only()
    assert Fabric.from_graph(G).label(8) == "r0"
    nx.set_node_attributes(G, {v: f"<{v}>" for v in G}, "name")
    F = Fabric.from_graph(G)
    assert F.label(0) == "<0>" and F.renamed("other").name == "other"
    assert repr(F) == "<Fabric rail-only: 8 endpoints, 2 switches, 32 links>"


def test_ranges() -> None:
    assert ranges(np.array([3, 5, 9]), np.array([5, 5, 10])).tolist() == [3, 4, 9]
    assert ranges(np.array([], int), np.array([], int)).tolist() == []


def test_the_import_name_is_ours_and_costs_nothing() -> None:
    here = Path(fabric.__file__).resolve().parent
    assert (here / "sharing.py").exists()
    code = "import sys, fabric; assert 'numpy' not in sys.modules and 'networkx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=here.parent)
    for name in fabric.__all__:
        assert getattr(fabric, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'fabric' has no attribute 'Connection'"):
        fabric.Connection  # noqa: B018
