"""Ctrl-C in long commands: what is finished is written, and the exit status says that it was cut short."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fabric.machine.under_way as loops
from fabric.machine.under_way import HowFar
from sims.cli.main import main
from sims.cli.progress import Progress
from sims.jobs.collective import CollectiveJob
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
        ("compare star:endpoints=4 star:endpoints=8 fat-tree:k=4 --ranks 4 --algorithm ring --size 1KiB", 1),
        ("topology bom star:endpoints=4 star:endpoints=8 fat-tree:k=4", 2),
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


def test_a_side_that_is_not_finished_is_compared_in_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = CollectiveJob.rows

    def cut(self: CollectiveJob, *given: Any) -> Iterator[Any]:
        for number, row in enumerate(whole(self, *given)):
            if self.fabric.n_endpoints == 8 and number == 2:
                raise KeyboardInterrupt
            yield row

    monkeypatch.setattr(CollectiveJob, "rows", cut)
    monkeypatch.chdir(tmp_path)
    words = "compare fat-tree:k=4 star:endpoints=8 --ranks 8 --algorithm ring --size 1K:1G:x4 -o pairs.csv"
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert len(read_records(tmp_path / "pairs.csv")) == 2


def test_what_came_out_is_kept_where_the_search_for_remedies_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(job: Any) -> Iterator[Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr("sims.studies.explain.goodput.explain_goodput", cut)
    monkeypatch.chdir(tmp_path)
    words = "goodput fat-tree:k=4 --step 20s --faults llama3 --duration 1d --explain --out row.json"
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130 and "interrupted" in capsys.readouterr().err
    assert len(read_records(tmp_path / "row.json")) == 1


class Seen(list[Any]):
    """The loops under way; ``ends``: how far each was when it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[HowFar] = []

    def remove(self, ask: Any) -> None:
        self.ends.append(ask())
        super().remove(ask)


@pytest.mark.parametrize(
    ("words", "total"),
    [
        ("flows fat-tree:k=4 --traffic permutation --size 1MB", 16),
        ("flows star:endpoints=4 --traffic permutation --size 64KiB --engine packet", 4 * 2**16),
        ("allreduce star:endpoints=4 --algorithm ring --size 1MiB --engine packet", 4),
        ("allreduce fat-tree:k=4 --algorithm halving-doubling --size 1MiB", 8),
        ("goodput fat-tree:k=4 --step 20s --faults llama3 --duration 1d", 1.0),
        ("topology bom star:endpoints=4 star:endpoints=8", 2),
        ("compare star:endpoints=4 star:endpoints=8 --ranks 4 --algorithm ring --size 1K,1M", 2),
        ("train fat-tree:k=4 --model llama3-8b --groups tp=4,pp=2,dp=rest --sequence 512 --batch 8", None),
        ("topology show torus:dims=8/8", None),
    ],
)
def test_single_steps_say_how_far_they_are(
    words: str, total: float | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loops, "_LOOPS", seen := Seen())
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err
    whole = [one for one in seen.ends if one.done == one.total]
    assert whole if total is None else any(one.total == total for one in whole), seen.ends
    assert seen == []
