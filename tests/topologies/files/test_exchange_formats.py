"""Graphs written and read back: GraphML, link CSV, DOT; each promise of the formats broken once."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from fabric import Fabric
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError, SchemaError
from topologies import fat_tree, load, read_ibnetdiscover, star
from topologies.files.cells import read_cell, write_cell
from topologies.files.exchange import WRITERS, file_format, read_graph, write_graph
from topologies.files.graphml import MOST_NODES, write_graphml
from topologies.files.graphml_reader import read_graphml
from topologies.files.link_columns import rate_bytes
from topologies.files.link_csv import write_link_csv
from topologies.files.link_csv_reader import read_link_csv

DUMP = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"


def pair() -> nx.Graph:
    """Two leaves on one spine, by two cables with ports, one of them slower."""
    G = nx.Graph(name='the "pair"', params={"a": [1, 2]}, notes=["made by hand"])
    for i in range(2):
        G.add_node(f"g{i}", kind="gpu", tier=0, server=i)
        G.add_node(f"leaf-{i}", kind="switch", tier=1, name=f"Leaf {i}; rack <{i}> & more")
    G.add_node("s", kind="switch", tier=2, name="S")
    for i in range(2):
        G.add_edge(f"g{i}", f"leaf-{i}", rate=50e9, delay=25e-9)
        G.add_edge(f"leaf-{i}", "s", rate=25e9, delay=1e-7, cables=2, ports=[[1, 2 * i + 1], [2, 2 * i + 2]])
    G.edges["leaf-0", "s"]["rates"] = [25e9, 50e9]
    return G


def plain(G: nx.Graph) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Nodes and edges as values that can be compared: tuples as lists, defaults spelt out."""
    nodes = {n: json.dumps(d, sort_keys=True) for n, d in G.nodes(data=True)}
    edges = {}
    place = {n: i for i, n in enumerate(G)}
    for u, v, d in G.edges(data=True):
        ports = d.get("ports")
        if place[u] > place[v]:
            u, v = v, u
        values = {"cables": 1, **d, "ports": ports and [list(p) for p in ports]}
        edges[u, v] = json.dumps(values, sort_keys=True)
    return nodes, edges


def dump() -> nx.Graph:
    if not DUMP.exists():
        pytest.skip("the sample is not beside this checkout")
    return read_ibnetdiscover(DUMP, nvlink=450e9)


GRAPHS: dict[str, Callable[[], nx.Graph]] = {
    "pair": pair,
    "fat-tree": lambda: fat_tree(endpoints=100, radix=8, gpus_per_server=4),
    "dump": dump,
}


@pytest.mark.parametrize("ending", [".json", ".graphml", ".csv"])
@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_written_is_read_back(name, ending, tmp_path):
    G = GRAPHS[name]()
    write_graph(G, tmp_path / f"x{ending}")
    H = read_graph(tmp_path / f"x{ending}")
    assert plain(H) == plain(G)
    if ending != ".csv":
        assert list(H) == list(G) and H.graph == json.loads(json.dumps(G.graph))
    f, g = Fabric.from_graph(G), Fabric.from_graph(H)
    assert sorted(f.capacity) == sorted(g.capacity) and f.ids[: f.n_endpoints] == g.ids[: g.n_endpoints]
    if name != "pair":  # whole numbers as ids: the nodes come back in order, and so all links do
        assert f.ids == g.ids and np.array_equal(f.link_src, g.link_src)
        assert np.array_equal(f.capacity, g.capacity) and np.array_equal(f.delay, g.delay)


def test_the_file_ending_does_not_matter_for_reading(tmp_path):
    for ending, form in ((".json", "node-link"), (".graphml", "GraphML"), (".csv", "link-csv")):
        write_graph(pair(), tmp_path / f"x{ending}")
        odd = (tmp_path / f"x{ending}").rename(tmp_path / f"{form}.txt")
        assert file_format(odd) == form and len(read_graph(odd)) == 5


