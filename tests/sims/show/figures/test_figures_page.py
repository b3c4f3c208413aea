"""docs/figures.md: its commands and its Python run as they stand, only smaller, and make its figures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

from sims.show.figures import FIGURES

PAGE = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
SMALLER = {
    "endpoints=1024,4096,16384,65536,100000": "endpoints=1024,2048",
    "fat-tree:k=16": "fat-tree:k=8",
    "seed=0..9": "seed=0..1",
    "1,2,3,5": "1,5",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_shows_every_figure_that_its_commands_make() -> None:
    shown = set(re.findall(r"\(figures/(\S+\.png)\)", PAGE))
    made = set(re.findall(r"-o (\S+\.png)", "".join(blocks("sh"))))
    assert shown == made == {path.name for path in (ROOT / "docs" / "figures").glob("*.png")}
    for name in FIGURES:
        assert f"`{name}`" in PAGE


def test_its_commands_run(tmp_path: Path) -> None:
    text = "".join(blocks("sh"))
    for wide, narrow in SMALLER.items():
        assert wide in text
        text = text.replace(wide, narrow)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fabricsim"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sims.cli "$@"\n')
    command.chmod(0o755)
    (tmp_path / "example-nccl.log").write_bytes((ROOT / "docs" / "figures" / "example-nccl.log").read_bytes())
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-e", "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in re.findall(r"-o (\S+\.(?:png|html))", text):
        assert (tmp_path / name).stat().st_size > 10_000


@pytest.mark.parametrize("block", blocks("python"))
def test_its_python_runs(block: str, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", block]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "bus bandwidth (GB/s)\n"
