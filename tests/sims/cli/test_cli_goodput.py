"""``fabricsim goodput`` as a user runs it: what it prints and writes, and what it refuses."""

import json
import re

import pytest
from project import ROOT
from typer.testing import CliRunner
from usual_options import replaced

from fabric.words.errors import ParameterError
from sims import simulate
from sims.cli.main import app
from sims.scenario.goodput_row import GoodputRow
from sims.scenario.job_scenario import JobScenario
from sims.workload.job.model import MODELS

SMALL = [
    "goodput",
    "multi-plane:planes=2,endpoints=16,radix=8,gpus_per_server=4",
    "--step",
    "20s",
    "--runs",
    "8",
]
OFTEN = ["--faults", "quiet:gpu_mtbf=100d,link_mtbf=20d,switch_mtbf=9d", "--duration", "20d"]


def run(*arguments):
    return CliRunner().invoke(app, replaced([*SMALL, *OFTEN], arguments))


def test_the_words():
    text = run("--spares", "2").output
    for words in (
        "# job        16 GPUs on 4 hosts, 2 spare; a step takes 20s",
        "# network    10% of a step waits for it, as all-reduce of 16 GiB by ring does",
        "# one fails  cable endpoint-leaf: the collective takes 1.333 times as long",
        "# restart    work goes on 10 min 3 s after a failure: detection, restart, reading",
        "of the time, 95% interval",
        "checkpoints",
    ):
        assert words in text
    assert "stops the job" not in text  # a NIC of two planes loses no more than one at a time


def test_the_row_is_what_was_printed(tmp_path):
    out = tmp_path / "row.json"
    text = run("--out", str(out)).output
    (values,) = json.loads(out.read_text())
    row = GoodputRow.from_dict(values)
    assert f"useful       {row.share:.2%} of the time" in text
    assert simulate(row.scenario) == row
    assert json.loads(run("--json").output) == [values]


def test_what_would_help_and_the_figure(tmp_path):
    figure = tmp_path / "g.svg"
    result = run("--explain", "--plot", str(figure), "--gpus", "16,64")
    assert "what would help, of 20 d, each simulated" in result.output
    assert "a network that no fault slows" in result.output
    assert "(may be chance: more --runs tell)" in result.output  # a faster start, of 8 runs
    drawn = figure.read_text()
    for words in ("restarting", "slowed by the network", "time to an interruption", "GPUs of the job"):
        assert words in drawn


def test_what_changes_nothing_is_named_once():
    """Nothing fails, so that nothing helps; causes are counted by what stops the job, not by failures."""
    text = run("--faults", "quiet", "--explain").output
    _, _, helps = text.partition("what would help")
    same = "detection in half the time, restart in half the time, storage of twice the rate"
    assert helps.splitlines()[1:] == [f"  no change: {same}"]
    assert re.search(r"^cause +stops +lost", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--step", "20"], "step: '20': a unit is needed"),
        (["--faults", "llama3:gpu_mtbf=5"], "a unit is needed"),
        (["--gpus", "1k"], "two to 50 sizes"),
        (["--set", "runs=1,2"], "one value of runs is needed"),
        (["--set", "gap=3s"], "no field and no part of one"),
        (["--set", "gpu_mtbf=3"], "a unit is needed"),
        (["--plot", "x.txt"], "the ending of the file tells its format"),
    ],
)
def test_mistakes(arguments, rule):
    result = run(*arguments)
    assert isinstance(result.exception, ParameterError)
    assert rule in str(result.exception)


def test_a_part_by_set_is_as_by_option():
    one = json.loads(run("--set", "gpu_mtbf=90d", "--json").output)[0]
    assert JobScenario.from_dump(one).settings["faults"] == "quiet:gpu_mtbf=90d,link_mtbf=20d,switch_mtbf=9d"