def test_an_unknown_ending_or_content_is_refused(tmp_path):
    with pytest.raises(
        ParameterError, match=r"legal: \.json, \.graphml, \.dot, \.csv, \.ibnetdiscover, \.txt, \.conf"
    ):
        write_graph(pair(), tmp_path / "x.gexf")
    (tmp_path / "x").write_text("hello\n")
    with pytest.raises(
        FileFormatError, match="neither node-link JSON nor the output of ibnetdiscover, GraphML or a"
    ):
        read_graph(tmp_path / "x")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_graph(tmp_path / "absent")


TREE = "leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2"  # of which every format is


@pytest.mark.parametrize("ending", WRITERS)
def test_files_appear_whole_or_not_at_all(ending, tmp_path):
    with pytest.raises(FabricsimError, match="cannot be written"):
        write_graph(load(TREE), tmp_path / "absent" / f"x{ending}")
    path = tmp_path / f"x{ending}"
    path.write_text("before")
    with pytest.raises(ParameterError, match="undirected"):
        write_graph(nx.DiGraph(pair()), path)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    write_graph(load(TREE), path)
    assert path.read_text() != "before" and list(tmp_path.iterdir()) == [path]


# GraphML.


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=5,
)
_NAMES = st.text("kn: <&\"'ß", min_size=1, max_size=5) | st.just("json:x")
_IDS = (
    st.integers() | st.text("a1 <&\n\"'[", min_size=1, max_size=4) | st.tuples(st.integers(), st.integers())
)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(_IDS, st.dictionaries(_NAMES, _VALUES, max_size=3), min_size=2, max_size=4))
def test_graphml_keeps_every_value_that_json_has(tmp_path_factory, nodes):
    G = nx.Graph()
    for node, attributes in nodes.items():
        G.add_node(node)
        G.nodes[node].update(attributes)
    first, second, *_ = nodes
    G.add_edge(first, second)
    G.edges[first, second].update(nodes[first])
    G.graph.update(nodes[second])
    path = tmp_path_factory.mktemp("g") / "x.graphml"
    write_graphml(G, path)
    H = read_graphml(path)
    assert list(H.nodes(data=True)) == list(G.nodes(data=True)) and H.graph == G.graph
    assert nx.utils.graphs_equal(G, H)
    assert [type(v) for _, d in H.nodes(data=True) for v in d.values()] == [
        type(v) for d in nodes.values() for v in d.values()
    ]


def test_networkx_reads_our_graphml_and_we_read_its(tmp_path):
    write_graphml(fat_tree(k=4), tmp_path / "ours.graphml")
    theirs = nx.read_graphml(tmp_path / "ours.graphml", node_type=int)
    assert dict(theirs.nodes(data=True)) == dict(fat_tree(k=4).nodes(data=True))
    nx.write_graphml(theirs, tmp_path / "theirs.graphml")
    H = read_graphml(tmp_path / "theirs.graphml")
    assert Fabric.from_graph(H).n_links == 96


