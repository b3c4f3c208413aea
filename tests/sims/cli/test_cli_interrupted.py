"""Ctrl-C in long commands: what is finished is written, and the exit status says that it was cut short."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from project import ROOT

import fabric.machine.under_way as loops
from fabric import Fabric
from fabric.machine.under_way import HowFar
from sims.cli.main import main
from sims.cli.progress import Progress
from sims.jobs.collective import CollectiveJob
from sims.jobs.flow_run import traffic_of
from sims.scenario.files import read_records
from sims.scenario.rows import read_results
from sims.studies.expect.plan import Plan
from sims.workload.trace import read_trace
from topologies import load
from topologies.files.exchange import write_graph

TRACE = "trace star:endpoints=4 --trace pingpong.goal"
INPUTS = ROOT / "tests" / "gold" / "inputs"
TRAIN = "train fat-tree:k=4 --model llama3-8b --groups tp=4,pp=2,dp=rest --sequence 512 --batch 8"


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


def interrupted(
    words: str, where: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("jobs.toml", "pingpong.goal"):
        (where / name).write_bytes((INPUTS / name).read_bytes())
    monkeypatch.chdir(where)
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130 and "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("run.explain_run", "run jobs.toml --explain --out rows.csv --row row.json"),
        (
            "trace.explain_trace",
            "trace star:endpoints=4 --trace pingpong.goal --explain -o rows.csv --row row.json",
        ),
        ("train.explain_train", f"{TRAIN} --explain -o row.json -o rows.csv"),
    ],
)
def test_the_search_for_remedies_is_cut_short_and_all_files_are_there(
    search: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def cut(*given: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"sims.studies.explain.{search}", cut)
    interrupted(words, tmp_path, monkeypatch, capsys)
    assert len(read_records(tmp_path / "row.json")) == 1 and read_records(tmp_path / "rows.csv")


def test_marks_that_are_finished_are_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Plan.row

    def cut(self: Plan, size: int) -> Any:
        if size == 2**22:
            raise KeyboardInterrupt
        return whole(self, size)

    monkeypatch.setattr(Plan, "row", cut)
    words = "expect star:endpoints=8 --size {} -o marks.csv"
    interrupted(words.format("64K,1M,4M,16M"), tmp_path, monkeypatch, capsys)
    assert [int(one["size_bytes"]) for one in read_records(tmp_path / "marks.csv")] == [2**16, 2**20]
    (tmp_path / "marks.csv").unlink()
    interrupted(words.format("4M,16M"), tmp_path, monkeypatch, capsys)
    assert not (tmp_path / "marks.csv").exists()


@pytest.mark.parametrize("form", ["json", "csv", "dot", "graphml", "ibnetdiscover", "txt", "conf"])
def test_reading_a_graph_says_about_how_long_it_takes(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within six times of what it takes of one core, busy or not, so that an estimate is worth something."""
    path = tmp_path / f"g.{form}"
    write_graph(load("fat-tree:k=16"), path)
    load(str(path))
    monkeypatch.setattr(loops, "_LOOPS", seen := Seen())
    began = time.process_time()
    load(str(path))
    took = time.process_time() - began
    (far,) = seen.ends
    assert not far.counted and took / 6 < far.total < took * 6


def test_rows_flows_and_traces_say_how_far_their_reading_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "_LOOPS", seen := Seen())
    flows = tmp_path / "flows.csv"
    flows.write_text("src,dst,size_bytes\n0,1,1000\n")
    traffic_of(str(flows), None, Fabric.from_graph(load("star:endpoints=4")), 0)
    read_results(INPUTS / "old.csv", INPUTS / "old.jsonl")
    read_trace(INPUTS / "pingpong.goal")
    sizes = [path.stat().st_size for path in (flows, INPUTS / "old.csv", INPUTS / "pingpong.goal")]
    sizes[1] += (INPUTS / "old.jsonl").stat().st_size
    expected = [size * per_byte for size, per_byte in zip(sizes, (4.6e-7, loops.PER_BYTE, 4.8e-7))]
    assert [one.total for one in seen.ends] == pytest.approx(expected)


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
        ("allreduce star:endpoints=4 --algorithm ring --size 1MiB --engine packet", 4 * 6 * 2**18),
        ("allreduce fat-tree:k=4 --algorithm halving-doubling --size 1MiB", 8),
        ("goodput fat-tree:k=4 --step 20s --faults llama3 --duration 1d", 1.0),
        ("topology bom star:endpoints=4 star:endpoints=8", 2),
        ("compare star:endpoints=4 star:endpoints=8 --ranks 4 --algorithm ring --size 1K,1M", 2),
        (TRAIN, None),
        ("topology show torus:dims=8/8", None),
        ("allreduce fat-tree:k=4 --algorithm ring --size 1MiB --sync rank", 16 * 30),
        ("expect star:endpoints=8 --size 1M,4M,16M", 3),
        ("diagnose nccl.log star:endpoints=64", None),
        ("calibrate nccl.log --algorithm ring,tree,chain-tree", 3),
        # The kinds of cables and all of them, a setting or two, and the other algorithms.
        ("allreduce fat-tree:k=4 --algorithm ring --size 1MiB --routing ecmp --explain", 3 + 1 + 2 + 1),
        (f"{TRAIN} --explain", None),
        ("goodput fat-tree:k=4 --step 20s --faults llama3 --duration 1d --explain", None),
        ("run jobs.toml --explain", None),
        (f"{TRACE} --explain", None),
        ("flows fat-tree:k=4 --traffic permutation --size 1MB --explain", None),
    ],
)
def test_single_steps_say_how_far_they_are(
    words: str,
    total: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("nccl.log", "jobs.toml", "pingpong.goal"):
        (tmp_path / name).write_bytes((INPUTS / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loops, "_LOOPS", seen := Seen())
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err
    whole = [one for one in seen.ends if one.done == one.total]
    assert whole if total is None else any(one.total == total for one in whole), seen.ends
    assert seen == []


def test_only_what_stands_in_a_folder_is_counted_before_it_is_read(tmp_path: Path) -> None:
    """A folder may be the root of all; who reads one reads what stands in it."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_bytes(b"x" * 1000)
    (tmp_path / "a").write_bytes(b"x" * 10)
    told = [loops._bytes(tmp_path), loops._bytes(tmp_path / "a"), loops._bytes(tmp_path / "none")]
    assert told == [10, 10, 0]
