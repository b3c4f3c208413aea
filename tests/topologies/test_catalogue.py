"""One text for family, preset or file; equal fabrics, equal canonical text; each promise broken once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from fabric.words.errors import FileFormatError, ParameterError
from topologies.catalogue import FAMILIES, Entry, canonical, explain, listing, load, source_digest
from topologies.families.fat_tree import fat_tree
from topologies.files.node_link import write_node_link
from topologies.parts.builder import Builder

# Two adapters of one host on one switch, as ibnetdiscover prints it.
DUMP = """
vendid=0x2c9
devid=0x1
switchguid=0x1
Switch\t2 "S-0000000000000001"\t\t# "LEAF" enhanced port 0 lid 1 lmc 0
[1]\t"H-0000000000000002"[1](2) \t\t# "node1 mlx5_0" lid 2 4xNDR
[2]\t"H-0000000000000003"[1](3) \t\t# "node1 mlx5_1" lid 3 4xNDR

vendid=0x2c9
devid=0x1
caguid=0x2
Ca\t1 "H-0000000000000002"\t\t# "node1 mlx5_0"
[1](2) \t"S-0000000000000001"[1]\t\t# lid 2 lmc 0 "LEAF" lid 1 4xNDR

vendid=0x2c9
devid=0x1
caguid=0x3
Ca\t1 "H-0000000000000003"\t\t# "node1 mlx5_1"
[1](3) \t"S-0000000000000001"[2]\t\t# lid 3 lmc 0 "LEAF" lid 1 4xNDR
"""


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "fabric.topo"
    path.write_text(DUMP)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "graph"  # the content counts, not the ending
    write_node_link(fat_tree(k=4), path)
    return path


def same(G: nx.Graph, H: nx.Graph) -> bool:
    return list(G.nodes(data=True)) == list(H.nodes(data=True)) and list(G.edges(data=True)) == list(
        H.edges(data=True)
    )


def test_family() -> None:
    spec = "fat-tree:endpoints=96,radix=16,oversubscription=3/1,rate=200Gbps,delay=10ns,gpus_per_server=4"
    G = load(spec)
    expected = fat_tree(
        endpoints=96, radix=16, oversubscription=[3, 1], rate=25e9, delay=10e-9, gpus_per_server=4
    )
    assert same(G, expected)
    assert G.graph["name"] == canonical(spec) and same(G, load(G.graph["name"]))


def test_preset() -> None:
    G = load("preset:colossus-100k:servers=16,rails=yes")
    assert (G.graph["preset"], G.graph["family"]) == ("colossus-100k", "fat-tree")
    assert canonical("preset:colossus-100k:rails=on,servers=12500") == "preset:colossus-100k:rails=true"
    assert canonical("preset: colossus-100k") == "preset:colossus-100k"


def test_node_link_file(saved: Path) -> None:
    assert same(load(str(saved)), fat_tree(k=4))
    assert load(str(saved)).graph == fat_tree(k=4).graph


def test_ibnetdiscover_file(dump: Path) -> None:
    assert load(str(dump)).number_of_nodes() == 3
    for G in (load(f"{dump}:nvlink=450GB/s"), load(str(dump), nvlink="450GB/s")):
        assert G.number_of_nodes() == 4 and G.edges[0, 3]["rate"] == 450e9
    assert canonical(f"{dump}:delay=25ns,nvlink=3600Gbps") == f"{dump}:nvlink=3.6Tbps"


def test_a_colon_in_a_file_name(tmp_path: Path, saved: Path) -> None:
    path = saved.rename(tmp_path / "a:k=v")
    assert len(load(str(path))) == 36


def test_nvlink_said_apart() -> None:
    assert same(
        load("fat-tree:k=4,gpus_per_server=2", nvlink="900GB/s"),
        load("fat-tree:k=4,gpus_per_server=2,nvlink=900GB/s"),
    )


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("fat-tree:k=8", "fat-tree:k=8"),
        ("fat-tree:rate=50GB/s,k=8,delay=25ns/250ns/500ns", "fat-tree:k=8"),  # all but k is the default
        ("fat-tree:k=8,rate=0.8Tbps", "fat-tree:k=8,rate=800Gbps"),
        ("fat-tree:radix=8,endpoints=9,oversubscription=1/1", "fat-tree:endpoints=9,radix=8"),
        ("fat-tree:k=8,gpus_per_server=4,nvlink=0GB/s", "fat-tree:k=8,gpus_per_server=4,nvlink=0"),
    ],
)
def test_canonical(spec: str, text: str) -> None:
    assert canonical(spec) == canonical(text) == text


def test_source_digest_is_of_the_contents(dump: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(dump.read_bytes()).hexdigest()
    other = tmp_path / "other"
    other.write_bytes(dump.read_bytes())
    assert source_digest(str(dump)) == source_digest(f"{other}:nvlink=450GB/s") == digest
    assert source_digest("fat-tree:k=8") == source_digest("preset:colossus-100k") == ""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            "fat_tree:k=4",
            r"topology: 'fat_tree': no family .* \(did you mean 'fat-tree'\? fabricsim topology list",
        ),
        ("", "topology: '': no family of this name"),
        ("preset:colosus-100k", "preset: 'colosus-100k': unknown .did you mean 'colossus-100k'"),
        ("preset:", "preset: '': unknown .legal: colossus-100k"),
        ("preset:colossus-100k:k=4", "parameter of preset:colossus-100k: 'k': unknown"),
        ("fat-tree:pods=4", "parameter of fat-tree: 'pods': unknown"),
        ("fat-tree", "endpoints: not given: needed: give k alone"),
        ("fat-tree:k=5", "k: 5: an even number"),
        ("missing.topo", "topology: 'missing.topo': no such file"),
        ("missing/graph:nvlink=450GB/s", "topology: 'missing/graph': no such file"),
    ],
)
def test_illegal_specs(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_illegal_files(tmp_path: Path, saved: Path, dump: Path) -> None:
    with pytest.raises(ParameterError, match="a folder"):
        load(str(tmp_path))
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk")
    with pytest.raises(FileFormatError, match=r"notes\.txt: neither node-link JSON nor the output of ibnet"):
        load(str(notes))
    with pytest.raises(ParameterError, match=r"nvlink: 450000000000\.0: needs servers of two"):
        load(f"{saved}:nvlink=450GB/s")
    with pytest.raises(ParameterError, match=r"'rails': unknown .*legal: nvlink, delay"):
        load(f"{dump}:rails=true")
    with pytest.raises(ParameterError, match="no such file"):
        source_digest(str(tmp_path / "gone.json"))


def test_nvlink_said_twice_or_in_vain() -> None:
    with pytest.raises(ParameterError, match="nvlink: '1GB/s': given twice"):
        load("fat-tree:k=4,gpus_per_server=2,nvlink=1GB/s", nvlink="1GB/s")
    with pytest.raises(ParameterError, match="needs servers"):
        load("fat-tree:k=4", nvlink="1GB/s")
    with pytest.raises(ParameterError, match="a unit is needed"):
        load("fat-tree:k=4,gpus_per_server=2", nvlink="450")


def test_every_family_says_what_it_is() -> None:
    assert all(entry.summary and entry.function.__doc__ for entry in FAMILIES.values())


@pytest.mark.parametrize("entry", listing(), ids=lambda entry: entry.name)
def test_every_parameter_is_explained_in_one_line(entry: Entry) -> None:
    lines = explain(entry.name)
    assert [line.parameter for line in lines] == list(entry.parameters)
    for parameter, default, example, line in lines:
        assert default == (entry.parameters[parameter] or default) and default and example
        assert 12 < len(line) <= 130 and "\n" not in line and not line.endswith(".")
    needed = {line.parameter for line in lines if line.default == "must be given"}
    if needed and entry.name != "fat-tree":
        with pytest.raises(
            ParameterError, match=f"{min(needed, key=list(entry.parameters).index)}: not given"
        ):
            load(entry.name)


@pytest.mark.parametrize("entry", FAMILIES.values(), ids=lambda entry: entry.name)
def test_families_take_the_same_for_granted(entry: Builder) -> None:
    """400 Gb/s, 5 m to the leaf, 50 and 100 m above, no servers but where rails are of servers, NVLink 4."""
    delay = entry.defaults["delay"]
    assert tuple(delay) == (25e-9, 250e-9, 500e-9)[: len(delay)] and len(delay) >= 2
    servers = 8 if entry.name in ("rail-only", "rail-optimized") else 0
    usual = {"rate": 50e9, "gpus_per_server": servers, "nvlink": 450e9, "nvlink_delay": 5e-9}
    assert {name: entry.defaults[name] for name in usual} == usual


def test_explain_says_which_values_are_legal() -> None:
    lines = {line.parameter: line for line in explain("fat-tree")}
    assert lines["k"] == ("k", "none", "8", "ports of a switch of the full tree; an even number, 2 or more")
    assert lines["rate"] == (
        "rate",
        "400Gbps",
        "400Gbps",
        "rate of a cable, each way; above zero, with its unit",
    )
    assert explain("preset:hpn-pod")[0].line == "segments of 1,024 GPUs; from 1 to 15"
    with pytest.raises(ParameterError, match=r"'torsu': no family or preset .*did you mean 'torus'"):
        explain("torsu")


def test_names_are_fetched_when_used() -> None:
    code = "import sys, topologies; assert 'networkx' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    import topologies.families.fat_tree

    for name in topologies.__all__:
        assert callable(getattr(topologies, name)) and name in dir(topologies)
    with pytest.raises(AttributeError, match="no attribute 'fat_trees'"):
        _ = topologies.fat_trees
