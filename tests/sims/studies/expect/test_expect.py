"""What one should see, by closed form; a log passes up to the mark and fails beyond it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.library import communicator
from sims.models.nccl import chosen
from sims.show.words.expect import expect_lines, expect_records
from sims.show.words.nccl_tests import devices_of, nccl_tests
from sims.studies.expect.choice import choices
from sims.studies.expect.expectation import Expectation, expect
from sims.studies.expect.tolerance import share
from sims.studies.nccl_log import NcclLog, read_nccl
from sims.workload.collective import COLLECTIVES
from topologies import load

TREE = Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,gpus_per_server=8"))
SIZES = [8, 2**20, 2**24, 2**30]


def log_of(found: Expectation, folder: Path, factors: dict[int, float]) -> NcclLog:
    """A log that takes ``factors`` times the slow mark of each size."""
    rows = []
    for mark in found.marks:
        time = mark.slow_s * factors.get(mark.size, 0.9)
        share = mark.row.time_s / time
        bandwidths = {n: getattr(mark.row, n) * share for n in ("algbw_GBps", "busbw_GBps")}
        rows.append(replace(mark.row, time_s=time, **bandwidths))
    path = folder / "run.json"
    path.write_text(nccl_tests("nccl-tests-json", rows, devices_of(found.job)), encoding="utf-8")
    return read_nccl(path)


def test_a_tolerance_stands_around_the_closed_form_of_a_ring() -> None:
    star = Fabric.from_graph(load("star:endpoints=8,rate=400Gbps"))
    found = expect(star, [2**30], algorithm="ring", latency_profile="ideal:cable_factor=0", tolerance=0.25)
    (mark,) = found.marks
    due = 2 * 7 / 8 * 2**30 / 50e9
    assert mark.row.time_s == pytest.approx(due)
    assert (mark.quick_s, mark.slow_s) == pytest.approx((due / 1.25, due * 1.25))
    assert mark.busbw(mark.slow_s) == pytest.approx(50e9 / 1.25)


def test_at_each_size_the_fastest_of_what_is_named_runs() -> None:
    """A twin that runs every choice by itself; where nothing is named, NCCL's cost model chooses."""
    named, nccl = expect(TREE, SIZES, algorithm="ring,chain-tree"), expect(TREE, SIZES)
    seen = communicator(named.job.fabric, named.job.placement)
    for mark, believed in zip(named.marks, nccl.marks):
        times, due = [], chosen(seen, "all-reduce", mark.size)
        for one in choices("all-reduce"):
            job = CollectiveJob(TREE, routing="adaptive", latency_profile=one.profile)
            times.append(job.row(one.algorithm, mark.size).time_s)
            if one.profile == f"nccl-{due.algorithm}-{due.protocol}":
                assert believed.row.time_s == times[-1]
        assert mark.row.time_s == min(times) <= believed.row.time_s


def test_the_marks_are_those_of_the_band() -> None:
    for mark in expect(TREE, SIZES).marks:
        assert mark.slow_s == mark.row.time_s * (1 + mark.row.error_high)
        assert mark.quick_s == mark.row.time_s * (1 + mark.row.error_low)
        assert mark.quick_s < mark.row.time_s < mark.slow_s


@pytest.mark.parametrize("of", COLLECTIVES)
def test_every_collective_has_an_expectation(of: str) -> None:
    (mark,) = expect(TREE, [2**26], collective=of).marks
    assert 0 < mark.quick_s < mark.slow_s


