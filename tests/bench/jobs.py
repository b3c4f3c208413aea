"""What jobs over time cost in wall time and memory: weeks of 100,000 GPUs, and four jobs of 25,000 ranks.

Goodput counts all: building the fabric, each class of degraded fabric, and 64 runs of 54 days. Each answer is
asserted.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measured import Measured
from tests.bench.process import FABRICSIM, rows, run

GOODPUT, RUN, MEMORY = 30, 60, 2000  # s, s, MB
JOBS, RANKS, ITERATIONS = 4, 25_000, 20
COLOSSUS = "preset:colossus-100k"


def scenario() -> str:
    """Four rings, each of a quarter of the GPUs."""
    lines = [f'topology = "{COLOSSUS}"']
    for number in range(JOBS):
        lines += [
            f'[[job]]\nname = "{number}"\nranks = {RANKS}\niterations = {ITERATIONS}',
            '[[job.step]]\ncompute = "100ms"',
            '[[job.step]]\ncollective = "all-reduce"\nover = "all"\nsize = "1GiB"',
        ]
    return "\n".join(lines)


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        asked = ["--step", "20s", "--faults", "llama3", "--checkpoint", "optimal", "--duration", "54d"]
        ran = run([*FABRICSIM, "goodput", COLOSSUS, *asked, "--out", "g.csv"], folder)
        (row,) = rows(folder, "g.csv")
        assert float(row["low"]) < float(row["daly"]) + 2e-3 and float(row["high"]) > float(row["daly"])
        assert abs(float(row["interruptions"]) / (54 * 86400 / float(row["mtti_s"])) - 1) < 0.02
        yield Measured(case="goodput, 54 d of 100,000 GPUs", value=ran.wall, target=GOODPUT, unit="s")
        Path(folder, "four.toml").write_text(scenario(), encoding="utf-8")
        ran = run([*FABRICSIM, "run", "four.toml", "--row", "r.csv"], folder)
        (row,) = rows(folder, "r.csv")
        times = json.loads(row["iterations"])
        assert len(times) == JOBS and all(len(each) == ITERATIONS for each in times.values())
        assert min(map(min, times.values())) > 0.1
        yield Measured(case="run, 4 rings of 25,000", value=ran.wall, target=RUN, unit="s")
        yield Measured(case="run, 4 rings of 25,000: memory", value=ran.peak, target=MEMORY, unit="MB")
