"""topology.txt of RDMA simulators: written and read is one network; each rule broken once, with its place."""

from __future__ import annotations

import networkx as nx
import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from topologies import load, star
from topologies.files.exchange import file_format, read_graph, write_graph

PLAIN = "4 1 4\n3\n0 3 100Gbps 0.001ms 0\n1 3 100Gbps 1us 0\n2 3 100gbps 1000ns 0.01\n"


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4",
        "fat-tree:k=4,gpus_per_server=4",
        "torus:dims=3/3",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,trunk_rate=800Gbps",
        "multi-plane:planes=2,endpoints=16,radix=8",
    ],
)
def test_what_is_written_is_read_back(text, tmp_path):
    G, path = load(text), tmp_path / "topology.txt"
    write_graph(G, path)
    assert file_format(path) == "topology.txt"
    H = read_graph(path)
    assert [d["kind"] for _, d in H.nodes(data=True)] == [d["kind"] for _, d in G.nodes(data=True)]
    f, g = Fabric.from_graph(G), Fabric.from_graph(H)
    for name in ("link_src", "link_dst", "capacity"):
        assert getattr(f, name).tolist() == getattr(g, name).tolist()
    assert f.delay.tolist() == pytest.approx(g.delay.tolist(), rel=1e-12)
    assert f.tiered == g.tiered and (not f.tiered or f.tier.tolist() == g.tier.tolist())
    if "gpus_per_server" in text:
        assert f.server.tolist() == g.server.tolist() and f.scaleup.tolist() == g.scaleup.tolist()


def test_a_count_of_links_that_differs_and_error_rates_are_said(tmp_path):
    (tmp_path / "t").write_text(PLAIN)
    G = read_graph(tmp_path / "t")
    assert G.size() == 3 and {d["delay"] for *_, d in G.edges(data=True)} == {1e-6}
    assert {d["rate"] for *_, d in G.edges(data=True)} == {12.5e9}
    assert G.graph["notes"][0] == "Read 3 links, where the first line says 4."
    assert "error rates of 1 link:" in G.graph["notes"][1]
    (tmp_path / "t").write_text(PLAIN.replace("4 1 4", "9 1 3"))
    assert "Left out 5 nodes without a link." in read_graph(tmp_path / "t").graph["notes"]


def test_lines_of_the_same_two_nodes_are_parallel_cables(tmp_path):
    (tmp_path / "t").write_text("3 1 3\n2\n0 2 100Gbps 1us 0\n0 2 200Gbps 1us 0\n1 2 100Gbps 1us 0\n")
    G = read_graph(tmp_path / "t")
    assert G.edges[0, 2]["cables"] == 2 and sorted(G.edges[0, 2]["rates"]) == [12.5e9, 25e9]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1 3 100Gbps", "1 9 100Gbps", "line 4, column 3: '9': a node is a whole number below 4"),
        ("1 3 100Gbps", "1 1 100Gbps", "line 4, column 3: node 1 is cabled to itself"),
        ("1 3 100Gbps", "1 3 fast", "line 4, column 5: '1 3 fast 1us 0': a link is two nodes"),
        ("1us", "0.1.1us", r"line 4, column [0-9]+: time: '0\.1\.1us'"),
        ("100Gbps 1us", "0Gbps 1us", "line 4, column [0-9]+: rate: '0Gbps': a rate above zero"),
        ("\n3\n", "\n3 3\n", "line 2, column 3: switch 3 is listed twice"),
        ("4 1 4\n3\n", "4 2 4\n3\n", "line 3, column 3: switch 3 is listed twice"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(old, new, message, tmp_path):
    (tmp_path / "t").write_text(PLAIN.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        read_graph(tmp_path / "t")


def test_a_file_that_is_cut_off_and_a_directed_graph_are_refused(tmp_path):
    (tmp_path / "t").write_text("9 4 8\n5 6\n")
    with pytest.raises(FileFormatError, match="2 of 4 switches are listed: the file is cut off"):
        read_graph(tmp_path / "t")
    with pytest.raises(ParameterError, match="undirected"):
        write_graph(nx.DiGraph(star(endpoints=2)), tmp_path / "x.txt")
