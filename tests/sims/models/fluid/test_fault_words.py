"""What is said of faults during a run, and that no two faults of a schedule draw alike."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from fabric_zoo import graph

from fabric import Fabric
from fabric.damage.degraded import cable_links
from fabric.words.units import parse_time
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.jobs.flow_run import FlowRun, traffic_of
from sims.models.fluid.faults.outage import called
from sims.models.fluid.faults.schedule_file import read_schedule
from sims.settings.setup import Setup
from sims.show.figures.columns import short_time
from sims.show.words.faults import disturbance_lines
from sims.show.words.table import flows_lines
from topologies import fat_tree, load

FOUR = Fabric.from_graph(fat_tree(k=4))
EIGHT = Fabric.from_graph(load("fat-tree:k=8"))
RUN = {"undisturbed_s": 0.04, "median_s": 0.04, "p99_s": 0.04, "worst_s": 2.0, "passed_over": 0.0}


def test_a_cable_is_called_from_its_lower_end_up() -> None:
    fabric = Fabric.from_graph(graph("named", range(2), {"l": 1, "s": 2}, [(0, "l"), (1, "l"), ("l", "s")]))
    assert [called(fabric, cable) for cable in range(3)] == ["0 - l", "1 - l", "l - s"]


def test_both_shares_of_what_faults_cost_are_named() -> None:
    # 7,150 all-reduces of 40 ms are 286 s of a day; 207 s more are 207/493 of those and 207/86400 of the day.
    run = RUN | {"iterations": 7150.0, "duration_s": 86400.0, "lost_s": 207.0, "faults": 37.0}
    first, second = disturbance_lines("1 GiB", {"run": run})
    assert first.startswith("# 7,150 all-reduces of 1 GiB in 1 d: ")
    assert second == (
        f"# 37 faults cost 207 s: {207 / 493:.3%} of the time in all-reduces, "
        f"{207 / 86400:.3%} of the whole run"
    )


@pytest.mark.parametrize(
    ("lost", "words"), [(0.0, "1 fault cost nothing"), (-0.4, "1 fault saved 400 ms: 50.000% of the time in")]
)
def test_faults_that_cost_nothing_are_not_said_to_cost(lost: float, words: str) -> None:
    run = RUN | {"iterations": 30.0, "duration_s": 10.0, "lost_s": lost, "faults": 1.0}
    assert words in list(disturbance_lines("1 GiB", {"run": run}))[1]


@pytest.mark.parametrize(
    ("topology", "faults", "partition", "what"),
    [
        ("star:endpoints=4", "quiet:link_mtbf=1s", False, "no cable"),
        ("star:endpoints=4", "quiet:flaps=1/d", False, "no cable"),
        ("star:endpoints=4", "hpn", False, "no cable and no switch"),
        ("star:endpoints=4", "hpn", True, ""),
        ("star:endpoints=4", "quiet", False, ""),
        ("star:endpoints=4", "none", False, ""),
        ("fat-tree:k=4", "hpn", False, ""),
    ],
)
def test_what_cannot_fail_though_it_is_asked_to_is_told(
    topology: str, faults: str, partition: bool, what: str
) -> None:
    fabric = Fabric.from_graph(load(topology))
    job = AllReduce(fabric, faults=faults, repeat="2", allow_partition=partition)
    why = "each alone would cut off an endpoint (--allow-partition lets it fail)"
    assert [said for said in job.warnings if "can fail" in said] == (
        [f"{what} can fail: {why}"] if what else []
    )
    setup = Setup(faults=faults, allow_partition=partition)
    run = FlowRun.of(fabric, setup, traffic_of("permutation", "1KiB", fabric, setup.seed))
    told = list(flows_lines(topology, "one", run, setup, run.run()))
    assert any(f"{what} can fail: {why}" in line for line in told) == bool(what)


def test_the_shares_of_a_run_add_up(tmp_path: Path) -> None:
    """What is said of a run equals what its row gives: three cores die and routing takes 1 s."""
    path = tmp_path / "one.toml"
    path.write_text('[[fault]]\nat = "20ms"\nlength = "30s"\nfail = "switches=core:3"\n')
    given = {"faults": str(path), "repeat": "1h", "gap": "10s"}
    (row,) = all_reduce(FOUR, "ring", [2**30], **given)
    run = row.disturbance["run"]
    alone = run["iterations"] * run["undisturbed_s"]
    (_, said, *_) = disturbance_lines("1 GiB", row.disturbance)
    assert f"{1 - alone / (row.time_s * run['iterations']):.3%} of the time in all-reduces" in said
    gaps = 10 * (run["iterations"] - 1)
    assert f"{(run['duration_s'] - gaps - alone) / run['duration_s']:.3%} of the whole run" in said
    assert " in 1 h: " in next(disturbance_lines("1 GiB", row.disturbance))


@pytest.mark.parametrize(
    ("repeat", "gap", "seconds"), [("1h", "10s", 10.0), ("10min", "0s", 0.0), ("1s", "5s", 5.0)]
)
def test_as_many_begin_within_a_time_as_have_their_gap_in_it(repeat: str, gap: str, seconds: float) -> None:
    # Number k begins at k (T + gap), the first at 0: those below the duration are ceil(duration / (T + gap)).
    (row,) = all_reduce(FOUR, "ring", [2**30], repeat=repeat, gap=gap)
    run = row.disturbance["run"]
    each = run["undisturbed_s"] + seconds
    assert run["iterations"] == math.ceil(parse_time(repeat) / each)
    assert run["duration_s"] == pytest.approx(run["iterations"] * each - seconds, rel=1e-12)


def test_ticks_of_long_times_have_no_exponent() -> None:
    assert [short_time(10.0**n) for n in (2, 3, 5)] == ["100 s", "1,000 s", "100,000 s"]


def _drawn(path: Path, fabric: Fabric, seed: int) -> list[list[int]]:
    found = read_schedule(str(path)).outages(fabric, seed, allow_partition=True)
    return [outage.cables.tolist() for outage in found]


def _schedule(path: Path, faults: int, fail: str) -> Path:
    path.write_text(f'[[fault]]\nat = "1s"\nlength = "1s"\nfail = "{fail}"\n' * faults)
    return path


def test_no_fault_of_one_seed_is_a_fault_of_another(tmp_path: Path) -> None:
    path = _schedule(tmp_path / "s.toml", 6, "cables=5%")
    drawn = [tuple(cables) for seed in range(20) for cables in _drawn(path, EIGHT, seed)]
    # 19 of 384 cables, 120 times: two alike would come about once in 10^29.
    assert len(set(drawn)) == 120
    assert _drawn(path, EIGHT, 3) == _drawn(path, EIGHT, 3)


def test_the_larger_fault_holds_the_smaller_and_leaves_the_others_alone(tmp_path: Path) -> None:
    small = _drawn(_schedule(tmp_path / "a.toml", 3, "cables=5"), EIGHT, 7)
    large = _drawn(_schedule(tmp_path / "b.toml", 4, "cables=9"), EIGHT, 7)
    assert len(large) == 4 and all(set(a) < set(b) for a, b in zip(small, large))


def test_faults_of_neighbouring_seeds_are_uncorrelated(tmp_path: Path) -> None:
    """Which cable each takes, over 2,000 seeds: no number tells of the next, nor of the next seed's."""
    path = _schedule(tmp_path / "s.toml", 3, "cables=1")
    seeds = 2_000
    taken = np.array([[cables[0] for cables in _drawn(path, FOUR, seed)] for seed in range(seeds)])
    assert len(np.unique(taken)) == len(cable_links(FOUR))
    pairs = [(taken[:, 0], taken[:, 1]), (taken[:, 1], taken[:, 2]), (taken[1:, 0], taken[:-1, 1])]
    pairs += [(taken[1:, n], taken[:-1, n]) for n in range(3)]
    for a, b in pairs:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / seeds**0.5  # 4.5 standard deviations of no correlation


