"""What breaks the schema of a graph is said with its place in the file that the graph came from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.place import place_in
from topologies import star
from topologies.files.exchange import write_graph
from topologies.named import named

# What stands before a value, the value, what is put in its place, and what the error says of it.
DAMAGES = {
    "json": [
        ('"kind": ', '"gpu"', '"gpux"', "kind = 'gpux'"),
        ('"rate": ', "50000000000.0", "-5.0", "rate = -5.0"),
        ('"delay": ', "2.5e-08", "-1", "delay = -1"),
        ('"tier": ', "1", "-1", "tier = -1"),
    ],
    "graphml": [
        (">", "gpu<", "gpux<", "kind = 'gpux'"),
        (">", "50000000000.0<", "-5.0<", "rate = -5.0"),
        (">", "2.5e-08<", "-1.0<", "delay = -1.0"),
    ],
    "csv": [(",", "gpu,", "gpux,", "kind = 'gpux'"), (",", "400,", "-400,", "rate_Gbps = '-400'")],
}
CASES = [(ending, *damage) for ending, damages in DAMAGES.items() for damage in damages]


@pytest.mark.parametrize(("ending", "before", "old", "new", "words"), CASES)
def test_the_place_is_that_of_the_value(
    ending: str, before: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / f"g.{ending}"
    write_graph(star(endpoints=3), path)
    text = path.read_text(encoding="utf-8")
    index = text.rindex(before + old) + len(before)  # the last one, behind what is told of the whole graph
    path.write_text(text[:index] + new + text[index + len(old) :], encoding="utf-8")
    with pytest.raises(FileFormatError) as caught:
        named(str(path)).fabric()
    line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
    assert str(caught.value).startswith(f"{path}: line {line}, column {column}: "), caught.value
    assert words in str(caught.value)


def test_what_is_missing_has_the_place_of_its_edge(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_graph(star(endpoints=3), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["edges"][2]["rate"]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"line 1, column \d+: edge 2 - 3: missing rate") as caught:
        named(str(path)).fabric()
    column = int(str(caught.value).partition("column ")[2].partition(":")[0])
    assert path.read_text(encoding="utf-8")[column - 1 :].startswith(
        '{"delay": 2.5e-08, "source": 2, "target": 3}'
    )


def test_ids_that_are_lists_are_found(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    nodes = [{"id": [0, "a"], "kind": "gpu", "tier": 0}, {"id": [1], "kind": "switch", "tier": 7.5}]
    edges = [{"source": [0, "a"], "target": [1], "rate": 1e9, "delay": 0}]
    path.write_text(json.dumps({"nodes": nodes, "edges": edges}), encoding="utf-8")
    assert path.read_text(encoding="utf-8")[93:].startswith("7.5}")
    with pytest.raises(FileFormatError, match=r"line 1, column 94: node \(1,\): tier = 7.5: a whole number"):
        named(str(path)).fabric()


@pytest.mark.parametrize(
    "ids",
    [(0, 1, 2), ("0", "1", "2"), (2, "2", "x"), ((0, 1), "[0, 1]", 0), ('"a"', "a", "null")],
    ids=["numbers", "digits", "both", "lists", "quotes"],
)
def test_ids_are_found_whatever_they_are(ids: tuple[Any, ...], tmp_path: Path) -> None:
    """In GraphML all are texts, which may be JSON."""
    path = tmp_path / "g.graphml"
    write_graph(nx.relabel_nodes(star(endpoints=2), dict(enumerate(ids))), path)
    text = path.read_text(encoding="utf-8")
    values = [match.start() for match in re.finditer(r"(?<=>)(gpu|switch)(?=<)", text)]
    cables = [match.start() for match in re.finditer(r"(?<=>)50000000000\.0(?=<)", text)]
    assert (len(values), len(cables)) == (3, 2)
    for index in values + cables:
        new = "-" if index in cables else "x"
        path.write_text(text[:index] + new + text[index:], encoding="utf-8")
        with pytest.raises(FileFormatError) as caught:
            named(str(path)).fabric()
        assert str(caught.value).startswith(f"{path}: {place_in(text, index)}: "), caught.value


@pytest.mark.parametrize("other", [[], None])
def test_edges_are_found_under_the_name_that_holds_them(other: Any, tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_graph(star(endpoints=2), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["links"], data["edges"] = data["edges"], other
    data["links"][1]["rate"] = -7.5
    path.write_text(text := json.dumps(data), encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"edge 1 - 2: rate = -7\.5") as caught:
        named(str(path)).fabric()
    assert str(caught.value).startswith(f"{path}: {place_in(text, text.index('-7.5'))}: ")


def test_a_family_has_no_file() -> None:
    with pytest.raises(ParameterError):
        named("star:endpoints=0").fabric()
