"""What no command expects is one line too: memory runs out, a disk fails, a file claims the impossible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import networkx as nx
import pytest
from project import ROOT

from sims.cli import main as cli
from topologies import fat_tree, star, torus, write_node_link

A = ("allreduce", "fat-tree:k=4", "--size", "1K")


def failing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What a command that fails says: one line, with status 2."""
    monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    err = capsys.readouterr().err
    assert caught.value.code == 2 and err.startswith("fabricsim: error: ") and err.count("\n") == 1, err
    return err.removeprefix("fabricsim: error: ")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("fabric.Fabric.from_graph", A),
        ("sims.jobs.collective.CollectiveJob.rows", A),
        ("sims.scenario.files.write_records", (*A, "--out", "a.csv")),
        ("sims.show.figures.of_collective.figure_file", (*A, "--plot", "a.svg")),
        ("topologies.files.exchange.write_graph", ("topology", "export", "star:endpoints=4", "-o", "a.json")),
        ("topologies.files.node_link.json_members", ("topology", "show", "g.json")),
    ],
)
def test_no_memory_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    where: str,
    words: tuple[str, ...],
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 EiB")

    monkeypatch.chdir(tmp_path)
    write_node_link(star(endpoints=3), "g.json")
    monkeypatch.setattr(where, full)
    said = "not enough memory (Unable to allocate 9 EiB): ask for less or use a larger machine\n"
    assert failing(capsys, monkeypatch, *words) == said
    assert [path.name for path in tmp_path.iterdir()] == ["g.json"]


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="no file that opens and cannot be read")
@pytest.mark.parametrize(
    "words",
    [
        ("topology", "show", "bad.txt"),
        ("calibrate", "bad.txt", "-o", "a.toml"),
        (*A, "--latency-profile", "bad.toml"),
        (*A, "--fault-schedule", "bad.toml"),
        (*A, "--fail", "bad.txt"),
        (*A, "--placement", "bad.txt"),
        (*A, "--routing", "static:file=bad.txt"),
        ("flows", "star:endpoints=4", "--traffic", "bad.txt"),
        ("sweep", "bad.toml", "-o", "out"),
        ("plot", "bad.csv", "-o", "a.svg"),
    ],
    ids=" ".join,
)
def test_an_input_that_cannot_be_read_is_not_blamed_on_the_output(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (bad,) = {word.rpartition("=")[2] for word in words if "bad." in word}
    os.symlink("/proc/self/mem", bad)
    said = failing(capsys, monkeypatch, *words)
    assert f"{bad}: cannot be read: Input/output error" in said and "standard output" not in said


def test_an_error_of_a_file_that_nobody_caught_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error", "somewhere.json")

    monkeypatch.setattr("fabric.Fabric.from_graph", fails)
    assert failing(capsys, monkeypatch, *A) == "somewhere.json: Input/output error\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_an_output_that_takes_no_more_is_blamed() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "sims.cli", "topology", "list"]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "fabricsim: error: standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("graph", "claim"),
    [
        (fat_tree(k=4), {"k": 342}),
        (star(endpoints=3), {"endpoints": 10_000_000}),
        (torus(dims=(3, 3)), {"dims": [216, 216, 216]}),
    ],
    ids=["fat-tree", "star", "torus"],
)
def test_a_claim_of_ten_million_endpoints_is_counted_and_not_built(
    graph: nx.Graph, claim: dict[str, object], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "g.json"
    write_node_link(graph, path)
    record = json.loads(path.read_text())
    record["graph"]["params"].update(claim)
    path.write_text(json.dumps(record))
    monkeypatch.setattr(sys, "argv", ["fabricsim", "topology", "check", str(path)])
    began = time.process_time()
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0 and time.process_time() - began < 5
    assert capsys.readouterr().err == ""
