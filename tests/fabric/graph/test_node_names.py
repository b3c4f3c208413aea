"""Names of nodes and hosts on small named fabrics: two leaves of two servers of two adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.damage.degraded import cable_links
from fabric.damage.fault_file import CableNames, read_cables
from fabric.graph.node_names import NodeNames
from fabric.words.errors import FileFormatError, ParameterError
from topologies import fat_tree


def clustered(name: Callable[[int, int], str], servers: int = 4, adapters: int = 2) -> Fabric:
    """Servers 0 and 1 on leaf1, 2 and 3 on leaf2 ..., one spine; ``name`` of server and adapter."""
    G = nx.Graph(name="small")
    G.add_node("spine", kind="switch", tier=2, name="spine")
    for s in range(servers):
        leaf = f"leaf{s // 2 + 1}"
        if leaf not in G:
            G.add_node(leaf, kind="switch", tier=1, name=leaf)
            G.add_edge(leaf, "spine", rate=50e9, delay=0.0, cables=4)
        for a in range(adapters):
            G.add_node((s, a), kind="gpu", tier=0, server=s, name=name(s, a))
            G.add_edge((s, a), leaf, rate=50e9, delay=0.0)
    return Fabric.from_graph(G)


DUMP = clustered(lambda s, a: f"lrdn{s + 1:04} mlx5_{a}")


def test_a_host_is_its_endpoints_and_a_list_is_in_its_own_order() -> None:
    names = NodeNames(DUMP)
    assert names.endpoints("lrdn0002").tolist() == [2, 3]
    assert names.endpoints("lrdn0002 mlx5_1").tolist() == [3]
    assert names.endpoints("lrdn[0003-0004,0001]").tolist() == [4, 5, 6, 7, 0, 1]
    assert names.endpoints("lrdn0004,lrdn0002 mlx5_0,0").tolist() == [6, 7, 2, 0]
    assert names.endpoints("[5-7]").tolist() == [5, 6, 7]
    assert [DUMP.label(n) for n in names.nodes("leaf[1-2],spine").tolist()] == ["leaf1", "leaf2", "spine"]


@pytest.mark.parametrize(
    ("name", "host"),
    [
        (lambda s, a: f"node-{s} HCA-{a}", "node-2"),
        (lambda s, a: f"compute 00 {s} mlx5_{a}", "compute 00 2"),
        (lambda s, a: f"n{s}/gpu{a}", "n2"),
        (lambda s, a: f"n{s}-gpu{a}", "n2"),
        (lambda s, a: f"n{s}.cluster.example mlx5_{a}", "n2"),
        (lambda s, a: f"n{s}.cluster.example mlx5_{a}", "n2.cluster.example"),
    ],
)
def test_what_adapters_of_a_server_share_is_its_host(name: Callable[[int, int], str], host: str) -> None:
    assert NodeNames(clustered(name)).endpoints(host).tolist() == [4, 5]


def test_servers_of_one_adapter() -> None:
    names = NodeNames(clustered(lambda s, a: f"n{s + 1:02} mlx5_0", adapters=1))
    assert names.endpoints("n[02-03]").tolist() == [1, 2]
    names = NodeNames(clustered(lambda s, a: f"n{s + 1:02}", adapters=1))
    assert names.endpoints("n[02-03]").tolist() == [1, 2]


def test_a_node_called_just_so_comes_before_a_list() -> None:
    names = NodeNames(clustered(lambda s, a: f"n[{s}],{a}"))
    assert names.endpoints("n[2],1").tolist() == [5]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("lrdn0009", "no node is called so in small: the nearest is 'lrdn000[1-4]'"),
        ("lrdn[0001-0005]", "'lrdn0005': no node is called so in small: the nearest is 'lrdn000[1-4]'"),
        ("lrdn3", "no node is called so in small: the nearest is 'lrdn0003'"),
        ("lrdm0003", "no node is called so in small: the nearest is 'lrdn0003'"),
        ("leaf1", "the name of a switch: an endpoint or a host is needed"),
        ("8", "an endpoint is a number from 0 to 7 or a name"),
        ("9" * 5000, "an endpoint is a number from 0 to 7"),
        ("", "no node is called so in small .legal: "),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(text: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        NodeNames(DUMP).endpoints(text)


def test_several_of_one_name_are_none() -> None:
    twice = clustered(lambda s, a: f"n{s % 2} mlx5_{a + 2 * (s // 2)}")
    with pytest.raises(ParameterError, match="several nodes are called so"):
        NodeNames(twice).endpoints("n1")
    alike = clustered(lambda s, a: "adapter")
    with pytest.raises(ParameterError, match="several nodes are called so"):
        NodeNames(alike).endpoints("adapter")


def test_a_family_has_numbers_for_names() -> None:
    tree = Fabric.from_graph(fat_tree(k=4))
    assert NodeNames(tree).endpoints("[3-4]").tolist() == [3, 4]
    assert NodeNames(tree).nodes("16").tolist() == [16]
    with pytest.raises(ParameterError, match=r"no node is called so in fat-tree:k=4 .legal: 0 to 15"):
        NodeNames(tree).endpoints("server0")


def ends(cables: np.ndarray) -> list[str]:
    link = cable_links(DUMP)[cables, 0]
    return [f"{DUMP.label(int(DUMP.link_src[i]))} {DUMP.label(int(DUMP.link_dst[i]))}" for i in link]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("lrdn0001", 2),  # a cable of each of its adapters
        ("lrdn[0001-0003]", 6),
        ("lrdn[0001-0003],leaf1", 4),  # of 0001 and 0002, the third is on leaf2
        ("leaf1,lrdn[0001-0003]", 4),
        ("leaf[1-2]", 16),  # of four adapters and four to the spine each
        ("leaf[1-2],spine", 8),
        ("lrdn0002 mlx5_1,leaf1", 1),
        ('"lrdn0002 mlx5_1","leaf1"', 1),
    ],
)
def test_cables_of_hosts_and_of_lists(text: str, count: int, tmp_path: Path) -> None:
    cables = CableNames(DUMP).cables(text)
    assert len(cables) == count and len(set(cables.tolist())) == count
    path = tmp_path / "dead.txt"
    path.write_text(f"# dead\n{text}\n")
    assert read_cables(DUMP, str(path)).tolist() == cables.tolist()
    assert "spine" in text or text.startswith("leaf[") or all("spine" not in said for said in ends(cables))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("lrdn[0001-0002],leaf2", "no cable between lrdn.0001-0002. and leaf2"),
        ("lrdn[0001-0009]", "line 1, column 1: 'lrdn0005': no node is called so in small: the nearest"),
        ("leaf[1-2],spine,spine", "a node, or two with a comma between"),
        ("leaf[0-999999999]", "stands for 1,000,000,000 names"),
    ],
)
def test_bad_cables(text: str, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "dead.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=rule):
        read_cables(DUMP, str(path))
