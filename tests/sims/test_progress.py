"""The progress bar: late, on a terminal only, and never in the way of the data."""

import io
import sys
import time

import pytest

from sims import progress
from sims.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(lines: list[str], items: int = 3) -> None:
    with Progress() as bar:
        bar.step("routing")
        for _ in bar.each(range(items), items):
            time.sleep(0.15)
            bar.print(lines)


def test_silent_when_not_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    run(["data"])
    assert capsys.readouterr() == ("data\n" * 3, "")


def test_silent_while_it_is_quick(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run(["data"])
    assert terminal.getvalue() == "" and capsys.readouterr().out == "data\n" * 3


def test_data_stays_on_stdout_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also lines wider than the terminal, and while the bar is shown on the same one."""
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    line = "x" * 300
    run([line, line])
    assert capsys.readouterr().out == f"{line}\n" * 6
    assert "routing" in terminal.getvalue() and line not in terminal.getvalue()
