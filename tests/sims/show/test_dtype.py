"""The columns count, type, redop and root of nccl-tests, for each collective."""

from __future__ import annotations

import pytest

from fabric.words.errors import ParameterError
from sims import collective
from sims.show.words.dtype import DTYPES, parse_dtype, undivided
from sims.show.words.table import collective_block
from sims.workload.collective import ALL_GATHER, ALL_REDUCE, COLLECTIVES
from topologies import load


@pytest.mark.parametrize(
    ("of", "dtype", "columns"),
    [
        ("all-reduce", "float", "1024 256 float sum -1"),
        ("reduce-scatter", "half", "1024 128 half sum -1"),
        ("all-gather", "double", "1024 32 double none -1"),
        ("broadcast", "uint8", "1024 1024 uint8 none 0"),
        ("reduce", "float32", "1024 256 float sum 0"),
        ("gather", "bfloat16", "1024 128 bfloat16 none 0"),
        ("send-recv", "float", "1024 256 float none -1"),
    ],
)
def test_columns(of: str, dtype: str, columns: str) -> None:
    (row,) = collective(of, load("star:endpoints=4"), sizes=1024)
    line = next(one for one in collective_block([row], dtype=parse_dtype(dtype)) if one[0] != "#")
    assert line.split()[:5] == columns.split()


def test_what_does_not_divide_is_said() -> None:
    float32 = DTYPES["float32"]
    assert undivided(ALL_REDUCE, 7, [10, 2**20], float32) == []
    (said,) = undivided(ALL_GATHER, 7, [28, 2**20, 2**30], float32)
    assert said.startswith(
        "2 of 3 sizes do not divide into 7 parts of whole elements: equal fractions are dealt"
    )
    assert undivided(ALL_GATHER, 7, [14], DTYPES["half"]) == []


def test_unknown_types_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"--dtype: 'flot': unknown type of elements .*float"):
        parse_dtype("flot")


def test_every_collective_says_what_its_size_is() -> None:
    assert len({one.tool for one in COLLECTIVES.values()}) == len(COLLECTIVES)
    assert all(one.size and not one.size.endswith(".") for one in COLLECTIVES.values())
