"""Logs of nccl-tests as its releases print them, and what must not pass for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from fabric.words.errors import FileFormatError
from sims.studies.nccl_log import FACTORS, Measurement, NcclLog, read_nccl

HEADER = """\
#                                                              out-of-place                       in-place          
#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong 
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)         
"""  # noqa: E501, W291
NEW = (
    """\
NCCL version 2.28.9
# nccl-tests version 2.17.6 nccl-headers=22809 nccl-library=22809
# Collective test starting: all_reduce_perf
# nThread 1 nGpus 1 minBytes 8 maxBytes 8589934592 step: 4(factor) warmup iters: 1 iters: 20 agg iters: 1 validation: 1 graph: 0 unalign: 0
#
# Using devices
"""  # noqa: E501
    + "".join(
        f"#  Rank {rank:2} Group  0 Pid {4100 + rank % 8:6} on   gpu-{rank // 8:03} device {rank % 8:2} "
        f"[0000:{0x1A + rank % 8:02x}:00] NVIDIA H100 80GB HBM3\n"
        for rank in range(16)
    )
    + "#\n"
    + HEADER
    + """\
gpu-000:4100:4188 [0] NCCL INFO Connected all rings
           8             2     float     sum      -1    21.30    0.00    0.00       0    20.90    0.00    0.00       0
        1024           256     float     sum      -1    21.31    0.05    0.09       0    20.91    0.05    0.09       0
     1048576        262144     float     sum      -1    26.91   38.97   73.06       0    26.48   39.61   74.26       0
    16777216       4194304     float     sum      -1   111.07  151.05  283.22       0   110.10  152.38  285.71       0
  1073741824     268435456     float     sum      -1  5766.53  186.20  349.13       0  5729.77  187.40  351.37       0
  8589934592    2147483648     float     sum      -1  45983.1  186.81  350.26       0  45691.8  188.00  352.49       0
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 175.2
#
# Collective test concluded: all_reduce_perf
"""  # noqa: E501
)

OLD = (
    """\
# nThread 1 nGpus 8 minBytes 0 maxBytes 1073741824 step: 2(factor) warmup iters: 5 iters: 20 validation: 1
#
# Using devices
"""
    + "".join(
        f"#   Rank {rank:2} Pid    746 on 9a417caaf03b device {rank:2} [0x{rank + 79:x}] Tesla V100\n"
        for rank in range(8)
    )
    + """\
#
#                                                     out-of-place                       in-place          
#       size         count    type   redop     time   algbw   busbw  error     time   algbw   busbw  error
#        (B)    (elements)                     (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)       
           0             0   float     sum    48.30    0.00    0.00  5e-07    47.10    0.00    0.00  5e-07
        1024           256   float     sum    48.31    0.02    0.04  5e-07    47.11    0.02    0.04  5e-07
     1048576        262144   float     sum    62.42   16.80   29.40  5e-07    61.11   17.16   30.03  5e-07
  1073741824     268435456   float     sum  14502.5   74.04  129.57  5e-07  14391.0   74.61  130.57  5e-07
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 53.3
"""  # noqa: W291
)

OLD_GATHER_ROWS = """\
#       size         count    type     time   algbw   busbw  error     time   algbw   busbw  error
#        (B)    (elements)             (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
        1024            32   float    48.31    0.02    0.02  0e+00    47.11    0.02    0.02  0e+00
     1048576         32768   float    55.36   16.57   16.57  0e+00    54.10   16.96   16.96  0e+00
  1073741824      33554432   float  7275.41  129.14  129.14  0e+00  7219.04  130.15  130.15  0e+00
