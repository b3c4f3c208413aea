"""Traffic written as a connection matrix of htsim, which ``traffic_matrix`` reads. Knows no fabric."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fabric.machine.whole_file import replaced
from sims.workload.traffic import Traffic

__all__ = ["write_connections"]

_PS = 1e-12  # htsim counts picoseconds


def write_connections(path: str | Path, traffic: Traffic, endpoints: int) -> None:
    """Write the flows for htsim, sizes in whole bytes rounded up and starts in picoseconds."""
    lines = [f"Nodes {endpoints}", f"Connections {len(traffic)}"]
    columns = (traffic.src, traffic.dst, traffic.size, traffic.start)
    rows = zip(*(column.tolist() for column in columns))
    for number, (src, dst, size, start) in enumerate(rows, 1):
        lines.append(f"{src}->{dst} id {number} start {round(start / _PS)} size {int(np.ceil(size))}")
    with replaced(path) as file:
        file.write("\n".join([*lines, ""]))
