"""A million endpoints: whole commands, as ratios to the bare NetworkX graph of the same edges."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.bench.commands import THREE
from tests.bench.measured import Measured
from tests.bench.process import ALONE, FABRICSIM, alternated, rows
from topologies.named import named

PRESET, ENDPOINTS = "preset:beyond-1m", 1_024_000


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        columns = named(PRESET).compilable().columns()
        edges = Path(folder, "edges.npy")
        np.save(edges, np.stack([columns.tail, columns.head]))
        del columns
        least = [sys.executable, str(ALONE / "bare_edges.py"), str(edges)]
        floor, ran = alternated(least, [*FABRICSIM, "allreduce", PRESET, *THREE, "--out", "r.csv"], folder, 2)
        check(folder, ran.output)
        name, peak = "three algorithms, 16 sizes", ran.peak
        yield Measured(
            case=name, value=ran.wall / floor.wall, target=3, seconds=ran.wall, floor=floor.wall, peak_mb=peak
        )
        yield Measured(case=f"{name}: memory", value=peak, unit="MB", target=3000)


def check(folder: str, output: str) -> None:
    """The ring's bytes, not faster than a server's 8 NICs; the line that says how the fabric was made."""
    found = rows(folder, "r.csv")
    assert len(found) == 48, len(found)
    ring = [row for row in found if row["algorithm"] == "ring"]
    slope = (float(ring[-1]["time_s"]) - float(ring[-2]["time_s"])) / (
        int(ring[-1]["size_bytes"]) - int(ring[-2]["size_bytes"])
    )
    assert slope > 2 * (ENDPOINTS - 1) / ENDPOINTS / (8 * 50e9) * (1 - 1e-9), slope
    assert "from its builder's arrays" in output
