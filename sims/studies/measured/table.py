"""The table of measured times: one line for each time that somebody has published. Runs no model.

Read and checked here; which fabric a system is stands in ``machines``.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypeVar

from fabric.machine.cell_place import cell_place, no_csv, wrong_width
from fabric.machine.document import read_text
from fabric.words.errors import FileFormatError, ParameterError
from sims.workload.collective import COLLECTIVES

__all__ = ["COLUMNS", "SOURCES", "Measured", "measured", "read_table"]

COLUMNS = (
    *("system", "run", "nodes", "per_node", "collective", "algorithm", "called"),
    *("size_bytes", "time_us", "busbw_GBps", "source"),
)
Number = TypeVar("Number", int, float)
SOURCES: Mapping[str, str] = {
    "pico": "HLC-Lab/pico, medians of MPI benchmarks on Leonardo, LUMI and MareNostrum 5 (MIT licence)",
    "coreweave": "coreweave/nccl-tests, README (NCCL 2.26.2)",
    "azure": "Azure/ai-infrastructure-on-azure, baseline of ND H100 v5",
    "nccl-527": "NVIDIA/nccl, issue 527: p4d.24xlarge",
    "nccl-652": "NVIDIA/nccl, issue 652: 62 to 65 us",
    "nccl-949": "NVIDIA/nccl, issue 949: two servers of A100, once ACS was off",
    "nccl-1244": "NVIDIA/nccl, issue 1244: 46 to 48 us",
    "nccl-1411": "NVIDIA/nccl, issue 1411: four of eight H800 of two servers",
    "nccl-1469": "NVIDIA/nccl, issue 1469: 16 servers of H100",
    "nccl-1801": "NVIDIA/nccl, issue 1801: three NVLink domains of GB200",
    "nccl-tests-252": "NVIDIA/nccl-tests, issue 252: two servers of four H100, once ACS was off",
    "nccl-tests-309": "NVIDIA/nccl-tests, issue 309: two clusters of H100 that NVIDIA finds in order",
    "jingchaozhang": "JingchaoZhang/JingchaoZhang.github.io: ND A100 v4 under Kubernetes",
    "deepops": "NVIDIA/deepops, docs/slurm-cluster/slurm-perf-cluster.md: four DGX A100",
    "eks-blueprints": "aws-ia/terraform-aws-eks-blueprints, patterns/nvidia-gpu-efa: two p5.48xlarge",
    "awsome": "aws-samples/awsome-distributed-training, ParallelCluster: two p5.48xlarge",
    "aws-hpc-tutorials": "aws-samples/aws-hpc-tutorials, NCCL tests: two p4de.24xlarge",
    "a3mega-ztan": "lessizzmore/create-a3mega-ztan-fork, ztan-NCCL-test-result: two a3-megagpu-8g",
    "cluster-toolkit": "GoogleCloudPlatform/cluster-toolkit, examples/gke-a3-megagpu and gke-a4",
    "dstack": "dstackai/dstack, examples/clusters: Crusoe, Google Cloud, Lambda, Nebius",
    "skypilot": "skypilot-org/skypilot, examples/gcp_gpu_direct_tcpx: two a3-ultragpu-8g",
    "verl-on-gke": "esaaren/verl-on-gke, README: two a4-highgpu-8g",
    "dranet": "google/dranet, site/content/docs/user/gke-rdma.md: two a4-highgpu-8g",
    "ethcscs": "quay.io/ethcscs/nccl-tests, README of the image with CXI: Alps (Santis)",
    "hpc-ai-envs": "crickett-hpe/hpc-ai-envs, examples/nccl-tests: NCCL_ALGO=Tree",
    "esifhpc4": "oahull0112/ESIFHPC4, AI-ML/microbenchmark: Kestrel of NREL",
    "ocitutorials": "oracle-japan/ocitutorials, spinup-gpu-cluster: two BM.GPU4.8",
    "oci-hpc-oke": "oracle-quickstart/oci-hpc-oke, README: two BM.GPU4.8",
    "deepep": "deepseek-ai/DeepEP, docs/legacy.md: low-latency dispatch of 128 tokens a GPU",
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One published time. ``run``: which of several runs on the system; ``called``: the algorithm in the
    words of the source; ``size_bytes`` as nccl-tests counts it; ``time_s`` of one operation.

    Raises:
        ParameterError: a number out of its range.
    """

    system: str
    run: str
    nodes: int
    per_node: int
    collective: str
    algorithm: str
    called: str
    size_bytes: int
    time_s: float
    source: str

    def __post_init__(self) -> None:
        for name in ("nodes", "per_node", "size_bytes"):
            if getattr(self, name) < 1:
                raise ParameterError(name, getattr(self, name), "a whole number, 1 or more")
        if not 0 < self.time_s < math.inf:
            raise ParameterError("time_us or busbw_GBps", self.time_s, "a finite number above zero")

    @property
    def ranks(self) -> int:
        return self.nodes * self.per_node

    @property
    def point(self) -> tuple[str, int, int, str, str, str, int]:
        """What repeats of the same measurement share: all but the run."""
        return (
            *(self.system, self.nodes, self.per_node, self.collective, self.algorithm),
            *(self.called, self.size_bytes),
        )


