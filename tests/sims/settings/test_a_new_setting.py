"""A setting is one file: one that the program has never seen works wherever settings do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

MODULE = '''
"""derate: every cable runs at a part of its rate."""

from sims.settings.setting import Setting
from fabric.words.errors import ParameterError


def spell(text):
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ParameterError("derate", text, "a part of the rate, above 0, at most 1")
    return f"{value:g}"


def slower(fabric, text):
    from fabric.measures.places import upgraded

    return fabric if text == "1" else upgraded(fabric, "", float(text))


DERATE = Setting(
    name="derate",
    default="1",
    metavar="PART",
    help="Every cable runs at this part of its rate.",
    spell=spell,
    noun="rate of cables",
    nouns="rates of cables",
    words=lambda text: f"cables at {text}",
    on_fabric=slower,
)
'''
START = """
import sys
import sims.settings.each as each
each.__path__.append(sys.argv.pop(1))
from sims.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("plugin")
    (place / "modules").mkdir()
    (place / "modules" / "derate.py").write_text(MODULE)
    return place


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START, str(folder / "modules"), *words]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "80"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


COMMON = ("star:endpoints=4,delay=0s", "--algorithm", "ring", "--size", "1GB", "--latency-profile", "ideal")


def test_on_the_command_line_and_in_rows(folder: Path) -> None:
    """Without latency, cables at half their rate take twice as long; a row at the default has its old key."""
    done = run(folder, "allreduce", *COMMON, "--out", "all.jsonl")
    assert done.returncode == 0, done.stderr
    done = run(folder, "allreduce", *COMMON, "--derate", "0.50", "--out", "half.jsonl")
    assert done.returncode == 0, done.stderr
    done = run(folder, "allreduce", *COMMON, "--set", "derate=0.5", "--out", "set.jsonl")
    assert done.returncode == 0, done.stderr
    (whole,), (half,) = rows(folder / "all.jsonl"), rows(folder / "half.jsonl")
    assert (whole["derate"], half["derate"]) == ("1", "0.5")
    assert half["time_s"] == pytest.approx(2 * float(str(whole["time_s"])), rel=1e-12)
    assert half == rows(folder / "set.jsonl")[0]
    from sims.jobs.allreduce import all_reduce
    from topologies import load

    (plain,) = all_reduce(
        load("star:endpoints=4,delay=0s"),
        "ring",
        10**9,
        topology="star:endpoints=4,delay=0s",
        digest="",
        latency_profile="ideal",
    )
    assert whole["key"] == plain.key != half["key"]


def test_in_flows(folder: Path) -> None:
    words = ("flows", "star:endpoints=4,delay=0s", "--size", "1GB", "--latency-profile", "ideal", "--out")
    for name, extra in (("f1.jsonl", ()), ("f2.jsonl", ("--derate", "0.5"))):
        done = run(folder, *words, name, *extra)
        assert done.returncode == 0, done.stderr
    one, two = rows(folder / "f1.jsonl"), rows(folder / "f2.jsonl")
    assert [float(str(row["end_s"])) for row in two] == pytest.approx(
        [2 * float(str(row["end_s"])) for row in one], rel=1e-12
    )


def test_in_help_and_mistakes(folder: Path) -> None:
    done = run(folder, "allreduce", "--help")
    assert "--derate PART" in done.stdout and "[default: 1]" in done.stdout
    done = run(folder, "allreduce", *COMMON, "--derate", "3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fabricsim: error: derate: '3': a part of the rate, above 0, at most 1\n"
    done = run(folder, "allreduce", *COMMON, "--set", "derat=1")
    assert done.returncode == 2 and "did you mean 'derate'" in done.stderr


def test_in_a_sweep_a_figure_and_a_report(folder: Path) -> None:
    words = ("--set", "topology=star:endpoints=4", "--set", "algorithm=ring", "--set", "size=1GB")
    done = run(folder, "sweep", *words, "--set", "derate=1,0.5,0.25", "-o", "out", "-j", "1")
    assert done.returncode == 0, done.stderr
    found = rows(folder / "out" / "rows.jsonl")
    assert {row["derate"] for row in found} == {"1", "0.5", "0.25"}
    done = run(folder, "plot", "out", "-o", "a.svg", "--y", "busbw", "--x", "ranks")
    assert done.returncode == 0, done.stderr
    assert "cables at 0.25" in (folder / "a.svg").read_text()
    done = run(folder, "report", "out", "-o", "a.html")
    assert done.returncode == 0, done.stderr
    page = (folder / "a.html").read_text()
    assert "What varies: rate of cables (" in page
    assert "The slowest at 1 GB (cables at 0.25)" in page
    done = run(folder, "allreduce", *COMMON, "--derate", "0.5", "--out", "one.jsonl")
    assert done.returncode == 0, done.stderr
    done = run(folder, "report", "one.jsonl", "-o", "b.html")
    assert done.returncode == 0, done.stderr
    assert "--derate 0.5" in (folder / "b.html").read_text()
