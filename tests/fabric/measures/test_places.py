"""Where links stand, and kinds of cable: read from the graph, kept through merging, changed by kind."""

from __future__ import annotations

import numpy as np
import pytest
from fabric_zoo import graph, irregular

from fabric import Fabric
from fabric.measures.places import BETWEEN, cable_kinds, upgraded, zone_of_links
from fabric.routing.merge import merged
from fabric.words.errors import ParameterError, SchemaError
from topologies import fat_tree, load


def named() -> Fabric:
    """Two leaves in pods of their own, joined by a spine that stands in none.

       s
      / \\
    l0   l1     pods: l0 in "b", l1 in 7; endpoint 0 in "b", endpoint 1 says nothing
    |    |
    0    1
    """
    G = graph("named", range(2), {"l0": 1, "l1": 1, "s": 2}, [(0, "l0"), (1, "l1"), ("l0", "s"), ("l1", "s")])
    G.nodes["l0"]["pod"] = G.nodes[0]["pod"] = "b"
    G.nodes["l1"]["pod"] = 7
    return Fabric.from_graph(G)


def test_zones_are_read_where_the_graph_speaks_of_them() -> None:
    fabric = named()
    assert list(fabric.zones) == ["pod"]
    pod = fabric.zones["pod"]
    assert pod.names == ("7", "b") and pod.of.tolist() == [1, -1, 1, 0, -1]
    assert not pod.of.flags.writeable
    place = zone_of_links(fabric, "pod")
    for link, (u, v) in enumerate(zip(fabric.link_src.tolist(), fabric.link_dst.tolist())):
        assert place[link] == {(0, 2): 1, (1, 3): 0, (2, 4): 1, (3, 4): 0}[min(u, v), max(u, v)]


def test_zones_follow_their_nodes_when_compiling_renumbers_them() -> None:
    G = fat_tree(k=4)
    shuffled = type(G)(**G.graph)
    nodes = sorted(G.nodes(data=True), key=lambda item: (item[0] * 7) % 36)
    shuffled.add_nodes_from(nodes)
    shuffled.add_edges_from(G.edges(data=True))
    fabric = Fabric.from_graph(shuffled)
    pod = fabric.zones["pod"]
    for node, its in zip(fabric.ids, pod.of.tolist()):
        assert its == -1 if "pod" not in G.nodes[node] else pod.names[its] == str(G.nodes[node]["pod"])


def test_a_graph_without_pods_rails_and_planes_has_no_zones() -> None:
    assert Fabric.from_graph(load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2")).zones == {}


@pytest.mark.parametrize("value", [1.5, -2, True, ["a"]])
def test_what_no_pod_can_be_called_is_refused(value: object) -> None:
    G = fat_tree(k=4)
    G.nodes[20]["pod"] = value
    with pytest.raises(SchemaError, match=r"node 20: pod = .*: a whole number or a text"):
        Fabric.from_graph(G)


def test_merged_switches_keep_the_zone_that_all_of_them_share() -> None:
    fabric = Fabric.from_graph(irregular())
    tree = merged(fabric)
    pod = tree.zones["pod"]
    for node in range(len(tree.kind)):
        core = tree.tier[node] == 3
        own = fabric.zones["pod"].of[fabric.ids.index(tree.ids[node])]
        assert pod.of[node] == (-1 if core else own)
    planes = merged(Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8")))
    assert {planes.zones["plane"].names[i] for i in planes.zones["plane"].of if i >= 0} == {"0", "1"}


def test_kinds_of_cable_are_named_by_their_ends_and_hold_both_directions() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2"))
    names, index = cable_kinds(fabric)
    assert names == ["endpoint - leaf", "endpoint - scale-up switch", "leaf - spine", "spine - core"]
    assert np.bincount(index).tolist() == [32, 32, 32, 32]


def test_cables_in_a_pod_are_told_from_those_between_pods_where_there_are_no_tiers() -> None:
    fabric = Fabric.from_graph(load("dragonfly:p=2"))
    assert np.any(zone_of_links(fabric, "pod") == BETWEEN)
    names, index = cable_kinds(fabric)
    assert names == ["endpoint - switch", "switch - switch in a pod", "switch - switch between pods"]
    groups, a, h = 9, 4, 2
    counts = np.bincount(index) / 2
    assert counts.tolist() == [groups * a * 2, groups * a * (a - 1) / 2, groups * a * h / 2]
    thrice = upgraded(fabric, names[2], 3.0)
    assert np.array_equal(thrice.capacity / fabric.capacity, np.where(index == 2, 3.0, 1.0))


def test_only_what_there_is_is_upgraded_and_only_to_a_rate() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    with pytest.raises(
        ParameterError, match=r"upgrade: 'leaf - moon': no kind of cable of fat-tree:k=4 .*leaf-spine"
    ):
        upgraded(fabric, "leaf - moon")
    with pytest.raises(ParameterError, match="factor: 0: a finite"):
        upgraded(fabric, "leaf - spine", 0)
    with pytest.raises(ParameterError, match=r"capacity: .*96 finite rates above zero"):
        fabric.with_capacity(np.ones(5))
    with pytest.raises(ParameterError, match="finite rates above zero"):
        fabric.with_capacity(np.zeros(fabric.n_links))
