"""Logs as launchers, collectors, terminals and people pass them on: all give what the plain one gives."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.words.errors import FabricsimError, FileFormatError
from sims.studies.nccl_log import NcclLog, read_nccl
from sims.studies.nccl_log.clean import LogText, cleaned
from sims.studies.nccl_log.text import from_text
from sims.studies.nccl_log.tuning import chosen_by_nccl

LOG = """\
# nccl-tests version 2.17.6 nccl-headers=22809 nccl-library=22809
# Collective test starting: all_reduce_perf
# nThread 1 nGpus 1 minBytes 8 maxBytes 1073741824 step: 4(factor) warmup iters: 1 iters: 20 agg iters: 1
#
# Using devices
#  Rank  0 Group  0 Pid   4100 on    node-17 device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid   4101 on    node-17 device  1 [0000:43:00] NVIDIA H100 80GB HBM3
#  Rank  2 Group  0 Pid   4100 on    node-18 device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  3 Group  0 Pid   4101 on    node-18 device  1 [0000:43:00] NVIDIA H100 80GB HBM3
#
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)
           8             2     float     sum      -1    21.30    0.00    0.00       0    20.90    0.00    0.00       0
        1024           256     float     sum      -1    21.31    0.05    0.07       0    20.91    0.05    0.07       0
     1048576        262144     float     sum      -1    36.91   28.41   42.61       0    36.48   28.74   43.12       0
    16777216       4194304     float     sum      -1   211.07   79.49  119.23       0   210.10   79.85  119.78       0
  1073741824     268435456     float     sum      -1  9766.53  109.94  164.91       0  9729.77  110.36  165.53       0
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 65.5
"""  # noqa: E501


def read(text: str, folder: Path) -> NcclLog:
    (folder / "nccl.log").write_bytes(text.encode("utf-8"))
    return read_nccl(folder / "nccl.log")


def each(prefix: str, suffix: str = "") -> Callable[[str], str]:
    return lambda text: "\n".join(prefix + line + suffix for line in text.splitlines())


def numbered(form: str) -> Callable[[str], str]:
    """A prefix that counts, as clocks do."""
    return lambda text: "\n".join(form.format(i, i % 60) + x for i, x in enumerate(text.splitlines(), 10))


FORMS: dict[str, Callable[[str], str]] = {
    "mpirun --tag-output": each("[1,0]<stdout>:"),
    "mpirun 5 --output tag": each("[prterun-node-17-4711@1,0]<stdout>: "),
    "mpirun --timestamp-output": numbered("Thu Jul 18 15:{1:02}:05 2024<stdout>:"),
    "mpirun both": numbered("Thu Jul 18 15:{1:02}:05 2024[1,0]<stdout>:"),
    "srun --label": each("0: "),
    "srun --label of many": each("  12: "),
    "pdsh": each("node-17: "),
    "torchrun": each("[default0]:"),
    "torchrun, rank": each("[rank0]:"),
    "kubectl --prefix": each("[pod/nccl-launcher-x7f2k/mpi] "),
    "kubectl --timestamps": numbered("2024-07-18T15:41:{1:02}.123456789Z "),
    "stern": each("nccl-launcher-x7f2k mpi "),
    "docker compose": each("launcher-1  | "),
    "a scheduler that starts by sky": each("(head, rank=0, pid=3808) "),
    "ray": each("(run_test pid=3808, ip=10.0.0.7) "),
    "two launchers": each("(head, rank=0, pid=3808) [1,0]<stdout>:"),
    "syslog": numbered("Jul 18 15:41:{1:02} node-17 nccl[4100]: "),
    "seconds of a clock": numbered("[ {0:4}.{1:02}] "),
    "line numbers of an editor": numbered("{0:5}  "),
    "grep -n": numbered("{0}:"),
    "quote": each("> "),
    "quote of a quote": each(">> > "),
    "a diff": each("+"),
    "indented": each("        "),
    "tabs": each("\t"),
    "Windows": each("", "\r"),
    "colours": each("\x1b[0;32m", "\x1b[0m"),
    "a link in a terminal": each("\x1b]8;;http://x\x07", "\x1b]8;;\x07"),
    "blanks of the web": lambda text: text.replace(" ", "\u00a0"),
    "byte order mark": lambda text: "\ufeff" + text,
    "a fence": lambda text: f"Results:\n\n```text\n{text}```\nThat is all.\n",
    "no marks of comment": lambda text: text.replace("#", ""),
    "stripped lines": lambda text: "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines()),
    "Markdown": lambda text: "\n".join(
        "| " + " | ".join(line.split()) + " |" if "float" in line or "redop" in line else line
        for line in text.splitlines()
    ),
    "CSV": lambda text: "\n".join(
        ",".join(line.strip("# ").split()) if "float" in line or "redop" in line else line
        for line in text.splitlines()
    ),
    "a collector's objects": lambda text: "\n".join(
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2024-07-18T15:41:05Z"})
        for line in text.splitlines()
    ),
    "NCCL_DEBUG between": lambda text: "\n".join(
        f"{line}\nnode-17:4100:4188 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM 8 8 64"
        for line in text.splitlines()
    ),
    "NCCL_DEBUG within": lambda text: text.replace(
        "sum      -1 ", "sum      -1node-17:4100:4188 [0] NCCL INFO AllReduce: opCount 0 count 2 datatype 7\n"
    ),
    "labels of two ranks": lambda text: "\n".join(
        f"0: {line}\n1: node-18:4101:4190 [1] NCCL INFO 4 coll channels" for line in text.splitlines()
    ),
    "wrapped by a terminal": lambda text: "\n".join(
        line[i : i + 80] for line in text.splitlines() for i in range(0, max(len(line), 1), 80)
    ),
    "wrapped by a mail": lambda text: "\n".join(
        re.sub(r"^(.{60,72}?\S) +(?=\S)", r"\1\n", line) for line in text.splitlines()
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_was_passed_on_gives_the_same(form: str, tmp_path: Path) -> None:
    plain = read(LOG, tmp_path)
    assert (plain.ranks, plain.servers, len(plain.rows)) == (4, (2, 2), 10)
    found = read(FORMS[form](LOG), tmp_path)
    assert replace(found, version="", notes=()) == replace(plain, version="", notes=())


def test_powershell_writes_utf_16(tmp_path: Path) -> None:
    (tmp_path / "nccl.log").write_bytes(LOG.replace("\n", "\r\n").encode("utf-16"))
    assert read_nccl(tmp_path / "nccl.log") == read(LOG, tmp_path)


def one_half(text: str) -> str:
    """As tools that measure out of place alone print it."""
    header = next(line for line in text.splitlines() if "redop" in line)
    end = header.index("#wrong") + len("#wrong")
    return "\n".join(line[:end] if "float" in line or line == header else line for line in text.splitlines())


def test_a_table_of_one_half(tmp_path: Path) -> None:
    plain = read(LOG, tmp_path)
    found = read(one_half(LOG), tmp_path)
    assert found.rows == tuple(row for row in plain.rows if not row.in_place)


def test_a_header_with_units_in_its_titles(tmp_path: Path) -> None:
    text = (
        "# all_reduce_perf\n    size(B)    count(elems)     type    time(us)    algbw(GB/s)    busbw(GB/s)\n"
        "    33554432        33554432    uint8       824.6          40.69          40.69\n"
    )
    (row,) = read(text, tmp_path).rows
    assert (row.size_bytes, row.busbw_GBps, row.in_place) == (2**25, 40.69, False)
    assert read(text, tmp_path).ranks == 2


# A prefix is anything that does not end in a digit or a point, without a table's own words.
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
prefixes = st.lists(
    st.one_of(
        words,
        st.integers(0, 10**9).map(str),
        st.datetimes().map(lambda t: t.isoformat()),
        st.datetimes().map(lambda t: t.strftime("%b %d %H:%M:%S")),
        st.sampled_from(
            ["[1,0]", "<stdout>:", "(pid=17, ip=10.0.0.1)", "\x1b[36m", "|", ">", "#", "a:1:2 [0]"]
        ),
    ),
    max_size=4,
).flatmap(lambda parts: st.sampled_from([" ", "", "\t"]).map(lambda gap: gap.join(parts)))


@settings(max_examples=150, deadline=None)
@given(prefixes, st.sampled_from(["", " ", "\t", ":", ": ", "> ", "| "]))
def test_whatever_all_lines_begin_with_is_left_out(prefix: str, gap: str) -> None:
    before = cleaned(prefix + gap)
    if before.lstrip()[:1] == "{" or re.search(r"[\d.]$", before):
        gap += "]"
    text = "\n".join(prefix + gap + line for line in LOG.splitlines())
    found, plain = from_text(LogText("log", text)), from_text(LogText("log", LOG))
    assert found.entries == plain.entries and found.hosts == plain.hosts
    assert found.collective == plain.collective


lines = st.sampled_from(LOG.splitlines())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_log_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = LOG
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 60)))
        new = data.draw(
            st.one_of(
                words,
                lines,
                st.sampled_from(["\n", "\0", "9" * 400, "-", "1e9", "nan", "N/A", "\x1b[", '{"']),
            )
        )
        text = text[:at] + new + text[end:]
    path = tmp_path_factory.getbasetemp() / "damaged.log"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        log = read_nccl(path)
    except FabricsimError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert log.rows and all(row.time_s > 0 and row.size_bytes > 0 for row in log.rows)


HOSTILE = {
    "digits": "1",
    "letters": "a",
    "blanks": " ",
    "rows without end": "1 1 a ",
    "rows of a type": "1 1 float ",
    "times": "size count type time ",
    "titles": "# size count type time algbw busbw ",
    "devices": "Rank 1 Group 1 Pid 1 on x ",
    "starts": "Collective test starting: a/",
    "choices": "a: 1 Bytes -> Algo ",
    "escapes": "\x1b[1",
    "strings of the system": "\x1b]a",
    "slashes": "Collective test starting: " + "/" * 50,
    "marks": "#",
    "versions": "NCCL version 2.nccl-tests version ",
    "words": "AllReduce AllReduce: ",
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("broken", [False, True])
def test_a_megabyte_of_hostile_text_takes_linear_time(kind: str, broken: bool, tmp_path: Path) -> None:
    """In one line and in many: four times the length may not take anything like sixteen times as long."""
    head = LOG[: LOG.index("           8 ")] + " 8 2 float sum -1\n"
    unit = HOSTILE[kind] + ("\n" if broken else "")

    def seconds(length: int) -> float:
        (tmp_path / "hostile.log").write_text(head + unit * (length // len(unit)), encoding="utf-8")
        start = time.process_time()
        with pytest.raises(FileFormatError):
            read_nccl(tmp_path / "hostile.log")
        chosen_by_nccl(unit * (length // len(unit)))
        return time.process_time() - start

    length = 2**18 if broken else 2**20
    assert seconds(length) < 8 * seconds(length // 4) + 1.0
