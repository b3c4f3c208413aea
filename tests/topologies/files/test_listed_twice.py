"""A port takes one cable: one check for all readers. What is listed from both ends is one cable."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from fabric import Fabric, measure
from fabric.words.errors import SchemaError
from sims.cli.main import main
from topologies import load, read_graph, write_graph
from topologies.files.exchange import READERS
from topologies.files.listed_twice import in_node_order

SHARED = ROOT.parent / "shared" / "cases" / "03-cable-listed-from-both-ends"
COLUMNS = (
    "source source_kind source_tier source_port target target_kind target_tier target_port rate_Gbps delay_s"
)


def cabled(cables: int = 2) -> nx.Graph:
    """Two leaves of two endpoints, a spine, and ``cables`` cables from each leaf to it, ports known."""
    G = nx.Graph(name="cabled")
    G.add_nodes_from((f"e{i}" for i in range(4)), kind="gpu", tier=0)
    G.add_nodes_from(("l0", "l1"), kind="switch", tier=1)
    G.add_node("s", kind="switch", tier=2)
    for i in range(4):
        G.add_edge(f"e{i}", f"l{i // 2}", rate=50e9, delay=1e-7, ports=[["nic", i % 2 + 1]])
    for leaf in range(2):
        ports = [[8 + c, leaf * cables + c] for c in range(cables)]
        G.add_edge(f"l{leaf}", "s", rate=50e9, delay=1e-7, cables=cables, ports=ports)
    return G


def listed(G: nx.Graph, random: Random, share: float = 1.0) -> list[list[Any]]:
    """A table of neighbours: every cable from one end, some from the other as well, in any order."""
    rows = []
    for u, v, data in G.edges(data=True):
        for p, q in data["ports"]:
            ends = [
                [u, G.nodes[u]["kind"], G.nodes[u]["tier"], p],
                [v, G.nodes[v]["kind"], G.nodes[v]["tier"], q],
            ]
            random.shuffle(ends)
            rows.append([*ends[0], *ends[1], 400, 1e-7])
            if random.random() < share:
                rows.append([*ends[1], *ends[0], 400, 1e-7])
    random.shuffle(rows)
    return rows


def write_rows(path: Path, rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS.split(), *rows])
    return path


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0, 1), st.integers(1, 3))
def test_a_table_of_neighbours_is_the_graph(
    tmp_path_factory: pytest.TempPathFactory, random: Random, share: float, cables: int
) -> None:
    """However many of the cables are listed from the other end too."""
    G = cabled(cables)
    rows = listed(G, random, share)
    found = read_graph(write_rows(tmp_path_factory.mktemp("t") / "x.csv", rows))
    total = 4 + 2 * cables
    assert measure(Fabric.from_graph(found)).cables == total
    assert {frozenset((u, v)): data.get("cables", 1) for u, v, data in found.edges(data=True)} == {
        frozenset((u, v)): data.get("cables", 1) for u, v, data in G.edges(data=True)
    }
    again = len(rows) - total
    notes = [note for note in found.graph.get("notes", ()) if "lists again" in note]
    assert notes == [] if not again else notes[0].startswith(f"Read {again} cable")
    assert not any("lower rate" in note for note in found.graph.get("notes", ()))  # all are of one
    assert not any("rates" in data for *_, data in found.edges(data=True))


@pytest.mark.parametrize("ending", [".json", ".graphml", ".csv"])
def test_every_reader_takes_a_cable_listed_twice_once(tmp_path: Path, ending: str) -> None:
    G = cabled()
    G.edges["l0", "s"].update(cables=3, ports=[[8, 0], [9, 1], [8, 0]], rates=[50e9, 50e9, 25e9])
    write_graph(G, tmp_path / f"x{ending}")
    found = read_graph(tmp_path / f"x{ending}")
    edge = found.edges["l0", "s"]
    assert (edge["cables"], sorted(map(list, edge["ports"]))) == (2, [[8, 0], [9, 1]])
    assert sorted(edge["rates"]) == [25e9, 50e9] and edge["rate"] == 25e9
    assert found.graph["notes"] == [
        "Read 1 cable once that the file lists again: l0 [8] - s [0].",
        "Took the lower rate of 1 cable listed with two: l0 [8] - s [0].",
    ]
    assert measure(Fabric.from_graph(found)).cables == 8
    assert load(str(tmp_path / f"x{ending}")).graph["notes"] == found.graph["notes"]


@pytest.mark.parametrize("ending", [".json", ".graphml", ".csv"])
@pytest.mark.parametrize(
    ("edge", "ports", "words"),
    [
        (("l1", "s"), [[8, 2], [9, 1]], "port 1 of 's' has 2 cables, to 'l0' port 9 and to 'l1' port 9"),
        (("l1", "s"), [[8, 2], [8, 3]], "port 8 of 'l1' has 2 cables, to 's' port 2 and to 's' port 3"),
        (("e3", "l1"), [["nic", 1]], "port 1 of 'l1' has 2 cables, to 'e2' port nic and to 'e3' port nic"),
        (("e3", "l1"), [["nic", 8]], "port 8 of 'l1' has 2 cables, to 'e3' port nic and to 's' port 2"),
        (("e3", "l1"), [[None, 1]], "port 1 of 'l1' has 2 cables, to 'e2' port nic and to 'e3':"),
    ],
)
def test_a_port_with_two_cables_is_refused_by_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ending: str,
    edge: tuple[str, str],
    ports: list[Any],
    words: str,
) -> None:
    G = cabled()
    G.edges[edge]["ports"] = ports
    with pytest.raises(SchemaError) as refused:
        Fabric.from_graph(G)
    assert words in str(refused.value)
    write_graph(G, tmp_path / f"x{ending}")
    monkeypatch.chdir(tmp_path)
    for command in ("topology check", "topology show", "topology import -o y.json"):
        monkeypatch.setattr(sys, "argv", ["fabricsim", *command.split(), f"x{ending}"])
        with pytest.raises(SystemExit) as stop:
            main()
        err = capsys.readouterr().err
        assert stop.value.code == 2 and err.count("\n") == 1
        assert words.split(", to")[0] in err and "a port takes one cable" in err


def test_every_reader_of_links_is_checked() -> None:
    """The dump's own reader finds a port with two peers line by line; the others share one check, but for
    those in which no ports stand."""
    portless = {"topology.txt", "Slurm", "htsim", "NCCL topology", "InfraGraph"}
    checked = {"node-link", "GraphML", "GEXF", "GML", "link-csv", "DOT"}
    assert set(READERS) == {"ibnetdiscover", *portless, *checked}


def test_unknown_ports_tell_nothing() -> None:
    G = cabled()
    G.edges["l0", "s"]["ports"] = [[None, None], [None, None]]
    del G.edges["l1", "s"]["ports"]
    assert measure(Fabric.from_graph(G)).cables == 8


@pytest.mark.parametrize("ports", [[[1, 2]], 7, [[1, 2], [3]], [[1, 2], [[3], 4]], "12"])
def test_ports_that_are_no_pair_per_cable(ports: Any) -> None:
    G = cabled()
    G.edges["l0", "s"]["ports"] = ports
    with pytest.raises(SchemaError, match=r"edge 'l0' - 's': ports = .*: 2 pairs of ports, one per cable"):
        Fabric.from_graph(G)


@pytest.mark.parametrize("ending", [".json", ".graphml"])
def test_ports_stay_at_their_ends_whichever_node_an_edge_names_first(tmp_path: Path, ending: str) -> None:
    """The spine stands first in the list of nodes here and second in its edges."""
    G = cabled()
    write_graph(G, path := tmp_path / f"x{ending}")
    text = path.read_text()
    rows = [line for line in text.splitlines() if '"s"' in line and ("kind" in line or "<node" in line)]
    assert len(rows) == 1
    row = rows[0].rstrip(",")
    first = next(line for line in text.splitlines() if '"e0"' in line and ("kind" in line or "<node" in line))
    moved = text.replace(rows[0] + "\n", "", 1).replace(
        first, f"{row}{',' * (ending == '.json')}\n{first}", 1
    )
    if ending == ".json":
        moved = moved.replace('},\n],\n"edges"', '}\n],\n"edges"')
        json.loads(moved)
    path.write_text(moved)
    found = read_graph(path)
    assert next(iter(found)) == "s"
    assert [list(pair) for pair in found.edges["l1", "s"]["ports"]] == [[2, 8], [3, 9]]
    assert measure(Fabric.from_graph(found)).cables == 8
    assert in_node_order(None, True) is None


def test_the_case_of_a_cable_listed_from_both_ends() -> None:
    if not SHARED.exists():
        pytest.skip("the case is not beside this checkout")
    once, both = (measure(Fabric.from_graph(load(str(SHARED / f"{name}.csv")))) for name in ("once", "both"))
    assert once == both and both.cables == 10 and both.bisection == 12.5e9


@pytest.mark.parametrize(("cables", "more"), [(3, ""), (4, " and 1 more")])
def test_three_of_the_cables_are_named(cables: int, more: str, tmp_path: Path) -> None:
    rows = [row for row in listed(cabled(cables), Random(0)) if {row[0], row[4]} != {"l1", "s"}]
    twice = [row for row in rows if {row[0], row[4]} == {"l0", "s"}]
    once = [row for row in rows if row not in twice and row[0] < row[4]]
    path = write_rows(tmp_path / "links.csv", once + twice)
    (note,) = [note for note in read_graph(str(path)).graph["notes"] if note.startswith("Read ")]
    assert note.startswith(f"Read {cables} cables once") and note.endswith(f"]{more}.")
    assert note.count(" - ") == 3


def test_entries_that_name_no_port_are_cables_of_their_own() -> None:
    """Nor do those of which an end is no plain value, or that are no pairs."""
    from topologies.files.listed_twice import cables_once

    for ports in ([[None, None]] * 2, [[[1], 2]] * 2, [[1, 2, 3]] * 2, [7, 7]):
        G = nx.Graph()
        G.add_edge(0, 1, rate=1.0, cables=2, ports=list(ports))
        assert cables_once(lambda path, G=G: G)("any").edges[0, 1]["cables"] == 2
        assert "notes" not in G.graph
    G.add_edge(0, 1, rates=[3.0, 2.0, 2.5], cables=3, ports=[[None, 4], [None, 4], [1, None]])
    read = cables_once(lambda path: G)("any")
    assert dict(read.edges[0, 1]) == {
        "rate": 2.0, "rates": [2.0, 2.5], "cables": 2, "ports": [[None, 4], [1, None]]
    }  # fmt: skip
    assert read.graph["notes"][1] == "Took the lower rate of 1 cable listed with two: 0 - 1 [4]."


@pytest.mark.parametrize(
    "rates", [{}, {"rate": "fast"}, {"rates": [1.0, "fast"]}, {"rates": [None, 1.0]}, {"rate": []}]
)
def test_rates_that_are_no_numbers_are_left_to_the_schema(rates: dict[str, Any]) -> None:
    from topologies.files.listed_twice import cables_once

    G = nx.Graph()
    G.add_edge(0, 1, cables=2, ports=[[1, 2], [1, 2]], **rates)
    read = dict(cables_once(lambda path: G)("any").edges[0, 1])
    assert read == ({"cables": 2, "ports": [[1, 2], [1, 2]], **rates} if rates else {"ports": [[1, 2]]})
