"""Node-link files: the round trip is exact and agrees with NetworkX; each promise is broken once."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric import Fabric
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError, SchemaError
from topologies.files.node_link import read_node_link, write_node_link

NODES = '{"nodes": [{"id": 0}, {"id": 1}]'


def small() -> nx.Graph:
    """Two endpoints on one switch; the second by two cables of unequal rate."""
    G = nx.Graph(name="small", family="drawn", params={"k": 4, "note": "NaN is a word here"})
    G.add_nodes_from([0, 1], kind="gpu", tier=0)
    G.add_node(2, kind="switch", tier=1, name="leaf-é")
    G.add_edge(2, 0, rate=50e9, delay=2.5e-8, cables=1)
    G.add_edge(1, 2, rate=25e9, delay=1 / 3, cables=2, rates=[25e9, 50e9], ports=[[1, 7], [2, 8]])
    return G


def same(G: nx.Graph, H: nx.Graph) -> bool:
    """Equal attributes with equal types, and nodes and edges in the same order."""
    parts = ((repr(g.graph), repr(list(g.nodes(data=True))), repr(list(g.edges(data=True)))) for g in (G, H))
    return len(set(parts)) == 1


def test_round_trip_is_exact(tmp_path: Path) -> None:
    write_node_link(small(), tmp_path / "g.json")
    assert same(read_node_link(tmp_path / "g.json"), nx.Graph(small()))
    assert [p.name for p in tmp_path.iterdir()] == ["g.json"]


def test_the_file_is_what_networkx_writes_and_reads(tmp_path: Path) -> None:
    G = small()
    data = {
        "directed": False,
        "multigraph": False,
        "graph": G.graph,
        "nodes": [{**d, "id": n} for n, d in G.nodes(data=True)],
        "edges": [{**d, "source": u, "target": v} for u, v, d in G.edges(data=True)],
    }
    write_node_link(G, tmp_path / "g.json")
    assert json.loads((tmp_path / "g.json").read_text()) == data
    links = {("links" if key == "edges" else key): value for key, value in data.items()}
    (tmp_path / "old.json").write_text(json.dumps(links))
    assert same(read_node_link(tmp_path / "old.json"), G)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(1e-9, 1e15)), max_size=20),
    st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.booleans(), st.none())),
)
def test_round_trip_of_random_graphs(
    tmp_path_factory: pytest.TempPathFactory,
    edges: list[tuple[int, int, float]],
    attributes: dict[str, object],
) -> None:
    G = nx.Graph()
    G.graph.update(attributes)
    G.add_nodes_from(range(10), tier=0)
    G.add_weighted_edges_from(edges, weight="rate")
    path = tmp_path_factory.mktemp("g") / "g.json"
    write_node_link(G, path)
    assert same(read_node_link(path), G)


def test_tuples_become_lists_and_numpy_stays_behind(tmp_path: Path) -> None:
    G = nx.grid_2d_graph(2, 2)
    G.graph["params"] = {"dims": (2, np.int64(2))}
    G.edges[(0, 0), (0, 1)]["rate"] = np.float64(5e10)
    write_node_link(G, tmp_path / "g.json")
    H = read_node_link(tmp_path / "g.json")
    assert list(H) == list(G)
    assert H.graph["params"] == {"dims": [2, 2]}
    assert type(H.edges[(0, 0), (0, 1)]["rate"]) is float


def test_writing_over_a_file_replaces_it_and_a_failure_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_node_link(nx.path_graph(2), path)
    G = nx.path_graph(3)
    G.nodes[1]["rate"] = float("nan")
    with pytest.raises(SchemaError, match=r"node 1: rate = nan: cannot be written to JSON"):
        write_node_link(G, path)
    assert len(read_node_link(path)) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["g.json"]


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("delay", float("inf"), r"node 0: delay = inf: cannot"),
        ("made", object(), r"node 0: made = .*: cannot .*object is no JSON type"),
        ("id", 5, r"node 0: id: the file format needs this name"),
        (7, 5, r"node 0: 7: an attribute name is text"),
    ],
)
def test_what_json_cannot_hold_is_refused(tmp_path: Path, key: object, value: object, match: str) -> None:
    G = nx.path_graph(2)
    G.nodes[0][key] = value
    with pytest.raises(SchemaError, match=match):
        write_node_link(G, tmp_path / "g.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiGraph])
def test_only_undirected_simple_graphs_are_written(tmp_path: Path, kind: type[nx.Graph]) -> None:
    with pytest.raises(
        ParameterError, match=r"G: '\w+': an undirected nx.Graph: parallel cables are the edge"
    ):
        write_node_link(kind(), tmp_path / "g.json")


@pytest.mark.parametrize("name", ["absent/g.json", "file/g.json", ""])
def test_a_path_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FabricsimError, match="cannot be written: "):
        write_node_link(nx.Graph(), tmp_path / name)


MIXED = """, "directed": true, "multigraph": true,
 "edges": [{"source": 0, "target": 1}, {"source": 1, "target": 0}, {"source": 0, "target": 1}]}"""
UNEQUAL = """, "directed": true,
 "edges": [{"source": 0, "target": 1, "rate": 1}, {"source": 1, "target": 0, "rate": 2}]}"""
DELAYS = """, "multigraph": true,
 "edges": [{"source": 0, "target": 1, "delay": 1}, {"source": 1, "target": 0, "delay": 2}]}"""
MANY = """, "multigraph": true,
 "edges": [{"source": 0, "target": 1, "cables": 0}, {"source": 1, "target": 0}]}"""


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"g\.json: the file is empty"),
        ("[1, 2]", r'g\.json: not a node-link graph: no list "nodes"'),
        ("7", r'no list "nodes"'),
        (NODES + "}", r'no list "edges"'),
        (NODES + ',\n"edges": [', r"line 2, column 11: is not JSON: Expecting value: the file is cut off"),
        ('{"nodes": [{"id": 0, "na', r"line 1, column 22: .* Unterminated string .*: the file is cut off"),
        ('{"nodes": 1 2}', r"line 1, column 13: is not JSON: Expecting ',' delimiter$"),
        ('{"a": "NaN",\n "b": NaN}', r"line 2, column 7: NaN is not a finite number"),
        ('{"a": -Infinity}', r"line 1, column 7: -Infinity is not"),
        ('{"a": [1, 1e999]}', r"line 1, column 11: 1e999 is not a finite number"),
        ("[" * 100_000, r"nested more than 64 deep"),
        (
            '{"edges": [], "nodes": [{"id": 0}, {"name": "x"}]}',
            r'nodes\[1\], line 1, .*: without "id"',
        ),
        ('{"edges": [], "nodes": [0]}', r"nodes\[0\], line 1, .*: not an object"),
        (
            '{"edges": [], "nodes": [{"id": null}]}',
            r'nodes\[0\], line 1, .*: "id" is null, not a node id',
        ),
        (
            '{"edges": [], "nodes": [{"id": [{}]}]}',
            r'nodes\[0\], line 1, .*: "id" is \[\{\}\], not a node id',
        ),
        (
            '{"edges": [], "nodes": [{"id": 4}, {"id": 4}]}',
            r"nodes\[1\], line 1, .*: node 4 is listed twice",
        ),
        (
            NODES + ', "edges": [{"source": 0, "target": 9}]}',
            r"edges\[0\], line 1, .*: node 9 is not among the nodes",
        ),
        (NODES + ', "links": [{"source": 0}]}', r'links\[0\], line 1, .*: without "target"'),
        (
            NODES + ', "edges": [{"source": 0, "target": 1}, {"source": 1, "target": 0}]}',
            r"edges\[1\], line ., .*: edge 1 - 0 is listed twice: .*parallel cables are the edge",
        ),
        (NODES + ', "edges": [], "directed": "yes"}', r'directed, line 1, column 60: "yes": true or false'),
        (NODES + ', "edges": [], "multigraph": 1}', r"multigraph, line 1, column 62: 1: true or false"),
        (
            NODES + MIXED,
            r"edges\[0\], line ., .*: edge 0 - 1 is listed 2 times, and back 1 time: a cable is both",
        ),
        (
            NODES + UNEQUAL,
            r"edges\[0\], line ., .*: edge 0 - 1 is listed 1 time, and back 1 time with other attributes",
        ),
        (
            NODES + DELAYS,
            r"edges\[1\], line ., .*: edge 1 - 0: delay 2, and 1 of a parallel cable, which share it",
        ),
        (
            NODES + MANY,
            r"edges\[0\], line ., .*: edge 0 - 1: rates and ports have one entry per cable, of 1 to 4,096",
        ),
        (
            NODES + ', "edges": [{"source": 0, "target": 1}], "links": [{"source": 1, "target": 1}]}',
            r'links, line 1, column 83: the list of edges is "edges" or "links", and both are there',
        ),
        (NODES + ', "edges": [], "graph": []}', r"graph, line 1, column 57: an object of graph attributes"),
    ],
)
def test_what_is_no_graph_is_refused_with_the_place(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "g.json").write_text(text)
    with pytest.raises(FileFormatError, match=match) as error:
        read_node_link(tmp_path / "g.json")
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"absent\.json: cannot be read: No such file"):
        read_node_link(tmp_path / "absent.json")
    (tmp_path / "g.json").write_bytes(b"\x1f\x8b\xff")
    with pytest.raises(
        FileFormatError, match=r"g\.json: line 1, column 2: cannot be read: byte 2 is not UTF-8 text"
    ):
        read_node_link(tmp_path / "g.json")


def multigraph() -> nx.MultiGraph:
    """Two leaves of two endpoints; leaf 0 has three cables to the spine, of two rates, and leaf 1 has one."""
    G = nx.MultiGraph()
    G.add_nodes_from(["h0", "h1", "h2", "h3"], kind="gpu", tier=0)
    G.add_nodes_from(["l0", "l1"], kind="switch", tier=1)
    G.add_node("s0", kind="switch", tier=2)
    for i in range(4):
        G.add_edge(f"h{i}", f"l{i // 2}", rate=12.5e9, delay=1e-7)
    for rate in (25e9, 12.5e9, 25e9):
        G.add_edge("l0", "s0", rate=rate, delay=1e-7)
    G.add_edge("s0", "l1", rate=25e9, delay=1e-7)
    return G


@pytest.mark.parametrize("edges", ["edges", "links"])
@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
def test_parallel_edges_of_a_multigraph_are_cables(
    kind: type[nx.MultiGraph], edges: str, tmp_path: Path
) -> None:
    path = tmp_path / "multi.json"
    path.write_text(json.dumps(nx.node_link_data(kind(multigraph()), edges=edges)))
    G = read_node_link(path)
    assert G.edges["l0", "s0"] == {"rate": 12.5e9, "delay": 1e-7, "cables": 3, "rates": [25e9, 12.5e9, 25e9]}
    assert G.edges["l1", "s0"] == {"rate": 25e9, "delay": 1e-7}
    assert Fabric.from_graph(G).n_links == 2 * multigraph().number_of_edges()
    parallel = "Took parallel edges as parallel cables, between 1 pair of nodes."
    both = "Took each edge, listed both ways, of a directed graph as a cable, both directions."
    assert G.graph["notes"] == ([both] if kind is nx.MultiDiGraph else []) + [parallel]
    write_node_link(G, path)  # and what is written is read without another note
    assert nx.utils.graphs_equal(G, read_node_link(path))


@pytest.mark.parametrize(
    ("attribute", "back", "alike"),
    [("rate", 2.0, False), ("delay", 1e-6, False), ("cables", 3, False), ("ports", [[1, 2], [3, 4]], True)],
)
def test_edges_listed_both_ways_are_one_where_their_cables_are_alike(
    attribute: str, back: object, alike: bool, tmp_path: Path
) -> None:
    """Ports do not tell: those of the first count."""
    G = nx.DiGraph()
    there = {"rate": 1.0, "delay": 0.0, "cables": 2, "ports": [[8, 7], [9, 9]]}
    G.add_edge(0, 1, **there)
    G.add_edge(1, 0, **{**there, attribute: back})
    path = tmp_path / "g.json"
    path.write_text(json.dumps(nx.node_link_data(G, edges="edges")))
    if alike:
        assert dict(read_node_link(path).edges[0, 1]) == there
    else:
        with pytest.raises(FileFormatError, match="listed 1 time, and back 1 time with other attributes"):
            read_node_link(path)


def test_parallel_edges_may_have_cables_and_ports_themselves(tmp_path: Path) -> None:
    G = nx.MultiGraph()
    G.add_edge(0, 1, rate=2.0, delay=0.0, cables=2, ports=[[1, 1], [2, 2]], label="a", length=3)
    G.add_edge(0, 1, rate=2.0, delay=0.0, label="b", length=3)
    (tmp_path / "g.json").write_text(json.dumps(nx.node_link_data(G, edges="edges")))
    found = read_node_link(tmp_path / "g.json").edges[0, 1]
    assert found["ports"] == [[1, 1], [2, 2], (None, None)]
    assert (found["cables"], found["rate"], found["length"]) == (3, 2.0, 3)
    assert "rates" not in found and "label" not in found  # the labels differ


@pytest.mark.parametrize("order", ["{edges}, {links}", "{links}, {edges}"])
def test_an_empty_list_of_edges_beside_a_full_one_is_none(order: str, tmp_path: Path) -> None:
    lists = {"edges": '"edges": []', "links": '"links": [{"source": 0, "target": 1}]'}
    for one, other in (("edges", "links"), ("links", "edges")):
        text = lists["edges"].replace("edges", one), lists["links"].replace("links", other)
        given = {"edges": text[0], "links": text[1]}
        (tmp_path / "g.json").write_text(NODES + ", " + order.format(**given) + "}")
        assert list(read_node_link(tmp_path / "g.json").edges) == [(0, 1)]


@given(st.permutations(["directed", "multigraph", "graph", "nodes", "edges"]), st.sampled_from([None, 1]))
def test_the_order_of_the_keys_and_the_lines_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], indent: int | None
) -> None:
    """Nodes before edges come piece by piece; any other order is read whole."""
    path = tmp_path_factory.mktemp("order") / "g.json"
    write_node_link(small(), path)
    content = json.loads(path.read_text())
    other = path.with_name("h.json")
    other.write_text(json.dumps({key: content[key] for key in order}, indent=indent))
    assert same(read_node_link(other), read_node_link(path))