def test_graphml_is_for_small_graphs(tmp_path):
    with pytest.raises(ParameterError, match=r"nodes: 20001: .* 20,000 nodes at most: write \.json or \.csv"):
        write_graphml(nx.empty_graph(MOST_NODES + 1), tmp_path / "x.graphml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t[: len(t) // 2], r"line [0-9]+, column [0-9]+: not XML"),
        (lambda t: t.replace("</graph>", "<hyperedge/></graph>"), "a hyperedge: a cable joins two nodes"),
        (
            lambda t: t.replace('target="s"', 'target="x"'),
            "edge 2, line 23, column 31: node 'x' is not among the nodes",
        ),
        (lambda t: t.replace('<node id="g1">', '<node id="g0">'), "node 'g0' is listed twice"),
        (
            lambda t: re.sub("(<edge .*\n)", r"\1\1", t, count=1),
            "listed twice: each pair of nodes has one edge",
        ),
        (lambda t: t.replace(">50000000000.0<", ">fast<"), "rate = 'fast' is no double"),
        (lambda t: t.replace(">50000000000.0<", ">inf<"), "rate = 'inf' is not a finite number"),
        (lambda t: t.replace('attr.type="double"', 'attr.type="vector"'), "unknown type 'vector'"),
        (lambda t: t.replace('<key id="d0"', '<key id="e0"'), "key 'd0', which is not declared"),
        (lambda t: "<svg/>", "not GraphML with one graph: <svg> with 0 graphs"),
    ],
)
def test_a_broken_graphml_says_where(change, match, tmp_path):
    path = tmp_path / "x.graphml"
    write_graphml(pair(), path)
    broken = change(path.read_text())
    assert broken != path.read_text()
    path.write_text(broken)
    with pytest.raises(FileFormatError, match=match):
        read_graphml(path)


YED = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
  <!--Created by yEd 3.23-->
  <key attr.name="Description" attr.type="string" for="graph" id="d0"/>
  <key for="port" id="d1" yfiles.type="portgraphics"/>
  <key attr.name="kind" attr.type="string" for="node" id="d4"/>
  <key attr.name="tier" attr.type="string" for="node" id="d5"/>
  <key attr.name="description" attr.type="string" for="node" id="d6"/>
  <key for="node" id="d7" yfiles.type="nodegraphics"/>
  <key attr.name="rate" attr.type="string" for="edge" id="d8"><default>5e10</default></key>
  <key attr.name="delay" attr.type="double" for="edge" id="d9"><default>2.5e-8</default></key>
  <key for="edge" id="d10" yfiles.type="edgegraphics"/>
  <graph edgedefault="directed" id="G">
    <data key="d0" xml:space="preserve"/>
    <node id="n0" yfiles.foldertype="group">
      <data key="d7"><y:ProxyAutoBoundsNode><y:Realizers active="0"><y:GroupNode>
        <y:NodeLabel>rack 1</y:NodeLabel></y:GroupNode></y:Realizers></y:ProxyAutoBoundsNode></data>
      <graph edgedefault="directed" id="n0:">
        <node id="n0::n0"><data key="d4">gpu</data><data key="d5">0</data>
          <data key="d7"><y:ShapeNode><y:Fill color="#FFCC00"/><y:NodeLabel visible="true">gpu-a
          </y:NodeLabel><y:Shape type="rectangle"/></y:ShapeNode></data></node>
        <node id="n0::n1"><data key="d4">gpu</data><data key="d5">0</data>
          <data key="d7"><y:ShapeNode><y:NodeLabel>gpu-b</y:NodeLabel></y:ShapeNode></data></node>
      </graph>
    </node>
    <node id="n1"><data key="d4">switch</data><data key="d5">1</data><data key="d7"/></node>
    <edge id="e0" source="n0::n0" target="n1"><data key="d10"><y:PolyLineEdge/></data></edge>
    <edge id="e1" source="n1" target="n0::n1"><data key="d8">25000000000</data></edge>
  </graph>
  <data key="d11"><y:Resources/></data>
