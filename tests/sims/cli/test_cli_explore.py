"""``fabricsim explore`` as a stranger runs it: the page of the documents, what is kept, mistakes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from project import ROOT

from sims.cli.main import main

pytest.importorskip("altair", reason="the extra [explore] is not installed: no page is made")
DOCUMENT = (ROOT / "docs" / "explore.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-m", "sims.cli"]


def env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_the_command_of_the_document_and_again(tmp_path: Path) -> None:
    (line,) = re.findall(r"^fabricsim (explore .*)$", DOCUMENT, re.MULTILINE)
    words = [*COMMAND, *line.split(), "-j1"]
    done = subprocess.run(words, cwd=tmp_path, env=env(), capture_output=True, text=True, check=True)
    assert re.match(r"[\d,]+ runs, about \d+ s on 1 worker\n", done.stderr) and done.stdout == ""
    page = (tmp_path / "page.html").read_text()
    assert "<h1>Play with fat-tree:k=4</h1>" in page and len(page) < 5_000_000
    rows = (tmp_path / "page-rows" / "rows.jsonl").read_text()
    again = subprocess.run(words, cwd=tmp_path, env=env(), capture_output=True, text=True, check=True)
    assert "are there already" in again.stderr
    assert (tmp_path / "page-rows" / "rows.jsonl").read_text() == rows
    assert (tmp_path / "page.html").read_text() == page


def test_the_python_of_the_document(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    words = [sys.executable, "-W", "error", "-c", block]
    done = subprocess.run(words, cwd=tmp_path, env=env(), capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+ runs, [12]\.\d MB\n", done.stdout)


def test_ctrl_c_keeps_what_is_finished_and_says_where(tmp_path: Path) -> None:
    words = [*COMMAND, "explore", "fat-tree:k=8", "-o", "page.html", "-j1"]
    rows = tmp_path / "page-rows" / "rows.jsonl"
    with subprocess.Popen(words, cwd=tmp_path, env=env(), stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not (rows.exists() and rows.stat().st_size > 3000):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=120)[1]
    assert running.returncode == 130
    assert re.search(r"page-rows: [\d,]+ of [\d,]+ points are kept; the same command goes on", said)
    assert len(rows.read_text().splitlines()) >= 2 and not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fat-tree:k=4", "--out: not given: a file for the page: -o page.html"),
        ("fat-tree:k=4 -o page.txt", ".html"),
        ("fat-tree:k=4 -o -", "--rows: not given: a folder for the rows, as the page is no file"),
        ("fat-tre:k=4 -o page.html", "fat-tre"),
        ("fat-tree:k=4 -o page.html -j 0", "a whole number from 1"),
        ("fat-tree:k=4 --set seed=0..9999 -o page.html", "at most 2,000 runs"),
    ],
)
def test_mistakes(
    words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["fabricsim", "explore", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and list(tmp_path.iterdir()) == []


def test_without_the_extra_it_says_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sims.show.explore.charts.find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["fabricsim", "explore", "star:endpoints=4", "-o", "page.html"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "pip install 'fabricsim[explore]' (altair, vl_convert not installed)" in capsys.readouterr().err
