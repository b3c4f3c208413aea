"""The README's commands and Python blocks, run as they stand."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SAMPLE = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a command `fabricsim` that runs this checkout with this Python."""
    path = tmp_path_factory.mktemp("readme")
    command = path / "bin" / "fabricsim"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sims.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return path


@pytest.mark.parametrize("block", blocks("sh"))
def test_commands(block, folder):
    if SAMPLE.name in block:
        if not SAMPLE.exists():
            pytest.skip("the sample dump is not beside this checkout")
        shutil.copy(SAMPLE, folder)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-e", "-c", block], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_python(block, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", block]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_two_commands_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:.*##", makefile, re.MULTILINE)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert (ROOT / target).exists(), target
