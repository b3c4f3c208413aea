"""Records of NCCL's Inspector as a log: slowest rank of each operation, mean of operations, by hand."""

from __future__ import annotations

import json

import pytest

from fabric.words.errors import FileFormatError
from sims.studies.nccl_log import read_nccl


def record(rank: int, sn: int, time: int, size: int = 8_000_000, coll: str = "AllReduce", n: int = 4) -> str:
    total = size * (n if coll in ("AllGather", "ReduceScatter") else 1)
    perf = {
        "coll": coll,
        "coll_sn": sn,
        "coll_msg_size_bytes": size,
        "coll_exec_time_us": time,
        "coll_algobw_gbs": round(total / time / 1e3, 6),
        "coll_busbw_gbs": 0.0,
    }
    about = {"inspector_output_format_version": "v4.0", "hostname": f"node-{rank // 2}"}
    header = {"id": "0x7f", "rank": rank, "n_ranks": n, "nnodes": 2}
    return json.dumps({"header": header, "metadata": about, "coll_perf": perf})


def read(lines: list[str], folder, joint: str = "\n"):
    (folder / "i.log").write_text(joint.join(lines))
    return read_nccl(folder / "i.log")


def test_an_operation_is_as_long_as_its_slowest_rank(tmp_path):
    """Two operations of 8 MB: 100 us at most and 140 us at most, so 120 us in the mean: 66.67 GB/s."""
    times = {1: (90, 100, 95, 99), 2: (140, 100, 95, 99)}
    lines = [record(rank, sn, time) for sn in times for rank, time in enumerate(times[sn])]
    log = read(lines, tmp_path)
    assert (log.collective, log.ranks, log.servers) == ("all_reduce", 4, (2, 2))
    assert log.version == "NCCL Inspector v4.0"
    (row,) = log.rows
    assert (row.size_bytes, row.time_s) == (8_000_000, pytest.approx(120e-6))
    assert row.algbw_GBps == pytest.approx(8e6 / 120e-6 / 1e9)
    assert row.busbw_GBps == pytest.approx(row.algbw_GBps * 1.5)
    assert log.notes[0] == "means of 2 operations of a job, each as long as its slowest rank"
    assert read(lines, tmp_path, "\n\n").rows == log.rows


def test_sizes_of_a_gather_are_those_of_all_ranks(tmp_path):
    """The Inspector counts what one rank gives; nccl-tests what all have in the end."""
    log = read([record(rank, 1, 50, size=1_000_000, coll="AllGather") for rank in range(4)], tmp_path)
    assert (log.collective, log.rows[0].size_bytes) == ("all_gather", 4_000_000)


def test_what_is_left_out_is_said(tmp_path):
    lines = [record(0, sn, 100) for sn in range(3)] + [record(0, 9, 50, coll="Broadcast")]
    log = read(lines, tmp_path)
    assert any("3 operations without all 4 ranks (at most 1 are in the file)" in note for note in log.notes)
    assert any("left out Broadcast of 4 ranks: other communicators" in note for note in log.notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"rank": 0', '"rank": 4', "line 1, column 35: rank is 4: a number from 0 to 3 is"),
        (
            '"coll_exec_time_us": 100',
            '"coll_exec_time_us": 200',
            r"line 1, column 271: coll_algobw_gbs 80 is not size / time",
        ),
        ('"coll_sn": 1', '"coll_sn": null', "line 1, column 191: coll_sn is null: a number"),
        ('"coll_sn": 1, ', "", "line 1, column 158: coll_sn is not given: a number"),
        ("}}", "}", "line 1, column 299: is not JSON, or cut off"),
        ("coll_perf", "p2p_perf", "holds no collective: no record has 'coll_perf'"),
    ],
)
def test_records_that_contradict_themselves_are_refused(old, new, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        read([record(0, 1, 100).replace(old, new)], tmp_path)
