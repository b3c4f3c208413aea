"""Reduce-scatter and all-gather at k = 74 against the all-reduce of which they are halves, whole commands.

Both take turns, and processor seconds count, as machines are shared; the answers are asserted. Halving and
doubling of 101,306 ranks move all of them in each of 17 rounds, where an all-reduce folds 35,770 of them
away first: 1.5 times as many flows, and fewer bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, alternated, rows

ROUNDS = 5
CASES = (
    ("reduce-scatter", "ring", "ring", 1.0),
    ("all-gather", "ring", "ring", 1.0),
    ("reduce-scatter", "recursive-halving", "halving-doubling", 1.05),
    ("all-gather", "recursive-doubling", "halving-doubling", 1.05),
)
NOISE = 0.08  # of two equal commands


def measure() -> Iterator[Measured]:
    for collective, half, whole, target in CASES:
        common = ["fat-tree:k=74", "--size", "1GiB", "--routing", "dmodk", "--out"]
        whole_one = [*FABRICSIM, "allreduce", *common, "whole.csv", "--algorithm", whole]
        mine = [*FABRICSIM, "collective", collective, *common, "half.csv", "--algorithm", half]
        with tempfile.TemporaryDirectory() as folder:
            one, own = alternated(whole_one, mine, folder, ROUNDS, by="processor")
            ((all_reduce,), (part,)) = rows(folder, "whole.csv"), rows(folder, "half.csv")
        least = (1 - 1 / 101_306) * 2**30 / 50e9  # seconds that the bytes of a half need
        assert least <= float(part["time_s"]) < float(all_reduce["time_s"])
        yield Measured(
            case=f"{collective}, {half}, over all-reduce {whole}",
            value=own.processor / one.processor,
            target=target + NOISE,
            seconds=own.processor,
            floor=one.processor,
            peak_mb=own.peak,
        )
