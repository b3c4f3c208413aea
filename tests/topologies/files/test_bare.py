"""Graphs of other programs, without our attributes: what is said behind the path makes them topologies."""

from __future__ import annotations

import networkx as nx
import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from topologies import load
from topologies.files.exchange import file_format, write_graph
from topologies.named import named

PETERSEN = nx.petersen_graph()
CLOS = nx.Graph([(f"leaf{i}", f"spine{j}") for i in range(4) for j in range(2)])
CLOS.add_edges_from((f"gpu-{i}", f"leaf{i // 4}") for i in range(16))
WRITERS = {"graphml": nx.write_graphml, "gexf": nx.write_gexf, "gml": nx.write_gml}
FORMATS = {"graphml": "GraphML", "gexf": "GEXF", "gml": "GML"}


@pytest.mark.parametrize("ending", WRITERS)
def test_nodes_as_switches_are_what_networkx_lifts(ending, tmp_path):
    path = tmp_path / f"p.{ending}"
    WRITERS[ending](PETERSEN, path)
    assert file_format(path) == FORMATS[ending]
    topology = named(f"{path}:hosts_per_switch=4,rate=200Gbps")
    assert topology.text == f"{path}:hosts_per_switch=4,rate=200Gbps"
    G = topology.graph()
    assert (len(G), G.number_of_edges()) == (50, 55)
    assert {data["rate"] for *_, data in G.edges(data=True)} == {25e9}
    assert nx.is_isomorphic(G.subgraph(n for n, k in G.nodes(data="kind") if k == "switch"), PETERSEN)
    assert topology.fabric().n_endpoints == 40


@pytest.mark.parametrize("ending", WRITERS)
def test_nodes_as_hosts_are_the_leaf_spine_that_they_are(ending, tmp_path):
    path = tmp_path / f"c.{ending}"
    WRITERS[ending](CLOS, path)
    f = Fabric.from_graph(load(f"{path}:hosts=gpu-*,gpus_per_server=4,nvlink=900GB/s"))
    g = Fabric.from_graph(
        load("leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,gpus_per_server=4,nvlink=900GB/s")
    )
    assert (f.n_endpoints, f.n_switches, f.n_links) == (g.n_endpoints, g.n_switches, g.n_links)
    assert sorted(f.tier.tolist()) == sorted(g.tier.tolist()) and f.tiered
    assert sorted(f.capacity.tolist()) == sorted(g.capacity.tolist())
    notes = load(f"{path}:hosts=gpu-*").graph["notes"]
    assert "Assumed 400 Gbps of 24 edges that say no rate." in notes
    assert any("4 in tier 1, 2 in tier 2" in note for note in notes)


def test_rates_are_those_of_the_file_with_their_unit(tmp_path):
    G = nx.Graph()
    G.add_edge("a", "b", speed="10 Gbps", Mbps=10_000)
    G.add_edge("b", "c", speed="100Gbps", Mbps=100_000)
    nx.write_graphml(G, tmp_path / "z.graphml")
    for text in ("rate_attribute=speed", "rate_attribute=Mbps,rate_unit=Mbps"):
        found = load(f"{tmp_path / 'z.graphml'}:hosts_per_switch=1,{text}")
        trunks = [d["rate"] for u, v, d in found.edges(data=True) if min(u, v) >= 3]
        assert sorted(trunks) == [1.25e9, 12.5e9]
    with pytest.raises(ParameterError, match=r"Mbps of edge 'a' - 'b': 10000: a number without a unit"):
        load(f"{tmp_path / 'z.graphml'}:hosts_per_switch=1,rate_attribute=Mbps")


def test_what_is_not_said_or_said_twice_is_refused(tmp_path):
    path = tmp_path / "c.gml"
    nx.write_gml(CLOS, path)
    with pytest.raises(ParameterError, match=r"does not say what its nodes are: say which are"):
        load(f"{path}:rate=400Gbps")
    with pytest.raises(
        ParameterError, match=r"hosts: 'server\*': no node is called so \(there are leaf0, spine0"
    ):
        load(f"{path}:hosts=server*")
    with pytest.raises(ParameterError, match=r"parameter of .*: 'host': unknown .did you mean 'hosts'"):
        load(f"{path}:host=gpu-*")
    write_graph(load("star:endpoints=3"), tmp_path / "s.json")
    with pytest.raises(ParameterError, match=r"hosts: 'gpu\*': star:endpoints=3 says itself what each"):
        load(f"{tmp_path / 's.json'}:hosts=gpu*")


LLDP = """local_host;local_if;speed;neighbor;neighbor_if
leaf1;swp1;100G;node01;eth0
leaf1;swp2;100G;node02;eth0
leaf2;swp1;100G;node01;eth1
leaf2;swp2;100G;node02;eth1
leaf1;swp9;400G;spine1;swp1
leaf2;swp9;400G;spine1;swp2
spine1;swp1;400G;leaf1;swp9
spine1;swp2;400G;leaf2;swp9
"""
MAPPED = "source=local_host,source_port=local_if,target=neighbor,target_port=neighbor_if,rate_column=speed"


