"""A line of results that is damaged is refused where it is, or told: it is never left out unsaid."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest
from test_nccl_log import OLD, OLD_GATHER_ROWS, as_json, as_records, read
from test_nccl_log_forms import FORMS, LOG

from fabric import Fabric
from fabric.words.errors import FileFormatError
from sims.jobs.collective import CollectiveJob
from sims.show.words.dtype import DTYPES
from sims.show.words.nccl_tests import devices_of, nccl_tests
from sims.studies.nccl_log import read_nccl
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives.names import usual_algorithms
from topologies import load

ROWS = [line for line in LOG.splitlines() if " float " in line]
# By the place of a word in its row, what cannot stand there.
DAMAGE = {
    0: ("nan", "0", "8.5", "-8", "0x8", "1e3", "7", "eight", "\u22128"),
    1: ("nan", "-2", "2.5", "0x2", "7", "two"),
    2: ("zebra", "half", "int8", "double"),
    3: ("zebra", "floats"),
}
EACH = [(place, word) for place, words in DAMAGE.items() for word in words]
LAUNCHED = ("mpirun --tag-output", "srun --label", "syslog", "NCCL_DEBUG between", "Markdown", "CSV", "tabs")


def changed(row: str, place: int, word: str) -> str:
    """``row`` with another word."""
    old = list(re.finditer(r"\S+", row))[place]
    return row[: old.start()] + word + row[old.end() :]


@pytest.mark.parametrize(("place", "word"), EACH)
def test_a_damaged_word_is_refused_with_its_line(place: int, word: str, tmp_path: Path) -> None:
    for row in ROWS:
        text = LOG.replace(row, changed(row, place, word))
        line = LOG.splitlines().index(row)
        with pytest.raises(FileFormatError) as caught:
            read(text, tmp_path)
        said = re.fullmatch(r"line (\d+), column (\d+)", caught.value.where)
        assert said and int(said[1]) == line + 1
        before = text.splitlines()[line][: int(said[2]) - 1].split()
        assert len(before) in (place, 1)  # a size and a count that do not go together: the count


@pytest.mark.parametrize("form", LAUNCHED)
@pytest.mark.parametrize(("place", "word"), EACH)
def test_whatever_stands_around_it(form: str, place: int, word: str, tmp_path: Path) -> None:
    text = FORMS[form](LOG.replace(ROWS[2], changed(ROWS[2], place, word)))
    line = next(i for i, one in enumerate(text.splitlines(), 1) if "36.91" in one)
    with pytest.raises(FileFormatError, match=rf"line {line}, column "):
        read(text, tmp_path)


def test_numbers_that_are_no_results_are_told(tmp_path: Path) -> None:
    plain = read(LOG, tmp_path)
    odd = ROWS[2].replace("float", "fl?at")
    found = read(LOG.replace(ROWS[2], odd), tmp_path)
    line = LOG.splitlines().index(ROWS[2]) + 1
    assert found.notes == (f"1 line looks like results and was not read: line {line}",)
    assert len(found.rows) == len(plain.rows) - 2
    two = LOG.replace(ROWS[2], odd).replace(ROWS[3], ROWS[3].replace("float", "(float)"))
    said = f"2 lines look like results and were not read: the first is line {line}"
    assert read(two, tmp_path).notes == (said,)


@pytest.mark.parametrize(
    "noise",
    [
        "    0    45    30     -     0     0     0     0  1593   210",  # a table of power and clocks
        "step 120 loss 2.31 lr 3.0e-4 tokens 12.5 ms 410.2",
        "node-17:4100:4188 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM 8 8 64",
        "half of 8 GPUs: float 3",
        "Filesystem 1K-blocks 8 2 6 100% /",
    ],
)
def test_lines_of_other_programs_are_no_results(noise: str, tmp_path: Path) -> None:
    plain = read(LOG, tmp_path)
    text = "\n".join(f"{line}\n{noise}" for line in LOG.splitlines())
    assert read(text, tmp_path) == plain


@pytest.mark.parametrize("of", COLLECTIVES)
def test_what_is_printed_here_goes_together(of: str, tmp_path: Path) -> None:
    """Of all collectives and types; a size that does not divide leaves a rest."""
    job = CollectiveJob(Fabric.from_graph(load("star:endpoints=6")), collective=of)
    rows = list(job.rows([usual_algorithms(of)[0]], [100, 2**20]))
    for form, dtype in product(("nccl-tests", "nccl-tests-json"), DTYPES.values()):
        text = nccl_tests(form, rows, devices_of(job), dtype)
        assert len({row.size_bytes for row in read(text, tmp_path).rows}) == 2


def test_tables_of_old_and_records_go_together(tmp_path: Path) -> None:
    assert read(OLD, tmp_path).rows
    gather = OLD[: OLD.index("#\n#      ")] + OLD_GATHER_ROWS
    assert read(f"$ ./build/all_gather_perf -g 8\n{gather}", tmp_path).rows
    for text, rule in (("float", "count 7 of float is not the size of"), ("zebra", "type is 'zebra'")):
        record = as_json()
        record["results"][1] |= {"count": 7, "type": text}
        (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(FileFormatError, match=rf"results\[1\].*line 1, column \d+: {rule}"):
            read_nccl(tmp_path / "run.json")
    (tmp_path / "run.json").write_text(json.dumps([as_records(2**20, 30.0, redop="zebra")]), encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"redop is 'zebra': sum, prod, .* due"):
        read_nccl(tmp_path / "run.json")