</graphml>
"""


def test_graphml_as_yed_writes_it(tmp_path):
    (tmp_path / "yed.graphml").write_text(YED)
    G = read_graph(tmp_path / "yed.graphml")
    assert dict(G.nodes(data="name")) == {"n0::n0": "gpu-a", "n0::n1": "gpu-b", "n1": None}
    assert dict(G.nodes(data="tier")) == {"n0::n0": 0, "n0::n1": 0, "n1": 1}
    assert list(G.edges(data="rate")) == [("n0::n0", "n1", 50e9), ("n0::n1", "n1", 25e9)]
    assert G.graph["notes"] == ["Took each edge of a directed graph as a cable, both directions."]
    assert Fabric.from_graph(G).n_links == 4


GEPHI = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="label" attr.type="string" for="node" id="label"/>
<key attr.name="Edge Label" attr.type="string" for="edge" id="edgelabel"/>
<key attr.name="weight" attr.type="double" for="edge" id="weight"/>
<key attr.name="r" attr.type="int" for="node" id="r"/>
<key attr.name="size" attr.type="float" for="node" id="size"/>
<key attr.name="kind" attr.type="string" for="node" id="kind"/>
<key attr.name="tier" attr.type="{whole}" for="node" id="tier"/>
<key attr.name="server" attr.type="double" for="node" id="server"/>
<key attr.name="rate" attr.type="double" for="edge" id="rate"/>
<key attr.name="delay" attr.type="float" for="edge" id="delay"/>
<graph edgedefault="undirected">
<node id="0"><data key="label">leaf</data><data key="r">12</data><data key="size">10.0</data>
<data key="kind">switch</data><data key="tier">{one}</data><data key="server">NaN</data></node>
<node id="1"><data key="label">gpu</data>
<data key="kind">gpu</data><data key="tier">{nought}</data><data key="server">3</data></node>
<edge id="0" source="0" target="1"><data key="weight">1.0</data>
<data key="rate">5.0E10</data><data key="delay">0.0</data></edge>
</graph>
</graphml>
"""


@pytest.mark.parametrize(
    "whole", [("double", "1.0", "0.0"), ("double", "1", "0"), ("integer", "1", "0"), ("string", "1", "0")]
)
def test_graphml_as_gephi_and_igraph_write_it(whole, tmp_path):
    kind, one, nought = whole
    (tmp_path / "g.graphml").write_text(GEPHI.format(whole=kind, one=one, nought=nought))
    G = read_graphml(tmp_path / "g.graphml")
    assert [d["name"] for _, d in G.nodes(data=True)] == ["leaf", "gpu"]
    assert [(d["tier"], d.get("server")) for _, d in G.nodes(data=True)] == [(1, None), (0, 3)]
    assert all(type(d["tier"]) is int for _, d in G.nodes(data=True))
    assert Fabric.from_graph(G).capacity.tolist() == [50e9, 50e9]


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
def test_parallel_edges_in_graphml_are_cables(kind, tmp_path):
    M = nx.MultiGraph(pair())
    M.add_edge("leaf-0", "s", rate=25e9, delay=1e-7)  # a third cable beside the edge of two
    for _, _, data in M.edges(data=True):
        data.pop("ports", None), data.pop("rates", None)
    M.remove_nodes_from([node for node in M if not M.degree(node)])
    M.graph.clear()
    for _, data in M.nodes(data=True):
        for key in set(data) - {"kind", "tier"}:
            del data[key]
    nx.write_graphml(kind(M), tmp_path / "m.graphml")
    G = read_graphml(tmp_path / "m.graphml")
    want = sum(data.get("cables", 1) for *_, data in M.edges(data=True))
    assert sum(data.get("cables", 1) for *_, data in G.edges(data=True)) == want
    both = M.edges["leaf-0", "s", 0].get("cables", 1) + 1
    assert G.edges["leaf-0", "s"]["cables"] == both
    assert any("parallel" in note for note in G.graph["notes"])
    assert any("both ways" in note for note in G.graph["notes"]) == (kind is nx.MultiDiGraph)


def test_a_graph_without_a_name_space_is_graphml(tmp_path):
    write_graphml(pair(), tmp_path / "x.graphml")
    text = (tmp_path / "x.graphml").read_text()
    (tmp_path / "y.graphml").write_text(text.replace(' xmlns="http://graphml.graphdrawing.org/xmlns"', ""))
    assert nx.utils.graphs_equal(read_graph(tmp_path / "y.graphml"), pair())


