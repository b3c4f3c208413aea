"""The command line: good commands, and bad input that ends in one line on stderr and status 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from project import ROOT

from sims.cli import main as cli
from sims.jobs.collective import CollectiveJob
from sims.scenario.files import read_records
from sims.scenario.row import Row
from sims.scenario.version import model_version
from sims.simulation import simulate
from topologies import fat_tree, write_node_link

SAMPLES = ROOT.parent / "shared" / "samples"
SIZES = "8:1M:x64"  # 8 B, 512 B, 32 KiB

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in an empty folder; returns its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return command


def process(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    root = Path(cli.__file__).resolve().parents[1]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "sims.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )


# --- good commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["--set", "topology.k=4"], ["fat-tree:k=4"]),
        (["--set", "k=4", "--set", "seed=3"], ["fat-tree:k=4", "--seed", "3"]),
        (["--set", "switch_latency=300ns"], ["--latency-profile", "roce-400g:switch_latency=300ns"]),
        (
            ["--set", "qps=2", "--set", "routing=ecmp", "--set", "ranks=8"],
            ["--routing", "ecmp:qps=2", "--ranks", "8"],
        ),
        (["--set", "algorithm=ring,tree", "--set", "segment=1K"], ["--algorithm", "ring,tree:segment=1K"]),
        (["--set", "size=8,1K"], ["--sizes", "8,1K"]),
        (["--set", "topology=star:endpoints=8"], ["star:endpoints=8"]),
        (["--set", "allow_partition=true"], ["--allow-partition"]),
        (
            ["--set", "engine=packet", "--set", "mtu=1KiB", "--set", "k=2"],
            ["fat-tree:k=2", "--engine", "packet", "--mtu", "1KiB"],
        ),
    ],
    ids=lambda words: " ".join(words),
)
def test_set_is_the_option_of_that_name(run: Run, tmp_path: Path, words: list[str], same: list[str]) -> None:
    def rows(name: str, *given: str) -> list[dict[str, str]]:
        fabric = [] if given[0].startswith(("fat-tree", "star")) else ["fat-tree:k=8"]
        sizes = [] if {"--sizes", "size=8,1K"} & {*given} else ["--sizes", "1K"]
        status, _, err = run("allreduce", *fabric, *given, *sizes, "--out", name)
        assert status == 0, err
        return read_records(tmp_path / name)

    assert rows("a.csv", *words) == rows("b.csv", *same)


def test_set_in_other_commands(run: Run) -> None:
    for words in (["flows", "--size", "1K"], ["topology", "show"], ["topology", "check"]):
        changed = run(*words, "fat-tree:k=8", "--set", "topology.k=4")
        assert changed == run(*words, "fat-tree:k=4") and changed[0] == 0
    assert run("flows", "star:endpoints=4", "--set", "size=1K") == run(
        "flows", "star:endpoints=4", "--size", "1K"
    )


def test_a_process_runs_writes_and_draws(tmp_path: Path) -> None:
    done = process(
        "allreduce", "fat-tree:k=4", "--sizes", SIZES, "--out", "a.csv", "--plot", "a.svg", folder=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "wrote a.csv\nwrote a.svg\n")
    assert "all-reduce, simulated" in done.stdout and "busbw" in done.stdout
    rows = [Row.from_dict(record) for record in read_records(tmp_path / "a.csv")]
    assert len(rows) == 5 * 3
    assert simulate(rows[0].scenario) == rows[0]
    again = process("plot", "a.csv", "-o", "b.svg", folder=tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "wrote b.svg\n")
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_the_version_is_that_of_the_rows(run: Run) -> None:
    status, out, _ = run("--version")
    assert (status, out) == (0, f"fabricsim {model_version()}\n")


def test_help_names_the_commands(tmp_path: Path) -> None:
    done = process("--help", folder=tmp_path)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("allreduce", "flows", "plot", "topology"))


@pytest.mark.parametrize("rows", ["rows.csv", "rows.json", "rows.jsonl"])
@pytest.mark.parametrize("figure", ["figure.svg", "figure.png", "figure.pdf"])
def test_rows_and_figures_in_all_formats(run: Run, tmp_path: Path, rows: str, figure: str) -> None:
    first = run(
        "allreduce",
        "fat-tree:k=4",
        "--size",
        "1KiB,1MiB",
        "--algorithm",
        "ring,tree",
        "--out",
        rows,
        "--plot",
        figure,
    )
    assert first[0] == 0, first
    once = (tmp_path / figure).read_bytes()
    assert run("plot", rows, "-o", figure)[0] == 0
    assert (tmp_path / figure).read_bytes() == once
    assert len(read_records(tmp_path / rows)) == 4
    assert sorted(os.listdir(tmp_path)) == sorted([rows, figure])


def test_an_svg_names_its_axes_and_series(run: Run, tmp_path: Path) -> None:
    run("allreduce", "fat-tree:k=4", "--size", "1KiB,1MiB", "--algorithm", "ring,tree", "--plot", "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for words in ("message size", "bus bandwidth (GB/s)", "time", ">ring<", ">tree<", "fat-tree:k=4"):
        assert words in text, words


def test_the_same_command_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    words = ("allreduce", "fat-tree:k=4", "--size", "1MiB", "--placement", "random", "--seed", "9", "--out")
    outs = [run(*words, name)[1] for name in ("a.csv", "b.csv")]
    assert outs[0] == outs[1]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_auto_and_unequal_groups(run: Run) -> None:
    status, out, _ = run("allreduce", "fat-tree:k=4", "--ranks", "7", "--size", "1KiB")
    assert status == 0 and "left out" in out and "# hierarchical-ring\n" not in out
    status, out, _ = run("allreduce", "fat-tree:k=4", "--ranks", "7", "--size", "1KiB", "--algorithm", "auto")
    assert status == 0 and "# auto" in out


@pytest.mark.parametrize("traffic", ["permutation", "shift:3", "incast"])
def test_flows_of_a_pattern(run: Run, tmp_path: Path, traffic: str) -> None:
    status, out, _ = run("flows", "fat-tree:k=4", "--traffic", traffic, "--size", "1MB", "--out", "f.csv")
    assert status == 0 and "makespan" in out
    records = read_records(tmp_path / "f.csv")
    assert len(records) == (15 if traffic == "incast" else 16)
    assert max(float(r["end_s"]) for r in records) > 0


def test_flows_of_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("src,dst,size_bytes,start_s\n0,1,50000000,0\n2,1,50000000,1\n")
    status, out, _ = run(
        "flows",
        "fat-tree:k=4",
        "--traffic",
        "in.csv",
        "--latency-profile",
        "ideal",
        "--routing",
        "dmodk",
        "--out",
        "f.json",
    )
    assert status == 0 and "2 flows" in out
    ends = [r["end_s"] for r in json.loads((tmp_path / "f.json").read_text())]
    assert ends == pytest.approx([0.001 + 50e-9, 1.001 + 550e-9])


def test_topology_show_in_all_ways_of_naming(run: Run, tmp_path: Path) -> None:
    write_node_link(fat_tree(k=4), tmp_path / "g.json")
    small = "colossus-100k:servers=4"
    for words, endpoints in (
        (["fat-tree:k=4"], 16),
        (["--topology", "fat-tree:k=4"], 16),
        (["--graph", "g.json"], 16),
        (["g.json"], 16),
        (["--preset", small], 32),
        ([f"preset:{small}"], 32),
    ):
        status, out, err = run("topology", "show", *words)
        assert (status, err) == (0, "")
        assert f"endpoints          {endpoints:>12,}" in out


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
def test_a_dump_of_ibnetdiscover(run: Run) -> None:
    status, out, _ = run("allreduce", "--graph", str(SAMPLES / "dgx-ndr.ibnetdiscover"), "--size", "1GiB")
    assert status == 0 and "1073741824" in out


# --- bad input ---------------------------------------------------------------------------------------------


def refused(result: tuple[int, str, str], *culprits: str) -> None:
    status, out, err = result
    assert status == 2, (status, out, err)
    assert out == ""
    assert err.startswith("fabricsim: error: ") and err.endswith("\n") and err.count("\n") == 1, err
    for culprit in culprits:
        assert culprit in err, err


A, F = ("allreduce", "--size", "1KiB"), ("flows", "fat-tree:k=4", "--size", "1MB")


@pytest.mark.parametrize(
    ("words", "culprits"),
    [
        ((*A, "fat-tre:k=4"), ("fat-tre", "fat-tree")),
        ((*A, "--topology", "clos:k=4"), ("clos", "fat-tree")),
        ((*A, "--preset", "colosus"), ("colosus", "colossus-100k")),
        ((*A, "fat-tree:q=4"), ("'q'", "k")),
        ((*A, "fat-tree:k"), ("'k'", "key=value")),
        ((*A, "fat-tree:k=7"), ("k: 7", "6 and 8")),
        ((*A, "fat-tree:k=0"), ("k: 0", "at least 2")),
        ((*A, "fat-tree:k=-4"), ("k", "-4")),
        ((*A, "fat-tree:k=4,rate=0Gbps"), ("rate", "0Gbps")),
        ((*A, "fat-tree:k=4,rate=-1Gbps"), ("rate", "-1Gbps")),
        ((*A, "fat-tree:k=4,rate=400"), ("rate", "400", "unit")),
        ((*A, "fat-tree:k=8,gpus_per_server=8,nvlink=450"), ("nvlink", "450", "unit")),
        ((*A, "fat-tree:k=1000"), ("fat-tree:k=1000", "memory")),
        ((*A, "fat-tree:k=4", "--preset", "colossus-100k"), ("SPEC and --preset", "once")),
        ((*A, "--graph", "none.json"), ("none.json", "no such file")),
        ((*A, "none.json"), ("none.json", "no such file")),
        ((*A, "."), (".", "folder")),
        ((*A, "fat-tree:k=4", "--algorithm", "rign"), ("rign", "ring")),
        ((*A, "fat-tree:k=4", "--algorithm", "ring:segment=1"), ("segment", "channels")),
        ((*A, "fat-tree:k=4", "--algorithm", "hierarchical-ring", "--ranks", "7"), ("groups", "same size")),
        (
            (*A, "fat-tree:k=4", "--engine", "bound", "--algorithm", "hierarchical-ring:pipeline=true"),
            ("engine", "bound"),
        ),
        ((*A, "fat-tree:k=4", "--set", "topology.k=4,8"), ("--set: 'topology.k=4,8'", "one value")),
        ((*A, "fat-tree:k=4", "--set", "mtu=1KiB"), ("--set packet: 'mtu=1KiB'", "not of flow")),
        ((*A, "fat-tree:k=4", "--set", "radix"), ("--set: 'radix'", "key=value")),
        ((*A, "fat-tree:k=4", "--set", "kk=8"), ("'kk'", "topology.k")),
        ((*A, "fat-tree:k=4", "--set", "size.k=8"), ("size.k", "has no parts")),
        ((*A, "fat-tree:k=4", "--set", "channels=3", "--algorithm", "tree"), ("'channels'", "segment")),
        (("flows", "fat-tree:k=4", "--size", "1K", "--set", "ranks=4"), ("'ranks'", "not a setting of this")),
        (("topology", "show", "fat-tree:k=4", "--set", "ranks=4"), ("'ranks'", "legal: topology")),
        ((*A, "fat-tree:k=4", "--ranks", "17"), ("ranks: 17", "16")),
        ((*A, "fat-tree:k=4", "--ranks", "1"), ("ranks: '1'", "2")),
        ((*A, "fat-tree:k=4", "--ranks", "-3"), ("ranks", "-3")),
        ((*A, "fat-tree:k=4", "--ranks", "many"), ("ranks", "many")),
        ((*A, "fat-tree:k=4", "--placement", "randm"), ("randm", "random")),
        ((*A, "fat-tree:k=4", "--routing", "ecpm"), ("ecpm", "ecmp")),
        ((*A, "fat-tree:k=4", "--routing", "ecmp:qps=0"), ("qps", "0")),
        ((*A, "fat-tree:k=4", "--routing", "dmodk:qps=2"), ("qps", "2")),
        ((*A, "fat-tree:k=4", "--latency-profile", "roce"), ("roce", "roce-400g")),
        ((*A, "fat-tree:k=4", "--engine", "fluid"), ("fluid", "flow")),
        ((*A, "fat-tree:k=4", "--mtu", "1024"), ("--mtu", "--engine packet")),
        ((*A, "fat-tree:k=4", "--engine", "packet", "--mtu", "0"), ("mtu", "1 to")),
        ((*A, "fat-tree:k=4", "--engine", "packet", "--cc", "dctcp"), ("dctcp", "window")),
        (
            ("allreduce", "fat-tree:k=8", "--size", "128GiB", "--engine", "packet"),
            ("packet-hops", "at most 1 h is tried"),
        ),
        ((*F, "--ports", "ports.csv"), ("--ports", "--engine packet")),
        ((*F, "--engine", "bound"), ("bound", "flow, packet")),
        (
            (
                *("flows", "torus:dims=6", "--traffic", "shift:2", "--size", "1MB"),
                *("--engine", "packet", "--buffer", "20KiB"),
            ),
            ("deadlock", "6 -> 7; 7 -> 8"),
        ),
        ((*A, "fat-tree:k=4", "--seed", "-1"), ("seed", "-1")),
        ((*A, "fat-tree:k=4", "--colour"), ("--colour",)),
        ((*A, "fat-tree:k=4", "--out", "rows.txt"), ("rows.txt", ".csv")),
        ((*A, "fat-tree:k=4", "--out", "none/rows.csv"), ("none", "does not exist")),
        ((*A, "fat-tree:k=4", "--plot", "a.gif"), ("a.gif", ".svg")),
        (("allreduce", "fat-tree:k=4", "--size", "1Gbit"), ("1Gbit", "GiB")),
        (("allreduce", "fat-tree:k=4", "--size", "0"), ("0", "above zero")),
        (("allreduce", "fat-tree:k=4", "--size", "-8"), ("-8",)),
        (("allreduce", "fat-tree:k=4", "--sizes", "8:4:x2"), ("8:4:x2",)),
        ((*F, "--traffic", "permute"), ("permute", "permutation")),
        ((*F, "--traffic", "shift:16"), ("16", "1 to 15")),
        ((*F, "--resolution", "2"), ("resolution", "2")),
        (("flows", "fat-tree:k=4"), ("size",)),
        (("flows", "--size", "1MB"), ("topology", "name the fabric")),
        (("plot", "none.csv", "-o", "a.svg"), ("none.csv", "no such file")),
        (("plot", "none.csv"), ("--out",)),
        (("topology", "show"), ("topology", "name the fabric")),
        (("nonsense",), ("nonsense",)),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_input_is_one_line_and_writes_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], culprits: tuple[str, ...]
) -> None:
    refused(run(*words), *culprits)
    assert os.listdir(tmp_path) == []


def node_link(change: Callable[[dict], None] | None = None) -> str:  # type: ignore[type-arg]
    """The text of a tree in a file, changed."""
    import networkx as nx

    data = nx.node_link_data(fat_tree(k=4), edges="edges")
    if change:
        change(data)
    return json.dumps(data)


def set_rate(value: object) -> Callable[[dict], None]:  # type: ignore[type-arg]
    return lambda data: data["edges"][0].update(rate=value)


GRAPHS = {
    "truncated": (node_link()[:-40], ("line 1",)),
    "no-graph": ('{"a": 1}', ("not a node-link graph",)),
    "empty": ("", ("empty",)),
    "text": ("hello\n", ()),
    "no-kind": (node_link(lambda d: d["nodes"][3].pop("kind")), ("node 3", "kind")),
    "no-rate": (node_link(lambda d: d["edges"][0].pop("rate")), ("rate",)),
    "nan": (node_link(set_rate(float("nan"))), ("NaN",)),
    "zero": (node_link(set_rate(0)), ("rate", "0")),
    "negative": (node_link(set_rate(-5)), ("rate", "-5")),
    "disconnected": (node_link(lambda d: d["edges"].pop(0)), ()),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_bad_graph_file_is_one_line(run: Run, tmp_path: Path, name: str) -> None:
    text, culprits = GRAPHS[name]
    (tmp_path / f"{name}.json").write_text(text)
    refused(run(*A, "--graph", f"{name}.json", "--out", "a.csv"), *culprits)
    assert os.listdir(tmp_path) == [f"{name}.json"]


@pytest.mark.parametrize(
    ("text", "culprits"),
    [
        ("0\n1\n0\n", ("line 3", "endpoint 0")),
        ("0\n16\n", ("line 2", "16")),
        ("0\n", ("1 endpoint",)),
        ("\x00\xff", ("p.txt",)),
    ],
)
def test_a_bad_placement_file_is_one_line(
    run: Run, tmp_path: Path, text: str, culprits: tuple[str, ...]
) -> None:
    (tmp_path / "p.txt").write_bytes(text.encode("latin-1"))
    refused(run(*A, "fat-tree:k=4", "--placement", "p.txt", "--out", "a.csv"), "p.txt", *culprits)
    assert os.listdir(tmp_path) == ["p.txt"]


def test_a_bad_traffic_or_rows_file_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("src,dst,size_bytes\n0,99,8\n")
    refused(run("flows", "fat-tree:k=4", "--traffic", "t.csv"), "t.csv", "line 2", "99")
    refused(run("flows", "fat-tree:k=4", "--traffic", "t.csv", "--size", "1MB"), "size", "t.csv")
    refused(run("plot", "t.csv", "-o", "a.svg"), "row", "topology", "missing")
    assert run("allreduce", "fat-tree:k=4", "--size", "1KiB", "--algorithm", "ring", "--out", "r.csv")[0] == 0
    text = (tmp_path / "r.csv").read_text()
    (tmp_path / "r.csv").write_text(text.replace(",1024,", ",1025,"))
    refused(run("plot", "r.csv", "-o", "a.svg"), "key", "does not belong")
    (tmp_path / "r.csv").write_text(text[:-8])
    refused(run("plot", "r.csv", "-o", "a.svg"), "r.csv", "cut off")
    assert sorted(os.listdir(tmp_path)) == ["r.csv", "t.csv"]


def test_what_may_not_be_written_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    refused(run(*A, "fat-tree:k=4", "--out", "a.csv"), "--out", "a.csv", "may not be written")


def test_ctrl_c_keeps_the_finished_rows(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row, calls = CollectiveJob.row, []

    def interrupted(self: CollectiveJob, algorithm: str, size: int, _: None) -> Row:
        calls.append(algorithm)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return row(self, algorithm, size)

    monkeypatch.setattr(CollectiveJob, "row", interrupted)
    status, _, err = run("allreduce", "fat-tree:k=4", "--sizes", SIZES, "--out", "a.csv", "--plot", "a.svg")
    assert status == 130 and err == "wrote a.csv\nfabricsim: interrupted\n"
    assert [int(r["size_bytes"]) for r in read_records(tmp_path / "a.csv")] == [8, 512]
    assert os.listdir(tmp_path) == ["a.csv"]
