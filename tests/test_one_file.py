"""A new family and a new figure are one file each: in a copy of the program, all commands know them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

HOW_TO = (ROOT / "docs" / "add-a-topology.md").read_text(encoding="utf-8")
FAMILY, _, TESTS = re.findall(r"^```python\n(.*?)^```", HOW_TO, re.DOTALL | re.MULTILINE)
FIGURE = '''
from sims.show.figures.columns import column, numbers
from sims.show.figures.kind import figure
from sims.show.figures.kinds.lines import scale_axis


@figure("points", "each row as a point", takes=("x", "y"))
def plot_points(ax, rows, x="size_bytes", y="time_s", *, panels=()):
    """A point of ``y`` over ``x`` for each row."""
    across, up = (numbers(column(name, rows), "x") for name in (x, y))
    ax.plot(across.of(rows), up.of(rows), "o", gid="the-points")
    scale_axis(ax, "x", across, across.of(rows))
    scale_axis(ax, "y", up, up.of(rows))
'''


class Copy:
    """A copy of the packages to which two files were added, and an empty ``folder`` to run Python in."""

    def __init__(self, packages: Path, folder: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(packages)}

    def __call__(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy, folder = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("folder")
    for package in ("fabric", "topologies", "sims"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "topologies" / "families" / "express_torus.py").write_text(FAMILY, encoding="utf-8")
    (copy / "sims" / "show" / "figures" / "kinds" / "points.py").write_text(FIGURE, encoding="utf-8")
    (folder / "test_express_torus.py").write_text(TESTS, encoding="utf-8")
    return Copy(copy, folder)


def test_its_own_tests_and_example_pass(run: Copy) -> None:
    assert "4 passed" in run("pytest", "-q", "-p", "no:cacheprovider", "test_express_torus.py").stdout
    path = "topologies.families.express_torus"
    example = f"import doctest, {path} as m; r = doctest.testmod(m); assert r == (0, 1), r"
    run("timeit", "-n1", "-r1", example)


def test_it_is_listed_shown_run_swept_and_reported(run: Copy) -> None:
    listed = run("sims.cli", "topology", "list").stdout
    assert listed.index("random-regular") < listed.index("express-torus") < listed.index("preset:")
    shown = run("sims.cli", "topology", "show", "express-torus:dims=8/8,stride=3,delay=25ns").stdout
    assert "express-torus:dims=8/8,stride=3,delay=25ns" in shown and "64 switches of 9 ports" in shown
    run("sims.cli", "allreduce", "express-torus:dims=8,stride=3", "--size", "1M", "--out", "rows.jsonl")
    axes = ["topology=express-torus:dims=16,stride=2", "topology.stride=2,3,5", "algorithm=ring", "size=1M"]
    sets = [word for axis in axes for word in ("--set", axis)]
    run("sims.cli", "sweep", *sets, "-o", "out", "-j1")
    run("sims.cli", "plot", "out", "-o", "lines.svg", "--x", "topology.stride", "--y", "time_s")
    run("sims.cli", "report", "out", "rows.jsonl", "-o", "page.html")
    page = (run.folder / "page.html").read_text(encoding="utf-8")
    assert "express-torus:dims=16,stride=5" in page


def test_its_mistakes_are_one_line(run: Copy) -> None:
    done = run("sims.cli", "topology", "show", "express-torus:dims=8,stride=4", status=2)
    rule = "less than half of the smallest dimension, 8: the nearest legal is 3"
    assert done.stderr == f"fabricsim: error: stride: 4: {rule}\n"
    done = run("sims.cli", "topology", "show", "express-torus:dims=8", status=2)
    assert done.stderr == "fabricsim: error: stride: not given: express-torus needs it, such as stride=8\n"


def test_a_figure_is_drawn_in_panels_and_named_among_the_others(run: Copy) -> None:
    sizes = ["--algorithm", "ring", "--sizes", "1M:64M:x8"]
    run("sims.cli", "allreduce", "fat-tree:k=4", *sizes, "--out", "ring.jsonl")
    run("sims.cli", "plot", "ring.jsonl", "-o", "points.svg", "--figure", "points", "--facet", "algorithm")
    drawn = (run.folder / "points.svg").read_text(encoding="utf-8")
    points = re.findall(r"<use ", drawn.partition('id="the-points"')[2].partition("</g>\n   </g>")[0])
    assert len(points) == 3
    plot = ("sims.cli", "plot", "ring.jsonl", "-o", "x.svg", "--figure")
    done = run(*plot, "point", status=2)
    assert "did you mean 'points'? legal: lines, busbw," in done.stderr
    assert "utilisation, points)" in done.stderr
    done = run(*plot, "points", "--color", "seed", status=2)
    assert "color: 'seed': the figure points does not take it; it takes x, y" in done.stderr
