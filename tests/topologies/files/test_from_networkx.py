"""Graphs of NetworkX made into topologies: what is kept, what is added, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from topology_oracles import assert_plain, assert_shortest_routes, endpoints, same, switches

import topologies
from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from topologies.families.torus import torus
from topologies.files.lift import from_networkx
from topologies.files.node_link import read_node_link, write_node_link
from topologies.parts import memory


@pytest.mark.parametrize(
    "G",
    [
        nx.petersen_graph(),
        nx.hypercube_graph(4),
        nx.balanced_tree(2, 3),
        nx.path_graph(1),
        nx.circulant_graph(11, [1, 3]),
        nx.MultiGraph([("a", "b"), ("b", "a"), ("b", "c")]),
        nx.cycle_graph(5).to_directed(),
    ],
    ids=str,
)
@pytest.mark.parametrize("hosts", [1, 3])
def test_switches_are_the_graph(G: nx.Graph, hosts: int) -> None:
    lifted = from_networkx(G, hosts_per_switch=hosts)
    S = switches(lifted)
    assert [S.nodes[n]["name"] for n in S] == list(map(str, G))
    index = {node: len(G) * hosts + i for i, node in enumerate(G)}
    assert {frozenset(e) for e in S.edges} == {frozenset((index[e[0]], index[e[1]])) for e in G.edges}
    assert all(set(lifted[e]) == {len(G) * hosts + e // hosts} for e in endpoints(lifted))
    assert len(endpoints(lifted)) == len(G) * hosts
    assert_plain(lifted)
    assert_shortest_routes(lifted)


def test_names_and_attributes() -> None:
    G = nx.Graph([((0, 1), (1, 1))], name="pair")
    lifted = topologies.from_networkx(G, hosts_per_switch=2, rate=1e9, delay=(1e-9, 2e-9), gpus_per_server=2)
    assert list(lifted.nodes(data="name")) == [
        (0, "(0, 1).0"),
        (1, "(0, 1).1"),
        (2, "(1, 1).0"),
        (3, "(1, 1).1"),
        (4, "(0, 1)"),
        (5, "(1, 1)"),
        (6, "server 0"),
        (7, "server 1"),
    ]
    assert lifted.edges[0, 4] == {"rate": 1e9, "delay": 1e-9}
    assert lifted.edges[4, 5] == {"rate": 1e9, "delay": 2e-9}
    assert lifted.edges[0, 6] == {"rate": 450e9, "delay": 5e-9}
    assert lifted.graph["name"] == "pair" and from_networkx(G, name="x").graph["name"] == "x"
    labels = Fabric.from_graph(lifted).labels
    assert labels is not None and labels[4] == "(0, 1)"
    assert list(G.nodes(data=True)) == [((0, 1), {}), ((1, 1), {})]  # G stays as it was


def test_hosts_by_number_attribute_mapping_and_function() -> None:
    """A star: the hub is a spine without endpoints, leaf i has i of them."""
    G = nx.star_graph(3)
    nx.set_node_attributes(G, {n: n for n in G}, "hosts")
    by = [
        from_networkx(G, hosts_per_switch="hosts"),
        from_networkx(G, hosts_per_switch={1: 1, 2: 2, 3: 3}),
        from_networkx(G, hosts_per_switch=lambda node: node),
    ]
    assert same(by[0], by[1]) and same(by[0], by[2])
    assert [by[0].nodes[e]["name"] for e in endpoints(by[0])] == ["1.0", "2.0", "2.1", "3.0", "3.1", "3.2"]
    assert_shortest_routes(by[0])
    straddling = from_networkx(G, hosts_per_switch="hosts", gpus_per_server=3)
    assert straddling.graph["notes"][-1] == "1 of 2 servers straddle switches."


def test_no_rate_is_guessed() -> None:
    G = nx.Graph()
    G.add_edge(0, 1, rate=7.0, capacity=8.0, weight=9.0)
    assert from_networkx(G).edges[2, 3]["rate"] == 50e9
    for attribute in ("rate", "capacity", "weight"):
        lifted = from_networkx(G, rate_attribute=attribute)
        assert lifted.edges[2, 3]["rate"] == G.edges[0, 1][attribute] and lifted.edges[0, 2]["rate"] == 50e9


def test_parallel_edges_are_cables(tmp_path: Path) -> None:
    G = nx.MultiGraph()
    G.add_edge("a", "b", speed=1e9)
    G.add_edge("b", "a", speed=4e9)
    G.add_edge("b", "c", speed=2e9)
    G.add_edge("b", "c", speed=2e9)
    lifted = from_networkx(G, rate_attribute="speed")
    assert lifted.edges[3, 4] == {"rate": 1e9, "delay": 250e-9, "cables": 2, "rates": (1e9, 4e9)}
    assert lifted.edges[4, 5] == {"rate": 2e9, "delay": 250e-9, "cables": 2}
    fabric = Fabric.from_graph(lifted)
    assert sorted(fabric.capacity[~fabric.access].tolist()) == [1e9] * 2 + [2e9] * 4 + [4e9] * 2
    write_node_link(lifted, tmp_path / "g.json")
    assert read_node_link(tmp_path / "g.json").number_of_edges() == lifted.number_of_edges()


def test_symmetric_directed_graphs() -> None:
    G = nx.MultiDiGraph([(0, 1), (0, 1), (1, 0), (1, 0)])
    assert from_networkx(G).edges[2, 3]["cables"] == 2
    H = nx.DiGraph()
    H.add_edge(0, 1, speed=1.0)
    H.add_edge(1, 0, speed=2.0)
    assert from_networkx(H).edges[2, 3]["rate"] == 50e9
    with pytest.raises(
        ParameterError, match=r"0 -> 1: 1 edge of 1\.0 bytes/s.*back there are 1 edge of 2\.0"
    ):
        from_networkx(H, rate_attribute="speed")


def test_agrees_with_a_builder() -> None:
    """The torus, built by NetworkX and lifted, has the same cables as the builder's."""
    H = torus(dims=(3, 4), endpoints_per_switch=2)
    G = from_networkx(nx.grid_graph((4, 3), periodic=True), hosts_per_switch=2)
    assert set(map(frozenset, G.edges)) == set(map(frozenset, H.edges))


