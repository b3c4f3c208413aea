"""A function that is called in a process beside this one, or here: the answer is the same."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import sims.cli.beside
from sims.cli import collective
from sims.cli.beside import Beside
from sims.cli.main import main


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sims.cli.beside, "cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # whatever else this process has run


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module whose functions tell in which process they ran."""
    (tmp_path / "told_beside.py").write_text(
        "import os\n"
        "def where(*given):\n"
        "    print('not an answer')\n"
        "    return os.getpid(), given\n"
        "def picky(home):\n"
        "    if os.getpid() != home:\n"
        "        raise OSError('not there')\n"
        "    return 'here'\n"
        "def wrong():\n"
        "    raise ValueError('wrong')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "told_beside"


def test_a_call_is_made_beside_once_it_is_started(module: str) -> None:
    with Beside(module, "where") as where:
        where.start()
        where.start()
        number, given = where([1, 2.5], None, Path("a.svg"))
    assert number != os.getpid() and given == ([1, 2.5], None, Path("a.svg"))


def test_no_file_that_is_opened_since_is_closed(module: str, tmp_path: Path) -> None:
    with Beside(module, "where") as where:
        where.start()
        where()
        files = [os.open(tmp_path, os.O_RDONLY) for _ in range(8)]  # which take the numbers that are free
    for file in files:
        os.close(file)


def test_it_is_made_here_where_it_was_not_started(module: str) -> None:
    with Beside(module, "where") as where:
        assert where("a") == (os.getpid(), ("a",))


def test_it_is_made_here_where_one_processor_has_to_do_all(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sims.cli.beside, "cores", lambda: 1)
    with Beside(module, "where") as where:
        where.start()
        assert where()[0] == os.getpid()


def test_it_is_made_here_where_it_fails_there(module: str) -> None:
    with Beside(module, "picky") as picky:
        picky.start()
        assert picky(os.getpid()) == "here"
    with Beside(module, "wrong") as wrong, pytest.raises(ValueError, match="wrong"):
        wrong.start()
        wrong()


def test_it_is_made_here_where_its_arguments_cannot_be_sent(module: str) -> None:
    with Beside(module, "where") as where:
        where.start()
        number, (given,) = where(lambda: 7)
    assert number == os.getpid() and given() == 7


def test_it_is_made_here_where_the_process_was_killed(module: str) -> None:
    with Beside(module, "where") as where:
        where.start()
        assert where._process > 0, "0 would be this process and all beside it"
        os.kill(where._process, signal.SIGKILL)
        assert where()[0] == os.getpid()


def test_it_is_made_here_where_no_process_can_be_started(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> int:
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(os, "fork", none)
    with Beside(module, "where") as where:
        where.start()
        assert where()[0] == os.getpid()


def test_nothing_is_left_where_no_call_comes(module: str) -> None:
    with Beside(module, "where") as where:
        where.start()
        number = where._process
        assert number > 0
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc whether a process is there")
def test_it_ends_with_its_parent(module: str, tmp_path: Path) -> None:
    code = f"""if True:
        from sims.cli.beside import Beside
        where = Beside({module!r}, "where")
        where.start()
        print(where._process, flush=True)
        import os
        os._exit(0)"""
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    number = int(ran.stdout)
    for _ in range(200):
        status = Path(f"/proc/{number}/status")
        if not status.exists() or "State:\tZ" in status.read_text():  # ended, if nobody has asked how
            return
        time.sleep(0.05)
    pytest.fail("the process is still there ten seconds after its parent")


def test_figures_drawn_beside_are_those_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = Beside.start
    monkeypatch.setattr(Beside, "start", lambda self: (started.append(1), start(self)))
    words = "allreduce fat-tree:k=4 --algorithm ring --size 1MB --explain-plot gains.svg --timeline line.png"
    for folder, least in (("here", 10**9), ("beside", 0)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        monkeypatch.setattr(collective, "_LONG", least)
        monkeypatch.setattr("sys.argv", ["fabricsim", *words.split(), "--plot", "all.pdf"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0 and len(started) == (folder == "beside")
    for name in ("gains.svg", "line.png", "all.pdf"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "beside" / name).read_bytes()
