"""A topology as ibnetdiscover prints it: written and read is one network; what does not fit is refused."""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx
import pytest
from networkx.algorithms.isomorphism import numerical_edge_match

from fabric import Fabric
from fabric.words.errors import ParameterError
from topologies import fat_tree, load, read_ibnetdiscover, star
from topologies.files.exchange import write_graph
from topologies.files.ib.write import speed


def network(G: nx.Graph) -> nx.Graph:
    """G without scale-up switches."""
    return G.subgraph([node for node, kind in G.nodes(data="kind") if kind != "nvswitch"])


def again(G: nx.Graph, folder: Path) -> nx.Graph:
    write_graph(G, folder / "x.ibnetdiscover")
    return read_ibnetdiscover(folder / "x.ibnetdiscover")


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4",
        "fat-tree:k=4,gpus_per_server=4",
        "multi-plane:planes=2,endpoints=16,radix=8",
        "torus:dims=3/3",
        "leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2,trunk_rate=800Gbps",
        "star:endpoints=2",
    ],
)
def test_what_is_written_is_read_back(text, tmp_path):
    G = network(load(text))
    H = again(load(text), tmp_path)
    assert sorted(d["kind"] for _, d in H.nodes(data=True)) == sorted(
        d["kind"] for _, d in G.nodes(data=True)
    )
    same = numerical_edge_match(["rate", "cables"], [0, 1], rtol=1e-9)
    assert nx.is_isomorphic(G, H, node_match=lambda a, b: a["kind"] == b["kind"], edge_match=same)
    f, g = Fabric.from_graph(load(text)), Fabric.from_graph(H)
    assert f.server.tolist() == g.server.tolist() or set(f.server.tolist()) == {-1}
    assert max(len(found["ports"]) for *_, found in H.edges(data=True)) == max(
        found.get("cables", 1) for *_, found in G.edges(data=True)
    )


def test_servers_names_ports_and_guids_are_kept_where_the_graph_knows_them(tmp_path):
    H = again(fat_tree(k=4, gpus_per_server=4), tmp_path)
    assert [H.nodes[i]["server"] for i in range(16)] == [i // 4 for i in range(16)]
    K = again(H, tmp_path)
    assert dict(K.nodes(data=True)) == dict(H.nodes(data=True))
    assert {frozenset(e[:2]): e[2] for e in K.edges(data=True)} == {
        frozenset(e[:2]): e[2] for e in H.edges(data=True)
    }


def test_guids_that_leave_none_for_ports_are_made_anew(tmp_path):
    """ibsim counts GUIDs of ports up from the adapter's, and OpenSM refuses one that is another node's."""
    G = star(endpoints=2)
    for i in range(3):
        G.nodes[i]["guid"] = f"0x{i + 1:016x}"
    assert {text for _, text in again(G, tmp_path).nodes(data="guid")} == {
        f"0x02{i << 8:014x}" for i in (1, 2, 3)
    }
    for i in range(3):
        G.nodes[i]["guid"] = f"0x{2 * i + 1:016x}"
    assert {text for _, text in again(G, tmp_path).nodes(data="guid")} == {f"0x{i:016x}" for i in (1, 3, 5)}


def test_names_that_would_tell_other_servers_are_made_anew(tmp_path):
    G = star(endpoints=3)
    for i in range(3):
        G.nodes[i].update(name=f"box mlx5_{i}", server=i)
    H = again(G, tmp_path)
    assert sorted(H.nodes[i]["server"] for i in range(3)) == [0, 1, 2]


def test_every_line_agrees_with_that_of_the_other_end(tmp_path):
    write_graph(load("torus:dims=3/3"), tmp_path / "x.ibnetdiscover")
    text = (tmp_path / "x.ibnetdiscover").read_text()
    node, ends = "", {}
    for line in text.splitlines():
        if found := re.match(r'(?:Switch|Ca)\t\d+ "(.*?)"', line):
            node = found[1]
        elif found := re.match(r'\[(\d+)\](?:\(\w+\))?\t"(.*?)"\[(\d+)\]', line):
            ends[node, found[1]] = (found[2], found[3])
    assert len(ends) == 2 * load("torus:dims=3/3").size() and all(
        ends[there] == here for here, there in ends.items()
    )


def test_what_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "x.ibnetdiscover"
    with pytest.raises(ParameterError, match="needs 58,500 LIDs: a subnet has 49,151 LIDs"):
        write_graph(load("fat-tree:k=60"), path)
    with pytest.raises(ParameterError, match="300 ports: a node of InfiniBand has 254 at most"):
        write_graph(load("star:endpoints=300"), path)
    with pytest.raises(
        ParameterError, match=r"rate: '90 Gbps': .*lanes of one speed .*legal: .*4xNDR 400Gbps"
    ):
        write_graph(load("star:endpoints=3,rate=90Gbps"), path)
    with pytest.raises(ParameterError, match="undirected"):
        write_graph(nx.DiGraph(star(endpoints=3)), path)
    assert not path.exists()


def test_a_rate_is_spelled_with_four_lanes_where_it_can_be():
    spelled = [speed(gbps * 1e9 / 8) for gbps in (8, 32, 40, 100, 200, 400, 800, 1600, 25, 50, 300)]
    assert " ".join(spelled) == "4xSDR 4xQDR 4xFDR10 4xEDR 4xHDR 4xNDR 4xXDR 8xXDR 1xEDR 2xEDR 12xEDR"
