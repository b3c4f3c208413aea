"""``expect`` and the forms of nccl-tests on the command line; the page about them is run as it stands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from project import ROOT

from sims.cli import main as cli
from sims.studies.diagnose.diagnosis import suspects_of
from sims.studies.nccl_log import read_nccl

PAGE = (ROOT / "docs" / "expect-and-diagnose.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "figures" / "example-nccl.log"
FABRIC = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in a folder with the example; returns its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLE, tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return command


def commands() -> list[list[str]]:
    """The words of each command on the page, without what a shell makes of it."""
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).splitlines()
    return [shlex.split(re.split(r" (?:>|\|\|) ", line)[0])[1:] for line in lines if line]


def test_the_page_runs(run: Run) -> None:
    for words in commands():
        status, out, err = run(*words)
        fails = "--log" in words and "20%" in words
        assert status == fails, (words, err)
        assert out or "wrote" in err, words
    assert {"marks.csv", "marks.svg", "gather.log", "good.log", "curve.json", "gather.svg"} <= set(
        os.listdir()
    )
    assert {"causes.json", "causes.svg"} <= set(os.listdir())


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_its_python_runs(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, "page", "exec"), {})
    assert "ring" in capsys.readouterr().out


def test_records_for_scripts(run: Run) -> None:
    status, out, _ = run("expect", FABRIC, "--log", EXAMPLE.name, "--tolerance", "20%", "--json")
    found = json.loads(out)
    assert status == 1 and {one["verdict"] for one in found} == {"pass", "FAIL"}
    for one in found:
        assert (one["measured_busbw_GBps"] < one["least_busbw_GBps"]) == (one["verdict"] == "FAIL")
    assert run("expect", FABRIC, "--log", EXAMPLE.name, "--tolerance", "0.75")[0] == 0


def test_wrong_results_are_no_pass_and_said_beside_a_cause(run: Run) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    bad = [re.sub(r" 0$", " 1234", one) if one.split()[:1] == ["2097152"] else one for one in lines]
    assert bad != lines
    Path("bad.log").write_text("\n".join(bad) + "\n", encoding="utf-8")
    status, out, _ = run("expect", FABRIC, "--log", "bad.log", "--tolerance", "75%")
    assert status == 1 and out.splitlines()[-1] == "#   1 size, 2 MiB: results were wrong"
    assert run("diagnose", "bad.log", FABRIC)[1].splitlines()[-1].startswith("# results    wrong at 1 size")


def test_a_diagnosis_says_each_cause_and_the_command_that_shows_it(run: Run) -> None:
    """The command takes the time that the cause was ranked by."""
    status, out, _ = run("diagnose", EXAMPLE.name, FABRIC)
    assert status == 0 and "# verdict    " in out and "look at: " in out
    found = json.loads(run("diagnose", EXAMPLE.name, FABRIC, "--json")[1])
    assert [one["rank"] for one in found] == [*range(1, len(found) + 1)]
    assert sum(one["share"] for one in found) == pytest.approx(1)
    suspects = suspects_of(read_nccl(EXAMPLE.name), FABRIC)
    times = {one.variant.words: one.times[-1] for one in suspects.all}
    for one in found:
        if one["cause"] == "none of these":
            assert (one["command"], one["variant"]) == ("", "")
            continue
        made, _, words = one["command"].rpartition(" && ")
        if made:
            _, _, *lines, _, file = shlex.split(made)
            Path(file).write_text("\n".join(lines), encoding="utf-8")
        (row,) = json.loads(run(*shlex.split(words)[1:], "--json")[1])
        assert row["time_s"] == pytest.approx(times[one["variant"]], rel=1e-9), one["command"]


def test_forms_go_to_standard_output_or_to_a_file(run: Run) -> None:
    words = ("allreduce", FABRIC, "--algorithm", "ring", "--size", "1M,1G")
    for form, ending in (("nccl-tests", "log"), ("nccl-tests-json", "json")):
        status, out, _ = run(*words, "--format", form)
        assert status == 0 and run(*words, "--format", form, "--out", "-")[1] == out
        assert run(*words, "--format", form, "--out", f"one.{ending}")[1].startswith("# fabricsim")
        assert Path(f"one.{ending}").read_text(encoding="utf-8") == out
        assert len(read_nccl(f"one.{ending}").rows) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("allreduce", FABRIC, "--algorithm", "ring,tree", "--format", "nccl-tests"),
            "--format: 'nccl-tests': a log is of one algorithm: name one --algorithm",
        ),
        (
            ("allreduce", FABRIC, "--format", "nccl"),
            "--format: 'nccl': unknown (legal: csv, json, jsonl, ncc",
        ),
        (("expect", FABRIC, "--format", "nccl-tests", "--out", "rows.csv"), "the ending of the file tells"),
        (("expect", FABRIC, "--format", "nccl-tests", "--json"), "--json is another format"),
        (("expect", FABRIC, "--tolerance", "much"), "tolerance: 'much': a share above 0 and at most 1, such"),
        (("expect", FABRIC, "--tolerance", "20"), "such as 20% or 0.2: 20% is 0.2"),
        (("diagnose", EXAMPLE.name, FABRIC, "--tolerance", "20"), "such as 20% or 0.2: 20% is 0.2"),
        (("expect", FABRIC, "--log", "none.log"), "none.log: cannot be read"),
        (("expect", "star:endpoints=8", "--log", EXAMPLE.name), "ranks: 64: at most the 8 endpoints"),
        (("expect", FABRIC, "--latency-profile", "ideal"), "no machine was measured near enough"),
        (("diagnose", "none.log", FABRIC), "none.log: cannot be read"),
        (("diagnose", EXAMPLE.name), "topology: not given: name the fabric"),
        (("diagnose", EXAMPLE.name, "star:endpoints=8"), "ranks: 64: at most the 8 endpoints"),
        (("diagnose", EXAMPLE.name, FABRIC, "--ranks", "63"), "other than 63 ranks"),
        (("diagnose", EXAMPLE.name, FABRIC, "--routing", "ecmq"), "ecmq"),
        (("expect", "--log", EXAMPLE.name), "topology: not given: name the fabric"),
    ],
)
def test_mistakes_are_one_line(run: Run, words: tuple[str, ...], message: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1
