"""Several jobs on one fabric, derived by hand: who waits for whom on one link, and what each is told."""

import json
import math

import numpy as np
import pytest

from fabric.words.errors import FabricsimError, ParameterError
from sims import simulate
from sims.jobs.together.job import RunJob, run_jobs
from sims.models.step.several import Pace
from sims.scenario.row import read_result
from sims.scenario.run_row import RunRow
from topologies import load
from topologies.named import named

# Two leaves with four endpoints each and one cable of 50 GB/s between them.
NECK = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=4,rate=400Gbps"
GB = 10**9


def send(name, ranks, place, size=50 * GB, compute="0s", iterations=2, **more):
    """A job whose ranks compute, and then send ``size`` bytes round a ring."""
    step = [{"compute": compute}, {"collective": "send-recv", "over": "all", "size": size}]
    return {"name": name, "ranks": ranks, "placement": place, "iterations": iterations, "step": step, **more}


def run(jobs, background=(), text=NECK, **settings):
    mix = json.dumps({"job": list(jobs), "background": list(background)})
    topology = named(text)
    given = {"latency_profile": "ideal", **settings}
    return RunJob(topology.fabric(), topology=topology.text, digest="", mix=mix, **given)


def test_two_jobs_share_the_one_cable_between_leaves():
    # Each has one rank under each leaf: alone 50 GB take 1 s over the cable, both at once 2 s.
    row = run([send("a", 2, "hostlist:0,4"), send("b", 2, "hostlist:1,5")]).row()
    for name, other in (("a", "b"), ("b", "a")):
        one = row.jobs[name]
        assert one["alone_s"] == pytest.approx(1.0)
        assert row.iterations[name] == pytest.approx([2.0, 2.0])
        assert one["slowdown"] == pytest.approx(2.0)
        assert row.slows[name] == {other: pytest.approx(2.0)}
        assert one["exposed"] == 1.0
    assert row.makespan_s == pytest.approx(4.0)


def test_a_job_below_one_leaf_slows_nobody():
    row = run([send("a", 2, "hostlist:0,4"), send("b", 2, "hostlist:1,2")]).row()
    assert row.slows == {"a": {"b": pytest.approx(1.0)}, "b": {"a": pytest.approx(1.0)}}
    assert [one["slowdown"] for one in row.jobs.values()] == pytest.approx([1.0, 1.0])


def test_computing_beside_sending_hides_the_other():
    # a sends for 1 s and then computes for 1 s, b the other way round: they never meet.
    a = send("a", 2, "hostlist:0,4", compute="1s", iterations=3)
    b = send("b", 2, "hostlist:1,5", compute="1s", iterations=3, start="1s")
    row = run([a, b]).row()
    assert row.jobs["a"]["slowdown"] == row.jobs["b"]["slowdown"] == pytest.approx(1.0)
    assert row.jobs["a"]["exposed"] == pytest.approx(0.5)
    # In step they share the cable: computing 1 s, then 2 s for what takes 1 s alone.
    row = run([a, {**b, "start": "0s"}]).row()
    assert row.jobs["a"]["mean_s"] == pytest.approx(3.0)
    assert row.jobs["a"]["slowdown"] == pytest.approx(1.5)


def test_a_late_start_shares_only_the_rest():
    # a has 1 s for itself (50 of 100 GB), then both share: b's 50 GB and a's other 50 take 2 s.
    a = send("a", 2, "hostlist:0,4", size=100 * GB, iterations=1)
    b = send("b", 2, "hostlist:1,5", iterations=1, start="1s")
    row = run([a, b]).row()
    assert row.iterations == {"a": [pytest.approx(3.0)], "b": [pytest.approx(2.0)]}
    assert row.jobs["b"]["start_s"] == 1.0 and row.jobs["b"]["end_s"] == pytest.approx(3.0)


