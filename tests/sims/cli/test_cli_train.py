"""``fabricsim train`` as a user runs it: what it prints and writes, and what it refuses."""

import json
import re

import pytest
from typer.testing import CliRunner
from usual_options import replaced

from fabric.words.errors import FabricsimError, ParameterError
from sims import simulate
from sims.cli.main import app
from sims.scenario.train_row import TrainRow

SMALL = ["train", "fat-tree:k=8,gpus_per_server=4", "--ranks", "64", "--model", "llama3-8b", "--batch", "64"]
GROUPS = ["--groups", "tp=4,pp=4,dp=rest"]
BY_HAND = """
topology = "fat-tree:k=8,gpus_per_server=4"
ranks = 32
groups = "tp=4,dp=rest"

[[step]]
compute = "12ms"
name = "forward"

[[step]]
compute = "24ms"
name = "backward"

[[step]]
collective = "reduce-scatter"
over = "dp"
size = "1.2GB"
buckets = 25
overlap = "backward"
"""


def run(*arguments):
    return CliRunner().invoke(app, replaced(SMALL, arguments))


def refused(*arguments):
    """What is said of a mistake."""
    found = run(*arguments).exception
    assert isinstance(found, FabricsimError), found
    return str(found)


def test_the_words_are_those_of_the_row(tmp_path):
    out = tmp_path / "row.json"
    text = run(*GROUPS, "--out", str(out)).output
    (values,) = json.loads(out.read_text())
    row = TrainRow.from_dict(values)
    for words in (
        "# job        llama3-8b on 64 GPUs, tp=4,pp=4,dp=rest",
        "# batch      64 sequences of 8,192 tokens: 16 microbatches of 1 a pipeline",
        "# GPU        h100, of whose peak computing reaches ",
        f"MFU          {row.mfu:.1%}, {row.tflops:,.0f} TFLOP/s a GPU",
        f"bubble       {row.bubble:.1%} on top of computing",
    ):
        assert words in text
    shares = [float(one) for one in re.findall(r"^[a-z]+ +[\d.]+ \w+ +([\d.]+)%", text, re.MULTILINE)]
    assert sum(shares) == pytest.approx(100, abs=0.4)
    assert simulate(row.scenario) == row


def test_a_row_says_what_it_cannot_be():
    (values,) = json.loads(run(*GROUPS, "--json").output)
    for name, value, message in (
        ("time_s", 0.0, "no step takes no time"),
        ("time_s", 2 * values["time_s"], "contradicts time_s"),
        ("gpus", 10**6, "at least the 1,000,000 GPUs"),
        ("key", "0" * 16, "does not belong to this scenario"),
    ):
        with pytest.raises(ParameterError, match=message):
            TrainRow.from_dict({**values, name: value})


def test_what_would_help_and_the_figure(tmp_path):
    figure = tmp_path / "g.svg"
    result = run(*GROUPS, "--explain", "--plot", str(figure), "--out", str(tmp_path / "row.json"))
    (values,) = json.loads((tmp_path / "row.json").read_text())
    gains = values["gains"]
    for name in ("2x computing", "2x endpoint - scale-up switch", "perfect load balancing", "dp in no time"):
        assert name in gains and f"  {name} " in result.output
    assert 0 < gains["2x endpoint - scale-up switch"] <= gains["tp in no time"]
    assert gains["2x computing"] == max(gains.values())
    text = figure.read_text()
    for words in ("forward", "backward", "links in use", "llama3-8b on 64 GPUs"):
        assert words in text


def test_a_job_in_a_file_by_model_and_by_hand(tmp_path):
    by_model, by_hand = tmp_path / "model.toml", tmp_path / "hand.toml"
    by_model.write_text(
        'topology = "fat-tree:k=8,gpus_per_server=4"\nranks = 64\nmodel = "llama3-8b"\nbatch = 64\n'
        'groups = "tp=4,pp=4,dp=rest"\n'
    )
    (same,) = json.loads(CliRunner().invoke(app, ["train", str(by_model), "--json"]).output)
    assert same["key"] == json.loads(run(*GROUPS, "--json").output)[0]["key"]
    (other,) = json.loads(
        CliRunner().invoke(app, ["train", str(by_model), "--batch", "128", "--json"]).output
    )
    assert other["batch"] == "128" and other["model"] == "llama3-8b"
    by_hand.write_text(BY_HAND)
    result = CliRunner().invoke(app, ["train", str(by_hand), "--set", "routing=adaptive"])
    assert "# job        a step by hand on 32 GPUs, tp=4,dp=rest" in result.output
    (values,) = json.loads(CliRunner().invoke(app, ["train", str(by_hand), "--json"]).output)
    row = TrainRow.from_dict(values)
    assert row.exposed["compute"] == pytest.approx(0.036) and row.mfu == 0
    assert simulate(row.scenario) == row


