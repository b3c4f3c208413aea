"""Graphs with nothing in them: every command that looks at a topology ends with an answer or one line."""

from __future__ import annotations

import sys
from pathlib import Path

import networkx as nx
import pytest

from sims.cli.main import main
from topologies import write_node_link

GPU, LEAF, SPINE, SERVER = ("gpu", 0), ("switch", 1), ("switch", 2), ("nvswitch", 1)
GRAPHS = {
    "no cables": ({"a": GPU, "b": GPU, "s": LEAF}, []),
    "no switch": ({"a": GPU, "b": GPU}, []),
    "one endpoint": ({"a": GPU, "s": LEAF}, ["as"]),
    "one endpoint alone": ({"a": GPU}, []),
    "no endpoint": ({"s": LEAF, "t": SPINE}, ["st"]),
    "a server alone": ({"a": GPU, "b": GPU, "n": SERVER}, ["an", "bn"]),
    "cables between switches only": ({"a": GPU, "b": GPU, "s": LEAF, "t": SPINE}, ["st"]),
    "two switches of one tier": ({"a": GPU, "s": LEAF, "t": LEAF}, ["st"]),
}
COMMANDS = [
    "topology show",
    "topology check",
    "topology bom",
    "topology bom --prices sample",
    "topology draw -o x.svg",
    "topology draw -o x.svg --style folded",
    "topology draw -o x.svg --style adjacency",
    "topology export -o x.csv",
    "latency",
    "routing compare",
    "allreduce --size 1MiB --explain",
    "allreduce --size 1MiB --algorithm ring --allow-partition",
    "routing compare --traffic allreduce:ring --allow-partition",
    "flows --traffic permutation --size 1MB",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", GRAPHS)
def test_an_answer_or_one_line(
    name: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    nodes, edges = GRAPHS[name]
    G = nx.Graph(name=name)
    for node, (kind, tier) in nodes.items():
        G.add_node(node, kind=kind, tier=tier)
    G.add_edges_from(edges, rate=50e9, delay=25e-9)
    monkeypatch.chdir(tmp_path)
    write_node_link(G, "x.json")
    monkeypatch.setattr(sys, "argv", ["fabricsim", *command.split(), "x.json"])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    assert stop.value.code in (None, 0, 1) or (err.startswith("fabricsim: error: ") and err.count("\n") == 1)
    assert "nan" not in out.split() and "inf" not in out.split()


def test_a_server_alone_has_its_way_and_no_subnet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    test_an_answer_or_one_line("a server alone", "latency", tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(sys, "argv", ["fabricsim", "topology", "show", "x.json"])
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    assert " 2 links: 100.000% of the pairs" in out and "no path" not in out
    assert "no subnet: no endpoint is cabled to a switch" in out


def test_what_is_said_of_a_graph_without_cables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    test_an_answer_or_one_line("no cables", "latency", tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(sys, "argv", ["fabricsim", "topology", "show", "x.json"])
    with pytest.raises(SystemExit) as stop:
        main()
    out = capsys.readouterr().out
    assert not stop.value.code
    assert "bisection          not given: no cable joins anything" in out
    assert "hops (links)       no pair has a path" in out
