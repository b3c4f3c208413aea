"""What the tests of several families ask of a graph. Serves the tests of this folder."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

from fabric.graph.fabric import Fabric
from fabric.routing.policies.ecmp import Ecmp
from fabric.routing.route import route


def switches(G: nx.Graph) -> nx.Graph:
    """The graph of the switches alone, in the order of G."""
    S = nx.Graph()
    S.add_nodes_from((n, data) for n, data in G.nodes(data=True) if data["kind"] == "switch")
    S.add_edges_from((u, v, data) for u, v, data in G.edges(data=True) if u in S and v in S)
    return S


def endpoints(G: nx.Graph) -> list[int]:
    return [n for n, kind in G.nodes(data="kind") if kind == "gpu"]


def ports(G: nx.Graph) -> dict[int, int]:
    """Cables of each switch, to endpoints and to switches."""
    return {n: sum(d.get("cables", 1) for d in G[n].values()) for n in switches(G)}


def same(G: nx.Graph, H: nx.Graph) -> bool:
    """Equal with all attributes and in the same order."""
    return (
        G.graph == H.graph
        and list(G.nodes(data=True)) == list(H.nodes(data=True))
        and list(G.edges(data=True)) == list(H.edges(data=True))
    )


def assert_plain(G: nx.Graph) -> None:
    """No numpy number has leaked into the graph, and its nodes are 0, 1, ..., endpoints first."""
    kinds = [kind for _, kind in G.nodes(data="kind")]
    assert list(G) == list(range(len(G)))
    assert kinds == sorted(kinds, key=["gpu", "switch", "nvswitch"].index)
    values: list[Any] = [v for _, data in G.nodes(data=True) for v in data.values()]
    values += [v for _, _, data in G.edges(data=True) for v in data.values()]
    assert {type(v) for v in values} <= {int, float, str, tuple}


def assert_shortest_routes(G: nx.Graph) -> None:
    """ECMP between all pairs takes as many links as NetworkX counts, without scale-up switches."""
    fabric = Fabric.from_graph(G)
    n = fabric.n_endpoints
    src, dst = (axis.ravel() for axis in np.indices((n, n)))
    hops = route(fabric, src, dst, Ecmp()).length.reshape(n, n)
    plain = G.subgraph([node for node, kind in G.nodes(data="kind") if kind != "nvswitch"])
    for node, distance in nx.all_pairs_shortest_path_length(plain):
        if node < n:
            assert hops[node].tolist() == [distance[other] for other in range(n)]
