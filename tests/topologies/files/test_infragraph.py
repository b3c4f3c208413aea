"""InfraGraph: a two-tier Clos of servers is the leaf-spine that it is; each rule is broken once."""

from __future__ import annotations

import json

import networkx as nx
import pytest
import yaml

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from topologies import load
from topologies.files.exchange import file_format

TEXT = """# 2 leaves, 2 spines, 4 servers of 4 XPUs, by hand
name: clos
devices:
- name: server
  components:
  - {name: xpu, choice: xpu, count: 4}
  - {name: nvsw, choice: switch, count: 2}
  - {name: pciesw, choice: switch, count: 1}
  - {name: nic, choice: nic, count: 4}
  links:
  - {name: nvlink, physical: {bandwidth: {gigabytes_per_second: 225}}}
  - {name: pcie, physical: {bandwidth: {gigabytes_per_second: 64}}}
  edges:
  - {ep1: {component: xpu}, ep2: {component: nvsw}, scheme: many2many, link: nvlink}
  - {ep1: {component: xpu}, ep2: {component: pciesw}, scheme: many2many, link: pcie}
- name: switch
  components:
  - {name: port, choice: port, count: 16}
instances:
- {name: host, device: server, count: 4}
- {name: leaf, device: switch, count: 2}
- {name: spine, device: switch, count: 2}
links:
- {name: slow, physical: {bandwidth: {choice: gigabits_per_second, gigabits_per_second: 400}}}
- {name: fast, physical: {bandwidth: {gigabits_per_second: 800}}}
edges:
- {ep1: {instance: "host[0:2]", component: nic}, ep2: {instance: "leaf[0]", component: "port[0:8]"}, scheme: one2one, link: slow}
- {ep1: {instance: "host[2:]", component: nic}, ep2: {instance: "leaf[1]", component: "port[:8]"}, scheme: one2one, link: slow}
- {ep1: {instance: leaf, component: "port[8]"}, ep2: {instance: "spine[0]", component: "port[0]"}, scheme: many2many, link: fast}
- {ep1: {instance: leaf, component: "port[9]"}, ep2: {instance: "spine[1]", component: "port[1]"}, scheme: many2many, link: fast}
"""  # noqa: E501


def read(text: str, folder, arguments: str = ""):
    (folder / "i.yaml").write_text(text)
    return load(f"{folder / 'i.yaml'}{arguments}")


def test_a_clos_of_servers_is_a_leaf_spine(tmp_path):
    G = read(TEXT, tmp_path)
    assert file_format(tmp_path / "i.yaml") == "InfraGraph"
    text = "leaf-spine:leaves=2,spines=2,endpoints_per_leaf=8,gpus_per_server=4"
    text += ",trunk_rate=800Gbps,nvlink=450GB/s"
    f, g = Fabric.from_graph(G), Fabric.from_graph(load(text))
    assert (f.n_endpoints, f.n_switches, f.n_links) == (g.n_endpoints, g.n_switches, g.n_links)
    assert f.tier.tolist() == g.tier.tolist() and f.server.tolist() == g.server.tolist()
    assert sorted(f.capacity.tolist()) == sorted(g.capacity.tolist())
    assert f.label(5) == "host.1.xpu.1"


def test_fewer_nics_than_xpus_are_shared(tmp_path):
    """Two NICs of 400 Gb/s for four XPUs: 200 Gb/s each, XPUs 0 and 1 on the first."""
    text = TEXT.replace("choice: nic, count: 4", "choice: nic, count: 2").replace("port[0:8]", "port[0:4]")
    G = read(text.replace("port[:8]", "port[:4]"), tmp_path)
    access = [d["rate"] for u, v, d in G.edges(data=True) if "leaf" in v and "host" in u]
    assert access == [25e9] * 16
    assert "Shared 8 cables of servers with fewer NICs than XPUs among these." in G.graph["notes"]


