"""The start of the program: standard streams that the caller closed, and Ctrl-C before anything has begun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
PROGRAM = (sys.executable, "-W", "error", "-m", "sims.cli")
RUN = "allreduce star:endpoints=4 --size 1KiB --algorithm ring"


def redirected(words: str, streams: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``words`` with streams closed as a shell does it, ``>&-``."""
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", *PROGRAM, *words.split()]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)


@pytest.mark.parametrize("words", [RUN, f"{RUN} --json", "topology list", "--version", "train --help", ""])
def test_an_answer_that_nobody_takes_is_an_error_of_one_line(words: str, tmp_path: Path) -> None:
    done = redirected(words, ">&-", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fabricsim: error: standard output: Bad file descriptor\n"


@pytest.mark.parametrize("streams", ["2>&-", "2>&- <&-", "<&-", "2>/dev/full"])
@pytest.mark.parametrize(("words", "status"), [("topology show star:endpoints=4", 0), ("topology show x", 2)])
def test_complaints_that_nobody_takes_change_no_status(
    words: str, status: int, streams: str, tmp_path: Path
) -> None:
    done = redirected(words, streams, tmp_path)
    assert done.returncode == status and bool(done.stdout) == (status == 0)
    assert "Traceback" not in done.stderr and bool(done.stderr) == (status == 2 and "2>" not in streams)


def test_a_file_never_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    done = redirected("topology export star:endpoints=4 --out a.json", "<&- >&- 2>&-", tmp_path)
    whole = redirected("topology export star:endpoints=4 --out b.json", "", tmp_path)
    assert done.returncode == whole.returncode == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def started(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program as it starts and runs RUN, behind ``code`` in the same process."""
    run = f"from sims.cli.start import main\nsys.argv = ['fabricsim', *{RUN.split()}]\nmain()\n"
    command = [sys.executable, "-c", code + run]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)


@pytest.mark.parametrize("module", ["sims.cli.main", "typer", "sims.jobs.collective", "networkx"])
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_during_an_import_ends_as_later(module: str, number: str, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        f"            os.kill(os.getpid(), signal.{number})\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    done = started(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "fabricsim: interrupted\n")


def test_garbage_is_collected_once_work_begins_and_not_while_the_program_is_loaded(tmp_path: Path) -> None:
    code = (
        "import gc, sys\n"
        "from sims.cli.progress import Progress\n"
        "def tell(what):\n"
        "    print(what, gc.isenabled(), gc.get_freeze_count() > 0, sep=': ', file=sys.stderr)\n"
        "class Imports:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('typer', 'networkx', 'sims.jobs.collective'):\n"
        "            tell(name)\n"
        "sys.meta_path.insert(0, Imports())\n"
        "Progress.step = lambda self, text: tell(text)\n"
    )
    done = started(code, tmp_path)
    resting, paused, collecting = "False: False", "False: True", "True: True"
    assert done.stderr.splitlines() == [
        *(f"{name}: {resting}" for name in ("typer", "networkx", "sims.jobs.collective")),
        f"building the topology: {paused}",
        f"compiling the topology: {paused}",
        f"routing: {collecting}",
        f"routing ring: {collecting}",
        f"running: {collecting}",
    ]
