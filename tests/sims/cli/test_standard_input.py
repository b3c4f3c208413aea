"""``-`` is standard input wherever a command reads logs or rows: the same comes out as of the file."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from project import ROOT

from sims.cli.main import main

LOG = ROOT / "docs" / "figures" / "example-nccl.log"
FABRIC = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"
COMMANDS = {
    "calibrate {} --algorithm ring": "log",
    f"expect {FABRIC} --tolerance 75% --log {{}}": "log",
    f"diagnose {{}} {FABRIC} --baseline {LOG} --engine flow": "log",
    "plot rows.csv --overlay {} -o -": "log",
    **{f"plot {{}} -o - # {end}": end for end in ("csv", "json", "jsonl", "parquet")},
    "compare {} rows.csv": "jsonl",
    "report {} -o -": "json",
    "merge {} -o -": "jsonl",
}


def said(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["fabricsim", *words.partition(" #")[0].split()])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the log, and rows in every format; files that commands leave go to ``left``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "left").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "left"))
    shutil.copy(LOG, tmp_path / "rows.log")
    rows = " ".join(f"-o rows.{end}" for end in ("csv", "json", "jsonl", "parquet"))
    command = f"allreduce {FABRIC} --algorithm ring --size 1MiB,16MiB --routing adaptive {rows}"
    assert said(command, monkeypatch, capsys)[0] == 0
    return tmp_path


def stdin(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dash_is_as_good_as_the_file(
    command: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"rows.{COMMANDS[command]}"
    status, out, err = said(command.format(name), monkeypatch, capsys)
    assert status in (0, 1) and out, err
    stdin((files / name).read_bytes(), monkeypatch)
    piped = said(command.format("-"), monkeypatch, capsys)
    assert piped[0] == status and piped[1].replace("standard input", name) == out
    assert str(files) not in piped[1] + piped[2] and not list((files / "left").iterdir())


@pytest.mark.parametrize(
    ("command", "content", "words"),
    [
        ("calibrate -", "hello\n", "standard input: holds no results of nccl-tests"),
        ("calibrate -", "", "standard input: is empty, where a file is asked for by -"),
        ("plot - -o -", '{"a": 1}\n', "standard input: record 1, line 1, column 1: not a row of results"),
        ("report - -o -", "a,b\n1\n", "standard input: record 1, line 2"),
    ],
)
def test_errors_call_it_so(
    command: str,
    content: str,
    words: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stdin(content.encode(), monkeypatch)
    status, out, err = said(command, monkeypatch, capsys)
    assert status == 2 and not out and err.startswith(f"fabricsim: error: {words}"), err
    assert str(files) not in err and not list((files / "left").iterdir())
