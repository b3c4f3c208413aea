"""What breaks the schema of a graph is said with its place in the file that the graph came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabric.words.errors import FileFormatError, ParameterError
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


def test_a_family_has_no_file() -> None:
    with pytest.raises(ParameterError):
        named("star:endpoints=0").fabric()
