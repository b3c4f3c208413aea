"""Files of htsim, SimGrid and ASTRA-sim: counts and numbers by hand, and what they cannot say refused."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import networkx as nx
import pytest
import yaml

from fabric import Fabric
from fabric.graph.schema import read_columns
from fabric.words.errors import FileFormatError, ParameterError
from topologies import load
from topologies.files.exchange import file_format, write_graph
from topologies.files.tree_shape import tree_shape


def written(text: str, name: str, folder) -> str:
    write_graph(load(text), folder / name)
    return (folder / name).read_text()


@pytest.mark.parametrize(
    ("text", "m", "w", "p"),
    [
        ("fat-tree:k=4", (2, 2, 4), (1, 2, 2), (1, 1, 1)),
        ("fat-tree:k=6,gpus_per_server=3", (3, 3, 6), (1, 3, 3), (1, 1, 1)),
        ("leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4", (4, 4), (1, 2), (1, 1)),
        ("pgft:m=2/3/2,w=1/2/3,p=1/2/1", (2, 3, 2), (1, 2, 3), (1, 2, 1)),
        ("xgft:m=4/4,w=2/2", (4, 4), (2, 2), (1, 1)),
        ("star:endpoints=5", (5,), (1,), (1,)),
        ("multi-plane:planes=2,endpoints=16,radix=8", (4, 4), (2, 2), (1, 2)),
    ],
)
def test_a_tree_has_the_shape_that_it_was_built_with(text, m, w, p):
    shape = tree_shape(read_columns(load(text)))
    assert shape is not None and (shape.m, shape.w, shape.p) == (m, w, p)


@pytest.mark.parametrize("text", ["torus:dims=3/3", "dragonfly:p=2", "slim-fly:q=5"])
def test_what_is_no_tree_has_no_shape(text):
    assert tree_shape(read_columns(load(text))) is None


def test_a_tree_with_a_cable_moved_has_no_shape():
    G = load("fat-tree:k=4")
    assert tree_shape(read_columns(G)) is not None
    cores = [n for n, tier in G.nodes(data="tier") if tier == 3]
    spine = next(n for n in G[cores[0]] if n not in G[cores[1]])
    other = next(n for n in G[cores[1]] if n in G[cores[1]])
    H = nx.Graph(G)
    H.remove_edge(cores[0], spine)
    H.add_edge(cores[1], spine, **G.edges[cores[1], other])
    assert tree_shape(read_columns(H)) is None


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
        "pgft:m=4/2,w=1/2,p=1/2",
        "pgft:m=4/4/4,w=1/2/2,p=1/1/2",
    ],
)
def test_htsim_is_read_back(text, tmp_path):
    written(text, "f.topo", tmp_path)
    assert file_format(tmp_path / "f.topo") == "htsim"
    f, g = (Fabric.from_graph(load(t)) for t in (text, str(tmp_path / "f.topo")))
    assert (f.n_endpoints, f.n_switches, f.n_links) == (g.n_endpoints, g.n_switches, g.n_links)
    assert f.capacity.tolist() == g.capacity.tolist() and f.delay.tolist() == pytest.approx(g.delay.tolist())


@pytest.mark.parametrize("text", ["fat-tree:k=6", "pgft:m=8/4,w=1/2,p=1/2", "xgft:m=4/4/2,w=1/2/1"])
def test_htsims_own_reader_finds_the_switches_that_there_are(text, tmp_path):
    """What FatTreeTopology::set_custom_params computes of a file, and requires of it, with whole numbers."""
    tiers: list[dict[str, int]] = []
    head: dict[str, int] = {}
    for line in written(text, "f.topo", tmp_path).splitlines():
        if line.startswith("Tier "):
            tiers.append({})
        elif line:
            key, value = line.split()
            (tiers[-1] if tiers else head)[key] = int(value)
    fabric = Fabric.from_graph(load(text))
    counts = [int((fabric.tier == t).sum()) for t in range(1, len(tiers) + 1)]
    pods = head["Nodes"] // head["Podsize"]
    up, found = head["Nodes"], [head["Nodes"] // tiers[0]["Radix_Down"]]
    assert tiers[0]["Radix_Down"] // tiers[0]["Radix_Up"] == tiers[0]["Oversubscribed"]
    for t, (low, high) in enumerate(pairwise(tiers)):
        over = high["Downlink_speed_Gbps"] * low["Oversubscribed"]
        assert up * low["Downlink_speed_Gbps"] % over == 0
        up = up * low["Downlink_speed_Gbps"] // over
        assert up == found[t] * low["Radix_Up"] and up % high["Radix_Down"] == 0
        found.append(up // high["Radix_Down"])
    assert found == counts and found[0] % pods == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fat-tree:k=4,delay=0s", "a delay in ns would be 0"),
        ("fat-tree:k=4,delay=1.5ns", "a delay in ns would be 1.5"),
        ("fat-tree:k=4,rate=12.5Gbps", "Gb/s would be 12.5"),
        ("leaf-spine:leaves=4,spines=3,endpoints_per_leaf=4", "an oversubscription would be 1.33333"),
        ("leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,trunk_rate=800Gbps", "need one rate"),
    ],
)
def test_what_htsim_would_refuse_or_cut_off_is_not_written(text, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        written(text, "f.topo", tmp_path)


HTSIM = """# 128 hosts
nodes 128
tiers 3
podsize 16
tier 0
downlink_speed_gbps 200
radix_down 4
radix_up 2
oversubscribed 2
switch_latency_ns 100
downlink_latency_ns 500
tier 1
downlink_speed_gbps 400
radix_down 4
radix_up 2
downlink_latency_ns 600
tier 2
downlink_speed_gbps 400
radix_down 8
"""


def test_htsims_counts_and_latencies_by_hand(tmp_path):
    """32 leaves, 8 pods of two spines, 4 cores; 2:1 at the leaf (4 x 200 below, 2 x 400 above: 1:1)."""
    (tmp_path / "t").write_text(HTSIM)
    f = Fabric.from_graph(load(str(tmp_path / "t")))
    tiers = f.tier[f.n_endpoints : f.n_endpoints + f.n_switches].tolist()
    assert (f.n_endpoints, [tiers.count(t) for t in (1, 2, 3)]) == (128, [32, 16, 4])
    up = {
        t: set(
            zip(
                f.capacity[f.tier[f.link_dst] == t].tolist(),
                f.delay[f.tier[f.link_dst] == t].round(12).tolist(),
            )
        )
        for t in (0, 3)
    }
    assert up == {0: {(25e9, 550e-9)}, 3: {(50e9, 0.0)}}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nodes 128", "nodes 120", "Nodes 120, 16 in a pod, and 128 by its radixes"),
        ("tiers 3", "tiers 2", "Tiers 2, and 3 stand in the file"),
        ("tier 1", "tier 2", "line 12, column 6: tier 2, where 1 is due"),
        ("radix_up 2\noversub", "oversub", "tier 0 lacks Radix_Up"),
        ("radix_down 8", "radix_down 8\nradix_down 8", "line 20, column 1: radix_down is given twice"),
        ("radix_down 8", "radix down 8", "line 19, column 1: 'radix down 8': a line is a key and a number"),
        ("radix_down 8", "radix_down 8\nbundle 3", "no multiples of Bundle"),
    ],
)
def test_htsim_files_that_do_not_fit_are_refused(old, new, message, tmp_path):
    (tmp_path / "t").write_text(HTSIM.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        load(str(tmp_path / "t"))


def test_simgrid_has_a_cluster_where_it_is_one(tmp_path):
    text = written("fat-tree:k=4,delay=250ns", "p.xml", tmp_path)
    cluster = ET.fromstring(text).find("cluster")
    assert cluster is not None and cluster.get("topo_parameters") == "3;2,2,4;1,2,2;1,1,1"
    assert (cluster.get("radical"), cluster.get("bw"), cluster.get("lat")) == (
        "0-15",
        "50000000000Bps",
        "2.5e-07s",
    )


def test_simgrid_has_each_link_elsewhere_and_a_route_each_way(tmp_path):
    root = ET.fromstring(written("torus:dims=3/3", "p.xml", tmp_path))
    zone = root.find("zone")
    assert zone is not None and zone.get("routing") == "Floyd"
    counts = {tag: len(zone.findall(tag)) for tag in ("host", "router", "link", "route")}
    assert counts == {"host": 9, "router": 9, "link": 27, "route": 54}
    links = {link.get("id") for link in zone.findall("link")}
    assert {ctn.get("id") for ctn in root.iter("link_ctn")} == links
    names = {node.get("id") for tag in ("host", "router") for node in zone.findall(tag)}
    assert {route.get(end) for route in zone.findall("route") for end in ("src", "dst")} == names


@pytest.mark.parametrize(
    ("text", "kinds", "counts", "rates", "ways"),
    [
        ("torus:dims=4/8", ["Ring", "Ring"], [4, 8], [50, 50], [250, 250]),
        # Through a scale-up switch 2 x 5 ns; up three tiers and down 2 (25 + 250 + 500) ns.
        ("fat-tree:k=4,gpus_per_server=4", ["Switch", "Switch"], [4, 4], [450, 50], [10, 1550]),
        ("star:endpoints=6,rate=200Gbps,delay=1us", ["Switch"], [6], [25], [2000]),
    ],
)
def test_a_message_takes_as_long_in_astra_sims_dimensions(text, kinds, counts, rates, ways, tmp_path):
    """As its BasicTopology::send has it: hops (2 of a switch, 1 along a ring) times latency, and bytes
    over the bandwidth, of which a GB has 2^30 bytes. ``rates`` in 10^9 bytes/s, ``ways`` in ns.
    """
    found = yaml.safe_load(written(text, "n.yml", tmp_path))
    assert (found["topology"], found["npus_count"]) == (kinds, counts)
    for kind, bandwidth, latency, rate, way in zip(kinds, found["bandwidth"], found["latency"], rates, ways):
        hops = 2 if kind == "Switch" else 1
        assert hops * latency + 1e6 / (bandwidth * 2**30 / 1e9) == pytest.approx(way + 1e6 / rate, rel=1e-12)


def test_what_contends_is_no_network_of_astra_sim(tmp_path):
    for text, why in (
        ("dragonfly:p=2", "its cables are no generalised fat tree"),
        ("leaf-spine:leaves=4,spines=1,endpoints_per_leaf=4", "it has less capacity up than down"),
        ("torus:dims=3/3,wrap=false", "of tori those that wrap"),
    ):
        with pytest.raises(ParameterError, match=re.escape(why)):
            written(text, "n.yml", tmp_path)
    with pytest.raises(ParameterError, match=r"htsim's \.topo is for fat trees of two or three tiers"):
        written("torus:dims=3/3", "n.topo", tmp_path)


def system(inside: str) -> str:
    return f"<system>\n{inside}</system>"


def server(gpus: int = 2, sm: int = 90, links: int = 18, speed: int = 400_000) -> str:
    inside = "".join(
        f'<pci busid="0000:{i}a:00.0" class="0x030200"><gpu dev="{i}" sm="{sm}" rank="{i}" gdr="1">'
        f'<nvlink target="ffff:ff:ff.f" count="{links}" tclass="0x068000"/></gpu></pci>\n'
        f'<pci busid="0000:{i}b:00.0" class="0x020700"><nic><net name="mlx5_{i}" dev="{i}" speed="{speed}" '
        'port="1"/></nic></pci>\n'
        for i in range(gpus)
    )
    return f'<system version="1">\n<cpu numaid="0" arch="x86_64">\n{inside}</cpu></system>\n'


def test_a_server_of_nccl_is_what_its_data_sheet_says(tmp_path):
    """H100: 18 NVLinks of 25 GB/s each way, 450 GB/s; a NIC of 400 Gb/s for each GPU."""
    path = tmp_path / "topo.xml"
    path.write_text(server(8))
    assert file_format(path) == "NCCL topology"
    f = Fabric.from_graph(load(f"{path}:servers=4"))
    assert f.n_endpoints == 32 and f.server.tolist()[:32:8] == [0, 1, 2, 3]
    assert set(f.capacity.tolist()) == {50e9, 450e9}
    G = load(f"fat-tree:k=8,server={path}")
    H = load("fat-tree:k=8,gpus_per_server=8,nvlink=450GB/s,rate=400Gbps")
    assert nx.utils.graphs_equal(G, H)
    path.write_text(
        server(4, sm=80, links=12, speed=200_000).replace(
            "</cpu>", '<pci><nic><net name="mlx5_0" dev="9" speed="200000" port="1"/></nic></pci></cpu>'
        )
    )
    assert set(Fabric.from_graph(load(str(path))).capacity.tolist()) == {
        25e9,
        300e9,
    }  # one NIC is listed twice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<system/>", "line 1, column 1: holds no <gpu>"),
        (system("<gpu sm='90'/><gpu sm='90'><nvlink count='x'/></gpu>"), "line 2, column 43: count 'x' of"),
        (system("<gpu sm='90'/><gpu sm='90'><nvlink count='2'/></gpu>"), "line 2, column 15: 400 Gbps of"),
        (system("<gpu sm='35'><nvlink count='1'/></gpu>"), "line 2, column 10: sm '35': NVLink came"),
        (system("<gpu/><gpu/><net speed='0'/>"), "line 2, column 25: speed '0' of a NIC"),
    ],
)  # fmt: skip
def test_servers_that_cannot_be_read_are_refused(text, message, tmp_path):
    (tmp_path / "t.xml").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        load(str(tmp_path / "t.xml"))


def test_a_server_given_to_a_family_is_said_once_and_is_a_file(tmp_path):
    (tmp_path / "t.xml").write_text(server())
    with pytest.raises(ParameterError, match=r"nvlink: .*given twice"):
        load(f"fat-tree:k=4,server={tmp_path / 't.xml'},nvlink=0")
    with pytest.raises(ParameterError, match=r"server: 'absent\.xml': no such file"):
        load("fat-tree:k=4,server=absent.xml")