def test_background_takes_its_load_of_the_cable():
    # Incast of two endpoints: 40% of 50 GB/s for 100 ms over the neck each period of 100 ms. The job's 50 GB
    # share it: while a burst of 2 GB is under way both have half, so that it takes 0.08 s, in which the job
    # gets 2 GB; the other 0.02 s it has all: 3 GB in 0.1 s, 30 GB/s.
    noise = {"name": "n", "traffic": "incast", "load": "40%", "period": "100ms", "placement": "hostlist:5,1"}
    row = run([send("a", 2, "hostlist:0,4", iterations=1)], [noise]).row()
    assert row.jobs["a"]["alone_s"] == pytest.approx(1.0)
    assert row.jobs["a"]["mean_s"] == pytest.approx(50 / 30, rel=0.03)
    assert row.slows["a"]["n"] == pytest.approx(row.jobs["a"]["slowdown"])
    assert row.background["n"]["late"] == 0.0 and row.background["n"]["load"] == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize(
    "settings", [{"upgrade": "endpoint-leaf=100"}, {"degrade": "cables=100%:rate=50%"}], ids=str
)
@pytest.mark.parametrize("traffic", ["permutation", "incast", "all-to-all"])
def test_background_offers_what_it_did_whatever_is_upgraded_or_broken(traffic, settings):
    noise = {"name": "n", "traffic": traffic, "load": "30%", "period": "10ms", "placement": "hostlist:1,5,6"}
    jobs = [send("a", 2, "hostlist:0,4", iterations=1)]
    (plain,), (other,) = run(jobs, [noise]).bursts, run(jobs, [noise], **settings).bursts
    assert other.size == plain.size


def test_background_that_does_not_get_through_is_told():
    noise = {"name": "n", "traffic": "all-to-all", "load": "100%", "period": "10ms", "placement": "packed"}
    row = run([send("a", 2, "hostlist:0,4", iterations=1)], [noise]).row()
    assert row.background["n"]["late"] > 0.5 and row.background["n"]["load"] < 0.5


def test_stragglers_hold_all_up():
    one = send("a", 4, "hostlist:0-3", size=1000, compute="1s", stragglers=1, slowdown=1.5)
    row = run([{**one, "placement": "hostlist:0,1,2,3"}]).row()
    assert row.jobs["a"]["mean_s"] == pytest.approx(1.5)
    assert row.jobs["a"]["stragglers"] == 4
    assert row.jobs["a"]["slowdown"] == pytest.approx(1.0)  # alone they are as slow


def test_jitter_is_that_of_the_slowest_of_so_many():
    # The largest of n lognormal factors: P(at most x) = Phi(ln x / sigma)^n, whose median is known.
    from statistics import NormalDist

    pace = Pace(ranks=1000, jitter=0.05)
    median = math.exp(0.05 * NormalDist().inv_cdf(0.5 ** (1 / 1000)))
    assert pace.slowest(0.5, 0.5) == pytest.approx(median)
    rng = np.random.default_rng(1)
    drawn = np.exp(0.05 * rng.standard_normal((2000, 1000))).max(axis=1)
    told = [pace.slowest(u, 0.5) for u in rng.random(2000)]
    assert np.mean(told) == pytest.approx(drawn.mean(), rel=3e-3)
    assert np.quantile(told, [0.1, 0.9]) == pytest.approx(np.quantile(drawn, [0.1, 0.9]), rel=5e-3)
    mixed = Pace(ranks=10, jitter=0.0, stragglers=3, slowdown=1.2)
    assert mixed.slowest(0.3, 0.9) == pytest.approx(1.2)


def test_the_same_pace_alone_and_together():
    jobs = [send("a", 2, "hostlist:0,4", size=1000, compute="1s", jitter="5%", iterations=4)]
    jobs.append(send("b", 2, "hostlist:1,2", size=1000, compute="1s", jitter="5%", iterations=4))
    row = run(jobs).row()
    assert len(set(row.iterations["a"])) == 4 and row.iterations["a"] != row.iterations["b"]
    assert row.jobs["a"]["slowdown"] == pytest.approx(1.0, abs=1e-6)
    assert run(jobs, seed="1").row().iterations["a"] != row.iterations["a"]


