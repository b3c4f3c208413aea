"""Every rule of the attribute schema, broken once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import graph

from fabric.graph.schema import read_columns
from fabric.words.errors import SchemaError


def pair() -> nx.Graph:
    """Two endpoints on one leaf, which has a spine: 0 - l - 1, l - s."""
    return graph("pair", range(2), {"l": 1, "s": 2}, [(0, "l"), (1, "l"), ("l", "s")], ["n"])


def put(node: Any, **attributes: Any) -> Callable[[nx.Graph], None]:
    return lambda G: G.nodes[node].update(attributes)


def cable(**attributes: Any) -> Callable[[nx.Graph], None]:
    return lambda G: G.edges[0, "l"].update(attributes)


def edge(u: Any, v: Any) -> Callable[[nx.Graph], None]:
    return lambda G: G.add_edge(u, v, rate=1.0, delay=0.0)


def without(attribute: str) -> Callable[[nx.Graph], None]:
    return lambda G: G.edges[0, "l"].pop(attribute)


NATURAL = "a whole number, 0 for endpoints, 1 or more for switches"
VIOLATIONS = [
    (put(1, kind="gpx"), "node 1: kind = 'gpx': one of gpu, switch, nvswitch"),
    (put(1, kind=None), "node 1: missing kind: one of"),
    (put(1, kind=["gpu"]), "node 1: kind = ['gpu']: one of"),
    (put("l", tier=1.0), f"node 'l': tier = 1.0: {NATURAL}"),
    (put("l", tier=True), f"node 'l': tier = True: {NATURAL}"),
    (put("l", tier=-1), f"node 'l': tier = -1: {NATURAL}"),
    (put("l", tier=0), "node 'l': kind = 'switch' with tier = 0: tier 0 is for gpu, and only for it"),
    (put(0, tier=1), "node 0: kind = 'gpu' with tier = 1: tier 0 is for gpu, and only for it"),
    (put(0, server="a"), "node 0: server = 'a': a whole number"),
    (put(0, server=-2), "node 0: server = -2: a whole number"),
    (without("rate"), "edge 0 - 'l': missing rate: a finite number of bytes/s above zero"),
    (cable(rate=0), "edge 0 - 'l': rate = 0: a finite number of bytes/s above zero"),
    (cable(rate=float("inf")), "edge 0 - 'l': rate = inf"),
    (cable(rate="400Gbps"), "edge 0 - 'l': rate = '400Gbps'"),
    (cable(rate=True), "edge 0 - 'l': rate = True"),
    (without("delay"), "edge 0 - 'l': missing delay: a finite number of seconds, zero or more"),
    (cable(delay=-1e-9), "edge 0 - 'l': delay = -1e-09"),
    (cable(delay=float("nan")), "edge 0 - 'l': delay = nan"),
    (cable(cables=0), "edge 0 - 'l': cables = 0: a whole number from 1 to 4,096"),
    (cable(cables=1.5), "edge 0 - 'l': cables = 1.5"),
    (cable(cables=2, rates=[1.0]), "edge 0 - 'l': rates = [1.0]: 2 rates above zero, one per cable"),
    (cable(rates=[-1.0]), "edge 0 - 'l': rates = [-1.0]: 1 rate above zero"),
    (cable(rates=3.0), "edge 0 - 'l': rates = 3.0: 1 rate above zero"),
    (edge("l", "l"), "edge 'l' - 'l': a cable joins two different nodes"),
    (
        cable(cables=2, ports=[(1, 1)]),
        "edge 0 - 'l': ports = [(1, 1)]: 2 pairs of ports, one per cable, each a whole number",
    ),
    (cable(ports=[(1, 2, 3)]), "edge 0 - 'l': ports = [(1, 2, 3)]: 1 pair of ports"),
    (cable(ports=[(1.5, 2)]), "edge 0 - 'l': ports = [(1.5, 2)]: 1 pair of ports"),
    (edge("l", "n"), "edge 'l' - 'n': a scale-up switch (nvswitch) is cabled to endpoints only"),
    (lambda G: G.remove_edge(0, "l"), "node 0: an endpoint without a cable"),
    (lambda G: G.remove_nodes_from([0, 1]), "no node of kind 'gpu': at least one endpoint is needed"),
    (lambda G: G.clear(), "the graph has no nodes"),
]


@pytest.mark.parametrize("spoil, words", VIOLATIONS, ids=[words for _, words in VIOLATIONS])
def test_each_violation_is_named(spoil: Callable[[nx.Graph], Any], words: str) -> None:
    G = pair()
    spoil(G)
    with pytest.raises(SchemaError, match=re.escape(words)):
        read_columns(G)


def test_two_scale_up_switches() -> None:
    G = pair()
    G.add_node("m", kind="nvswitch", tier=1)
    edge(0, "n")(G), edge(0, "m")(G)
    with pytest.raises(
        SchemaError, match="node 0: 2 scale-up switches: an endpoint is cabled to one at most"
    ):
        read_columns(G)


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiGraph])
def test_only_plain_graphs(kind: type) -> None:
    with pytest.raises(
        SchemaError, match=f"type = {kind.__name__}: an undirected networkx.Graph; parallel cables"
    ):
        read_columns(kind(pair()))


@pytest.mark.parametrize("wrong, more", [(3, ""), (10, ""), (12, "; and 2 more"), (5_000, "; and 4990 more")])
def test_ten_violations_are_shown_and_the_rest_counted(wrong: int, more: str) -> None:
    G = graph("many", range(wrong), {"l": 1}, [(e, "l") for e in range(wrong)])
    nx.set_node_attributes(G, dict.fromkeys(range(wrong), "gpx"), "kind")
    with pytest.raises(SchemaError) as caught:
        read_columns(G)
    text = str(caught.value)
    assert text.startswith("graph many: node 0: kind") and text.count("gpx") == min(wrong, 10)
    assert text.endswith("nvswitch" + more) and len(caught.value.problems) == wrong


def test_different_violations_are_reported_together() -> None:
    G = pair()
    put(1, kind="gpx")(G), cable(rate=0, delay=-1)(G)
    with pytest.raises(
        SchemaError, match=r"node 1: kind.*; edge 0 - 'l': rate = 0.*; edge 0 - 'l': delay = -1"
    ):
        read_columns(G)


def test_numpy_numbers_are_numbers() -> None:
    G = pair()
    put("l", tier=np.int64(1))(G), cable(rate=np.float32(2.0), cables=np.int8(2))(G)
    columns = read_columns(G)
    assert columns.rate[0] == 2.0 and columns.cables.tolist() == [2, 1, 1]


def test_columns_are_in_the_order_of_the_graph() -> None:
    G = nx.Graph(name="order", disclaimer="made up")
    G.add_node("s", kind="switch", tier=1, name="leaf 1")
    G.add_node(9, kind="gpu", tier=0, server=4)
    G.add_edge("s", 9, rate=3.0, delay=0.5, cables=2, rates=[1, 2])
    c = read_columns(G)
    assert (c.name, c.disclaimer, c.ids, c.labels) == ("order", "made up", ("s", 9), ("leaf 1", "9"))
    assert (c.kind.tolist(), c.tier.tolist(), c.server.tolist()) == ([1, 0], [1, 0], [-1, 4])
    assert (c.tail.tolist(), c.head.tolist(), c.cable_rates) == ([0], [1], {0: [1.0, 2.0]})