@pytest.mark.parametrize(
    ("G", "arguments", "words"),
    [
        (nx.DiGraph([(0, 1)]), {}, "G: '0 -> 1: 1 edge': a cable is both directions, .* 0 edges"),
        (nx.Graph([(0, 0)]), {}, "G: '0 - 0': a cable joins two different nodes"),
        (nx.Graph(), {}, "hosts_per_switch: 1: one endpoint or more"),
        (nx.path_graph(2), {"hosts_per_switch": 0}, "hosts_per_switch: 0: one endpoint or more"),
        (nx.path_graph(2), {"hosts_per_switch": -1}, "hosts_per_switch of node 0: -1: a whole number"),
        (nx.path_graph(2), {"hosts_per_switch": 1.5}, r"hosts_per_switch of node 0: 1\.5: a whole number"),
        (nx.path_graph(2), {"hosts_per_switch": "n"}, "hosts_per_switch: 'n': no such attribute on node 0"),
        (nx.path_graph(2), {"hosts_per_switch": {7: 1}}, "hosts_per_switch: 7: no such node"),
        (nx.path_graph(2), {"rate_attribute": "c"}, "rate_attribute: 'c': no such attribute on edge 0 - 1"),
        (nx.path_graph(2), {"rate": 0}, "rate: 0: a finite number, above zero"),
        (nx.path_graph(2), {"gpus_per_server": 3}, "gpus_per_server: 3: divides the 2 endpoints"),
        (nx.path_graph(2), {"nvlink": 900e9}, "nvlink: 900000000000.0: needs servers"),
        ([(0, 1)], {}, "G: 'list': a networkx graph"),
    ],
)
def test_illegal(G: Any, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        from_networkx(G, **arguments)


def test_illegal_rate_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    G = nx.Graph()
    G.add_edge(0, 1, c=-1)
    with pytest.raises(ParameterError, match="c of edge 0 - 1: -1: a finite number, above zero"):
        from_networkx(G, rate_attribute="c")
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    with pytest.raises(TooLargeError, match="from networkx: needs about"):
        from_networkx(G, hosts_per_switch=10**9)
