"""A text that names a topology is read once; what is made of it agrees with what each call makes alone."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

import networkx as nx
import pytest

from fabric.words.errors import ParameterError
from topologies import colossus_100k, load, torus
from topologies.catalogue import PRESETS
from topologies.files.node_link import write_node_link
from topologies.named import named


@pytest.mark.parametrize("text", ["torus: wrap=no, dims=3/4", "preset:superpod-h100:su=1", "fat-tree:k=4"])
def test_text_size_graph_and_fabric_are_of_one_topology(text: str) -> None:
    topology = named(text)
    G, fabric = topology.graph(), topology.fabric()
    assert nx.utils.graphs_equal(G, load(topology.text)) and named(topology.text) == topology
    assert topology.size and topology.size[:2] == (len(G), G.number_of_edges())
    endpoints = sum(kind == "gpu" for _, kind in G.nodes(data="kind"))
    assert (fabric.name, fabric.n_endpoints) == (G.graph["name"], endpoints)
    assert topology.digest == "" and topology.disclaimer == G.graph.get("disclaimer", "")


def test_a_pattern_is_the_one_file_that_it_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells leave ``*.json:nvlink=450GB/s`` as it is. A file of that very name comes first."""
    (tmp_path / "a1").mkdir()
    write_node_link(torus(dims=3), tmp_path / "a1" / "ring.json")
    monkeypatch.chdir(tmp_path)
    assert named("a*/r?ng.json") == named("a1/ring.json") and named("a*/*.json").name == "a1/ring.json"
    said = named("*/ring.json:hosts_per_switch=4,rate=400Gbps")
    assert said == named("a1/ring.json:hosts_per_switch=4,rate=400Gbps")
    write_node_link(torus(dims=4), tmp_path / "[a].json")
    assert named("[a].json").name == "[a].json"
    (tmp_path / "a2.json").write_text("{}")
    with pytest.raises(ParameterError, match=r"topology: '\*/\*.jsn': matches no file"):
        named("*/*.jsn")
    with pytest.raises(ParameterError, match=r"matches 2 files, and one is needed \(.*legal: \[a\].json, a2"):
        named("*.json:nvlink=1TB/s")


def test_a_file_is_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_node_link(torus(dims=3), path)
    topology = named(f" {path} ")
    assert (topology.text, topology.size, topology.disclaimer) == (str(path), None, "")
    first = topology.digest
    assert first == hashlib.sha256(path.read_bytes()).hexdigest()
    write_node_link(torus(dims=4), path)
    assert topology.digest == first != named(str(path)).digest  # rows are held to what was asked first
    assert len(topology.graph()) == 8


def test_nothing_is_built_before_it_is_asked_for() -> None:
    topology = named("fat-tree:k=7")
    assert topology.text == "fat-tree:k=7"
    with pytest.raises(ParameterError, match="k: 7: an even number"):
        topology.graph()


def test_what_python_sees_of_a_family() -> None:
    assert [*inspect.signature(torus).parameters][:3] == ["dims", "endpoints_per_switch", "wrap"]
    assert [*inspect.signature(colossus_100k).parameters] == [*PRESETS["colossus-100k"].arguments]
    with pytest.raises(TypeError, match=r"torus\(\): takes keyword arguments only"):
        torus((4, 4))  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"torus\(\): missing a required argument: 'dims'"):
        torus()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"colossus_100k\(\): got an unexpected keyword argument 'k'"):
        colossus_100k(k=4)  # type: ignore[call-arg]
