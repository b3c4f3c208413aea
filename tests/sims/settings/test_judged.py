"""Mistakes of files of run and train that only the fabric shows have a line and a column, as others have."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sims.cli.main import main

SCENARIO = """topology = "fat-tree:k=4"
TOP
[[job]]
name = "first"
ranks = 8
step = [{ compute = "1ms" }]

[[job]]
name = "b"
ranks = RANKS
JOB
step = [{ collective = "all-reduce", over = "all", size = "1MB" }]
"""
TRAIN = """topology = "fat-tree:k=4"
TOP
[[step]]
collective = "all-reduce"
over = "all"
size = "1MB"
"""


def failed(command: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    (folder / "a.toml").write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["fabricsim", command, "a.toml", *more])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("top", "job", "ranks", "words"),
    [
        ('routing = "valiant"', "", 8, "line 2, column 12: routing: 'valiant': for graphs without tiers"),
        ('fail = "cables=1000"', "", 8, "line 2, column 9: fail: 'cables=1000': too many"),
        ('placement = "strided:99"', "", 8, "line 2, column 14: job first: placement strided: step: '99'"),
        ("", 'placement = "hostlist:x"', 8, "line 11, column 14: job b: placement: 'x': no node"),
        ("", 'placement = "strided:99"', 8, "line 11, column 14: job b: placement strided: step: '99'"),
        (
            "",
            'groups = "tp=3,dp=rest"',
            8,
            "line 11, column 11: job b: groups: 'tp=3,dp=rest': 3 do not divide",
        ),
        ("", "", 9, "line 10, column 9: job b: ranks: 9: 8 endpoints of fat-tree:k=4 left"),
        ("", "", "9 # x", "line 10, column 9: job b: ranks: 9: 8 endpoints of fat-tree:k=4 left"),
    ],
)
def test_of_a_scenario(
    top: str,
    job: str,
    ranks: object,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = SCENARIO.replace("TOP", top).replace("JOB", job).replace("RANKS", str(ranks))
    failed("run", text, tmp_path, monkeypatch)
    assert capsys.readouterr().err.startswith(f"fabricsim: error: a.toml: {words}")


def test_what_is_said_elsewhere_has_no_place_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SCENARIO.replace("TOP", 'placement = "random"').replace("JOB", "").replace("RANKS", "8")
    failed("run", text, tmp_path, monkeypatch, "--set", "placement=strided:99")
    assert capsys.readouterr().err.startswith("fabricsim: error: job first: placement strided: step: '99'")
    failed("run", text, tmp_path, monkeypatch, "--set", "topology=fat-tree:k=5")
    assert capsys.readouterr().err.startswith("fabricsim: error: k: 5: an even number")
    failed("train", TRAIN.replace("TOP", "ranks = 4"), tmp_path, monkeypatch, "--ranks", "99")
    assert capsys.readouterr().err.startswith("fabricsim: error: ranks: 99: at most the 16 endpoints")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("TOP", "ranks = 99", "line 2, column 9: ranks: 99: at most the 16 endpoints"),
        ("k=4", "k=5", "line 1, column 13: k: 5: an even number"),
        ("TOP", 'routing = "valiant"', "line 2, column 12: routing: 'valiant': for graphs without tiers"),
    ],
)
def test_of_a_job(
    old: str,
    new: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed("train", TRAIN.replace(old, new).replace("TOP", ""), tmp_path, monkeypatch)
    assert capsys.readouterr().err.startswith(f"fabricsim: error: a.toml: {words}")


def test_of_the_job_of_goodput(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.toml").write_text(TRAIN.replace("TOP", "ranks = 99"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fabricsim", "goodput", "fat-tree:k=6", "--job", "job.toml"])
    with pytest.raises(SystemExit):
        main()
    words = "job.toml: line 2, column 9: ranks: 99: at most the 54 endpoints of fat-tree:k=6"
    assert capsys.readouterr().err == f"fabricsim: error: {words}\n"


def test_a_scenario_without_a_fabric_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SCENARIO.partition("\n")[2].replace("TOP", "").replace("JOB", "").replace("RANKS", "8")
    failed("run", text, tmp_path, monkeypatch)
    words = "a.toml: topology: not given: say which fabric: FAMILY:key=value or preset:NAME"
    assert capsys.readouterr().err == f"fabricsim: error: {words}\n"