def test_what_graphml_cannot_hold_is_refused(tmp_path):
    G = pair()
    G.nodes["s"]["x"] = float("nan")
    G.nodes["s"]["y"] = object()
    with pytest.raises(SchemaError, match=r"node 's': x = nan.*node 's': y = <object"):
        write_graphml(G, tmp_path / "x.graphml")


# Link CSV.


def test_a_link_list_has_a_row_per_cable_with_units_in_its_columns(tmp_path):
    write_link_csv(pair(), tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 + 4
    row = next(r for r in rows if r["source"] == "leaf-0" and r["source_port"] == "1")
    assert (row["target"], row["target_port"], row["rate_Gbps"], row["delay_s"]) == ("s", "1", "200", "1e-07")
    assert (row["source_kind"], row["source_tier"], row["target_tier"]) == ("switch", "1", "2")


def test_nodes_without_a_cable_are_kept(tmp_path):
    G = pair()
    G.add_node("spare", kind="switch", tier=2)
    write_link_csv(G, tmp_path / "x.csv")
    assert plain(read_link_csv(tmp_path / "x.csv")) == plain(G)


@given(_VALUES | st.text("0123456789.-e[]{}\"'truefalsn ", max_size=8))
def test_a_cell_reads_as_what_was_written(value):
    cell = write_cell(value)
    assert cell and read_cell(cell) == value and type(read_cell(cell)) is type(value)


def test_no_text_of_a_link_list_is_a_formula_to_a_spreadsheet(tmp_path):
    texts = ["=1+1", "+1", "-1", "@sum", "-", "a=b"]
    G = nx.Graph()
    for text in texts:
        G.add_node(text, kind="gpu", tier=0, name=text, load=-1.5)
    G.add_node("leaf", kind="switch", tier=1)
    for text in texts:
        G.add_edge(text, "leaf", rate=50e9, delay=1e-7, note=text, cables=1, ports=[(text, -1)])
    write_link_csv(G, tmp_path / "x.csv")
    with open(tmp_path / "x.csv", encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert {cell for cell in cells if cell[:1] in tuple("=+-@\t\r")} == {"-1", "-1.5"}  # the numbers
    assert plain(read_link_csv(tmp_path / "x.csv")) == plain(G)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(1e-3, 1e15), min_size=2, max_size=3),
    st.floats(0, 1e3),
    st.lists(_IDS, min_size=2, max_size=2, unique=True),
)
def test_rates_delays_and_ids_come_back_to_the_last_digit(tmp_path_factory, rates, delay, ids):
    G = nx.Graph()
    G.add_node(ids[0], kind="gpu", tier=0)
    G.add_node(ids[1], kind="switch", tier=1)
    G.add_edge(*ids, rate=min(rates), delay=delay, cables=len(rates), rates=rates, length_m=3.5)
    path = tmp_path_factory.mktemp("c") / "x.csv"
    write_link_csv(G, path)
    H = read_link_csv(path)
    assert list(H.nodes(data=True)) == list(G.nodes(data=True))
    found = H.edges[tuple(ids)]
    assert found.get("rates", [found["rate"]] * found["cables"]) == rates
    assert (found["delay"], found["length_m"]) == (delay, 3.5)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda t: t.replace("rate_Gbps", "x"),
            "line 1, column [0-9]+: no column rate_Gbps: a link list has .*; this one",
        ),
        (
            lambda t: t.replace("rate_Gbps", "speed"),
            r"line 2, column [0-9]+: speed = '400' is not a finite number with its unit",
        ),
        (
            lambda t: t.replace(",400,", ',"400,000",', 1),
            r"line 2, column [0-9]+: .*400,000 may be 400 or 400 thousand",
        ),
        (
            lambda t: t.replace("source_port", "from"),
            "line 1, column [0-9]+: column 'from' is there twice, first as 'source'",
        ),
        (
            lambda t: t.replace("target_port", "source_port"),
            "line 1, column [0-9]+: column 'source_port' is there twice",
        ),
        (
            lambda t: t[:-20],
            r"line 7, column [0-9]+: [0-9]+ cells where the header has [0-9]+: the row is cut off",
        ),
        (
            lambda t: t.replace(",400,", ",fast,", 1),
            r"line 2, column [0-9]+: rate_Gbps = 'fast' is not a finite number",
        ),
        (
            lambda t: t.replace(",400,", ",nan,", 1),
            r"line 2, column [0-9]+: rate_Gbps = 'nan' is not a finite number",
        ),
        (
            lambda t: t.replace(",2.5e-08", ",soon", 1),
            r"line 2, column [0-9]+: delay_s = 'soon' is not a finite number",
        ),
        (
            lambda t: t.replace(",400,", ",0,", 1),
            r"line 2, column [0-9]+: rate_Gbps = '0': a rate from 0\.001 to 1e18 B/s",
        ),
        (
            lambda t: t.replace(",400,", ",-400,", 1),
            r"line 2, column [0-9]+: rate_Gbps = '-400': a rate from 0\.001 to 1e18 B/s",
        ),
        (
            lambda t: t.replace(",2.5e-08", ",-2.5e-08", 1),
            r"line 2, column [0-9]+: delay_s = '-2.5e-08': a delay from 0 to 1,000 s",
        ),
        (
            lambda t: t.replace("s,4,switch,2", "s,4,switch,3"),
            r"line 7, column [0-9]+: node 's': tier = 3, and 2 on line 4",
        ),
        (
            lambda t: t.replace("1e-07\n", "2e-07\n", 1),
            r"line 5, column [0-9]+: another delay_s or edge attribute than on line 4",
        ),
        (lambda t: t.replace("g0,", "leaf-0,", 1), "source and target are both 'leaf-0'|node 'leaf-0'"),
        (lambda t: t.replace("g0,", "true,", 1), r"line 2, column [0-9]+: source = 'true' is not a node id"),
        (lambda t: t.split("\n")[0] + "\n", "holds no links"),
        (lambda t: t.replace("Leaf 0", '"Leaf 0', 1), "line [0-9]+, column [0-9]+: is not CSV"),
    ],
)
def test_a_broken_link_list_says_on_which_line(change, match, tmp_path):
    path = tmp_path / "x.csv"
    write_link_csv(pair(), path)
    broken = change(path.read_text())
    assert broken != path.read_text()
    path.write_text(broken)
    with pytest.raises(FileFormatError, match=match) as error:
        read_link_csv(path)
    assert "\n" not in str(error.value)


