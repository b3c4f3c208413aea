"""The progress bar: late, on a terminal only, and never in the way of the data."""

import gc
import io
import re
import sys
import time

import pytest

from fabric.machine.under_way import HowFar, under_way
from sims.cli import progress
from sims.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(bar: Progress) -> None:
    """Wait for the bar, for which rich has to be imported first: seconds on a busy machine."""
    limit = time.monotonic() + 30
    while bar._bar is None:
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


def test_a_step_without_items_shows_its_share_and_text_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share is asked for by the bar: what is under way tells nothing by itself."""
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    with Progress() as bar, under_way(lambda: 0.4, 1.0):
        bar.step("running [bold]")
        shown(bar)
        bar._bar.refresh()
    assert re.search(r"running \[bold\] .* 40%, \d+:\d\d left", terminal.getvalue())


@pytest.mark.parametrize(
    ("far", "said"),
    [
        (HowFar(10, 100, 5.0), "10 of 100, 2.0/s, 0:45 left"),
        (HowFar(1000, 10_000, 10.0), "1,000 of 10,000, 100/s, 1:30 left"),
        (HowFar(1, 3601, 2.0), "1 of 3,601, 0.5/s, 2:00:00 left"),
        (HowFar(0, 10, 1.0), "0 of 10"),
        (HowFar(1, 3, 60.0), "1 of 3, 2:00 left"),
        (HowFar(0.25, 1.0, 10.0, counted=False), "25%, 0:30 left"),
        (HowFar(0.0, 1.0, 10.0, counted=False), ""),
        (HowFar(0, 0, 1.0), ""),
        (None, ""),
    ],
)
def test_pace(far: HowFar | None, said: str) -> None:
    assert progress.pace(far) == said


def test_where_there_is_no_terminal_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MINUTE", 0.05)
    said = ""
    with Progress() as bar:
        bar.step("running")
        for _ in bar.each(range(5), 5):
            limit = time.monotonic() + 30
            while not (said := said + capsys.readouterr().err):
                assert time.monotonic() < limit
                time.sleep(0.01)
    first, *_ = said.splitlines()
    assert first == "running: 0 of 5"


def test_what_is_drawn_is_not_searched_for_garbage() -> None:
    with Progress() as bar:
        assert gc.isenabled()
        bar.drawing()
        assert not gc.isenabled() and bar._text == "drawing"
    with Progress():
        assert gc.isenabled()