@pytest.mark.parametrize("compute", ["1us", "1s", "1000s"])
def test_times_of_a_row_agree_to_a_share_of_themselves(compute):
    """Not to so many seconds: a ten-thousandth is refused of iterations of any length."""
    row = run([send("a", 2, "packed", size=1, compute=compute)]).row()
    one = row.jobs["a"]
    for change, rule in (
        ({"mean_s": one["mean_s"] * 1.0001}, "its mean_s"),
        ({"alone_s": one["alone_s"] * 1.0001}, "its slow"),
    ):
        with pytest.raises(ParameterError, match=rule):
            RunRow.from_dict({**row.to_dict(), "jobs": {"a": {**one, **change}}})
        change = {name: one[name] * (1 + 1e-9) for name in change}  # what printing may cost
        RunRow.from_dict({**row.to_dict(), "jobs": {"a": {**one, **change}}})


def test_a_row_runs_again_and_reads_back():
    row = run([send("a", 2, "packed", jitter="1%"), send("b", 4, "random")]).row()
    assert simulate(row.scenario) == row
    assert read_result(row.to_dict()) == row
    texts = {k: json.dumps(v) if isinstance(v, dict) else str(v) for k, v in row.to_dict().items()}
    assert RunRow.from_dict(texts) == row
    assert [line["job"] for line in row.lines()] == ["a", "b"]
    bad = row.to_dict()
    bad["jobs"] = {**row.jobs, "a": {**row.jobs["a"], "alone_s": 9.0}}
    with pytest.raises(ParameterError, match="its slowdown is not mean_s over alone_s"):
        RunRow.from_dict(bad)
    bad["jobs"] = {**row.jobs, "a": {**row.jobs["a"], "mean_s": 9.0}}
    with pytest.raises(ParameterError, match="its mean_s is not that of its iterations"):
        RunRow.from_dict(bad)


def test_jobs_get_what_is_free_and_named_ones_first():
    jobs = [send("a", 3, "packed"), send("b", 2, "hostlist:1,5"), send("c", 3, "")]
    places = run(jobs, placement="strided-endpoints:4").places
    assert places["b"].tolist() == [1, 5]
    assert places["a"].tolist() == [0, 2, 3]
    assert places["c"].tolist() == [4, 6, 7]
    noise = {"name": "n", "traffic": "permutation", "load": 0.5}
    assert run([send("a", 5, "packed")], [noise]).places["n"].tolist() == [5, 6, 7]


def test_ring_groups_of_a_job_run_side_by_side():
    # Two groups of two: each crosses the neck, so that 50 GB take 2 s; along the leaves 1 s.
    step = [{"collective": "send-recv", "over": "dp", "size": 50 * GB}]
    across = {"name": "a", "ranks": 4, "placement": "hostlist:0,1,4,5", "groups": "tp=2,dp=2", "step": step}
    along = {**across, "groups": "dp=2,pp=2"}
    assert run([across]).row().jobs["a"]["mean_s"] == pytest.approx(2.0)
    assert run([along]).row().jobs["a"]["mean_s"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("jobs", "rule"),
    [
        (
            [send("a", 2, "hostlist:0,4"), send("b", 2, "hostlist:4,5")],
            "of job a too, such as .*one job on a GPU",
        ),
        ([send("a", 2, "hostlist:0,lrdn9")], "job a: placement.*lrdn9"),
        ([send("a", 6, "packed"), send("b", 4, "packed")], "job b: ranks: 4: 2 endpoints .* left by packed"),
        ([send("a", 2, "packed"), send("a", 2, "packed")], "two are called so"),
        ([send("a", 1, "packed")], "job a: ranks: 1: a whole number from 2"),
        ([{**send("a", 2, "packed"), "rank": 2}], "job a: rank: 2: unknown"),
        ([{**send("a", 2, "packed"), "start": "5"}], "job a: start: '5': a unit is needed"),
        ([{**send("a", 2, "packed"), "jitter": "200%"}], "a share from 0 to 1"),
        ([{**send("a", 2, "packed"), "slowdown": 2}], "is of stragglers"),
        ([{**send("a", 2, "packed"), "step": []}], "job a: step"),
        ([send("a", 4, "packed", groups="tp=3,dp=rest")], "job a: groups"),
        ([], "one table ..job.. at least"),
    ],
)
def test_what_is_refused(jobs, rule):
    with pytest.raises(FabricsimError, match=rule):
        run(jobs).row()


