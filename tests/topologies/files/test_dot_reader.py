"""DOT written and read back, and plans that others wrote; what is not of the language is refused by place."""

from __future__ import annotations

import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError
from topologies import load
from topologies.files.exchange import file_format, read_graph, write_graph

PLAN = """strict graph plan { // two hosts
  rankdir=LR; node [shape=box]
  subgraph cluster_0 { h0 [kind=gpu, tier=0, server=0]; "h1" [kind=gpu tier=0 pod="a"] }
  "leaf \\"1\\"" [kind="switch"; tier="1"];
  "leaf \\"1\\"":"swp1" -- h0:"eth0":n [rate="100Gbps", delay="30ns"]
  # the other
  h1 -- "leaf \\"1\\"" [label="200 Gbps", taillabel="eth0", headlabel="swp2"];
}
"""


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4,gpus_per_server=4",
        "torus:dims=3/3",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,rate=90Gbps,trunk_rate=800Gbps",
        "multi-plane:planes=2,endpoints=16,radix=8",
    ],
)
def test_what_is_written_is_read_back(text, tmp_path):
    G, path = load(text), tmp_path / "x"
    write_graph(G, tmp_path / "x.dot")
    (tmp_path / "x.dot").rename(path)
    assert file_format(path) == "DOT"
    H = read_graph(path)
    f, g = Fabric.from_graph(G), Fabric.from_graph(H)
    for name in ("kind", "tier", "server", "link_src", "link_dst", "capacity", "delay"):
        assert getattr(f, name).tolist() == getattr(g, name).tolist(), name
    assert {key: zone.names for key, zone in f.zones.items()} == {
        key: zone.names for key, zone in g.zones.items()
    }


def test_ports_and_unequal_parallel_cables_are_read_back(tmp_path):
    G = load("star:endpoints=2")
    G.edges[0, 2].update(cables=2, rate=25e9, rates=[25e9, 50e9], ports=[(1, "swp1"), (2, "swp2")])
    write_graph(G, tmp_path / "x.dot")
    H = read_graph(tmp_path / "x.dot")
    assert H.edges[0, 2] == G.edges[0, 2] and H.edges[1, 2] == G.edges[1, 2]


def test_a_plan_with_ports_behind_nodes(tmp_path):
    (tmp_path / "x").write_text(PLAN)
    G = read_graph(tmp_path / "x")
    assert dict(G.nodes(data=True)) == {
        "h0": {"kind": "gpu", "tier": 0, "server": 0},
        "h1": {"kind": "gpu", "tier": 0, "pod": "a"},
        'leaf "1"': {"kind": "switch", "tier": 1},
    }
    assert G.edges["h0", 'leaf "1"'] == {"rate": 12.5e9, "delay": 30e-9, "ports": [("eth0", "swp1")]}
    assert G.edges["h1", 'leaf "1"'] == {"rate": 25e9, "delay": 25e-9, "ports": [("eth0", "swp2")]}
    assert G.graph["notes"] == ["Assumed 25 ns of delay on 1 cables that say none."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("graph { a -- b", "line 1, column 15: the file ends inside the graph: it is cut off"),
        ("graph {\n a -- ; }", "line 2, column 7: ';': a name is needed"),
        ("graph {\n a ! b }", "line 2, column 4: '! b }': not a word of DOT"),
        ("graph { a }\n b", "line 2, column 2: 'b': the graph has ended"),
        ("graph {\n a [tier=x] }", "line 2, column 10: tier = 'x': a whole number"),
        ("graph {\n a -- b [rate=5] }", "line 2, column 15: rate: '5': a unit is needed"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, message, tmp_path):
    (tmp_path / "x").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_graph(tmp_path / "x")
