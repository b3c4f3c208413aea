"""Faults from the start: rows, keys, files, sweeps and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest

from fabric import Fabric
from fabric.words.errors import FabricsimError, NoRouteError, ParameterError
from sims.cli import main as cli
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.scenario.row import Row
from sims.scenario.scenario import Scenario
from sims.simulation import simulate
from sims.studies.sweep.bench import Bench
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import read_sweep
from topologies import fat_tree, load

SPEC = "fat-tree:k=4"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def four() -> Fabric:
    return Fabric.from_graph(load(SPEC))


def row_of(fabric: Fabric, algorithm: str = "ring", **settings: object) -> Row:
    job = AllReduce(fabric, topology=SPEC, digest="", **settings)  # type: ignore[arg-type]
    return job.row(algorithm, 10**8)


@pytest.mark.parametrize("routing", ["ecmp", "dmodk", "adaptive"])
@pytest.mark.parametrize(
    "faults", [{"fail": "cables=3;switches=tier3:1"}, {"degrade": "cables=25%:rate=10%"}]
)
def test_a_row_is_made_again_from_its_scenario(four: Fabric, routing: str, faults: dict[str, str]) -> None:
    row = row_of(four, "halving-doubling", routing=routing, seed=3, **faults)
    assert simulate(row.scenario) == row and row.scenario.seed == 3
    assert row.key != row_of(four, "halving-doubling", routing=routing, seed=3).key


def test_a_failed_cable_gives_what_the_graph_without_it_gives(four: Fabric, tmp_path: Path) -> None:
    graph = fat_tree(k=4)
    path = tmp_path / "cut.txt"
    path.write_text("16,24\n")  # a leaf and a spine of its pod
    row = row_of(four, routing="dmodk", fail=str(path))
    graph.remove_edge(16, 24)
    (expected,) = all_reduce(graph, "ring", [10**8], routing="dmodk")
    assert row.time_s == expected.time_s


def test_a_slow_cable_sets_the_pace_of_a_ring(four: Fabric, tmp_path: Path) -> None:
    """A packed ring crosses every leaf's cable to its endpoint: at a tenth of the rate, ten times the bytes'
    time."""
    path = tmp_path / "slow.txt"
    path.write_text("0,16\n")
    healthy = row_of(four, latency_profile="ideal", routing="adaptive")
    slow = row_of(four, latency_profile="ideal", routing="adaptive", degrade=f"{path}:rate=10%")
    bytes_s = 2 * 15 / 16 * 10**8 / 50e9
    assert slow.time_s - healthy.time_s == pytest.approx(9 * bytes_s)


def test_keys(four: Fabric, tmp_path: Path) -> None:
    plain = Scenario.of(topology=SPEC, ranks=16, algorithm="ring", size_bytes=8)
    assert "fail" not in plain.canonical()  # rows from before there were faults keep their keys
    first, second, other = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    for path, text in ((first, "16,24"), (second, "# the same\n24,16"), (other, "17,24")):
        path.write_text(text + "\n")
    rows = [row_of(four, fail=str(path)) for path in (first, second, other)]
    assert rows[0].key == rows[1].key != rows[2].key
    first.write_text("17,24\n")
    with pytest.raises(FabricsimError, match=r"a\.txt: what its file names changed"):
        simulate(rows[0].scenario)
    drawn = [row_of(four, routing="dmodk", seed=seed, fail=str(second)).key for seed in (1, 2)]
    assert drawn[0] == drawn[1]
    drawn = [row_of(four, routing="dmodk", seed=seed, fail="cables=1").key for seed in (1, 2)]
    assert drawn[0] != drawn[1]


def test_rows_with_faults_return_from_texts(four: Fabric) -> None:
    row = row_of(four, fail="cables=1", allow_partition=True)
    texts = {key: value if key == "utilisation" else str(value) for key, value in row.to_dict().items()}
    assert Row.from_dict(texts) == row


def test_a_pair_that_is_cut_off_is_a_clear_error(four: Fabric, tmp_path: Path) -> None:
    path = tmp_path / "leaf.txt"
    path.write_text("16\n")
    with pytest.raises(FabricsimError, match=r"leaf\.txt: cuts .* off from .*: leave it out, or allow a"):
        row_of(four, fail=str(path))
    with pytest.raises(NoRouteError, match=r"no path from endpoint 0 to endpoint 1 \(and \d+ more pairs\)"):
        row_of(four, fail=str(path), allow_partition=True)
    job = AllReduce(four, topology=SPEC, digest="", fail=str(path), allow_partition=True)
    failure = Bench().run(job.scenario("ring", 8))
    assert failure.to_dict()["error"].startswith("NoRouteError: no path from endpoint 0")


def test_who_needs_no_cut_pair_runs(four: Fabric, tmp_path: Path) -> None:
    path, ranks = tmp_path / "leaf.txt", tmp_path / "ranks.txt"
    path.write_text("16\n")  # endpoints 0 and 1 are gone
    ranks.write_text("".join(f"{e}\n" for e in range(2, 16)))
    row = row_of(four, fail=str(path), allow_partition=True, placement=str(ranks), routing="dmodk")
    assert row.scenario.ranks == 14 and simulate(row.scenario) == row


def test_placement_and_groups_are_those_of_the_healthy_fabric(four: Fabric) -> None:
    job = AllReduce(four, fail="cables=8", seed=1, placement="strided")
    healthy = AllReduce(four, placement="strided")
    assert job.placement.tolist() == healthy.placement.tolist()
    assert job.members.groups.tolist() == healthy.members.groups.tolist()
    assert job.degraded.n_links == four.n_links - 16 and job.fabric is four
    assert job.warnings == ["8 of 48 cables failed"]


def test_adaptive_on_a_damaged_fabric_says_that_it_is_a_bound(four: Fabric) -> None:
    said = AllReduce(four, fail="cables=3", routing="adaptive").warnings
    assert said[0] == "3 of 48 cables failed" and "an upper bound" in said[1]


def test_faults_in_a_sweep() -> None:
    spec = read_sweep(None, [f"topology={SPEC}", "fail=none,cables=1,switches=tier3:1", "seed=0..2",
                             "routing=dmodk", "degrade=none,cables=10%:rate=25%"])  # fmt: skip
    points = plan_sweep(spec).points
    # Where nothing is drawn the three seeds are one point.
    assert len(points) == 3 * 2 * 3 - 2
    assert {point.fail for point in points} == {"none", "cables=1", "switches=tier3:1"}
    bench = Bench()
    for point in points:
        row = bench.run(point)
        assert isinstance(row, Row) and row.scenario == point


def test_a_sweep_names_what_cannot_fail() -> None:
    with pytest.raises(FabricsimError, match=r"fail: 'cables=900': too many of 32 cables that may fail"):
        plan_sweep(read_sweep(None, [f"topology={SPEC}", "fail=none,cables=900"]))
    with pytest.raises(FabricsimError, match="allow_partition: 'maybe': yes or no"):
        read_sweep(None, [f"topology={SPEC}", "allow_partition=maybe"])


# --- command line ------------------------------------------------------------------------------------------


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


def test_allreduce_says_what_failed(run: Run, tmp_path: Path) -> None:
    words = ("--fail", "cables=2", "--fail", "switches=core:1", "--degrade", "cables=5:rate=50%")
    status, out, _ = run(
        "allreduce", SPEC, "--size", "1MiB", "--algorithm", "ring", *words, "--plot", "a.svg"
    )
    assert status == 0
    assert "# faults     fail cables=2;switches=tier3:1, degrade cables=5:rate=50%\n" in out
    assert (
        "# note       6 of 48 cables failed, those of 1 failed switch among them; 5 of 48 cables run at 50%"
        in out
    )
    assert "failed cables=2;switches=tier3:1" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_flows_show_and_check(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("flows", SPEC, "--size", "1MB", "--fail", "cables=25%", "--seed", "2")
    assert status == 0 and "# faults     fail cables=25%\n" in out and "8 of 48 cables failed" in out
    status, out, _ = run("topology", "show", SPEC, "--fail", "cables=tier2:4")
    assert status == 0 and "note: 4 of 48 cables failed" in out and "cables                       44\n" in out
    status, out, _ = run("topology", "check", SPEC, "--fail", "cables=tier2:1")
    assert status == 1 and "1 of 48 cables failed" in out


def test_topology_check_tells_what_a_partition_cuts(run: Run) -> None:
    status, out, _ = run("topology", "check", SPEC, "--fail", "switches=tier1:1", "--allow-partition")
    assert status == 1 and "58 of 240 pairs of endpoints have no path" in out


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--fail", "cables=100%"), "cut off"),
        (("--fail", "cabels=1"), "neither a number of cables or switches nor a file"),
        (("--fail", "cables=-1"), "how many, as a whole number or in per cent"),
        (("--degrade", "cables=1"), "the part of its rate that remains"),
        (("--fail", "switches=100%", "--allow-partition"), "no path from endpoint"),
    ],
)
def test_bad_faults_cost_one_line(run: Run, words: tuple[str, ...], rule: str) -> None:
    for command in (("allreduce", SPEC, "--size", "8"), ("flows", SPEC, "--size", "8")):
        status, out, err = run(*command, *words)
        assert (status, out) == (2, "") and err.count("\n") == 1 and rule in err


def test_a_graph_in_memory() -> None:
    graph: nx.Graph = fat_tree(k=4)
    (row,) = all_reduce(graph, "ring", [8], fail="cables=1")
    assert row.scenario.fail == "cables=1"
    assert simulate(row.scenario, Fabric.from_graph(graph)) == row
    with pytest.raises(ParameterError, match="fail: '3': neither a number of cables or switches nor a file"):
        all_reduce(graph, "ring", [8], fail=3)
