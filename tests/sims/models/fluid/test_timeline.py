"""Goodput over time: what is noted holds the bytes, whatever a figure can show; figures and commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Paths
from fabric.words.errors import ParameterError
from sims.cli import main as cli
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.network import FluidNetwork
from sims.show.figures import plot_timeline, timeline_figure
from sims.show.figures.columns import column
from sims.show.figures.parts import parts
from topologies import load

Run = Callable[..., tuple[int, str, str]]


def test_a_step_down_where_a_flow_ends() -> None:
    """Two flows on links of their own, 2 and 6 bytes at 2 bytes/s: 4 until 1 s, then 2 until 3 s."""
    env, record = simpy.Environment(), Timeline()
    network = FluidNetwork(env, np.array([2.0, 2.0]), watch=record.watch)
    paths = Paths(ptr=np.array([0, 1, 2]), link=np.array([0, 1], np.int32))
    env.run(network.send(paths, np.array([2.0, 6.0])))
    record.end = float(env.now)
    assert (record.times, record.rates) == ([0.0, 1.0, 3.0], [4.0, 2.0, 0.0])
    assert record.delivered() == 8


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_every_byte_is_in_the_timeline_and_in_its_bins(flows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    env, record = simpy.Environment(), Timeline()
    network = FluidNetwork(env, rng.uniform(1, 9, 5), watch=record.watch)
    link = rng.integers(0, 5, flows).astype(np.int32)
    paths, size = Paths(ptr=np.arange(flows + 1), link=link), rng.uniform(1, 50, flows)
    env.run(network.send(paths, size, payload=2.0))
    record.end = float(env.now)
    assert record.delivered() == pytest.approx(2 * size.sum())
    for bins in (10_000, 7):
        edges, rates = record.steps(bins)
        assert len(edges) == len(rates) + 1
        assert np.sum(np.diff(edges) * rates) == pytest.approx(2 * size.sum())


def test_a_share_of_faults_is_a_column_of_numbers() -> None:
    assert parts("fail", "cables=tier1:0.5%;switches=tier2:3") == {"cables_percent": 0.5, "switches": 3.0}
    fabric = load("fat-tree:k=4")
    from fabric import Fabric

    rows = [AllReduce(Fabric.from_graph(fabric), fail=f).row("ring", 8) for f in ("none", "cables=10%")]
    share = column("fail.cables_percent", rows)
    assert [share.value(row) for row in rows] == [0.0, 10.0] and share.label == "cables failed (%)"
    with pytest.raises(ParameterError, match="no such column"):
        column("fail.switches", rows)


def test_the_figure_names_few_faults_and_counts_many() -> None:
    from matplotlib.figure import Figure

    few = Timeline(times=[0.0, 2.0, 3.0], rates=[4e9, 0.0, 4e9], end=8.0)
    few.marks = [(2.0, 5.0, "cable a - b"), (2.5, float("inf"), "switch c"), (9.0, 10.0, "after the end")]
    ax = Figure().subplots()
    plot_timeline(ax, few)
    assert [text.get_text() for text in ax.texts] == ["1", "2"]
    assert ax.get_xlabel() == "time (s)" and ax.get_ylabel() == "goodput of all transfers (GB/s)"
    many = Timeline(times=[0.0], rates=[4e12], end=8e-3)
    many.marks = [(i * 1e-3, i * 1e-3 + 1e-4, "flap") for i in range(8)]
    ax = Figure().subplots()
    plot_timeline(ax, many)
    assert not ax.texts and ax.get_xlabel() == "time (ms)" and "(TB/s)" in ax.get_ylabel()


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


SCHEDULE = '[[fault]]\nat = "5ms"\nlength = "4ms"\nfail = "switches=spine:1"\n'


def test_commands_draw_and_tell(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(SCHEDULE)
    struck = ("--fault-schedule", "f.toml", "--reroute-delay", "1ms", "--timeline", "t.svg")
    status, out, err = run("allreduce", "fat-tree:k=4", "--algorithm", "tree", "--size", "1GB", *struck)
    assert (status, err) == (0, "wrote t.svg\n")
    assert "# faults     during the run f.toml, rerouted after 1ms\n" in out
    assert "# 1 fault cost " in out and "lost to switches=spine:1, from 5 ms for 4 ms" in out
    text = (tmp_path / "t.svg").read_text(encoding="utf-8")
    assert "goodput of all transfers" in text and "switches=spine:1" in text
    status, out, err = run("flows", "fat-tree:k=4", "--size", "1GB", *struck)
    assert status == 0 and "faults                     1 struck" in out
    assert "switches=spine:1, from 5 ms for 4 ms: 4 cables" in out


def test_repeats_tell_the_distribution(run: Run) -> None:
    words = (
        "--flap",
        "2/s",
        "--flap-time",
        "9ms",
        "--reroute-delay",
        "1ms",
        "--iterations",
        "500",
        "--gap",
        "1ms",
    )
    status, out, _ = run("allreduce", "fat-tree:k=4", "--algorithm", "ring", "--size", "1GB", *words)
    assert status == 0 and "# repeated   500 all-reduces, 1ms of computing between two\n" in out
    assert "# 500 all-reduces of 1 GB in " in out and " faults cost " in out


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (
            ("--timeline", "t.svg"),
            "shows one run of engine flow, phase by phase: name one --algorithm and one --size",
        ),
        (("--timeline", "t.txt", "--algorithm", "ring", "--size", "8"), "t.txt"),
        (("--fault-schedule", "none.toml"), "no such file"),
        (("--faults", "none", "--flap", "3/d"), "faults none has no such part"),
        (("--mtbf-link", "5"), "a unit is needed"),
        (("--mtbf-link", "-5y"), "no time is negative"),
        (("--flap", "many"), "how many a day"),
    ],
)
def test_bad_options_cost_one_line(run: Run, tmp_path: Path, words: tuple[str, ...], rule: str) -> None:
    status, out, err = run("allreduce", "fat-tree:k=4", *words)
    assert (status, out) == (2, "") and err.count("\n") == 1 and rule in err
    assert not list(tmp_path.iterdir())


def test_a_figure_of_a_row(tmp_path: Path) -> None:
    from fabric import Fabric
    from sims.show.figures import save_figure

    path = tmp_path / "f.toml"
    path.write_text(SCHEDULE)
    job = AllReduce(Fabric.from_graph(load("fat-tree:k=4")), faults=str(path), reroute_delay="2ms")
    record = Timeline()
    row = job.row("ring", 10**9, record)
    save_figure(timeline_figure(record, row), tmp_path / "t.svg", [row])
    assert "rerouted after 2ms" in (tmp_path / "t.svg").read_text(encoding="utf-8").replace("\n", " ")


def test_many_ends_between_two_looks_are_bins_that_hold_the_same_bytes() -> None:
    """100 flows of 2 bytes/s, one ending each second: 64 means, each by the integral over its bin."""
    end, now = np.arange(1.0, 101.0), 128.0
    record = Timeline(times=[0.0], rates=[200.0], _sending=(end, np.full(100, 2.0)))
    record._until(now)
    record.end = now
    assert record.delivered() == pytest.approx(2 * end.sum())
    # Bins of 2 s, over the first second of which one flow more is under way than over the other.
    expected = [2 * (100 - 2 * k) - 1 for k in range(50)]
    assert record.rates == pytest.approx([*expected, 0.0])
    assert record.times == pytest.approx([2.0 * k for k in range(51)])
