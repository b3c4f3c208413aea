"""Rows and failures as records; what share of each kind of link a run uses; results read back from files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fabric import Fabric
from fabric.measures.link_kind import link_kind, link_kinds
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.scenario.files import read_records, write_records
from sims.scenario.row import COLUMNS, Failure, Row, read_result
from sims.scenario.rows import latest, read_results, read_rows
from sims.scenario.scenario import Scenario
from topologies import load

FAILED = Failure(
    scenario=Scenario.of(topology="fat-tree:k=4", ranks=8, algorithm="ring", size_bytes=8),
    error="NoRouteError: no path, or so",
    version="0",
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return all_reduce(load("fat-tree:k=4"), "ring,halving-doubling", "1MiB,1GiB")


def test_a_failure_fills_the_columns_of_a_row(rows: list[Row]) -> None:
    record = FAILED.to_dict()
    assert tuple(record) == COLUMNS == tuple(rows[0].to_dict())
    blank = {name for name, value in record.items() if value is None}
    assert blank >= {
        "time_s",
        "busbw_GBps",
        "utilisation",
    }
    assert read_result(json.loads(json.dumps(record))) == FAILED
    with pytest.raises(ParameterError, match="a point that failed has no numbers"):
        Row.from_dict(record)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_results_return_from_every_format(rows: list[Row], tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    write_records(path, [result.to_dict() for result in (*rows, FAILED)])
    assert [read_result(record) for record in read_records(path)] == [*rows, FAILED] == read_results(path)
    assert read_rows(path) == rows


def test_a_row_counts_more_than_a_failure_of_its_key(rows: list[Row]) -> None:
    failed = Failure(scenario=rows[0].scenario, error="worker died", version="0")
    assert latest([failed, rows[0]]) == latest([rows[0], failed]) == [rows[0]]


def test_bad_files_of_results(rows: list[Row], tmp_path: Path) -> None:
    record = {**rows[0].to_dict(), "key": "0" * 16}
    write_records(tmp_path / "a.jsonl", [rows[1].to_dict(), record])
    with pytest.raises(FileFormatError, match=r"record 2.*key: '0000000000000000': does not belong"):
        read_results(tmp_path / "a.jsonl")
    write_records(tmp_path / "b.csv", [{**rows[0].to_dict(), "utilisation": "much"}])
    with pytest.raises(FileFormatError, match=r"record 1.*utilisation: 'much'"):
        read_results(tmp_path / "b.csv")
    with pytest.raises(FileFormatError, match="not the output of a sweep"):
        read_results(tmp_path)
    write_records(tmp_path / "c.csv", [FAILED.to_dict()])
    with pytest.raises(FabricsimError, match=r"of 1 point none gave a row; the first: NoRouteError"):
        read_rows(tmp_path / "c.csv")


# --- utilisation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        "fat-tree:k=4",
        "dragonfly:p=2,a=4,h=2",
        "rail-optimized:servers=8,gpus_per_server=4,radix=8",
    ],
)
def test_kinds_of_links_are_those_of_every_link(spec: str) -> None:
    fabric = Fabric.from_graph(load(spec))
    names, kind = link_kinds(fabric)
    assert [names[i] for i in kind] == [link_kind(fabric, link) for link in range(fabric.n_links)]


@pytest.mark.parametrize("algorithm", ["ring", "tree", "halving-doubling", "hierarchical-ring:pipeline=4"])
@pytest.mark.parametrize("ranks", [16, 12])
def test_utilisation_is_bytes_over_capacity_and_time(algorithm: str, ranks: int) -> None:
    """Counted a second way: every transfer of every phase put on its path, byte by byte."""
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    job = AllReduce(fabric, ranks=ranks, routing="ecmp:qps=2")
    size = 10**7
    row = job.row(algorithm, size)
    program = job.program(algorithm)
    carried = np.zeros(fabric.n_links)
    for stage in program.stages:
        phase = stage.phase
        moved = phase.repeat * phase.count / program.schedule.chunks * size
        if phase.lockstep:
            carried[stage.paths.link] += stage.paths.weight * moved
        else:
            for flow in range(len(stage.paths)):
                carried[stage.paths.link[stage.paths.ptr[flow] : stage.paths.ptr[flow + 1]]] += moved / 2
    for kind, share in row.utilisation.items():
        mine = [link for link in range(fabric.n_links) if link_kind(fabric, link) == kind]
        seconds = carried[mine] / fabric.capacity[mine] / row.time_s
        assert share["peak"] == pytest.approx(seconds.max())
        assert share["mean"] == pytest.approx(seconds.mean())
        assert share["mean"] <= share["peak"] * (1 + 1e-12) and share["peak"] <= 1 + 1e-9
    total = sum(job.program(algorithm).schedule.sent(size))
    first = row.utilisation["endpoint -> leaf"]["mean"] * row.time_s * fabric.capacity[0] * 16
    assert first == pytest.approx(total)


def test_rows_that_were_written_before_some_columns_came_are_still_rows() -> None:
    from fabric import Fabric
    from sims import Row, all_reduce
    from sims.scenario.row import COLUMNS
    from sims.scenario.scenario import LATER
    from topologies import fat_tree

    (row,) = all_reduce(Fabric.from_graph(fat_tree(k=4)), "ring", [2**20], topology="fat-tree:k=4", digest="")
    later = {*LATER, "packets", "disturbance", "gains"}
    assert later < set(COLUMNS)
    early = {name: value for name, value in row.to_dict().items() if name not in later}
    assert Row.from_dict(early) == row and read_result(early) == row
    changed = {**row.to_dict(), "fail": "cables=1"}
    with pytest.raises(ParameterError, match="does not belong to this scenario"):
        Row.from_dict(changed)


@pytest.mark.parametrize(
    "wrong", [{"time_s": "nan"}, {"busbw_GBps": float("inf")}, {"gains": {"routing": float("nan")}}]
)
def test_a_row_holds_finite_numbers(rows: list[Row], wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        read_result({**rows[0].to_dict(), **wrong})


@pytest.mark.parametrize("name", ["algbw_GBps", "busbw_GBps", "time_s", "size_bytes", "ranks"])
def test_numbers_that_contradict_each_other_are_refused(rows: list[Row], name: str, tmp_path: Path) -> None:
    """One of them changed, key and all, as no run gives it. What people round to 7 digits still agrees."""
    row = rows[0]
    if name in ("size_bytes", "ranks"):
        scenario = Scenario.of(**{**row.scenario.model_dump(), name: getattr(row.scenario, name) // 2})
        changed = replace(row, scenario=scenario)
    else:
        changed = replace(row, **{name: getattr(row, name) * 1.00001})
        rounded = replace(row, **{name: float(f"{getattr(row, name):.7g}")})
        assert read_result(rounded.to_dict()) == rounded
    says = "busbw_GBps" if name in ("busbw_GBps", "ranks") else "algbw_GBps"
    for ending in (".csv", ".jsonl"):
        write_records(path := tmp_path / f"rows{ending}", [row.to_dict(), changed.to_dict()])
        with pytest.raises(
            FileFormatError, match=rf"record 2, line \d, column [0-9]+: .*{says}: .* contradicts"
        ):
            read_results(path)


def test_more_ranks_than_endpoints_are_refused(rows: list[Row]) -> None:
    with pytest.raises(ParameterError, match="endpoints: 15: at least the 16 ranks"):
        read_result({**rows[0].to_dict(), "endpoints": 15})
