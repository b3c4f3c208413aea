"""Planes of a NIC in runs: what ECMP does by default, what is said of empty planes, one bound for all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fabric import Fabric
from fabric.routing.policies import parse_policy, policy_text
from sims import all_reduce, simulate
from sims.cli.main import app
from sims.jobs.allreduce import AllReduce
from sims.scenario.row import Row
from sims.show.words.table import collective_header, limit_lines
from sims.studies.explain.explainer import command
from topologies import load

EIGHT = "multi-plane:planes=8,endpoints=16,radix=8"
PLAIN = "fat-tree:endpoints=16,radix=8"


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(load(EIGHT))


def ring(fabric: Fabric, routing: str, **settings: str) -> Row:
    return all_reduce(fabric, "ring", 2**28, routing=routing, **settings)[0]


def test_the_default_is_a_queue_pair_for_each_plane_and_the_row_says_so(eight: Fabric) -> None:
    row = ring(eight, "ecmp")
    assert row.scenario.routing == "ecmp:qps=8" and row == ring(eight, "ecmp:qps=8")
    assert (row.planes, row.planes_used) == (8, 8)
    assert "routing ecmp:qps=8, one for each plane, seed" in " ".join(collective_header(row))
    assert ring(eight, "ecmp:salt=none").scenario.routing == "ecmp:qps=8,salt=none"


def test_stated_queue_pairs_and_old_keys_keep_their_meaning(eight: Fabric) -> None:
    """On a tree of one plane the default is what it was: the key is that of a row written before."""
    plain = Fabric.from_graph(load(PLAIN))
    row = ring(plain, "ecmp")
    assert row.scenario.routing == "ecmp:qps=1" and row.key == ring(plain, "ecmp:qps=1").key
    one = ring(eight, "ecmp:qps=1")
    assert one.scenario.routing == "ecmp:qps=1" and one.key != ring(eight, "ecmp").key
    assert simulate(one.scenario, eight) == one
    old = {name: value for name, value in one.to_dict().items() if not name.startswith("planes")}
    assert Row.from_dict(old).planes == 0 and "planes" not in "".join(limit_lines([Row.from_dict(old)]))


def test_texts_before_the_fabric_is_known() -> None:
    assert policy_text("ecmp") == "ecmp" and policy_text("ecmp:qps=1") == "ecmp:qps=1"
    assert str(parse_policy("ecmp", planes=4)) == "ecmp:qps=4"
    assert str(parse_policy("ecmp:qps=2", planes=4)) == "ecmp:qps=2"
    assert str(parse_policy("dmodk", planes=4)) == "dmodk"


@pytest.mark.parametrize("routing", ["ecmp", "ecmp:qps=1", "ecmp:qps=4", "dmodk", "adaptive", "spray"])
@pytest.mark.parametrize("engine", ["flow", "bound"])
def test_one_bound_for_every_routing(eight: Fabric, routing: str, engine: str) -> None:
    """A ring's bound is 2 (n - 1) / n of the bytes over the whole NIC: 50 GB/s, however it is used."""
    row = ring(eight, routing, engine=engine)
    assert row.efficiency * row.time_s == pytest.approx(2 * 15 / 16 * 2**28 / 50e9, rel=1e-12)
    assert row.efficiency <= 1


def test_planes_left_empty_are_named(eight: Fabric) -> None:
    for routing, used in (("ecmp:qps=1", "1"), ("ecmp:qps=4", "4"), ("dmodk", "1")):
        row = ring(eight, routing)
        (line,) = [line for line in limit_lines([row]) if line.startswith("# contention")]
        assert line.endswith(f"an endpoint uses {used} of 8 planes")
        assert row.contention == pytest.approx(8 / row.planes_used)
        assert row.efficiency == pytest.approx(row.planes_used / 8, rel=0.02)
    assert "planes" not in "".join(limit_lines([ring(eight, "ecmp")]))


def test_split_planes_and_a_plain_tree_come_out_alike(eight: Fabric) -> None:
    """The same NICs on eight planes and on one tree: a ring, which no fabric of full bisection slows, is
    within its latency of equally fast. (By one queue pair it would be eight times slower.)
    """
    plain = ring(Fabric.from_graph(load(PLAIN)), "ecmp:qps=8")
    assert ring(eight, "ecmp").busbw_GBps == pytest.approx(plain.busbw_GBps, rel=0.02)
    balanced = [all_reduce(f, "ring", 2**28, routing="adaptive")[0] for f in (eight, load(PLAIN))]
    assert balanced[0].efficiency == pytest.approx(balanced[1].efficiency, rel=0.02)


def test_two_leaves_are_planes_too() -> None:
    pod = Fabric.from_graph(load("preset:hpn-pod:segments=2"))
    row = all_reduce(pod, "hierarchical-ring", 2**28, ranks=64)[0]
    assert row.scenario.routing == "ecmp:qps=2" and row.planes_used == row.planes == 2
    half = all_reduce(pod, "hierarchical-ring", 2**28, ranks=64, routing="ecmp:qps=1")[0]
    assert half.efficiency < row.efficiency <= 1 and half.planes_used == 1


def test_commands_follow_the_same_rule(tmp_path: Path) -> None:
    """allreduce, flows, routing compare, compare and sweep, each by its own words."""
    rows = tmp_path / "rows.jsonl"
    assert "ecmp:qps=8, one for each plane" in run(
        "allreduce", EIGHT, "--algorithm", "ring", "--size", "1MiB", "--out", str(rows)
    )
    row = Row.from_dict(json.loads(rows.read_text()))
    assert "--routing ecmp:qps=8" in command(row.scenario)
    said = run("flows", EIGHT, "--traffic", "shift", "--size", "1MB")
    assert "routing ecmp:qps=8, one for each plane" in said and "planes used" not in said
    said = run("flows", EIGHT, "--traffic", "shift", "--size", "1MB", "--routing", "ecmp:qps=1")
    assert "planes used                1 of 8" in said
    said = run("routing", "compare", EIGHT, "--traffic", "shift", "--routing", "ecmp,ecmp:qps=1,ecmp:qps=8")
    assert said.count("\necmp:qps=8 ") == 1 and said.count("\necmp:qps=1 ") == 1
    out = tmp_path / "sweep"
    run("sweep", "--set", f"topology={PLAIN.replace(',', ',')}", "--set", "size=1MiB", "-o", str(out))
    other = tmp_path / "other"
    run(
        "sweep",
        "--set",
        f"topology={EIGHT}",
        "--set",
        "routing=ecmp,ecmp:qps=1",
        "--set",
        "size=1MiB",
        "-o",
        str(other),
    )
    routings = [json.loads(line)["routing"] for line in (other / "rows.jsonl").read_text().splitlines()]
    assert sorted(routings) == ["ecmp:qps=1", "ecmp:qps=8"]
    assert json.loads((out / "rows.jsonl").read_text())["routing"] == "ecmp:qps=1"


def test_a_changed_job_keeps_what_ran(eight: Fabric) -> None:
    job = AllReduce(eight)
    assert job.changed(seed=1).scenario("ring", 1).routing == "ecmp:qps=8"
    assert AllReduce(eight, routing="ecmp:qps=1").changed(seed=1).policy.qps == 1