def test_a_measured_step_sets_the_speed_of_computing():
    (found,) = json.loads(run(*GROUPS, "--compute", "step=2s", "--json").output)
    assert found["time_s"] == pytest.approx(2, rel=1e-5)
    (again,) = json.loads(run(*GROUPS, "--compute", f"{found['compute_share']:.12g}", "--json").output)
    assert again["time_s"] == pytest.approx(2, rel=1e-5)
    assert "at their peak GPUs take" in refused(*GROUPS, "--compute", "step=1ms")


def test_the_gpu_is_that_of_the_fabric():
    arguments = [
        "train",
        "nvl72:racks=1",
        "--model",
        "llama3-8b",
        "--batch",
        "72",
        "--groups",
        "tp=8,dp=rest",
    ]
    found = CliRunner().invoke(app, ["train", "preset:nvl72:racks=1", *arguments[2:], "--json"])
    assert json.loads(found.output)[0]["gpu_used"] == "gb200"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--groups", "tp=5,dp=rest"], "do not divide the 64 ranks; the nearest that do: .*tp=4,dp=rest"),
        (["--groups", "tp=4,qp=rest"], "qp.*no dimension of a training job.*tp, cp, pp, dp"),
        ([*GROUPS, "--model", "llama4"], "unknown model.*llama3-405b"),
        ([*GROUPS, "--model", "llama3-405b"], r"memory: '.* GB': one h100 has 85.9 GB: of llama3-405b stage"),
        ([*GROUPS, "--batch", "63"], "batch.*multiple of dp x microbatch = 4 x 1.*60, 64"),
        ([*GROUPS, "--sequence", "0"], "sequence.*a whole number from 2"),
        ([*GROUPS, "--compute", "1.5"], "compute.*a share of peak above 0, at most 1"),
        ([*GROUPS, "--compute", "step=5"], "compute: step.*a unit is needed"),
        ([*GROUPS, "--optimizer", "-1s"], "no time is negative"),
        ([*GROUPS, "--gpu", "h300"], "unknown GPU.*h100"),
        ([*GROUPS, "--sharding", "zero9"], "unknown sharding.*fsdp-keep"),
        ([*GROUPS, "--experts", "ep=2"], "llama3-8b has no experts"),
        ([*GROUPS, "--interleave", "9"], "at most 34, for 32 layers"),
        (["--experts", "ep=2"], "experts.*is said of groups"),
    ],
)
def test_what_makes_no_job_is_refused(arguments, message):
    assert re.search(message, refused(*arguments))


def test_fewer_microbatches_than_stages_are_told():
    assert "8 microbatches are fewer than the 16 stages" not in run(*GROUPS).output
    assert "2 microbatches are fewer than the 4 stages" in run(*GROUPS, "--batch", "8").output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ranks = 4", "topology.*a job says its fabric"),
        ('topology = "star:endpoints=4"\ncolour = 3', "colour.*no setting of train"),
        ('topology = "star:endpoints=4"\nsteps = "[]"', "steps.*no setting of train"),
        ('topology = "star:endpoints=4"\nbatch = [1, 2]', "batch.*one value"),
        ('topology = "star:endpoints=4"\nbatch = "many"', "batch.*a whole number"),
        ('topology = "star:endpoints=4"\n[[step]]\nwait = 3', "step 1.*either compute or collective"),
        ('topology = "star', "(?i)toml"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "job.toml"
    path.write_text(text)
    found = CliRunner().invoke(app, ["train", str(path)]).exception
    assert isinstance(found, FabricsimError) and re.search(message, str(found)), found
    assert str(path) in str(found)
