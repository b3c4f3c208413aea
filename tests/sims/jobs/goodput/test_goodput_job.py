"""The row of a job's weeks: published numbers, re-runs, keys, and what is refused."""

import json
import math

import pytest

from fabric import Fabric
from fabric.words.errors import FabricsimError, ParameterError
from sims import simulate
from sims.jobs.goodput.job import GoodputJob, goodput
from sims.jobs.goodput.sizes import SIZES, parse_sizes
from sims.models.goodput.daly import optimum
from sims.scenario.goodput_row import GoodputRow
from sims.scenario.job_scenario import JobScenario
from sims.studies.explain.goodput import explain_goodput
from topologies.named import named

TREE = "fat-tree:endpoints=128,radix=16,gpus_per_server=8"
QUICK = {"step": "20s", "runs": "8", "duration": "20d", "faults": "rsc-1:host_mtbf=3d"}


def job(text=TREE, **settings):
    topology = named(text)
    given = {**QUICK, **settings}
    return GoodputJob(topology.fabric(), topology=topology.text, digest=topology.digest, **given)


@pytest.mark.parametrize("checkpoint", ["optimal", "1h", "never"])
def test_an_interval_is_not_empty_because_nothing_was_drawn(checkpoint):
    """A failure in 264 days, 16 times 10 of them: in most seeds none is drawn, and the truth is inside."""
    rare = {"faults": "llama3", "duration": "10d", "runs": "16", "checkpoint": checkpoint}
    rows = [job("star:endpoints=8", seed=str(seed), **rare).row() for seed in range(12)]
    assert sum(row.interruptions == 0 for row in rows) >= 4
    assert all(row.low < row.daly <= row.high + 1e-3 for row in rows if row.interruptions == 0)


def test_a_row_runs_again_and_reads_back():
    row = job(spares="1", checkpoint="30min").row()
    assert simulate(row.scenario) == row
    values = row.to_dict()
    assert GoodputRow.from_dict(values) == row
    texts = {name: json.dumps(v) if isinstance(v, dict) else str(v) for name, v in values.items()}
    assert GoodputRow.from_dict(texts) == row
    assert values["kind"] == "goodput" and values["key"] == row.key


def test_llama_3_on_its_size():
    # 54 days / 419 = 3.09 h, on any fabric with one cable to a NIC; effective training time above 90%.
    row = job("preset:colossus-100k:servers=2048", faults="llama3", duration="54d", runs="16").row()
    assert row.gpus == 16384 and row.hosts == 2048
    assert row.mtti_s == pytest.approx(54 * 86400 / 419)
    assert row.interruptions == pytest.approx(419, rel=0.05)
    assert row.low > 0.9
    assert row.best_s == pytest.approx(optimum(5.67e12 / 2e12, row.mtti_s))
    assert row.interval_s == 20 * round(row.best_s / 20)


@pytest.mark.parametrize(("gpus", "hours"), [(16384, 1.8), (131072, 0.23)])
def test_rsc_1(gpus, hours):
    found = job(faults="rsc-1", duration="2d").at(gpus)
    assert found.mtti / 3600 == pytest.approx(hours, abs=0.005)


def test_shares_are_those_of_daly_where_nothing_slows():
    row = job(runs="400", duration="60d").row()
    assert row.low - 2e-3 < row.daly < row.high + 2e-3
    assert row.high - row.low < 0.01
    total = row.share + row.saving + sum(map(row.of_loss, ("lost", "restarting", "waiting", "slowed")))
    assert total == pytest.approx(1, abs=1e-12)


def test_a_slow_network_costs_its_exposed_share():
    # One plane of two: the exchange takes twice as long, of which the exposed 40% are a longer step.
    text = "multi-plane:planes=2,endpoints=16,radix=8"
    faults = "quiet:link_mtbf=1d,link_mttr=1h"
    settings = {"faults": faults, "routing": "ecmp:qps=2", "latency_profile": "ideal", "exposed": "40%"}
    row = job(text, **settings).row()
    assert row.network["cable endpoint-leaf"]["stretch"] == pytest.approx(2.0, rel=1e-4)
    assert row.causes["cable endpoint-leaf"]["slowed"] > 0.05
    assert row.causes["cable endpoint-leaf"]["interruptions"] == 0
    free = job(text, **{**settings, "exposed": "0"}).row()
    assert free.of_loss("slowed") == 0 and free.share > row.share


def test_without_spares_the_job_waits():
    none, some = job(spares="0").row(), job(spares="4").row()
    assert none.of_loss("waiting") > some.of_loss("waiting") > 0 == job().row().of_loss("waiting")


def test_nothing_fails():
    row = job(faults="quiet").row()
    assert (row.share, row.interruptions, row.mtti_s, row.interval_s) == (1.0, 0.0, 0.0, 0.0)
    kept = job(faults="quiet", checkpoint="1h").row()
    assert kept.share == pytest.approx(3600 / (3600 + kept.save_s), rel=1e-3)


