"""Ctrl-C in long commands: what is finished is written, and the exit status says that it was cut short."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sims.cli.main import main
from sims.cli.progress import Progress
from sims.scenario.files import read_records


def cut_short(self: Progress, items: Iterable[Any], total: int) -> Iterator[Any]:
    """Pass on two items, or all but the last, and then be interrupted."""
    for number, item in enumerate(items):
        if number == min(2, total - 1):
            raise KeyboardInterrupt
        yield item


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("routing compare fat-tree:k=4 --routing ecmp,dmodk,spray,adaptive", 2),
        ("latency fat-tree:k=4 --load 0.1,0.2,0.3 --size 1KiB", 2),
        ("validate --quick", 2),
    ],
)
def test_what_is_finished_is_kept(
    words: str, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Progress, "each", cut_short)
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split(), "--out", "rows.jsonl"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "fabricsim: interrupted" in capsys.readouterr().err
    assert len(read_records(tmp_path / "rows.jsonl")) >= rows
