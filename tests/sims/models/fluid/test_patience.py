"""What takes minutes to route or to strike says so before, and what takes hours is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.routing import effort
from fabric.routing.distance import distances
from fabric.routing.effort import search_seconds
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.contest import Contest
from sims.jobs.flow_run import FlowRun, traffic_of
from sims.models.fluid import patience
from sims.models.fluid.patience import flows_wait, schedule_wait
from sims.settings.setup import Setup
from sims.workload.collectives.doubling import recursive_doubling
from sims.workload.collectives.ring import ring
from topologies import fat_tree, torus


def grid() -> Fabric:
    return Fabric.from_graph(torus(dims=(16, 16)))


def test_the_price_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """256 x 256 pairs, of which a ring needs the 13 within two links, and half way round all."""
    every = np.arange(256)
    assert search_seconds(grid(), every, np.roll(every, -1)) == 0  # a matter of milliseconds
    monkeypatch.setattr(effort, "_MANY", 1)
    far = np.roll(every, 8 * 16 + 8)
    assert search_seconds(grid(), every, far) == pytest.approx(256 * 256 * (16e-9 + 3e-9))
    near = search_seconds(grid(), every, every ^ 1)
    assert near == pytest.approx(256 * 256 * (16e-9 * 13 / 256 + 3e-9))
    tree = Fabric.from_graph(fat_tree(k=4))
    assert search_seconds(tree, np.arange(16), np.roll(np.arange(16), 8)) == 0


def test_blocks_that_are_not_kept_are_searched_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MANY", 1)
    monkeypatch.setattr("fabric.routing.distance._BLOCK_BYTES", 1)
    monkeypatch.setattr("fabric.routing.distance._KEPT_BYTES", 1)
    every = np.arange(256)
    far = np.roll(every, 8 * 16 + 8)
    assert search_seconds(grid(), every, far) == pytest.approx(2 * 256 * 256 * 19e-9)
    fabric = grid()
    some = every[distances(fabric).number(fabric.leaf_index[fabric.leaves[far]]) == 2]
    assert len(some) == 64  # to the leaves of one block of four, which stays
    assert search_seconds(fabric, some, far[some]) == pytest.approx(256 * 64 * 19e-9)


def test_phases_add_up_and_what_takes_hours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MANY", 1)
    fabric, every = grid(), np.arange(256)
    schedule = recursive_doubling(256)
    each = [search_seconds(fabric, phase.src, phase.dst) for phase in schedule.phases]
    assert len(each) == 8
    assert schedule_wait(schedule, fabric, every).seconds == pytest.approx(sum(each))
    assert schedule_wait(ring(256), grid(), every).seconds < sum(each) / 8
    assert schedule_wait(schedule, fabric, every).foretold == ""
    monkeypatch.setattr(patience, "_LONG", 1e-3)
    words = "of one core to route: 65,536 distances between switches without tiers, in 8 phases"
    assert schedule_wait(schedule, fabric, every).foretold.endswith(words)
    job = CollectiveJob(fabric)
    (said,) = job.foretold(["ring", "auto", "recursive-doubling"])
    assert said.startswith("recursive-doubling takes about") and said.endswith(words)
    monkeypatch.setattr(patience, "MOST_SECONDS", 1e-3)
    with pytest.raises(ParameterError, match=f"topology: 'torus.*{words}; at most 1 ms is tried") as refused:
        job.program("recursive-doubling")
    assert str(refused.value).startswith("topology: 'torus")
    job.program("ring")


def test_flows_and_compared_policies_are_foretold_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of 65,536 distances stay, so that five policies search as often as one; detours go anywhere."""
    monkeypatch.setattr(effort, "_MANY", 1)
    every = np.arange(256)
    step = Contest(traffic="shift:1", routing="ecmp,spray").on(grid())
    assert step.foretold == ""
    one = flows_wait(grid(), every, np.roll(every, -1), [parse_policy("ecmp")]).seconds
    assert 0 < one == flows_wait(grid(), every, np.roll(every, -1), step.policies).seconds
    bent = flows_wait(grid(), every, np.roll(every, -1), [parse_policy("valiant")]).seconds
    round_a_ring = np.minimum(np.arange(16), 16 - np.arange(16))
    near = np.sum(round_a_ring[:, None] + round_a_ring <= 8)  # as far as half way round one of two rings
    assert bent == pytest.approx(256 * 256 * (16e-9 * near / 256 + 3e-9))
    monkeypatch.setattr(patience, "_LONG", 1e-5)
    words = "of one core to route: 65,536 distances between switches without tiers"
    assert step.foretold.startswith("256 flows take about") and step.foretold.endswith(words)
    alltoall = Contest(traffic="alltoall", routing="spray").on(grid())
    assert alltoall.foretold.endswith(words)
    setup = Setup(routing="ecmp")
    run = FlowRun.of(grid(), setup, traffic_of("shift:1", "1MB", grid(), 0))
    assert run.routing_wait.foretold == step.foretold
    monkeypatch.setattr(patience, "MOST_SECONDS", 1e-5)
    for refused in (run.run, lambda: next(step.balances()), lambda: next(alltoall.balances())):
        with pytest.raises(ParameterError, match=f"topology: 'torus.*{words}; at most 10 us is tried"):
            refused()
    packets = Setup(routing="ecmp", engine="packet")
    with pytest.raises(ParameterError, match=words):
        FlowRun.of(grid(), packets, traffic_of("shift:1", "1MB", grid(), 0)).run()


