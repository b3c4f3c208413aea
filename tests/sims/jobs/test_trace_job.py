"""Traces as rows: what is run again, what is the same cause, sweeps, and what would help."""

from __future__ import annotations

import json

import pytest
from project import ROOT
from typer.testing import CliRunner

from fabric.words.errors import FabricsimError, ParameterError
from sims import run_trace, simulate
from sims.cli.main import app
from sims.jobs.trace_job import TraceJob
from sims.scenario.rows import read_results
from sims.scenario.trace_row import TraceRow
from sims.studies.explain.trace import explain_trace
from sims.studies.sweep.run import run_sweep
from topologies.named import named

INPUTS = ROOT / "tests" / "gold" / "inputs"
JOB = str(INPUTS / "job.0.json")
TREE = "fat-tree:k=4,delay=0s"


def job(**settings: str) -> TraceJob:
    tree = named(TREE)
    return TraceJob(tree.fabric(), topology=tree.text, digest=tree.digest, **{"trace": JOB, **settings})


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"engine": "packet", "packet": "window:mtu=1024"},
        {"fail": "cables=tier2:2", "seed": "3", "routing": "ecmp:qps=2"},
        {"degrade": "cables=4:rate=50%", "placement": "random", "upgrade": "leaf-spine=2"},
        {"faults": "quiet:flaps=1/h", "routing": "ecmp", "reroute_delay": "1ms"},
    ],
    ids=lambda said: ",".join(said) or "plain",
)
def test_a_row_is_run_again(said):
    row = job(**said).row()
    assert simulate(row.scenario) == row
    assert TraceRow.from_dict(json.loads(json.dumps(row.to_dict()))) == row
    assert row.key != job().row().key or not said


def test_the_same_trace_elsewhere_and_in_other_words_is_the_same_cause(tmp_path):
    (tmp_path / "here.goal").write_text("num_ranks 2 rank 0 { a: calc 5 } rank 1 { calc 7 }")
    (tmp_path / "there.goal").write_text("num_ranks 2\nrank 0 {\n calc 5 // five\n}\nrank 1 { x: calc 7 }\n")
    (tmp_path / "other.goal").write_text("num_ranks 2 rank 0 { a: calc 5 } rank 1 { calc 8 }")
    here, there, other = (
        job(trace=str(tmp_path / f"{name}.goal")).row() for name in ("here", "there", "other")
    )
    assert here.key == there.key != other.key
    (tmp_path / "here.goal").write_text((tmp_path / "other.goal").read_text())
    with pytest.raises(FabricsimError, match="what this scenario was made of changed since"):
        simulate(here.scenario)


def test_python_and_the_command_give_one_row(tmp_path):
    out = tmp_path / "row.jsonl"
    asked = ["trace", TREE, "--trace", JOB, "--placement", "random", "--seed", "2", "--row", str(out)]
    printed = CliRunner().invoke(app, [*asked, "--explain"]).output
    (row,) = read_results(out)
    assert row == run_trace(TREE, JOB, placement="random", seed=2)
    for words in ("why the trace takes", "2x endpoint - leaf", "no latency", "packed placement"):
        assert words in printed and (words == "why the trace takes" or words in "".join(row.gains))


def test_what_would_help_by_hand():
    """30 us of bytes and 30 us of computing, one after the other: twice the rates save 15 us."""
    found = job(latency_profile="ideal", routing="dmodk")
    row = found.row()
    why = explain_trace(found, row)
    gains = {one.name: one for one in why.remedies}
    assert row.makespan_s == pytest.approx(60e-6) and row.computing_s == pytest.approx(30e-6)
    assert gains["2x every cable"].time_s == pytest.approx(45e-6) and why.latency_share == 0
    assert any(words.startswith("no faults (there are none)") for words in why.left_out)
    assert {spot.link for spot in why.hotspots[0].bottlenecks} >= {"endpoint -> leaf", "leaf -> endpoint"}


def test_faults_are_a_remedy_that_is_undone():
    hurt = job(degrade="cables=tier0:16:rate=50%", allow_partition="true", routing="dmodk")
    why = explain_trace(hurt, hurt.row())
    (cured,) = (one for one in why.remedies if one.name == "no faults")
    assert cured.time_s == job(allow_partition="true", routing="dmodk").row().makespan_s < why.time_s


def test_a_sweep_of_traces(tmp_path):
    (tmp_path / "s.toml").write_text(
        f'command = "trace"\n[base]\ntrace = "{JOB}"\n[grid]\ntopology = ["{TREE}", "star:endpoints=4"]\n'
        'engine = ["flow", "packet"]\n'
    )
    run_sweep(tmp_path / "s.toml", tmp_path / "out", jobs=1)
    rows = read_results(tmp_path / "out" / "rows.jsonl")
    assert len(rows) == 4 and all(isinstance(row, TraceRow) for row in rows)
    assert {row.scenario.engine for row in rows if row.packets} == {"packet"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"engine": "bound"}, "engine: 'bound': unknown engine of traces"),
        ({"trace": ""}, "name the file of a trace"),
        ({"packet": "window:mtu=0", "engine": "packet"}, "mtu"),
        ({"routing": "valiant"}, "routing"),
        ({"algorithm": "ring"}, "setting: 'algorithm': unknown to trace"),
    ],
)
def test_what_a_trace_cannot_have_is_refused(said, message):
    with pytest.raises(ParameterError, match=message):
        job(**said)


def test_a_row_that_contradicts_itself_is_refused():
    values = job().row().to_dict()
    with pytest.raises(ParameterError, match="no message takes longer"):
        TraceRow.from_dict({**values, "message_s": 1.0})
    with pytest.raises(ParameterError, match="at least the 4 ranks"):
        TraceRow.from_dict({**values, "endpoints": 3})
