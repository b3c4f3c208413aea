"""The commands and Python blocks of the README and of the tutorial, run as they stand."""

import os
import re
import subprocess
import sys

import pytest
from project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
LINES = 75  # of the README: one page


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README + TUTORIAL, re.DOTALL)


def answers() -> list[str]:
    """The commands in the README's table of what the program answers."""
    return re.findall(r"^\|[^|]+\| `(fabricsim [^`]+)` \|", README, re.MULTILINE)


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
    done = shell(block, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", answers())
def test_answers(command, folder):
    """Those that read a file of the user's read one that the program writes."""
    made = {
        "dump.ibnetdiscover": "fabricsim topology export fat-tree:k=4 -o dump.ibnetdiscover",
        "jobs.toml": f"cp {ROOT / 'docs' / 'run' / 'jobs.toml'} .",
        "run.log": "fabricsim expect fat-tree:k=8 --format nccl-tests --out run.log",
    }
    first = [make for name, make in made.items() if name in command]
    done = shell("\n".join([*first, command]), folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def shell(block, folder):
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-e", "-c", block], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


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


def test_the_readme_is_one_page():
    assert len(README.splitlines()) <= LINES
    assert len(answers()) >= 8