def test_rates_that_the_file_does_not_state_are_the_users(tmp_path):
    text = TEXT.replace(", physical: {bandwidth: {gigabytes_per_second: 225}}", "")
    text = text.replace(", physical: {bandwidth: {gigabits_per_second: 800}}", "")
    G = read(text, tmp_path, ":nvlink=900GB/s,rate=200Gbps")
    assert {d["rate"] for *_, d in G.edges(data=True)} == {900e9, 50e9, 25e9}
    with pytest.raises(ParameterError, match=r"nvlink: .* says it itself"):
        read(TEXT, tmp_path, ":nvlink=900GB/s")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"host[0:2]"', '"host[0:5]"', r"line 27, column 21: instance 'host\[0:5\]': there are 4"),
        ('"leaf[0]"', '"leaf[2]"', r"line 27, column 67: instance 'leaf\[2\]': there are 2"),
        ('"leaf[0]"', '"gone[0]"', r"line 27, column 67: instance 'gone\[0\]': one of host, leaf, spine"),
        ("link: slow}", "link: none}", "line 27, column 125: link 'none' is not among"),
        ("device: server", "device: none", "line 20, column 24: device 'none'"),
        ("choice: xpu, count: 4", "choice: xpu, count: 0", "line 6, column 37: count 0"),
        ("gigabits_per_second: 800", "gigabits_per_second: x", "line 25, column 60: a bandwidth above zero"),
        ("instance: leaf", "instance: spine", "spine 0 is cabled to itself"),
        ("device: server, count: 4", "device: server, count: 400000", "1,600,004 XPUs and switches: at most"),
        ("{name: fast,", "{", "line 25, column 3: without a name"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(old, new, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        read(TEXT.replace(old, new), tmp_path)


def expanded(partial: bool = False) -> str:
    """The same Clos as ``get_graph`` returns it: every component a node, edges first."""
    full = {"host": 4, "leaf": 2, "spine": 2}
    parts = {"host": {"xpu": 4, "nvsw": 2, "pciesw": 1, "nic": 4}, "leaf": {"port": 10}, "spine": {"port": 2}}
    kinds = {"nvsw": "switch", "pciesw": "switch"}
    nodes, edges = [], []
    for instance, count in full.items():
        for i in range(count):
            for part, n in parts[instance].items():
                for k in range(n):
                    node = {"id": f"{instance}.{i}.{part}.{k}"}
                    if not partial:
                        node |= {"type": kinds.get(part, part), "instance": instance, "instance_idx": i}
                    nodes.append(node)

    def edge(link: str, bandwidth: str, source: str, target: str) -> None:
        words = {} if partial else {"link": link}
        edges.append({"bandwidth": bandwidth, "source": source, "target": target, **words})

    for i in range(4):
        for k in range(4):
            for j in range(2):
                edge("nvlink", "225 GBps", f"host.{i}.xpu.{k}", f"host.{i}.nvsw.{j}")
            edge("pcie", "64 GBps", f"host.{i}.xpu.{k}", f"host.{i}.pciesw.0")
            edge("slow", "400 Gbps", f"host.{i}.nic.{k}", f"leaf.{i // 2}.port.{4 * (i % 2) + k}")
    for i in range(2):
        for j in range(2):
            edge("fast", "800 Gbps", f"leaf.{i}.port.{8 + j}", f"spine.{j}.port.{i}")
    graph = {"name": "clos"}
    data = {"directed": False, "edges": edges, "graph": graph, "multigraph": False, "nodes": nodes}
    return yaml.dump(data)


def test_the_expanded_form_is_the_same_graph(tmp_path):
    G = read(expanded(), tmp_path)
    assert file_format(tmp_path / "i.yaml") == "InfraGraph"
    assert nx.utils.graphs_equal(G, read(TEXT, tmp_path))
    # With partial annotations what is a switch inside a server is not known, so nor is the scale-up rate.
    bare = TEXT.replace(", physical: {bandwidth: {gigabytes_per_second: 225}}", "")
    assert nx.utils.graphs_equal(read(expanded(True), tmp_path), read(bare, tmp_path))


def test_what_a_service_leaves_open_is_not_said(tmp_path):
    """It writes a unit without a value, and pairs as many ends of a one2one edge as both sides have."""
    open_ = TEXT.replace('"port[0:8]"', "port").replace("host[0:2]", "host[:2]")
    assert nx.utils.graphs_equal(read(open_, tmp_path), read(TEXT, tmp_path))
    unit = TEXT.replace("gigabytes_per_second: 64", "choice: gigatransfers_per_second")
    assert nx.utils.graphs_equal(read(unit, tmp_path), read(TEXT, tmp_path))


def test_json_and_a_wrapped_infrastructure_are_the_same_graph(tmp_path):
    data = yaml.safe_load(TEXT)
    for one in (data, {"infrastructure": data, "annotations": {}}):
        assert nx.utils.graphs_equal(read(json.dumps(one, indent=1), tmp_path), read(TEXT, tmp_path))
        assert nx.utils.graphs_equal(read(json.dumps(one), tmp_path), read(TEXT, tmp_path))


def test_the_delay_of_a_link_is_that_of_its_cables(tmp_path):
    fast = "gigabits_per_second: 800}"
    slow = TEXT.replace(fast, f"{fast}, latency: {{choice: us, us: 3}}")
    assert {d["delay"] for u, v, d in read(slow, tmp_path).edges(data=True) if "spine" in v} == {3e-6}
    text = expanded().replace("- bandwidth: 800 Gbps", "- latency: 3 us\n  bandwidth: 800 Gbps")
    assert {d["delay"] for u, v, d in read(text, tmp_path).edges(data=True) if "spine" in v} == {3e-6}
    unsaid = TEXT.replace(fast, f"{fast}, latency: {{choice: ns}}")
    assert nx.utils.graphs_equal(read(unsaid, tmp_path), read(TEXT, tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "id: host.3.nic.2\n",
            "id: host.3.nic.1\n",
            r"line \d+, column 7: node 'host.3.nic.1' is there twice",
        ),
        ("id: leaf.1.port.9\n", "id: leaf\n", r"line \d+, column 7: id 'leaf': INSTANCE.NUMBER.COMPONENT"),
        ("source: leaf.1.port.9\n", "source: leaf.7.port.9\n", r"'leaf.7.port.9' is not among the nodes"),
        ("bandwidth: 800 Gbps", "bandwidth: 800 GT/s", r"column 14: bandwidth '800 GT/s': a number of Gbps"),
        ("bandwidth: 225 GBps", "bandwidth: many", r"line 3, column 14: bandwidth 'many'"),
        ("nodes:", "knots:", r"line 1: is no InfraGraph"),
    ],
)
def test_an_expanded_form_that_does_not_fit_is_refused_with_its_place(old, new, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        read(expanded().replace(old, new, 1), tmp_path)
