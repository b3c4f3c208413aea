"""Rows in the form of nccl-tests: its text to the character, and what our own reader makes of both forms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.show.figures.measured import fitting
from sims.show.words.dtype import DTYPES, FLOAT
from sims.show.words.nccl_tests import NCCL_FORMS, devices_of, divided, nccl_tests
from sims.studies.nccl_log import NcclLog, read_nccl
from sims.workload.collective import ALL_GATHER, ALL_REDUCE, COLLECTIVES
from sims.workload.collectives import usual_algorithms
from topologies import load

TREE = Fabric.from_graph(load("fat-tree:endpoints=16,radix=16,gpus_per_server=4"))
SIZES = [1024, 2**20, 2**30, 2**36]
# What version 2.19.6 prints over its columns (src/util.cu, writeResultHeader), blanks at the ends included.
HEADER = [
    "#                                                              out-of-place                       in-place          ",  # noqa: E501
    "#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong ",  # noqa: E501
    "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)         ",  # noqa: E501
]


def run(of: str = "all-reduce", form: str = "nccl-tests", **settings: object) -> tuple[CollectiveJob, str]:
    job = CollectiveJob(TREE, collective=of, **settings)
    rows = list(job.rows(usual_algorithms(of)[:1], SIZES))
    return job, nccl_tests(form, rows, devices_of(job))


def read_back(text: str, folder: Path) -> NcclLog:
    (folder / "one.log").write_text(text, encoding="utf-8")
    return read_nccl(folder / "one.log")


def test_the_text_is_that_of_nccl_tests() -> None:
    job, text = run()
    lines = text.split("\n")
    start = lines.index(HEADER[0])
    assert lines[start : start + 3] == HEADER
    assert lines[0] == "# nccl-tests version 2.19.6 nccl-headers=0 nccl-library=0"
    assert lines[1:6] == [
        "# Collective test starting: all_reduce_perf",
        "# nThread 1 nGpus 1 minBytes 1024 maxBytes 68719476736 step: 0(bytes) warmup iters: 0 iters: 1 "
        "agg iters: 1 validation: 0 graph: 0 unalign: 0",
        "#",
        "# Using devices",
        f"#  Rank  0 Group  0 Pid      1 on   server-0 device  0 [0000:01:00] {simulated(text)}",
    ]
    row = job.row(usual_algorithms("all-reduce")[0], 2**30)
    half = f"  {row.time_s * 1e6:7.1f}  {row.algbw_GBps:6.2f}  {row.busbw_GBps:6.2f}    N/A"
    assert f"  1073741824     268435456     float     sum      -1{half}{half}" in lines
    mean = sum(row.busbw_GBps for row in job.rows(usual_algorithms("all-reduce")[:1], SIZES)) / len(SIZES)
    assert lines[-7:] == [
        "# Out of bounds values : 0 OK",
        f"# Avg bus bandwidth    : {mean:g} ",
        "#",
        "# Collective test concluded: all_reduce_perf",
        "#",
        "",
        "",
    ]


def simulated(text: str) -> str:
    """The device's name, which says that nothing was measured."""
    found = re.search(r"\] (fabricsim \S+, simulated)$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("form", NCCL_FORMS)
@pytest.mark.parametrize("of", COLLECTIVES)
def test_read_back_it_says_what_the_rows_say(of: str, form: str, tmp_path: Path) -> None:
    job, text = run(of, form)
    log = read_back(text, tmp_path)
    assert (log.collective, log.ranks, log.servers) == (COLLECTIVES[of].tool, 16, (4, 4, 4, 4))
    assert log.notes == () and [row.in_place for row in log.rows[:2]] == [False, True]
    for place, row in enumerate(job.rows(usual_algorithms(of)[:1], SIZES)):
        for one in log.rows[2 * place : 2 * place + 2]:
            assert one.size_bytes == row.scenario.size_bytes
            # The text has seven characters of time: 46.62, 123457 or 2.5e+07.
            assert one.time_s == pytest.approx(row.time_s, rel=6e-2 if row.time_s > 9.9 else 2e-3)
            if form == "nccl-tests-json":
                assert one.busbw_GBps == pytest.approx(row.busbw_GBps, abs=1e-6)


@pytest.mark.parametrize("form", NCCL_FORMS)
def test_it_is_an_overlay_of_the_rows_that_it_is_of(form: str, tmp_path: Path) -> None:
    job, text = run(form=form)
    rows = list(job.rows(["ring"], SIZES))
    assert fitting([read_back(text, tmp_path)], rows, "size_bytes", "busbw_GBps")


def test_json_has_the_keys_and_the_kinds_of_dash_j() -> None:
    _, text = run("reduce", "nccl-tests-json", root=3)
    found = json.loads(text)
    assert [*found] == [
        *("version", "start_time", "args", "env", "nccl_version", "config", "results", "out_of_bounds"),
        *("average_bus_bandwidth", "errors", "end_time"),
    ]
    assert found["version"] == 3 and found["out_of_bounds"] == {"count": 0, "okay": "true"}
    assert [*found["results"][0]] == [
        *("size", "count", "type", "redop", "root", "out_of_place", "in_place"),
        *("actual_iterations", "experiment_name"),
    ]
    assert found["results"][0]["root"] == "     3" and found["results"][0]["redop"] == "sum"
    assert found["config"]["devices"][5]["hostname"] == "server-1"
    assert found["config"]["iterations"] == 1 and found["config"]["devices"][5]["device"] == 1
    assert re.search(r'"time":\d+\.\d{6},"alg_bw"', text)


def test_groups_are_listed_as_a_split_run_lists_them(tmp_path: Path) -> None:
    job, text = run(groups="tp=4,dp=rest", over="dp")
    assert "#  Rank  5 Group  1 Pid      6" in text
    log = read_back(text, tmp_path)
    assert log.ranks == job.together == 4
    assert "4 groups of ranks ran side by side" in log.notes


def test_a_host_is_called_as_its_owner_calls_it() -> None:
    graph = load("fat-tree:endpoints=8,radix=16,gpus_per_server=4")
    ends = [node for node, kind in graph.nodes(data="kind") if kind == "gpu"]
    for place, node in enumerate(ends):
        graph.nodes[node]["name"] = f"rack 7 dgx-{place // 4} mlx5_{place % 4}"
    for node in set(graph) - set(ends):
        graph.nodes[node]["name"] = f"switch {node}"
    job = CollectiveJob(Fabric.from_graph(graph))
    assert [(one.host, one.device) for one in devices_of(job)][3:5] == [
        ("rack-7-dgx-0", 3),
        ("rack-7-dgx-1", 0),
    ]


def test_sizes_are_rounded_as_nccl_tests_rounds_them() -> None:
    """GetCollByteCount of each tool: (count / ranks) & ~(16 / size of an element - 1) elements for a rank."""
    for dtype in (DTYPES["half"], FLOAT, DTYPES["double"]):
        for size in (63, 64, 1000, 4096, 123_457):
            base = (size // dtype.size // 4) & ~(16 // dtype.size - 1)
            due = [base * 4 * dtype.size] if base else []
            try:
                assert divided([size], ALL_GATHER, 4, dtype) == due
            except ParameterError:
                assert due == []
            assert divided([size], ALL_REDUCE, 4, dtype) == [size // dtype.size * dtype.size]
    with pytest.raises(ParameterError, match=r"size: 63: the least that 16 ranks share is 256 bytes"):
        divided([8, 63], ALL_GATHER, 16, FLOAT)
