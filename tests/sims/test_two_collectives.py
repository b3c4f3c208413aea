"""A second collective beside all-reduce: nothing takes one for the other, from the job to the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from direct_reduce_scatter import direct_known

from fabric import Fabric
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from sims import simulate
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.jobs.collective import CollectiveJob
from sims.scenario.files import write_records
from sims.scenario.row import Row
from sims.scenario.rows import read_rows
from sims.scenario.scenario import Scenario
from sims.show.figures import figure_of
from sims.show.report import report
from sims.show.words.faults import disturbance_lines
from sims.show.words.table import collective_header
from sims.studies.compare import compare
from sims.studies.explain.explainer import Explainer, command
from sims.studies.nccl_log import Measurement, NcclLog
from sims.studies.sweep.bench import Bench
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import SweepError, read_sweep
from topologies import load

TEXT = "star:endpoints=8,rate=400Gbps"
B = 50e9  # bytes/s of its links
SIZES = (2**20, 2**30)


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    with direct_known():
        yield


def job(collective: str = "reduce-scatter", **settings: object) -> CollectiveJob:
    fabric = Fabric.from_graph(load(TEXT))
    return CollectiveJob(fabric, topology=TEXT, digest="", collective=collective, **settings)


def rows(collective: str = "reduce-scatter", algorithms: Sequence[str] = ("ring",)) -> list[Row]:
    return list(job(collective).rows(algorithms, SIZES))


def test_a_row_counts_the_bus_of_its_own_collective() -> None:
    """Without latency a ring takes (n-1) S/(nB) for the one and twice that for the other: the bus is full."""
    for collective, passes in (("reduce-scatter", 1), ("all-reduce", 2)):
        row = job(collective, latency_profile="ideal:cable_factor=0").row("ring", 2**30)
        assert row.time_s == pytest.approx(passes * 7 / 8 * 2**30 / B, rel=1e-9)
        assert row.busbw_GBps == pytest.approx(B / 1e9, rel=1e-9)
        assert row.scenario.collective == collective
        assert simulate(row.scenario) == row
        assert Row.from_dict(row.to_dict()) == row


def test_auto_and_explain_choose_among_its_own() -> None:
    assert {job().row("auto", size).used for size in SIZES} <= {"ring", "recursive-halving", "direct"}
    assert job().row("auto", 2**10).used == "direct"  # one step against seven
    assert "direct" not in {job("all-reduce").row("auto", size).used for size in SIZES}
    doubling = {"recursive-doubling", "halving-doubling"}
    for collective, others in (("reduce-scatter", {"direct", "recursive-halving"}), ("all-reduce", doubling)):
        of = job(collective)
        found = Explainer(of).explain(of.row("ring", 2**10))
        (other,) = [one for one in found.remedies if one.name.startswith("best other algorithm")]
        assert other.name.partition(": ")[2] in others
        assert other.scenario is not None and other.scenario.collective == collective


def test_what_names_no_collective_is_all_reduce_and_refuses_others() -> None:
    fabric = Fabric.from_graph(load(TEXT))
    with pytest.raises(ParameterError, match="AllReduce is the job of all-reduce"):
        AllReduce(fabric, collective="reduce-scatter")
    with pytest.raises(ParameterError, match="'direct': unknown algorithm of all-reduce"):
        all_reduce(fabric, "direct")
    with pytest.raises(ParameterError, match="'tree': unknown algorithm of reduce-scatter"):
        job().row("tree", 2**20)
    with pytest.raises(ParameterError, match="unknown collective"):
        CollectiveJob(fabric, collective="mixture")
    assert AllReduce(fabric).changed(routing="dmodk").collective.name == "all-reduce"
    assert job().changed(routing="dmodk").collective.name == "reduce-scatter"
    assert command(rows("all-reduce")[0].scenario).startswith(f"fabricsim allreduce {TEXT} ")
    assert command(rows()[0].scenario).startswith(f"fabricsim collective reduce-scatter {TEXT} --algorithm")


def test_keys_of_all_reduce_are_those_of_before() -> None:
    old = {"topology": TEXT, "ranks": 8, "algorithm": "ring", "size_bytes": 1024}
    assert "collective" not in Scenario(**old).canonical()
    assert Scenario(**old).key == Scenario(**old, collective="all-reduce").key
    assert Scenario(**old, collective="reduce-scatter").key != Scenario(**old).key


def test_a_row_that_says_another_collective_is_refused(tmp_path: Path) -> None:
    (row, _), values = rows(), rows()[0].to_dict()
    with pytest.raises(ParameterError, match=r"key: .*does not belong to this scenario"):
        Row.from_dict({**values, "collective": "all-reduce"})
    other = row.scenario.model_copy(update={"collective": "all-reduce"})
    with pytest.raises(
        ParameterError, match=r"busbw_GBps: .*contradicts algbw times 2 \(n - 1\) / n of 8 ranks"
    ):
        Row.from_dict({**values, "collective": "all-reduce", "key": other.key})
    del values["collective"]
    with pytest.raises(ParameterError, match=r"key: .*does not belong to this scenario"):
        Row.from_dict(values)
    write_records(tmp_path / "rows.jsonl", [{**row.to_dict(), "collective": "mixture"}])
    with pytest.raises(
        FileFormatError, match=r"record 1, line 1, column 228: .*unknown collective \(.*legal: all-reduce"
    ):
        read_rows(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "rows.jsonl", "rows.parquet"])
def test_files_keep_it(tmp_path: Path, name: str) -> None:
    both = [*rows(), *rows("all-reduce")]
    write_records(tmp_path / name, [row.to_dict() for row in both])
    assert read_rows(tmp_path / name) == both


def test_compare_says_that_it_changed() -> None:
    found = compare(rows("all-reduce"), rows())
    assert [str(change) for change in found.changes] == ["collective: all-reduce -> reduce-scatter"]
    mixed = [*rows("all-reduce"), *rows()]
    again = compare(mixed, list(job("all-reduce", routing="dmodk").rows(["ring"], SIZES)))
    assert {pair.a.scenario.collective for pair in again.pairs} == {"all-reduce"}
    assert again.left_out == (2, 0)


def test_a_sweep_over_both() -> None:
    sets = [f"topology={TEXT}", "collective=all-reduce,reduce-scatter", "algorithm=ring,auto", "size=1K,1M"]
    plan = plan_sweep(read_sweep(None, sets))
    assert len({point.key for point in plan.points}) == 8
    bench = Bench()
    for point in plan.points:
        row = bench.run(point)
        assert isinstance(row, Row)
        assert row.scenario == point
        assert (
            row.used
            in {"all-reduce": ("ring", "recursive-doubling"), "reduce-scatter": ("ring", "direct")}[
                point.collective
            ]
            or point.size_bytes > 1024
        )
        assert row.busbw_GBps <= B / 1e9
    with pytest.raises(SweepError, match="'tree': unknown algorithm of reduce-scatter"):
        plan_sweep(read_sweep(None, [*sets[:2], "algorithm=ring,tree"]))
    with pytest.raises(SweepError, match="'direct': unknown algorithm of all-reduce"):
        plan_sweep(read_sweep(None, [sets[0], "algorithm=direct"]))
    with pytest.raises(SweepError, match="collective: 'mixture': unknown collective"):
        read_sweep(None, [sets[0], "collective=mixture"])


def test_a_sweep_counts_the_groups_of_its_own() -> None:
    """direct of reduce-scatter takes groups, of which a star has one: its switch."""
    plan = plan_sweep(read_sweep(None, [f"topology={TEXT}", "collective=reduce-scatter", "algorithm=direct"]))
    assert [point.algorithm for point in plan.points] == ["direct"] and plan.seconds > 0


def test_figures_keep_them_apart() -> None:
    both = [*rows(), *rows("all-reduce"), *rows("all-reduce", ["tree"])]
    drawn = figure_of(both, figure="busbw")
    labels = {line.get_label() for line in drawn.axes[0].get_lines()}
    assert {"ring, all-reduce", "ring, reduce-scatter", "tree, all-reduce"} <= labels
    assert ", all-reduce, 8 ranks" not in drawn.texts[0].get_text()
    alone = figure_of(rows(), figure="time").texts[0].get_text()
    assert "reduce-scatter, ring" in alone and "all-reduce" not in alone
    with pytest.raises(ParameterError, match="collective"):
        figure_of(both, figure="crossover")


def test_a_measurement_stands_beside_its_own_collective() -> None:
    (_row, _) = rows()
    one = Measurement(size_bytes=2**20, time_s=1e-3, algbw_GBps=1.0, busbw_GBps=0.875, in_place=False)
    log = NcclLog(name="a.log", collective="reduce_scatter", ranks=8, version="", notes=(), rows=(one,))
    assert figure_of(rows(), figure="time", overlay=[log])
    with pytest.raises(ParameterError, match="measures reduce_scatter, and the rows all_reduce"):
        figure_of(rows("all-reduce"), figure="time", overlay=[log])
    sixteen = NcclLog(name="b.log", collective="reduce_scatter", ranks=16, version="", notes=(), rows=(one,))
    fabric = Fabric.from_graph(load("star:endpoints=16"))
    wider = list(CollectiveJob(fabric, topology="star:endpoints=16", digest="").rows(["ring"], SIZES))
    with pytest.raises(ParameterError, match=r"measured on 16 ranks, and no row is of as many .legal: 8"):
        figure_of([*wider, *rows()], figure="time", overlay=[sixteen])


def test_words_name_it() -> None:
    assert ": reduce-scatter, simulated (flow model)" in next(collective_header(rows()[0]))
    run = dict.fromkeys(("duration_s", "undisturbed_s", "median_s", "p99_s", "worst_s"), 1.0)
    told = {"run": {**run, "iterations": 2.0, "lost_s": 1.0, "faults": 1.0, "passed_over": 0.0}}
    words = " ".join(disturbance_lines("1 GiB", told, "reduce-scatter"))
    assert "# 2 reduce-scatters of 1 GiB" in words and "of the time in reduce-scatters" in words
    page = report(rows(), source="rows.jsonl")
    assert (
        "a report of simulated reduce-scatter" in page and "Reduce-scatter was simulated at 2 points" in page
    )
    assert "ll-reduce" not in page and "fabricsim allreduce" not in page
    assert page.count("fabricsim collective reduce-scatter ") == 1
    both = report([*rows(), *rows("all-reduce")], source="rows.jsonl")
    assert "Reduce-scatter and all-reduce were simulated at 4 points" in both
    assert both.count("fabricsim allreduce") == 1


def test_without_it_its_rows_are_refused(tmp_path: Path) -> None:
    write_records(tmp_path / "rows.jsonl", [row.to_dict() for row in rows()])
    from sims.workload.collective import COLLECTIVES

    every = dict(COLLECTIVES)
    del COLLECTIVES["reduce-scatter"]
    try:
        with pytest.raises(FabricsimError, match=r"unknown collective \(.*legal: "):
            read_rows(tmp_path / "rows.jsonl")
    finally:
        COLLECTIVES.clear()
        COLLECTIVES.update(every)  # in their order