def test_another_seed_other_histories_and_one_interval():
    one, two = job(seed="1").row(), job(seed="2").row()
    assert one.share != two.share and one.key != two.key
    assert max(one.low, two.low) < min(one.high, two.high)


def test_defaults_are_no_cause():
    given = JobScenario.of("goodput", {"topology": TREE, "step": "20s"})
    same = JobScenario.of(
        "goodput", {"topology": TREE, "step": "20 s", "storage": "2TB/s", "faults": "LLAMA3"}
    )
    assert given == same and given.key == same.key and hash(given) == hash(same)
    assert given.key != JobScenario.of("goodput", {"topology": TREE, "step": "21s"}).key
    assert '"step":"20s"' in given.canonical() and "storage" not in given.canonical()


def test_other_sizes():
    points = list(job(spares="2").sizes((64, 128, 256)))
    assert [one.gpus for one in points] == [64, 128, 256]
    assert points[0].mtti == pytest.approx(4 * points[2].mtti)
    for one in points:
        assert one.low <= one.share <= one.high
        assert one.share + one.saving + sum(one.losses.values()) == pytest.approx(1)
    assert points[1].share == job(spares="2").row().share


def test_remedies_are_runs_of_their_own():
    own = job(spares="0", checkpoint="3h")
    found = dict(explain_goodput(own))
    assert found["spares without end"] == own.changed(spares="any").row()
    assert found["checkpoints at the best interval"].share > own.row().share
    assert set(found) == {
        "detection in half the time",
        "restart in half the time",
        "storage of twice the rate",
        "checkpoints at the best interval",
        "spares without end",
        "repairs in half the time",
        "half as many failures of hosts",
    }
    assert own.changed(spares="any").row() == job(checkpoint="3h").row()


def test_a_graph_in_memory():
    from topologies import load

    graph = load(TREE)
    row = goodput(graph, **QUICK)
    assert row.scenario.settings["topology"].startswith("graph ")
    assert simulate(row.scenario, Fabric.from_graph(graph)) == row
    assert GoodputRow.from_dict(row.to_dict()) == row
    with pytest.raises(FabricsimError, match="was in memory"):
        simulate(row.scenario)
    with pytest.raises(FabricsimError, match="changed"):
        simulate(row.scenario, Fabric.from_graph(load("fat-tree:endpoints=128,radix=16,gpus_per_server=4")))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"step": ""}, "say how long a step of the job takes"),
        ({"step": "20"}, "step: '20': a unit is needed"),
        ({"step": "0s"}, "a time above zero"),
        ({"step": "-1s"}, "a time above zero"),
        ({"duration": "54"}, "a unit is needed"),
        ({"duration": "1000y"}, "at most"),
        ({"exposed": "120%"}, "a share of the step from 0 to 1"),
        ({"faults": "llama3:gpu_mtbf=5"}, "a unit is needed"),
        ({"storage": "2"}, "a unit is needed"),
        ({"state": "0TB"}, "a size above zero"),
        ({"spares": "-1"}, "a whole number of hosts, or any"),
        ({"runs": "3"}, "a whole number from 4"),
        ({"runs": "20k"}, "at most 10,000"),
        ({"detection": "-1s"}, "zero or more"),
        ({"ranks": "129"}, "at most the 128 endpoints"),
        ({"checkpoint": "often"}, "a time such as 30min, or a word .legal: optimal, never"),
        ({"engine": "flow"}, "unknown to goodput"),
    ],
)
def test_what_is_refused(settings, rule):
    with pytest.raises(ParameterError, match=rule):
        job(**settings)


def test_too_many_failures_are_told_before_they_are_drawn():
    with pytest.raises(ParameterError, match="at most 2,000,000: a shorter duration"):
        job(faults="rsc-1:host_mtbf=1s", duration="1y").row()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"share": 0.5}, "with what was lost it makes"),
        ({"low": 0.9999999}, "outside of its interval"),
        ({"step": "21s"}, "does not belong to this scenario"),
        ({"mtti_s": math.inf}, "a value of type float"),
        ({"causes": "[1"}, "a value of type dict"),
    ],
)
def test_rows_that_contradict_themselves(change, rule):
    values = job().row().to_dict() | change
    with pytest.raises(ParameterError, match=rule):
        GoodputRow.from_dict(values)
    del values["share"]
    with pytest.raises(ParameterError, match="missing here"):
        GoodputRow.from_dict(values)


def test_sizes_of_the_figure():
    assert parse_sizes(None) == SIZES and SIZES[-1] == 1_000_000
    for text, rule in (("1k", "two to 50"), ("1k,x", "a number of GPUs"), ("1k,1e9", "a number of GPUs")):
        with pytest.raises(ParameterError, match=rule):
            parse_sizes(text)