def test_the_example_of_the_page_runs():
    page = (ROOT / "docs" / "goodput.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(example, "docs/goodput.md", "exec"), {})


def test_the_step_of_a_job_file(tmp_path):
    from sims.jobs.train.job import train

    path = tmp_path / "job.toml"
    entries = ['compute = "3s"', 'collective = "all-reduce"\nover = "all"\nsize = "50GB"']
    path.write_text("\n[[step]]\n".join(["ranks = 16", *entries]))
    tree = "multi-plane:planes=2,endpoints=16,radix=8,gpus_per_server=4"
    arguments = ["goodput", tree, "--job", str(path), "--runs", "8", *OFTEN]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    (values,) = json.loads(result.output)
    steps = '[{"compute":"3s"},{"collective":"all-reduce","over":"all","size":"50GB"}]'
    row = train(tree, ranks="16", steps=steps)
    assert values["step"] == f"{row.time_s:.12g}s"
    assert values["exposed"] == f"{100 * (1 - 3 / row.time_s):.10g}%"
    refused = CliRunner().invoke(app, [*arguments, "--step", "20s"])
    assert "leave out --step and --exposed" in str(refused.exception)


def test_the_fabric_of_a_job_file_counts_where_no_other_is_named(tmp_path):
    tree, other = "multi-plane:planes=2,endpoints=16,radix=8,gpus_per_server=4", "star:endpoints=16"
    path, bare = tmp_path / "job.toml", tmp_path / "bare.toml"
    step = 'ranks = 16\n[[step]]\ncompute = "3s"\n'
    path.write_text(f'topology = "{tree}"\n{step}')
    bare.write_text(step)
    usual = ["--runs", "4", "--faults", "quiet", "--json"]

    def row(*arguments):
        (values,) = json.loads(CliRunner().invoke(app, ["goodput", *arguments, *usual]).output)
        return values

    assert row("--job", str(path)) == row(tree, "--job", str(path))
    assert row("--job", str(path), "--set", "topology.planes=1")["topology"].startswith(
        "multi-plane:planes=1"
    )
    assert row(other, "--job", str(path))["topology"] == other
    refused = CliRunner().invoke(app, ["goodput", "--job", str(bare), *usual])
    assert "topology: not given: name the fabric" in str(refused.exception)


@pytest.mark.parametrize(("precision", "each"), [("bf16", 2 + 12), ("fp8", 1 + 8)])
def test_the_state_is_that_of_the_model(tmp_path, precision, each):
    path = tmp_path / "job.toml"
    said = {"model": "llama3-8b", "groups": "tp=4,dp=rest", "batch": "16", "precision": precision}
    path.write_text("\n".join(f'{name} = "{text}"' for name, text in said.items()))
    tree = "fat-tree:endpoints=16,radix=8,gpus_per_server=4"
    arguments = ["goodput", tree, "--job", str(path), "--runs", "8", "--faults", "quiet"]
    (values,) = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert values["state"] == str(each * MODELS["llama3-8b"].parameters)
    text = CliRunner().invoke(app, [*arguments, "--state", "1TB"]).output
    assert "# state      1000 GB saved in 500 ms" in text


def test_the_state_may_name_a_model():
    (values,) = json.loads(run("--state", "gpt-175b", "--json").output)
    assert values["state"] == str(14 * MODELS["gpt-175b"].parameters)
    assert "unknown model" in str(run("--state", "gpt-5").exception)
    assert "# state      5670 GB, by default as of 405e9 parameters, saved in" in run().output


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        (["--step", "30d"], "a step takes 30 d, longer than the job is watched, 20 d: none ends"),
        (
            ["--checkpoint", "25d"],
            "a checkpoint comes after 25 d of work, longer than the job is watched",
        ),
        (["--checkpoint", "19d"], ""),
        (["--checkpoint", "never"], ""),
    ],
)
def test_what_does_not_happen_in_the_time_is_noted(arguments, note):
    text = run(*arguments).output
    assert (note in text) if note else ("longer than the job is watched" not in text)


@pytest.mark.parametrize(("sizes", "marked"), [("16,64", True), ("32,64", False)])
def test_the_job_is_said_to_be_dotted_where_it_is(tmp_path, sizes, marked):
    figure = tmp_path / "g.svg"
    assert run("--plot", str(figure), "--gpus", sizes).exit_code == 0
    assert ("(dotted)" in figure.read_text()) is marked