ENDS = """From; To; From Kind; To Kind; from_tier; to_tier; From Port; To Port; {rate}; {delay}
g0;leaf-0;GPU;Switch;0;1;;;{fast};{short}
g1;leaf-1;GPU;Switch;0;1;;;{fast};{short}

# the spine's
leaf-0;s;switch;switch;1;2;1;1;{slow};{long}
leaf-0;s;switch;switch;1;2;2;2;{fast};{long};
leaf-1;s;switch;switch;1;2;1;3;{slow};{long};;
leaf-1;s;switch;switch;1;2;2;4;{slow};{long}
;;;;;;;;;
"""
QUANTITIES = [  # rate column, delay column, 400 Gb/s, 200 Gb/s, 25 ns, 100 ns
    ("Speed", "Latency", "400G", "200 G", "25ns", "100 ns"),
    ("bandwidth", "delay", "400 Gb/s", "200Gbit/s", "0.025us", "1e-7 s"),
    ("Rate (Mbps)", "delay [ns]", "400000", "200 000", "25", "100"),
    ("speed_mbps", "latency_ns", "400000.0", "2e5", "25", "100"),
    ("capacity", "delay_us", "50GB/s", "25 GB/s", "0,025", "0,1"),
    ("Link Speed", "delay_s", "0,4 Tbps", "0,2T", "2,5e-8", "0,0000001"),
    ("rate_Gbps", "delay_s", "400GbE", "200", "2.5e-8", "1e-7"),
    ("rate_Gbps", "propagation delay", "400", "200", "2.5e-5 ms", "100000 ps"),
    ("rate_Gbps", "delay_ms", "400", "200", "2.5e-5", "1e-4"),
    ("rate_Gbps", "delay", "400", "200", "0.025 \u00b5s", "0.1 \u03bcs"),
]