@cache
def measured() -> tuple[Measured, ...]:
    """The tables that come with the program: what was published as tables, and logs in public trackers."""
    folder = resources.files(__package__)
    return tuple(
        row
        for name in ("times.csv", "threads.csv")
        for row in _parsed(folder.joinpath(name).read_text(encoding="utf-8"), name)
    )


def read_table(path: str | Path) -> tuple[Measured, ...]:
    """The table of a file of one's own, with the same columns; of time_us and busbw_GBps one is enough.

    Raises:
        ParameterError: no such file.
        FileFormatError: a column is missing, a value is illegal; names line and column.
    """
    return _parsed(read_text(path), str(path))


def _parsed(text: str, name: str) -> tuple[Measured, ...]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        return _rows(reader, name)
    except csv.Error as error:
        raise no_csv(name, error, reader.reader.line_num) from None


def _rows(reader: csv.DictReader[str], name: str) -> tuple[Measured, ...]:
    needed = [column for column in COLUMNS if column not in _OPTIONAL]
    missing = [column for column in needed if column not in (reader.fieldnames or ())]
    if missing:
        found = ", ".join(reader.fieldnames or ()) or "no columns"
        rule = (
            f"the columns {', '.join(missing)} are missing; it has {found}; a table has {', '.join(COLUMNS)}"
        )
        where = cell_place(name, reader.line_num, len(reader.fieldnames)) if reader.fieldnames else ""
        raise FileFormatError(name, where, rule)
    titles, rows = list(reader.fieldnames or ()), []
    for line in reader:
        if any(beyond := line.get(None, ())):
            raise wrong_width(name, reader.line_num, [*titles, *beyond], len(titles))
        try:
            rows.append(_row({key: (line.get(key) or "").strip() for key in COLUMNS}))
        except ParameterError as error:
            index = titles.index(error.name) if error.name in titles else 0
            raise FileFormatError(name, cell_place(name, reader.line_num, index), str(error)) from None
    if not rows:
        raise FileFormatError(name, "", "no line below the columns: one measured time a line")
    return tuple(rows)


_OPTIONAL = ("called", "time_us", "busbw_GBps", "run", "source")


def _row(line: Mapping[str, str]) -> Measured:
    collective, size = line["collective"], _number(line, "size_bytes", int)
    if collective not in COLLECTIVES and collective not in _KNOWN:
        raise ParameterError("collective", collective, "unknown collective", COLLECTIVES)
    nodes, per_node = _number(line, "nodes", int), _number(line, "per_node", int)
    if not (line["time_us"] or line["busbw_GBps"]):
        raise ParameterError("time_us", "", "this or busbw_GBps is needed, above zero")
    key = "time_us" if line["time_us"] else "busbw_GBps"
    value = _number(line, key, float)
    if not 0 < value < math.inf:
        raise ParameterError(key, line[key], "a finite number above zero")
    if key == "time_us":
        time = value * 1e-6
    elif collective not in COLLECTIVES:
        raise ParameterError(
            key, line[key], f"time_us is needed: nothing here says the busbw of {collective}"
        )
    else:
        time = size * COLLECTIVES[collective].factor(nodes * per_node) / (value * 1e9)
    same = {key: line[key] for key in ("system", "run", "algorithm", "called", "source")}
    return Measured(
        **same, nodes=nodes, per_node=per_node, collective=collective, size_bytes=size, time_s=time
    )


def _number(line: Mapping[str, str], key: str, kind: Callable[[str], Number]) -> Number:
    try:
        found = kind(line[key])
    except ValueError:
        rule = "a whole number, 1 or more" if kind is int else "a finite number above zero"
        raise ParameterError(key, line[key], rule) from None
    if kind is int and not 1 <= found < 2**63:
        raise ParameterError(key, found, "a whole number, 1 or more, below 2^63")
    return found


# Collectives that others measure, whether or not one can be simulated here.
_KNOWN = (
    *("all-gather", "reduce-scatter", "broadcast", "reduce"),
    *("all-to-all", "gather", "scatter"),
)