def test_entries_that_wait_for_each_other_are_refused():
    step = [
        {"compute": "1s", "name": "x", "after": "y"},
        {"compute": "1s", "name": "y", "after": "x"},
    ]
    with pytest.raises(ParameterError, match=r"job a: tasks: .* wait for each other"):
        run([{"name": "a", "ranks": 2, "step": step}])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"traffic": "storm"}, "unknown pattern .*permutation"),
        ({"load": "0"}, "load: '0': above zero"),
        ({"load": "130%"}, "a share from 0 to 1"),
        ({"period": "0s"}, "above zero"),
        ({"ranks": 9, "placement": "packed"}, "8 endpoints"),
        ({"placement": ""}, "0 endpoints .* that no job has: name a placement"),
    ],
)
def test_background_that_is_refused(change, rule):
    noise = {"name": "n", "traffic": "permutation", "load": 0.5, **change}
    with pytest.raises(ParameterError, match=rule):
        run([send("a", 8, "packed")], [noise])


def test_a_mix_that_is_none():
    for text, rule in (("", "the path of a scenario file"), ("{", "jobs as JSON"), ("no.toml", "no such")):
        with pytest.raises(ParameterError, match=rule):
            run_jobs(load(NECK), text)


MODEL = {"ranks": 8, "model": "llama3-8b", "batch": 8, "sequence": 1024, "groups": "tp=4,dp=2", "gpu": "h100"}


def test_a_step_by_model_is_that_of_train():
    # Alone on an idle fabric a job takes what train says of it; two of them that share no cable, too.
    from sims.jobs.train.job import train

    tree = "fat-tree:endpoints=64,radix=16,gpus_per_server=4"
    one = {"name": "a", "placement": "packed", "iterations": 2, **MODEL}
    row = run([one, {**one, "name": "b"}], text=tree, latency_profile="roce-400g").row()
    said = {name: str(value) for name, value in MODEL.items()}
    due = train(tree, latency_profile="roce-400g", routing="ecmp", **said)
    assert row.iterations["a"] == pytest.approx([due.time_s] * 2)
    assert row.jobs["a"]["exposed"] == pytest.approx(1 - due.exposed["compute"] / due.time_s)
    assert simulate(row.scenario) == row


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"model": "llama9"}, "job a: model: 'llama9'"),
        ({"step": [{"compute": "1s"}]}, "one of both"),
        ({"colour": "blue"}, "job a: setting: 'colour'|job a: colour"),
        ({"batch": 7}, "job a: batch: 7: must be a multiple"),
        ({"seed": 3}, "job a: seed: '3': is of the scenario"),
    ],
)
def test_models_that_are_refused(change, rule):
    tree = "fat-tree:endpoints=64,radix=16,gpus_per_server=4"
    with pytest.raises(ParameterError, match=rule):
        run([{"name": "a", **MODEL, **change}], text=tree).row()


def test_what_would_help_two_jobs_on_one_cable():
    # Twice as fast a cable between the leaves: each job has as much as alone. Routing and placement: no help.
    from sims.studies.explain.run import explain_run

    noise = {"name": "n", "traffic": "incast", "load": "1%", "placement": "hostlist:2,6"}
    job = run([send("a", 2, "hostlist:0,4"), send("b", 2, "hostlist:1,5")], [noise])
    found = dict(explain_run(job))
    assert found["2x leaf - spine"] == {"a": pytest.approx(1.0, rel=0.05), "b": pytest.approx(1.0, rel=0.05)}
    assert found["without n"] == {"a": pytest.approx(2.0), "b": pytest.approx(2.0)}
    # A NIC of twice the rate has the same background to send, and the neck is as it was.
    assert found["2x endpoint - leaf"]["a"] == pytest.approx(job.row().jobs["a"]["mean_s"], rel=0.02)
    assert set(found) == {
        "2x endpoint - leaf",
        "2x leaf - spine",
        "perfect load balancing (routing adaptive)",
        "without n",
    }
