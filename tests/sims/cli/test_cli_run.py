"""``fabricsim run`` as a user runs it, with the scenario of docs/run.md."""

import csv
import json
import re

import pytest
from project import ROOT
from typer.testing import CliRunner

from fabric.words.errors import FabricsimError
from sims import simulate
from sims.cli.main import app
from sims.scenario.run_row import RunRow
from sims.studies.sweep.run import run_sweep

SCENARIO = ROOT / "docs" / "run" / "jobs.toml"


def run(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


def test_the_page_shows_the_file():
    page = (ROOT / "docs" / "run.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert shown == SCENARIO.read_text(encoding="utf-8")


def test_the_shipped_sample_is_that_of_the_page_and_runs(tmp_path):
    found = run("--show-sample")
    assert found.exit_code == 0 and found.output == SCENARIO.read_text(encoding="utf-8")
    for given, said in (([], "not given"), (["mine.toml"], "'mine.toml'")):
        error = run(*given).exception
        assert isinstance(error, FabricsimError)
        assert said in str(error) and "--show-sample > jobs.toml" in str(error)


def test_what_is_printed_and_written(tmp_path):
    out, row, figure = tmp_path / "jobs.csv", tmp_path / "row.json", tmp_path / "jobs.svg"
    text = run(SCENARIO, "--explain", "--out", out, "--row", row, "--timeline", figure).output
    (values,) = json.loads(row.read_text())
    found = RunRow.from_dict(values)
    assert simulate(found.scenario) == found
    with open(out, newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["job"] for line in lines] == ["chat", "vision"]
    assert float(lines[0]["slowdown"]) == found.jobs["chat"]["slowdown"]
    assert json.loads(lines[1]["iteration_s"]) == found.iterations["vision"]
    for words in (
        "# background storage:",
        "who slows whom: times as long as alone",
        "vision",
        "exposed",
        "2x leaf - spine",
    ):
        assert words in text
    assert f"{found.slows['chat']['vision']:.3f}" in text
    drawn = figure.read_text()
    for words in ("chat", "vision", "storage", "waiting for the network", "time (ms)"):
        assert words in drawn


def test_a_setting_is_changed_by_set(tmp_path):
    out = tmp_path / "row.json"
    run(SCENARIO, "--row", out, "--set", "routing=adaptive", "--set", "seed=3")
    scenario = RunRow.from_dict(json.loads(out.read_text())[0]).scenario
    assert (scenario.settings["routing"], scenario.settings["seed"]) == ("adaptive", "3")


def test_a_sweep_of_it(tmp_path):
    sweep = tmp_path / "sweep.toml"
    tree = "fat-tree:endpoints=256,radix=16,gpus_per_server=8"
    lines = [
        'command = "run"',
        f'[base]\ntopology = "{tree}"\nmix = "{SCENARIO}"',
        '[grid]\nrouting = ["ecmp", "adaptive"]\nplacement = ["packed", "fragmented:0.3"]',
    ]
    sweep.write_text("\n".join(lines))
    found = run_sweep(sweep, tmp_path / "rows", jobs=1)
    assert len(found.results) == 4 and not found.failures
    assert len({row.jobs["chat"]["mean_s"] for row in found.results}) > 1
    assert simulate(found.results[3].scenario) == found.results[3]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("topology = ", "topologie = "), "topologie: .*: no setting of run"),
        (('routing = "ecmp"', 'routing = ["ecmp"]'), "routing: .*: one value"),
        (('routing = "ecmp"', 'routing = "ecpm"'), "ecmp"),
        (('compute = "20ms"', 'compute = "20"'), "job chat: step 1: compute: '20': a unit is needed"),
        (('start = "10ms"', 'placement = "hostlist:nobody[1-8]"'), "job vision: placement"),
        (("ranks = 64\niterations", "ranks = 640\niterations"), "job chat: ranks: 640: 256 endpoints"),
    ],
)
def test_mistakes(change, rule, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(SCENARIO.read_text().replace(*change))
    result = run(path)
    assert isinstance(result.exception, FabricsimError)
    assert re.search(rule, str(result.exception))


def test_no_topology(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(re.sub("topology.*\n", "", SCENARIO.read_text(), count=1))
    assert "say which fabric" in str(run(path).exception)
