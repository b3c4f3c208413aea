"""One step of a training job: whole commands, against the seconds and megabytes that they may take."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, rows, run

JOB = ("--model", "llama3-405b", "--groups", "tp=8,pp=16,dp=rest", "--sequence", "8192")
CASES = (
    ("16,384 GPUs", ("preset:superpod-h100:su=64", *JOB, "--batch", "2048"), 15),
    ("99,968 GPUs", ("preset:colossus-100k", "--ranks", "99968", *JOB, "--batch", "12496"), 60),
)
MEMORY = 4000


def measure() -> Iterator[Measured]:
    for case, command, target in CASES:
        with tempfile.TemporaryDirectory() as folder:
            ran = run([*FABRICSIM, "train", *command, "--out", "r.csv"], folder)
            check(folder)
        yield Measured(
            case=f"a step of {case}",
            value=ran.wall,
            target=target,
            unit="s",
            seconds=ran.wall,
            peak_mb=ran.peak,
        )
        yield Measured(case=f"a step of {case}: memory", value=ran.peak, target=MEMORY, unit="MB")


def check(folder: str) -> None:
    """No step is shorter than computing in a pipeline of 16 stages and 16 microbatches; its parts add up."""
    (row,) = rows(folder, "r.csv")
    exposed, time = json.loads(row["exposed"]), float(row["time_s"])
    assert abs(sum(exposed.values()) / time - 1) < 1e-9
    assert time > exposed["compute"] * (1 + 15 / 16) * 0.99