@pytest.mark.parametrize("quantities", QUANTITIES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
@pytest.mark.parametrize("before", ["", "sep={}\n", "# from the cabling tool, it's new\n\n"])
def test_a_link_list_as_people_and_spreadsheets_write_it(quantities, encoding, delimiter, before, tmp_path):
    names = dict(zip(("rate", "delay", "fast", "slow", "short", "long"), quantities))
    if delimiter == ",":
        names = {key: f'"{value}"' if "," in value else value for key, value in names.items()}
    text = before.format(delimiter) + ENDS.replace(";", delimiter).format(**names)
    path = tmp_path / "pair.txt"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert file_format(path) == "link-csv"
    G = read_graph(path)
    want = pair()
    for _, data in want.nodes(data=True):
        for key in set(data) - {"kind", "tier"}:
            del data[key]
    assert plain(G) == plain(want)


@pytest.mark.parametrize(
    "header",
    [
        "source,source_port,target,target_port",
        "SRC,Src Port,DST,Dst Port",
        "a,port_a,b,port_b",
        "A-End,A-End Port,Z-End,Z-End Port",
        "device,port,peer,peer_port",
        "Local Device,Local Interface,Remote Device,Remote Interface",
        "local_host,local_ifname,neighbor,neighbor_port",
        "hostname,interface,neighbour,neighbour interface",
    ],
)
def test_ends_and_ports_under_the_names_that_collectors_use(header, tmp_path):
    path = tmp_path / "x.csv"
    kinds = "source_kind,source_tier,target_kind,target_tier,speed,delay_ns,vendor"
    path.write_text(f"{header},{kinds}\ng,1,leaf,swp7,gpu,0.0,switch,1.0,400G,25,ACME\n")
    G = read_graph(path)
    assert dict(G.nodes(data=True)) == {
        "g": {"kind": "gpu", "tier": 0},
        "leaf": {"kind": "switch", "tier": 1},
    }
    assert G.edges["g", "leaf"] == {"rate": 50e9, "delay": 25e-9, "ports": [(1, "swp7")]}
    assert G.graph["notes"] == ["Left out what is no column of a link list: vendor."]


@pytest.mark.parametrize(
    "text",
    ["rail-optimized:servers=2,radix=16", "dragonfly:a=4,h=2,p=2", "torus:dims=2/3", "preset:gb200-su"],
)
def test_each_column_of_a_link_list_has_a_meaning_or_is_told(text, tmp_path):
    """What is written here has one; a letter less, and the reader says so."""
    plain, wrong = tmp_path / "x.csv", tmp_path / "y.csv"
    write_graph(load(text), plain)
    assert "notes" not in read_graph(plain).graph
    header, rows = plain.read_text().split("\n", 1)
    needed = ("kind", "tier", "port", "source", "target", "rate_Gbps", "delay_s")
    for title in header.split(","):
        if title.removeprefix("source_").removeprefix("target_") in needed or title.startswith("edge_"):
            continue
        wrong.write_text(f"{header.replace(title, title + 'xy')}\n{rows}")
        try:
            notes = read_graph(wrong).graph["notes"]
        except FileFormatError as error:  # the two ends of a node then contradict each other
            assert title.split("_", 1)[1] in str(error)
        else:
            assert notes == [f"Kept without a meaning, as no attribute is called so here: {title}xy."]


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_a_table_of_other_columns_says_what_it_has_and_what_is_legal(ending, tmp_path):
    path = tmp_path / f"x{ending}"
    path.write_text("\n# inventory\nrack;unit;serial\n1;2;3\n")
    with pytest.raises(
        FileFormatError,
        match=r"line 3, column [0-9]+: no columns source and target in 'rack;unit;serial': a li",
    ):
        read_graph(path)
    path.write_text("from;to;speed\n1;2;400G\n")
    lacking = (
        "no column source_kind, source_tier, target_kind, .*: .*this one has from, to, speed; behind its path"
    )
    with pytest.raises(FileFormatError, match=lacking):
        read_graph(path)


@given(st.floats(1e3, 1e15), st.sampled_from(["", " "]), st.sampled_from("kMGT"), st.booleans())
def test_a_rate_in_a_cell_is_the_number_times_its_unit(number, space, prefix, comma):
    power = {"k": 3, "M": 6, "G": 9, "T": 12}[prefix]
    text = f"{number:.4f}"
    exact = float(Decimal(text).scaleb(power) / 8)
    shown = text.replace(".", ",") if comma else text
    for unit in (prefix, prefix + "bps", prefix + "b/s", prefix + "bit/s"):
        assert rate_bytes(shown + space + unit, "s") == exact
    assert rate_bytes(shown, prefix + "bps") == exact
    assert rate_bytes(shown, prefix + "B/s") == float(Decimal(text).scaleb(power))
    assert rate_bytes(shown, "") is None


def test_what_a_link_list_cannot_hold_is_refused(tmp_path):
    G = pair()
    G.nodes["s"]["x"] = float("nan")
    del G.edges["g0", "leaf-0"]["rate"]
    G.edges["g1", "leaf-1"]["delay"] = None
    G.edges["s", "leaf-1"]["ports"] = [[1, 1]]
    with pytest.raises(SchemaError) as error:
        write_link_csv(G, tmp_path / "x.csv")
    for text in ("x = nan", "rate = None", "delay = None", "one entry per cable, 2"):
        assert text in str(error.value)
    assert not list(tmp_path.iterdir())


# DOT.


def test_dot_has_an_edge_per_cable_with_its_ports(tmp_path):
    G = pair()
    for i in range(2):
        G.nodes[f"g{i}"]["name"] = f"gpu {i}"
    write_graph(G, tmp_path / "x.dot")
    text = (tmp_path / "x.dot").read_text()
    assert text.startswith('graph "the \\"pair\\"" {\n') and text.endswith("}\n")
    assert text.count(" -- ") == 2 + 4
    said = 'label="200 Gbps", rate="200Gbps", delay="100ns", taillabel="2", headlabel="4"'
    line = f'  "Leaf 1; rack <1> & more" -- "S" [{said}];'
    assert line in text.split("\n")
    assert '{ rank=same; "gpu 0"; "gpu 1"; }' in text


def test_dot_names_are_quoted_and_distinct(tmp_path):
    G = nx.Graph()
    for node in (1, "1", "a\\N", 'b"c\nd'):
        G.add_node(node, kind="switch", tier=1, name="same")
    write_graph(G, tmp_path / "x.dot")
    names = re.findall(r'^  ("(?:[^"\\]|\\.)*") \[', (tmp_path / "x.dot").read_text(), re.MULTILINE)
    assert len(set(names)) == 4 and all("\n" not in name for name in names)


@pytest.mark.parametrize("place", ["id", "attribute"])
def test_values_nested_without_end_are_one_line(tmp_path: Path, place: str) -> None:
    path, deep = tmp_path / "g.graphml", "[" * 100_000
    write_graph(star(endpoints=2), path)
    text = path.read_text(encoding="utf-8")
    source = re.search(r'source="([^"]*)"', text)
    assert source
    if place == "id":
        text = text.replace(source[0], f'source="{deep}"', 1)
    else:
        text = re.sub(r"(<data key=\"[^\"]*\">)[^<]*", lambda m: m[1] + deep, text)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError) as error:
        read_graph(path)
    assert len(str(error.value)) < 1000
