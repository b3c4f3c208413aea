"""A new policy is one file: put beside the others, every command, the help and the reports know it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from project import ROOT

LOWEST = '''
"""The lowest-numbered next hop."""

from dataclasses import dataclass
from typing import ClassVar

from fabric.routing.policy import Policy, register
from fabric.words.parameter import WHOLE


@register
@dataclass(frozen=True, kw_only=True)
class Lowest(Policy):
    """Always the lowest-numbered cable to the lowest-numbered next hop, whatever the flow, or ``skip`` on."""

    name: ClassVar = "lowest"
    parts: ClassVar = {"skip": WHOLE}
    usage: ClassVar = "lowest[:skip=S]"
    stays: ClassVar = "never looks aside"
    skip: int = 0

    def draw(self, f, src, dst, qp):
        from fabric.routing.draw import Draw

        class First(Draw):
            def index(draw, flow, node, count, round_=0):
                return self.skip % count

        return First(f, src, dst, qp)
'''
# Two leaves of two endpoints below two spines. Everyone sends to the other leaf: over one spine of the two.
JOB = ["leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2", "--size", "64KiB"]
SHIFT = ["--traffic", "shift:2"]
SWEPT = [f"topology={JOB[0]}", "routing=lowest", "routing.skip=0,1", "size=64KiB"]
COMMANDS = {
    "help": ["allreduce", "--help"],
    "help of compare": ["routing", "compare", "--help"],
    "compare": ["routing", "compare", JOB[0], *SHIFT, "--routing", "dmodk,lowest,lowest:skip=3"],
    "allreduce": ["allreduce", *JOB, "--routing", "lowest:skip=1"],
    "packets": ["allreduce", *JOB, "--routing", "lowest", "--engine", "packet"],
    "flows": ["flows", *JOB, *SHIFT, "--routing", "lowest"],
    "sweep": ["sweep", *(word for text in SWEPT for word in ("--set", text)), "-o", "out", "-j2"],
    "report": ["report", "out", "-o", "report.html"],
    "faults": ["allreduce", *JOB, "--routing", "lowest", "--faults", "quiet:flaps=5000/d", "--repeat", "2"],
    "a part": ["allreduce", *JOB, "--routing", "lowest:skip=x"],
}
# All in one process, since importing costs more than they do.
RUN = """
import contextlib, io, json, sys
from sims.cli.main import main

done = {}
for name, words in json.loads(sys.argv[1]).items():
    sys.argv, out, err, status = ["fabricsim", *words], io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    done[name] = out.getvalue(), err.getvalue(), status
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, compiled as they are, and one file more."""
    root = tmp_path_factory.mktemp("tree")
    for package in ("fabric", "topologies", "sims"):
        shutil.copytree(ROOT / package, root / package)
    (root / "fabric" / "routing" / "policies" / "lowest.py").write_text(LOWEST)
    return root


@pytest.fixture(scope="module")
def done(tree: Path) -> Mapping[str, tuple[str, str, int]]:
    """What each command printed and complained, and its exit status."""
    env = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200", "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-c", RUN, json.dumps(COMMANDS)]
    run = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, check=True)
    found: dict[str, tuple[str, str, int]] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("command", ["help", "help of compare"])
def test_help_names_it(done: Mapping[str, tuple[str, str, int]], command: str) -> None:
    assert "lowest[:skip=S]" in done[command][0]


def test_all_flows_take_the_first_spine(done: Mapping[str, tuple[str, str, int]]) -> None:
    """By hand: two flows of 50 GB/s meet on one cable up and down where D-Mod-K gives each its own."""
    out, err, status = done["compare"]
    assert status == 0, err
    lines = [line.split() for line in out.partition("load of links")[0].splitlines()]
    rates = {words[0]: words[1:] for words in lines if len(words) == 6}
    assert rates["dmodk"] == ["50.00", "100.0%", "50.00", "50.00", "50.00"]
    for text in ("lowest", "lowest:skip=3"):
        assert rates[text] == ["25.00", "50.0%", "25.00", "25.00", "25.00"]
        assert f"{text} 50.0% 1.000 0.000 2.000 2.000" in " ".join(out.split())


@pytest.mark.parametrize("command", ["allreduce", "packets", "flows", "sweep", "report"])
def test_a_command_runs_it(done: Mapping[str, tuple[str, str, int]], command: str) -> None:
    out, err, status = done[command]
    assert status == 0, err
    if command in ("allreduce", "packets", "flows"):
        assert "lowest" in out


def test_rows_and_report_name_it(done: Mapping[str, tuple[str, str, int]], tree: Path) -> None:
    assert "lowest:skip=1" in (tree / "out" / "rows.csv").read_text()
    assert "lowest:skip=1" in (tree / "report.html").read_text()


# --- illegal use ---


def test_its_traits_are_asked(done: Mapping[str, tuple[str, str, int]]) -> None:
    for command, words in {"faults": "never looks aside", "a part": "routing lowest: skip: 'x'"}.items():
        _, err, status = done[command]
        assert status == 2 and words in err
