"""Sweeps of jobs that are no single collective: planned, run by processes, resumed, merged and read back."""

import json

import pytest

from fabric.words.errors import FabricsimError
from sims import simulate
from sims.scenario.job_scenario import JobScenario
from sims.scenario.row import Failure, read_result, scenario_from
from sims.scenario.rows import latest, read_results, read_rows
from sims.studies.sweep.bench import Bench
from sims.studies.sweep.listing import listing
from sims.studies.sweep.merge import merge_results
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.run import run_sweep
from sims.studies.sweep.spec import SweepError, read_sweep, sweep_text

GOODPUT = """
command = "goodput"
title = "spares and repairs"
where = "spares < 2 or host_mtbf > 90d"

[base]
topology = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"
step = "20s"
runs = 8
duration = "20d"

[grid]
spares = [0, 1, 4]
"faults.host_mtbf" = ["30d", "100d"]
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "goodput.toml"
    path.write_text(GOODPUT)
    return read_sweep(path)


def test_the_points(spec):
    plan = plan_sweep(spec)
    assert len(plan.points) == 5 and plan.excluded == 1 and plan.collapsed == 0
    said = [(one.settings["spares"], one.settings["faults"]) for one in plan.points]
    assert said[0] == ("0", "llama3:host_mtbf=30d") and ("4", "llama3:host_mtbf=30d") not in said
    assert plan.endpoints == {"fat-tree:endpoints=64,radix=16,gpus_per_server=8": 64}
    text = "\n".join(listing(plan))
    assert "kind: goodput" in text and "llama3:host_mtbf=100d" in text


def test_the_text_of_a_sweep_is_the_sweep(spec, tmp_path):
    again = tmp_path / "again.toml"
    again.write_text(sweep_text(spec))
    assert plan_sweep(read_sweep(again)).points == plan_sweep(spec).points


def test_rows_are_the_same_whatever_runs_them(spec, tmp_path):
    out = run_sweep(spec, tmp_path / "here", jobs=1)
    assert out.ran == 5 and not out.failures
    assert all(simulate(row.scenario) == row for row in out.results[:2])
    assert run_sweep(spec, tmp_path / "here", jobs=1).ran == 0
    assert read_results(tmp_path / "here") == list(out.results)
    other = run_sweep(spec, tmp_path / "there", jobs=2)
    assert other.results == out.results
    count, _ = merge_results([tmp_path / "here", tmp_path / "there"], tmp_path / "all.csv")
    assert count == 5
    assert sorted(read_results(tmp_path / "all.csv"), key=lambda row: row.key) == sorted(
        out.results, key=lambda row: row.key
    )
    with pytest.raises(FabricsimError, match="rows of goodput, and not of collectives"):
        read_rows(tmp_path / "here")


def test_what_fails_is_kept_as_a_failure(tmp_path):
    scenario = JobScenario.of(
        "goodput", {"topology": "fat-tree:k=4", "step": "20s", "faults": "quiet:gpu_mtbf=1s"}
    )
    scenario = scenario.with_settings(ranks="16", routing="ecmp:qps=1")
    found = Bench().run(scenario)
    assert isinstance(found, Failure) and "a shorter duration" in found.error
    assert read_result(found.to_dict()) == found
    assert scenario_from(json.loads(json.dumps(scenario.model_dump()))) == scenario
    row = Bench().run(scenario.with_settings(faults="quiet"))
    assert not isinstance(row, Failure)
    assert latest([found, row]) == [found, row] and set(found.to_dict()) == set(row.to_dict())


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (('command = "goodput"', 'command = "train-a-dog"'), "nothing that has rows and sweeps of its own"),
        (('command = "goodput"', "command = 3"), "the name of a command, as a text"),
        (('command = "goodput"', ""), "spares"),
        (('step = "20s"', 'step = "20"'), "a unit is needed"),
        (('step = "20s"', 'step = "20s"\ngap = "1s"'), "gap"),
        (('"faults.host_mtbf"', '"faults.hots_mtbf"'), "no faults has such a part"),
        (('step = "20s"', 'step = "20s"\nranks = 65'), "at most the 64 endpoints"),
        (("spares < 2 or", "spares < 0 and"), "where leaves none of 6 points"),
    ],
)
def test_mistakes(change, rule, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(GOODPUT.replace(*change))
    with pytest.raises(SweepError, match=rule):
        plan_sweep(read_sweep(path))