def test_a_schedule_names_hosts_and_lists(tmp_path: Path) -> None:
    names = {n: f"n{n // 4 + 1:02} mlx5_{n % 4}" if n < 16 else f"sw[{n}]" for n in range(36)}
    G = fat_tree(endpoints=16, radix=8, gpus_per_server=4)
    for n in G:
        G.nodes[n]["name"] = names.get(n, str(n))
    fabric = Fabric.from_graph(G)
    path = tmp_path / "named.toml"
    path.write_text(
        '[[fault]]\nat = "1s"\nnode = "n[01,03]"\n'
        '[[fault]]\nat = "2s"\ncable = "n[01-02],sw[16]"\n'
        '[[fault]]\nat = "3s"\nnode = "n02 mlx5_3"\n'
    )
    found = read_schedule(str(path)).outages(fabric, 0, allow_partition=True)
    ends = [sorted({int(fabric.link_src[i]) for i in cable_links(fabric)[o.cables, 0]}) for o in found]
    leaf = int(fabric.arc_dst[fabric.arc_up[0]])
    assert fabric.label(leaf) == "sw[16]" and leaf == 16
    assert ends[0] == [0, 1, 2, 3, 8, 9, 10, 11] and ends[2] == [7]
    on_leaf = [n for n in range(8) if int(fabric.arc_dst[fabric.arc_up[n]]) == leaf]
    assert ends[1] == on_leaf and on_leaf