def test_a_table_of_neighbours_is_read_by_the_titles_that_are_named(tmp_path):
    path = tmp_path / "lldp.csv"
    path.write_text(LLDP)
    G = load(f"{path}:{MAPPED},hosts=node*")
    assert [n for n, d in G.nodes(data=True) if d["kind"] == "gpu"] == [
        "node01",
        "node02",
    ]
    assert G["leaf1"]["spine1"]["rate"] == 50e9 and "cables" not in G["leaf1"]["spine1"]  # listed twice
    assert G["node01"]["leaf2"]["ports"] == [("eth1", "swp1")]
    H = load(f"{path}:{MAPPED},hosts=node*,per=cable,nvlink=450GB/s")
    f = Fabric.from_graph(H)
    assert f.n_endpoints == 4 and f.server.tolist()[:4] == [0, 0, 1, 1] and f.scaleup.any()
    with pytest.raises(FileFormatError, match="the titles local, neighbor are needed"):
        load(f"{path}:source=local,target=neighbor,hosts=node*")


def test_a_cable_plan_is_read_back_with_its_ports(tmp_path):
    G = load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=3,trunk_rate=800Gbps")
    path = tmp_path / "f.plan.csv"
    write_graph(G, path)
    lines = path.read_text().splitlines()
    assert lines[0] == "StartDevice,StartPort,EndDevice,EndPort,BandWidth"
    assert lines[1].endswith(",400000") and len(lines) == 1 + G.number_of_edges()
    f, g = (Fabric.from_graph(x) for x in (G, load(f"{path}:hosts=gpu-*")))
    assert f.capacity.tolist() == g.capacity.tolist() and f.link_dst.tolist() == g.link_dst.tolist()
    assert g.tier.tolist() == f.tier.tolist() and g.link_port is not None


GEXF = "<gexf><graph>\n{}</graph></gexf>"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.gml", "graph [ node [ id 1 ] node [ id 1 ] ]", "line 1, column 33: node 1 is listed twice"),
        (
            "g.gml",
            "graph [ node [ id 1 ]\n edge [ source 1 target 2 ] ]",
            "line 2, column 25: target 2 of an",
        ),
        ("g.gml", "graph [ node [ id 1 ", "line 1, column 14: the file ends inside this list: it is cut off"),
        ("g.gml", "graph [ node [ id ] ]", "line 1, column 19: id has no value"),
        ("g.gml", "graph [ ? ]", r"line 1, column 9: '\? \]': not a word of GML"),
        (
            "g.gexf",
            GEXF.format("<node id='a'/><node id='a'/>"),
            "line 2, column 25: node 'a' is listed twice",
        ),
        ("g.gexf", GEXF.format("<node/>"), "line 2, column 1: <node> without id"),
        ("g.gexf", GEXF.format("<edge source='a' target='b'/>"), "line 2, column 15: node 'a' is not among"),
        ("g.gexf", "<gexf><graph>", "line 1, column 14: not XML: no element found"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(FileFormatError, match=message):
        load(f"{tmp_path / name}:hosts_per_switch=1")


@pytest.mark.parametrize("root", ["graphml", "gexf"])
def test_an_entity_is_never_expanded(root, tmp_path):
    """Ten entities of ten each are a billion letters."""
    laughs = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">\n' for i in range(9))
    text = f'<?xml version="1.0"?>\n<!DOCTYPE {root} [\n<!ENTITY l0 "ha">\n{laughs}]>\n<{root}>&l9;</{root}>'
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(FileFormatError, match=r"line 3, column [0-9]+: declares an entity"):
        load(str(tmp_path / "x.xml"))


@pytest.mark.parametrize("text", ["fat-tree:k=4", "pgft:m=4/2,w=1/2,p=1/2"])
def test_a_plan_in_dot_has_a_port_at_every_end_once(text, tmp_path):
    G = load(text)
    write_graph(G, tmp_path / "p.plan.dot")
    H = load(str(tmp_path / "p.plan.dot"))
    taken = [
        (end, port)
        for u, v, d in H.edges(data=True)
        for pair in d["ports"]
        for end, port in zip((u, v), pair)
    ]
    assert len(taken) == len(set(taken)) == 2 * sum(d.get("cables", 1) for *_, d in G.edges(data=True))
    for node in H:
        ports = sorted(port for end, port in taken if end == node)
        assert ports == list(range(1, len(ports) + 1))
    f, g = Fabric.from_graph(G), Fabric.from_graph(H)
    assert f.capacity.tolist() == g.capacity.tolist() and g.link_port is not None


def test_switches_of_a_table_keep_the_ports_of_their_cables(tmp_path):
    """Two cables of unlike rates between a and b, each in its own ports."""
    lines = ["source,source_port,target,target_port,rate", "b,7,a,1,400G", "a,2,b,8,100G", "b,9,c,3,400G"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    G = load(f"{tmp_path / 't.csv'}:hosts_per_switch=1")
    names = {data["name"]: node for node, data in G.nodes(data=True) if data["kind"] == "switch"}
    a, b, c = (names[name] for name in "abc")
    cables = G.edges[a, b]
    flip = a > b
    ports = [tuple(reversed(pair)) if flip else tuple(pair) for pair in cables["ports"]]
    assert list(zip(cables["rates"], ports)) == [(12.5e9, (2, 8)), (50e9, (1, 7))]
    assert [tuple(pair) for pair in G.edges[b, c]["ports"]] == [(9, 3) if b < c else (3, 9)]
    assert Fabric.from_graph(G).link_port is not None
