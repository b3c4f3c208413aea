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
        app, ["report", str(tmp_path / "g.jsonl"), "-o", str(page), "--where", "ranks > 64"]
    )
    assert "holds for none of 1 row" in str(refused.exception)


@pytest.fixture
def page(tmp_path):
    """The page of a small sweep of a kind."""

    def made(kind, *words, **base):
        said = "\n".join(f'{name} = "{text}"' for name, text in base.items())
        path = tmp_path / f"{kind}.toml"
        path.write_text(f'command = "{kind}"\n[base]\ntopology = "{TREE}"\n{said}\n[grid]\n{words[0]}\n')
        CliRunner().invoke(app, ["sweep", str(path), "-o", str(tmp_path / kind), "--jobs", "1"])
        out = tmp_path / f"{kind}.html"
        result = CliRunner().invoke(app, ["report", str(tmp_path / kind), "-o", str(out), *words[1:]])
        assert result.exit_code == 0, result.exception
        return out.read_text()

    return made


def test_steps_have_bars_lines_and_the_best_one_over_time(page):
    base = {"model": "llama3-8b:layers=4", "groups": "mesh:tp=8,dp=rest"}
    text = page("train", "batch = [64, 128]\nprecision = ['bf16', 'fp8']", **base)
    for words in (
        "Where the time of a step goes",
        "Tokens a second over batch",
        "Best: tokens a second",
        "Of the best run: batch 128, fp8.",
        ">backward<",
        "The fabrics side by side",
    ):
        assert words in text
    assert text.count("<svg") >= 3 + 1  # bars, lines, the step over time, the fabric


def test_weeks_and_jobs_have_theirs(page, tmp_path):
    text = page("goodput", "spares = [0, 2]", "--no-fabrics", step="20s", runs="8", duration="9d")
    assert "Where the time of a job goes" in text and "Useful time over spares" in text
    assert "over sizes of the job" not in text and "The fabrics" not in text
    mix = tmp_path / "mix.toml"
    step = '[[job.step]]\ncollective = "all-reduce"\nover = "all"\nsize = "64MB"\n'
    mix.write_text(f'[[job]]\nname = "chat"\nranks = 16\n{step}')
    text = page("run", 'routing = ["ecmp", "adaptive"]', mix=str(mix))
    assert "How much slower jobs are than alone" in text and "The jobs over time" in text and ">chat<" in text


def test_a_best_run_that_changed_is_not_drawn(tmp_path):
    from dataclasses import replace

    from sims.scenario.files import write_records

    one = next(rows())
    path, out = tmp_path / "rows.jsonl", tmp_path / "page.html"
    write_records(path, [replace(one, low=one.low - 0.001).to_dict()])
    CliRunner().invoke(app, ["report", str(path), "-o", str(out)])
    assert "The best run is not drawn: version" in out.read_text()