def test_tables_that_are_not_kept_are_searched_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MANY", 1)
    monkeypatch.setattr("fabric.routing.distance._BLOCK_BYTES", 1)
    monkeypatch.setattr("fabric.routing.distance._KEPT_BYTES", 1)
    every = np.arange(256)
    far = np.roll(every, 8 * 16 + 8)
    policies = [parse_policy("ecmp:qps=3"), parse_policy("spray")]
    seconds = flows_wait(grid(), every, far, policies).seconds
    assert seconds == pytest.approx((3 + 1) * 2 * 256 * 256 * 19e-9)


def test_a_run_follows_as_many_faults_as_an_hour_is_enough_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """3 ms of each fault and 70 ns of each of 96 links and of 56 hops of a ring: 3.01064 ms."""
    tree = Fabric.from_graph(fat_tree(k=4))
    often = {"faults": "quiet:flaps=1000/s,flap_time=1us", "repeat": "1s", "reroute_delay": "1us"}
    job = CollectiveJob(tree, **often)
    size = 10**6
    wait = job.campaign("ring", size).wait()
    assert wait.seconds == pytest.approx(1000 * 3.01064e-3)
    assert job.runs_foretold(["ring"], [size]) == []
    monkeypatch.setattr(patience, "_LONG", 3.0)
    said = "ring of 1 MB: about 1,000 faults take about 3 s of one core to follow"
    assert job.runs_foretold(["ring", "auto"], [size]) == [said]
    assert CollectiveJob(tree).runs_foretold(["ring"], [size]) == []
    monkeypatch.setattr(patience, "MOST_SECONDS", 999.5 * 3.01064e-3)
    few = "about 1,000 faults are to be expected, at most 99[89] .an hour of work on this fabric.: longer"
    with pytest.raises(ParameterError, match=few):
        job.check("ring", [size])
    flows = FlowRun.of(tree, Setup(**{**often, "repeat": "1"}), traffic_of("shift:8", "50GB", tree, 0))
    with pytest.raises(ParameterError, match=few):
        flows.faults_wait()
    # Less than one is to be expected; where one comes all the same, flows wait for repairs and more come.
    monkeypatch.setattr(patience, "MOST_SECONDS", 20 * 3.01064e-3)
    dead = {"faults": "quiet:flaps=1000/s,flap_time=1h", "allow_partition": True}
    with pytest.raises(ParameterError, match=r"20 within .*more than 20 faults before the run ends"):
        CollectiveJob(tree, **dead).campaign("ring", 20 * 10**6).run()
