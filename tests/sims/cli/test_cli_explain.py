"""``--explain`` as a user runs it: words, numbers that are the rows' own, and gains in every format."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sims.cli import main as cli
from sims.scenario.files import read_records
from sims.scenario.row import Row
from sims.simulation import simulate
from sims.studies.explain.explainer import explain

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


def test_allreduce_says_why_and_what_would_help(run: Run, tmp_path: Path) -> None:
    words = ["allreduce", "fat-tree:k=4", "--algorithm", "ring,halving-doubling", "--sizes", "4096,1M"]
    status, out, err = run(*words, "--placement", "random", "--explain", "--out", "rows.json")
    assert (status, err) == (0, "wrote rows.json\n")
    assert out.count("# why ring at 1 MiB takes ") == out.count("# what would help") - 1 == 1
    assert "# why halving-doubling at 1 MiB takes " in out and " at 4 KiB takes" not in out
    lines = out.splitlines()
    for name in ("2x leaf - spine", "packed placement", "perfect load balancing", "no latency"):
        assert sum(line.startswith(f"  {name} ") for line in lines) == 2
    with open(tmp_path / "rows.json", encoding="utf-8") as file:
        records = json.load(file)
    assert len(records) == 4 and all(len(record["gains"]) == 8 for record in records)
    row = Row.from_dict(records[0])
    assert simulate(row.scenario) == row and explain(row.scenario).gains == row.gains


def test_the_phases_with_most_of_the_time_are_named(run: Run) -> None:
    _, out, _ = run(
        *("allreduce", "fat-tree:k=4", "--algorithm", "halving-doubling", "--size", "1GiB", "--explain")
    )
    # The first and the last of 2 log2 16 rounds send half of the message each at line rate; the second sends
    # a quarter, two on a cable.
    assert "#   phases 1 and 8 of 8: 32.0% of the time" in out
    assert "#   phases 2 and 7 of 8: 32.0% of the time" in out
    assert out.index("phases 2 and 7") < out.index("2 of 16 links, 2 flows on each, 400 Gbps; pods 2 and 3")
    assert "flow on each" in out or "flows on each" in out


def test_gains_are_empty_where_they_were_not_asked_for(run: Run) -> None:
    run("allreduce", "fat-tree:k=4", "--algorithm", "ring", "--size", "1M", "--out", "plain.csv")
    run("allreduce", "fat-tree:k=4", "--algorithm", "ring", "--size", "1M", "--explain", "--out", "why.csv")
    (plain,), (why,) = read_records("plain.csv"), read_records("why.csv")
    assert plain["gains"] == "{}" and json.loads(why["gains"])["2x every cable"] > 0
    assert {**plain, "gains": ""} == {**why, "gains": ""} and plain["key"] == why["key"]


def test_what_has_no_tiers_says_so(run: Run) -> None:
    status, out, _ = run(*("allreduce", "dragonfly:p=2", "--algorithm", "ring", "--size", "1G", "--explain"))
    assert status == 0 and "switch - switch between pods" in out


def test_flows_say_why_the_last_one_takes_so_long(run: Run) -> None:
    words = ["flows", "fat-tree:k=4", "--size", "1GB", "--fail", "cables=2"]
    status, out, _ = run(*words, "--explain")
    assert status == 0 and "# why the last flow of 16 takes " in out and "  no faults " in out
    plain = run(*words)[1]
    assert out.startswith(plain)
    makespan = next(line.split()[1] for line in plain.splitlines() if line.startswith("makespan"))
    assert f"# why the last flow of 16 takes {makespan} " in out


@pytest.mark.parametrize("words", [("allreduce", "--size", "1M"), ("flows", "--size", "1GB")])
def test_a_figure_of_the_gains(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    command, *size = words
    for name in ("why.svg", "why.png", "why.pdf"):
        status, out, err = run(command, "fat-tree:k=4", *size, "--explain-plot", name)
        assert status == 0 and err.endswith(f"wrote {name}\n") and "# what would help" in out
        assert (tmp_path / name).stat().st_size > 4000
    text = (tmp_path / "why.svg").read_text(encoding="utf-8")
    assert "perfect load balancing" in text and "time saved (% of " in text
    status, out, err = run(command, "fat-tree:k=4", *size, "--explain-plot", "why.bmp")
    assert status == 2 and out == "" and "--explain-plot: 'why.bmp'" in err
    assert not (tmp_path / "why.bmp").exists()


def test_flows_of_packets_and_among_faults_are_explained(run: Run) -> None:
    words = ["flows", "fat-tree:k=4", "--size", "64KB", "--explain"]
    status, out, _ = run(*words, "--engine", "packet")
    assert status == 0 and "# note: the full links are those of the fluid model" in out
    status, out, _ = run(*words, "--faults", "quiet:flaps=1e6/s,flap_time=1us", "--reroute-delay", "1us")
    assert status == 0 and "# note: the full links are those of the undisturbed run" in out
    assert "  no faults " in out and "--faults none" in out


def test_an_all_reduce_of_packets_is(run: Run) -> None:
    words = ["allreduce", "star:endpoints=4", "--algorithm", "ring", "--size", "64KB", "--engine", "packet"]
    status, out, _ = run(*words, "--explain")
    assert status == 0 and "# note: the full links are those of the fluid model" in out
    assert "  2x endpoint - leaf " in out


def test_what_a_remedy_says_can_be_asked_for(run: Run) -> None:
    words = ["--size", "1G", "--placement", "random", "--out", "rows.json"]
    run("allreduce", "fat-tree:k=4", "--algorithm", "ring", *words, "--explain")
    (row,) = read_records("rows.json")
    status, out, _ = run(
        "allreduce", "fat-tree:k=4", "--algorithm", "ring", *words, "--upgrade", "leaf-spine"
    )
    (other,) = read_records("rows.json")
    assert status == 0 and "# faster     leaf-spine=2" in out and other["upgrade"] == "leaf-spine=2"
    assert row["time_s"] - other["time_s"] == row["gains"]["2x leaf - spine"]
    status, out, _ = run("flows", "fat-tree:k=4", "--size", "1GB", "--upgrade", "every-cable=4")
    assert status == 0 and "faster: every-cable=4" in out
    status, out, err = run("allreduce", "star:endpoints=4", "--size", "1M", "--upgrade", "leaf-spine")
    assert status == 2 and out == "" and "no kind of cable of star:endpoints=4 (legal: endpoint-leaf" in err