def test_a_log_passes_up_to_the_mark_and_fails_beyond(tmp_path: Path) -> None:
    plain = expect(TREE, SIZES)
    good = expect(TREE, log=log_of(plain, tmp_path, dict.fromkeys(SIZES, 0.999)))
    assert good.passed and [mark.verdict for mark in good.marks] == ["pass"] * 4
    assert [mark.size for mark in good.marks] == SIZES
    bad = expect(TREE, log=log_of(plain, tmp_path, {2**30: 1.02, 2**24: 1.01}))
    assert not bad.passed and [mark.verdict for mark in bad.marks] == ["pass", "pass", "FAIL", "FAIL"]
    lines = list(expect_lines(bad))
    assert lines[-2:] == [
        "# verdict    FAIL: 2 of 4 sizes",
        "#   2 sizes, 16 MiB to 1 GiB: below the marks, the worst 1 GiB, which takes 2.0% longer than it may",
    ]
    assert [record["verdict"] for record in expect_records(bad)] == ["pass", "pass", "FAIL", "FAIL"]
    assert expect_records(plain)[0]["verdict"] == ""
    assert any(line.startswith("# verdict    pass: 4 sizes") for line in expect_lines(good))


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        ((2**20, 2**30), "2 of 3 sizes from 1 MiB to 1 GiB"),  # 16 MiB passes
        ((8, 2**30), "2 of 4 sizes from 8 B to 1 GiB"),
        ((2**20, 2**24), "2 sizes, 1 MiB to 16 MiB"),
        ((2**24,), "1 size, 16 MiB"),
    ],
)
def test_sizes_that_fail_are_told_from_those_between(
    slow: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    found = expect(TREE, log=log_of(expect(TREE, SIZES), tmp_path, dict.fromkeys(slow, 1.5)))
    assert [mark.size for mark in found.failed] == list(slow)
    assert list(expect_lines(found))[-1].startswith(f"#   {said}: below the marks")


def test_a_mark_that_one_healthy_machine_of_ten_misses_is_no_proof() -> None:
    for tolerance in (None, 0.2):
        lines = list(expect_lines(expect(TREE, [2**30], tolerance=tolerance)))
        assert sum("something may be wrong" in line for line in lines) == 1
        assert not any("is wrong" in line for line in lines)


def test_wrong_results_fail_however_fast(tmp_path: Path) -> None:
    log = replace(log_of(expect(TREE, SIZES), tmp_path, {}), wrong=frozenset({2**24}))
    found = expect(TREE, log=log)
    assert not found.passed and [mark.fault for mark in found.failed] == ["wrong"]
    assert list(expect_lines(found))[-1] == "#   1 size, 16 MiB: results were wrong"


def test_what_is_faster_than_the_links_is_of_another_machine(tmp_path: Path) -> None:
    """1 GiB has to leave a NIC of 50 GB/s: it takes 21.5 ms, even where switches add up."""
    star = Fabric.from_graph(load("star:endpoints=8"))
    plain = expect(star, [2**20, 2**30], tolerance=0.5)
    share = 2**30 / 50e9 / plain.marks[1].slow_s
    for factor, fault in ((share * 1.001, ""), (share / 1.03, "unreal")):
        found = expect(star, log=log_of(plain, tmp_path, {2**30: factor}), tolerance=0.5)
        assert found.marks[1].fault == fault, factor
    assert "faster than these links can be, 1 GiB 1.03 times: the log" in list(expect_lines(found))[-1]


def test_a_log_of_some_sizes_judges_those(tmp_path: Path) -> None:
    log = log_of(expect(TREE, SIZES), tmp_path, {})
    found = expect(TREE, [2**30, 2**31], log=log)
    assert [mark.verdict for mark in found.marks] == ["pass", ""]
    with pytest.raises(ParameterError, match=r"size: 4096: the log run.json has no line of these sizes"):
        expect(TREE, [4096], log=log)


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    log = log_of(expect(TREE, SIZES), tmp_path, {})
    small = Fabric.from_graph(load("fat-tree:endpoints=16,radix=16,gpus_per_server=8"))
    with pytest.raises(ParameterError, match=r"ranks: 64: at most the 16 endpoints"):
        expect(small, log=log)
    with pytest.raises(ParameterError, match=r"collective: 'all-gather': the log run.json is of all-reduce"):
        expect(TREE, log=log, collective="all-gather")
    with pytest.raises(ParameterError, match=r"ranks: 16: the log run.json is of 64"):
        expect(TREE, log=log, ranks=16)
    with pytest.raises(ParameterError, match=r"no machine was measured near enough .* give --tolerance"):
        expect(TREE, SIZES, latency_profile="ideal")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "20", "101%", "1.01", "%", "much"])
def test_a_tolerance_is_a_share_of_at_most_one(text: str) -> None:
    """20 for 20% would let every log pass."""
    meant = ": 20% is 0.2$" if text == "20" else ""
    with pytest.raises(ParameterError, match=rf"tolerance: '{text}': a share above 0 and at most 1.*{meant}"):
        expect(TREE, SIZES, tolerance=text)
    assert share("100%") == share("1") == share(1) == 1.0


def test_a_log_of_several_collectives_and_one_without_sizes(tmp_path: Path) -> None:
    job = CollectiveJob(TREE, collective="all-gather")
    gather = nccl_tests("nccl-tests", list(job.rows(["ring"], [2**20])), devices_of(job))
    job = CollectiveJob(TREE)
    reduce = nccl_tests("nccl-tests", list(job.rows(["ring"], [2**20])), devices_of(job))
    (tmp_path / "both.log").write_text(gather + reduce, encoding="utf-8")
    rule = r"log: 'both.log': holds tests of several collectives, all_reduce, all_gather: one to a file"
    with pytest.raises(ParameterError, match=rule):
        expect(TREE, log=read_nccl(tmp_path / "both.log"))
    head = "\n".join(line for line in reduce.splitlines() if line.startswith("#"))
    (tmp_path / "empty.log").write_text(head, encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"empty.log: holds no results of nccl-tests: no line"):
        read_nccl(tmp_path / "empty.log")