"""


def as_json(devices: int = 2, gpus: int = 8) -> dict:
    """What -J writes: two sizes on ``devices`` processes of ``gpus`` GPUs each; one device per process."""

    def body(time, algbw, busbw):
        return {"time": time, "alg_bw": algbw, "bus_bw": busbw, "nwrong": 0.0}

    def result(size, *bodies):
        return {"size": size, "count": size // 4, "type": "float", "redop": "sum", "root": "    -1"} | {
            "out_of_place": bodies[0],
            "in_place": bodies[1],
            "actual_iterations": 20,
            "experiment_name": "AllReduce",
        }

    listed = [
        {"rank": gpus * i, "group": 0, "pid": 4100 + i, "hostname": f"gpu-{i:03}", "device": 0}
        for i in range(devices)
    ]
    return {
        "version": 2,
        "start_time": "2026-03-01 12:00:00",
        "args": ["/opt/nccl-tests/build/all_reduce_perf", "-g", str(gpus), "-J", "out.json"],
        "env": ["PATH=\\/usr\\/bin"],
        "nccl_version": 22907,
        "config": {"nthreads": 1, "ngpus": gpus, "devices": listed},
        "results": [
            result(4096, body(30.294123, 0.135208, 0.253515), body(29.670667, 0.138049, 0.258842)),
            result(4194304, body(204.886123, 20.471391, 38.383859), body(204.262667, 20.533875, 38.501015)),
        ],
        "out_of_bounds": {"count": 0, "okay": "true"},
    }


def read(text: str, folder: Path) -> NcclLog:
    path = folder / "nccl.log"
    path.write_text(text)
    return read_nccl(path)


def test_the_output_of_today(tmp_path: Path) -> None:
    log = read(NEW, tmp_path)
    assert (log.collective, log.ranks, log.notes) == ("all_reduce", 16, ())
    assert log.version == "NCCL 2.28.9, nccl-tests 2.17.6"
    assert len(log.rows) == 12
    assert log.rows[4] == Measurement(
        size_bytes=2**20, time_s=26.91e-6, algbw_GBps=38.97, busbw_GBps=73.06, in_place=False
    )
    assert [row.in_place for row in log.rows] == [False, True] * 6
    assert log.rows[-1].time_s == pytest.approx(0.0456918)


def test_the_output_of_old_names_no_tool_and_is_recognised(tmp_path: Path) -> None:
    log = read(OLD, tmp_path)
    assert (log.collective, log.ranks, log.version) == ("all_reduce", 8, "")
    assert log.notes == ("the log names no tool; its columns and busbw are those of all_reduce_perf",)
    assert [row.size_bytes for row in log.rows[::2]] == [1024, 2**20, 2**30], "0 bytes are left out"
    assert log.rows[-1].busbw_GBps == 130.57


def test_gather_of_old_printed_busbw_as_algbw(tmp_path: Path) -> None:
    head = OLD[: OLD.index("#\n#      ")]
    log = read("$ ./build/all_gather_perf -b 1K -e 1G -g 8\n" + head + OLD_GATHER_ROWS, tmp_path)
    assert log.collective == "all_gather"
    last = log.rows[-1]
    assert last.busbw_GBps == 130.15 and last.algbw_GBps == pytest.approx(130.15 * 8 / 7, rel=1e-4)
    rule = r"may be all_gather, alltoall, hypercube: add a line such as '# all_gather_perf'"
    with pytest.raises(FileFormatError, match=rule):
        read(head + OLD_GATHER_ROWS, tmp_path)


def test_launchers_prefix_their_lines(tmp_path: Path) -> None:
    plain = read(NEW, tmp_path)
    for prefix in ("[1,0]<stdout>:", "[1,0]<stdout>: ", " 0: ", "12: "):
        assert read("".join(prefix + line for line in NEW.splitlines(True)), tmp_path) == plain


def test_time_stamps_per_iteration_columns_and_cpu_time(tmp_path: Path) -> None:
    stamped = NEW.replace("#wrong \n", "#wrong           timestamp\n")
    rows = [line + "  2026-03-01 12:00:00" if "float" in line else line for line in stamped.splitlines()]
    assert read("\n".join(rows), tmp_path) == read(NEW, tmp_path)
    head = NEW[: NEW.index("#       size")]
    columns = "time algbw busbw #wrong i_min i_max i_p99 i_cv%"
    log = read(
        f"{head}# size count type redop root {columns} {columns}\n"
        "1048576 262144 float sum -1 26.91 38.97 73.06 0 26.0 28.0 27.9 1.2 26.48 39.61 74.26 0 26 28 27 1\n",
        tmp_path,
    )
    assert [row.busbw_GBps for row in log.rows] == [73.06, 74.26]
    assert read(NEW.replace("     time", "  cputime"), tmp_path).notes == ("times are those of the CPU",)


def test_a_blank_redop_and_a_replay_that_runs_in_place_only(tmp_path: Path) -> None:
    blank = NEW.replace("all_reduce", "alltoall").replace("    sum  ", "         ")
    blank = blank.replace("73.06", "36.53").replace("74.26", "37.13")
    lines = [line for line in blank.splitlines(True) if "float" not in line or "1048576" in line]
    log = read("".join(lines), tmp_path)
    assert (log.collective, len(log.rows)) == ("alltoall", 2)
    half = (
        "     1048576        262144     float     sum      -1" + " " * 34 + "26.48   39.61   74.26       0\n"
    )
    log = read(NEW[: NEW.index("           8 ")] + half, tmp_path)
    assert [(row.in_place, row.busbw_GBps) for row in log.rows] == [(True, 74.26)]


def test_json(tmp_path: Path) -> None:
    log = read(json.dumps(as_json()), tmp_path)
    assert (log.collective, log.ranks, log.version, log.notes) == ("all_reduce", 16, "NCCL 2.29.7", ())
    assert len(log.rows) == 4 and log.rows[2].time_s == pytest.approx(204.886123e-6)
    assert read(json.dumps(as_json(devices=16, gpus=1)), tmp_path).ranks == 16
    alone = as_json()
    alone["results"][0]["out_of_place"] = None
    assert [row.in_place for row in read(json.dumps(alone), tmp_path).rows] == [True, False, True]


def test_wrong_results_are_noted(tmp_path: Path) -> None:
    text = NEW.replace("73.06       0", "73.06      12")
    assert read(text, tmp_path).notes == (f"1 of 12 results were wrong, the first at line {line_of(text)}",)
    starred = OLD.replace("29.40  5e-07", "29.40 5e+00*")
    assert "1 of 8 results were wrong" in read(starred, tmp_path).notes[1]


def line_of(text: str, part: str = "1048576        262144") -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def without_devices(text: str, collective: str = "all_reduce") -> str:
    return "\n".join(line for line in text.splitlines() if "Rank" not in line).replace(
        "all_reduce", collective
    )


def test_a_log_without_devices_tells_its_ranks_by_busbw_over_algbw(tmp_path: Path) -> None:
    log = read(without_devices(NEW), tmp_path)
    assert log.ranks == 16 and len(log.rows) == 12 and log.servers == ()
    assert log.notes == ("16 ranks, by its busbw over algbw: it lists no devices, or not all",)
    assert read(NEW, tmp_path).servers == (8, 8)
    unnamed = "\n".join(line for line in without_devices(NEW).splitlines() if "all_reduce" not in line)
    log = read(unnamed, tmp_path)  # a factor above 1 is that of an all-reduce alone
    assert (log.collective, log.ranks) == ("all_reduce", 16)


@pytest.mark.parametrize("ranks", [2, 3, 4, 7, 8, 16, 31, 64])
@pytest.mark.parametrize("nvls", [False, True])
def test_ranks_and_the_definition_of_busbw_are_told_apart(ranks: int, nvls: bool, tmp_path: Path) -> None:
    """2(n-1)/n is 1 or more, (n-1)/(n+1) less: no factor is both, so the number of ranks is sure."""
    factor = (ranks - 1) / (ranks + 1) if nvls else 2 * (ranks - 1) / ranks
    rows = ""
    for size, time in ((2**20, 30.25), (2**30, 5766.25)):
        alg = size / time / 1e3
        half = f"{time} {alg:.6f} {alg * factor:.6f} 0"
        rows += f"{size} {size // 4} float sum -1 {half} {half}\n"
    log = read(f"# Collective test starting: all_reduce_perf\n{HEADER}{rows}", tmp_path)
    assert log.ranks == ranks
    usual = log.rows[-1].algbw_GBps * 2 * (ranks - 1) / ranks
    assert log.rows[-1].busbw_GBps == pytest.approx(usual, rel=1e-6)
    assert any("NCCL_ALGO=NVLS" in note for note in log.notes) == nvls


def test_ranks_that_busbw_does_not_tell_stay_open(tmp_path: Path) -> None:
    coarse = without_devices(NEW)[: without_devices(NEW).index("     1048576")]  # 0.05 and 0.09 GB/s
    assert read(coarse, tmp_path).ranks is None
    with pytest.raises(
        FileFormatError, match=r"line 13, column \d+: busbw 0.09 is not .* other than 8 ranks"
    ):
        path = tmp_path / "nccl.log"
        path.write_text(without_devices(NEW))
        read_nccl(path, ranks=8)
    assert read_nccl(path, ranks=16).notes == ()


def test_a_part_of_the_device_list_is_no_number_of_ranks(tmp_path: Path) -> None:
    part = "\n".join(line for line in NEW.splitlines() if "Rank" not in line or "Rank 15" in line)
    log = read(part, tmp_path)
    assert (log.ranks, log.servers) == (16, ())
    assert log.notes[0] == "its list of devices is not whole: 1 of 16 or more ranks"
    first = "\n".join(line for line in NEW.splitlines() if "Rank" not in line or "Rank  0" in line)
    log = read(first, tmp_path)  # as people shorten it
    assert (log.ranks, log.servers) == (16, ())


def test_several_tests_in_one_log(tmp_path: Path) -> None:
    """The same again is read as one; other collectives beside an all-reduce are left out."""
    log = read(NEW + NEW, tmp_path)
    assert len(log.rows) == 24 and log.notes == ("2 tests in it, on the same ranks, are read as one",)
    gather = "\n".join(NEW.replace("all_reduce", "sendrecv").splitlines())
    for text in (f"{gather}\n{NEW}", f"{NEW}{gather}"):
        log = read(text, tmp_path)
        assert (log.collective, len(log.rows)) == ("all_reduce", 12)
        assert log.notes == ("tests of other collectives in it are left out: sendrecv",)
    crashed = NEW[: NEW.index("#       size")]
    assert read(crashed + NEW, tmp_path).rows == read(NEW, tmp_path).rows


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "holds no results of nccl-tests"),
        ("key,topology\n1,2\n", "holds no results of nccl-tests"),
        (NEW + NEW.replace("gpu-001", "gpu-002"), r"line 40, column 3: a second test .* the first at line 3"),
        (NEW.replace("Rank  1", "Rank  0"), r"line 8, column \d+: rank 0 is listed twice, on gpu-000 and"),
        (NEW.replace("  74.26       0", ""), "line 30, column 103: cut off, .*: 11 values"),
        (NEW.replace("73.06", "93.06"), r"line 30, column 73: busbw 93.06 is not .* x 1.875 \(1048576 B"),
        (NEW.replace("38.97", "48.97"), r"line 30, column \d+: algbw 48.97 is not size / time"),
        (NEW.replace("26.91", "  N/A"), r"line 30, column \d+: time is 'N/A', which is no measured number"),
        (NEW.replace("26.91", " 0.00").replace("38.97", "  inf"), r"line 30, column \d+: algbw is 'inf'"),
        (NEW.replace("all_reduce", "all_reduce_bias"), "all_reduce_bias_perf is no tool of nccl-tests"),
        (NEW.replace("all_reduce", "reduce_scatter"), "is not size / time x 0.9375"),
        (NEW.replace("#       size", "#"), "line 25, column 11: looks like .* at line 28 and lacks size$"),
        (json.dumps(as_json())[:-9], "is not JSON, or cut off"),
        ("{}", "is not the JSON of nccl-tests: no 'config' or no 'results'"),
        (json.dumps(as_json() | {"results": [{"count": 1}]}), "line 1, column 398: is not a result"),
        (NEW.replace("  time   algbw", "  algbw"), "line 25, column 9: looks like .* lacks time$"),
        (NEW.replace(" time   algbw", " tmie   algbw"), "line 25, column 58: looks like .* lacks time$"),
        (NEW.replace("busbw  #wrong \n", "bsubw  #wrong \n"), "column 106: .* lacks twice the same"),
        (NEW.replace("26.91", "1e400"), r"line 30, column \d+: time is '1e400', which is no measured number"),
        (json.dumps(as_json(devices=3)), r"results\[0\].out_of_place, line 1, column \d+: busbw 0.253515"),
    ],
)  # fmt: skip
def test_what_is_no_log_or_contradicts_itself(text: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=rule) as caught:
        read(text, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/nccl.log: ")


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (("config", "devices"), 7, r"config.devices, line 1, column \d+: is not a list of devices"),
        (("config", "devices", 0), "gpu", r"config.devices, line 1, column \d+: is not a list of devices"),
        (("config", "nthreads"), None, r"config.nthreads, line 1, column \d+: is None: a whole"),
        (("config", "ngpus"), -8, r"config.ngpus, line 1, column \d+: is -8: a whole number from 1"),
        (("results", 0, "size"), "x", r"results\[0\].out_of_place, line 1, column \d+: size is 'x'"),
        (("results", 0, "size"), -8, r"results\[0\].out_of_place, line 1, column \d+: size is -8"),
        (("results", 0, "size"), 10**400, r"results\[0\].out_of_place, line 1, column \d+: size is 1000"),
        (("results", 0, "out_of_place"), [], r"results\[0\].out_of_place, line 1, column \d+: is not a"),
        (("results", 0, "out_of_place", "time"), 10**400, "which is no measured number"),
    ],
)  # fmt: skip
def test_json_of_another_shape_is_one_clear_error(
    path: tuple[str | int, ...], value: object, rule: str, tmp_path: Path
) -> None:
    record: Any = as_json()
    *way, last = path
    inner = record
    for step in way:
        inner = inner[step]
    inner[last] = value
    with pytest.raises(FileFormatError, match=rule):
        read(json.dumps(record), tmp_path)


def test_json_whose_command_is_unreadable_is_recognised_by_its_numbers(tmp_path: Path) -> None:
    log = read(json.dumps(as_json() | {"args": 7}), tmp_path)
    assert log.collective == "all_reduce" and "names no tool" in log.notes[0]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="cannot be read: No such file"):
        read_nccl(tmp_path / "none.log")


def test_the_definition_of_bus_bandwidth() -> None:
    # nccl-tests, doc/PERFORMANCE.md, on 8 ranks.
    assert {name: factor(8) for name, factor in FACTORS.items() if name != "hypercube"} == {
        "all_reduce": 1.75, "all_gather": 0.875, "reduce_scatter": 0.875, "alltoall": 0.875, "gather": 0.875,
        "alltoallv": 0.875, "scatter": 0.875, "broadcast": 1, "reduce": 1, "sendrecv": 1,
    }  # fmt: skip


def as_records(size: int, time: float, **changes: object) -> dict[str, object]:
    """What rccl-tests writes of one result on two nodes of eight processes."""
    alg = size / time / 1e3
    record = {
        "numCycle": 0,
        "name": "AllReduce",
        "nodes": 2,
        "ranks": 16,
        "ranksPerNode": 8,
        "gpusPerRank": 1,
    }
    numbers = {"time": time, "algBw": alg, "busBw": alg * 1.875, "wrong": "N/A"}
    return record | {"size": size, "type": "float", "redop": "sum", "inPlace": 0} | numbers | changes


def test_records_of_rccl_tests_as_json_and_csv(tmp_path: Path) -> None:
    records = [as_records(2**20, 30.25), as_records(2**20, 29.5, inPlace=1), as_records(2**30, 5766.25)]
    log = read(json.dumps(records, indent=1), tmp_path)
    assert (log.collective, log.ranks, log.servers) == ("all_reduce", 16, (8, 8))
    assert [(row.size_bytes, row.in_place) for row in log.rows] == [(2**20, 0), (2**20, 1), (2**30, 0)]
    titles = (
        "numCycle,collective,nodes,ranks,ranksPerNode,gpusPerRank,size,type,redop,inplace,time,algbw,busbw,"
    )
    lines = [",".join(map(str, record.values())) for record in records]
    assert read("\n".join([f"{titles}#wrong", *lines]), tmp_path) == log
    with pytest.raises(FileFormatError, match=r"line 4, column \d+: cut off: 7 values where 14 are due"):
        read("\n".join([f"{titles}#wrong", *lines])[:-60], tmp_path)
    with pytest.raises(FileFormatError, match="holds several collectives: AllGather, AllReduce"):
        read(json.dumps([*records, as_records(8, 20.0, name="AllGather")]), tmp_path)
    with pytest.raises(FileFormatError, match=r"\[0\], line 1, column 60: ranks is x: a whole number"):
        read(json.dumps([as_records(8, 20.0, ranks="x")]), tmp_path)
    with pytest.raises(FileFormatError, match=r"\[0\], line 1, column 167: time is 'None'"):
        read(json.dumps([as_records(8, 20.0) | {"time": None}]), tmp_path)
