"""The progress bar: late, on a terminal only, and never in the way of the data."""

import io
import re
import sys
import time
from types import SimpleNamespace

import pytest

from sims.cli import progress
from sims.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(bar: Progress) -> None:
    """Wait for the bar, for which rich has to be imported first: seconds on a busy machine."""
    limit = time.monotonic() + 30
    while bar._task is None:
        assert time.monotonic() < limit, "no bar"
        time.sleep(0.01)


def run(lines: list[str], items: int = 3, *, wait: bool = False) -> None:
    with Progress() as bar:
        bar.step("routing")
        if wait:
            shown(bar)
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
    run([line, line], wait=True)
    assert capsys.readouterr().out == f"{line}\n" * 6
    assert "routing" in terminal.getvalue() and line not in terminal.getvalue()


def test_rate_and_time_left_stand_beside_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    with Progress() as bar:
        bar.step("running")
        shown(bar)
        for number in bar.each(range(8), 1200):
            time.sleep(0.1)
            if number == 4:
                bar.say(["a line in the middle [/not markup]"])
    text = terminal.getvalue()
    assert re.search(r"running .* [2-8] of 1,200, [\d.]+/s, \d+:\d\d left", text), text
    assert "a line in the middle [/not markup]\n" in text


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (10, 100, 5.0, "2.0/s, 0:45 left"),
        (1000, 10_000, 10.0, "100/s, 1:30 left"),
        (1, 3601, 2.0, "0.5/s, 2:00:00 left"),
        (0, 10, 1.0, ""),
        (3, 0, 1.0, ""),
    ],
)
def test_pace(done: int, total: int, seconds: float, said: str) -> None:
    bar = Progress()
    bar._done, bar._total = done, total
    assert bar._pace(seconds) == said


def test_where_there_is_no_terminal_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    with Progress() as bar:
        bar.step("running")
        for _ in bar.each(range(5), 5):
            now += 35
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["running: 3 of 5, 0.0/s, 0:47 left", "running: 5 of 5, 0.0/s, 0:00 left"]
