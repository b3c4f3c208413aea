"""InfraGraph: a two-tier Clos of servers is the leaf-spine that it is; each rule is broken once."""

from __future__ import annotations

import pytest

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
        ('"host[0:2]"', '"host[0:5]"', r"line 27 column 9: instance 'host\[0:5\]': there are 4"),
        ('"leaf[0]"', '"leaf[2]"', r"line 27 column 55: instance 'leaf\[2\]': there are 2"),
        ('"leaf[0]"', '"gone[0]"', r"line 27 column 55: instance 'gone\[0\]': one of host, leaf, spine"),
        ('"port[0:8]"', '"port[0:7]"', "line 27 column 3: one2one of 8 and 7 ends"),
        ("link: slow}", "link: none}", "line 27 column 3: link 'none' is not among"),
        ("device: server", "device: none", "line 20 column 3: device 'none'"),
        ("choice: xpu, count: 4", "choice: xpu, count: 0", "line 6 column 5: count 0"),
        ("gigabits_per_second: 800", "gigabits_per_second: x", "line 25 column 38: a bandwidth above zero"),
        ("instance: leaf", "instance: spine", "spine 0 is cabled to itself"),
        ("device: server, count: 4", "device: server, count: 400000", "1,600,004 XPUs and switches: at most"),
        ("{name: fast,", "{", "line 25 column 3: without a name"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(old, new, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        read(TEXT.replace(old, new), tmp_path)
