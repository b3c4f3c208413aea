"""The page about rows of jobs: goodput, training steps, several jobs at once."""

import pytest
from typer.testing import CliRunner

from fabric.words.errors import ParameterError
from sims import all_reduce
from sims.cli.main import app
from sims.jobs.goodput.job import GoodputJob
from sims.scenario.row import Failure
from sims.show.report.jobs import job_report
from topologies import load
from topologies.named import named

TREE = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"


def rows():
    topology = named(TREE)
    settings = {"step": "20s", "runs": "8", "duration": "20d", "faults": "rsc-1:host_mtbf=9d"}
    for spares in ("0", "4"):
        job = GoodputJob(topology.fabric(), topology=topology.text, digest="", spares=spares, **settings)
        yield job.row()


def test_what_it_says():
    found = list(rows())
    worst, best = sorted(found, key=lambda row: row.share)
    text = job_report(found, title=None, source="rows.jsonl", sweep_toml='command = "goodput"')
    assert "<h1>Goodput at 2 points</h1>" in text
    spares = best.scenario.settings["spares"]
    assert f"Best: useful time (%) {100 * best.share:.4g} with spares {spares}." in text
    assert f"{100 * worst.share:.4g}" in text and "mtti_s" in text
    assert "rsc-1:host_mtbf=9d" in text and "command = &quot;goodput&quot;" in text
    assert job_report(found, title=None, source="rows.jsonl", sweep_toml='command = "goodput"') == text
    named = job_report(found, title=None, source="x", sweep_toml='command = "goodput"\ntitle = "Spares"')
    assert "<h1>Spares</h1>" in named
    assert "<h1>Mine</h1>" in job_report(found[:1], title="Mine", source="x")


def test_a_failure_stands_beside_rows():
    one = next(rows())
    failed = Failure(scenario=one.scenario.with_settings(spares="9"), error="too much", version="1")
    text = job_report([one, failed], title=None, source="x")
    assert "What failed" in text and "too much" in text


def test_kinds_are_not_mixed():
    one, (row,) = next(rows()), all_reduce(load("star:endpoints=4"), sizes="1M")
    with pytest.raises(ParameterError, match="a report is of one kind of job"):
        job_report([one, row], title=None, source="x")


def test_the_command(tmp_path):
    arguments = ["goodput", TREE, "--step", "20s", "--runs", "8", "--duration", "9d"]
    CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "g.jsonl")])
    page = tmp_path / "g.html"
    result = CliRunner().invoke(app, ["report", str(tmp_path / "g.jsonl"), "-o", str(page)])
    assert result.exit_code == 0
    assert "useful time (%)" in page.read_text()
    refused = CliRunner().invoke(
        app, ["report", str(tmp_path / "g.jsonl"), "-o", str(page), "--where", "ranks > 3"]
    )
    assert "chooses among rows of collectives" in str(refused.exception)
