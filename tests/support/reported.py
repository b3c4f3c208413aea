"""Runs of real machines of which somebody later said what was wrong: what ``diagnose`` is held against.

Numbers from public trackers, as far as they could be read: a few sizes each, in ``reported.csv``. Where only
a plateau was told it stands at 1 GiB, or at the size that the thread names. Fabrics are what the threads say,
behind one switch.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sims.studies.nccl_log import FACTORS

__all__ = ["CASES", "Case", "points", "text"]

_TABLE = Path(__file__).with_name("reported.csv")


@dataclass(frozen=True, kw_only=True)
class Case:
    """``said``: what was wrong, in the thread at ``url``; ``algorithm``: what ran, "" where nobody says."""

    url: str
    said: str
    ranks: int
    per_server: int
    nic: str
    nvlink: str
    algorithm: str = ""

    @property
    def fabric(self) -> str:
        """The text of the machine as it should be."""
        return (
            f"fat-tree:radix=128,endpoints={self.ranks},rate={self.nic},gpus_per_server={self.per_server},"
            f"nvlink={self.nvlink}"
        )


def _case(thread: str, said: str, ranks: int, per_server: int, nic: str, nvlink: str, ran: str = "") -> Case:
    """``thread``: of NVIDIA's trackers; ``nic``: the share of a GPU in its server's NICs."""
    url = f"https://github.com/NVIDIA/{thread}"
    return Case(url=url, said=said, ranks=ranks, per_server=per_server, nic=nic, nvlink=nvlink, algorithm=ran)


CASES = {
    "nccl-949": _case(
        "nccl/issues/949", "ACS of PCIe was on, in virtual servers", 16, 8, "50Gbps", "300GB/s", "ring"
    ),
    "nccl-1412": _case("nccl/issues/1412", "no GPUDirect RDMA: nvidia-peermem", 16, 8, "100Gbps", "300GB/s"),
    "nccl-1676": _case(
        "nccl/issues/1676", "no GPUDirect RDMA: the module had another name", 16, 8, "200Gbps", "300GB/s"
    ),
    "nccl-2409": _case(
        "nccl/issues/2409", "each step of a connection costs 10 to 12 us", 16, 8, "400Gbps", "450GB/s"
    ),
    "nccl-527": _case("nccl/issues/527", "three of four NICs in use, on EFA", 32, 8, "50Gbps", "300GB/s"),
    "nccl-1411": _case(
        "nccl/issues/1411", "nothing: the NVLink of H800 is the limit", 8, 4, "400Gbps", "200GB/s", "ring"
    ),
    "nccl-tests-106": _case(
        "nccl-tests/issues/106", "one of the servers is slow", 16, 8, "100Gbps", "300GB/s", "ring"
    ),
    "nccl-tests-252": _case(
        "nccl-tests/issues/252", "nothing, once ACS was off", 8, 4, "200Gbps", "450GB/s", "ring"
    ),
    "nccl-tests-352": _case(
        "nccl-tests/issues/352", "rings use one of four NICs", 8, 4, "100Gbps", "300GB/s", "ring"
    ),
}


def points(case: str, run: str) -> dict[int, float]:
    """By size in bytes the time in us, of the ``run``: slow or good."""
    factor = FACTORS["all_reduce"](CASES[case].ranks)
    with _TABLE.open(encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if (line["case"], line["run"]) == (case, run)]
    found = {}
    for line in lines:
        size = int(line["size_bytes"])
        time = line["time_us"] or size * factor / float(line["busbw_GBps"]) / 1e3
        found[size] = float(time)
    return found


def text(case: str, run: str, sizes: Collection[int] = ()) -> str:
    """A log in the form of nccl-tests with these points; ``sizes``: only of those."""
    of, factor = CASES[case], FACTORS["all_reduce"](CASES[case].ranks)
    lines = [f"# rebuilt from {of.url}, not a log", "# Collective test starting: all_reduce_perf"]
    lines += ["# Using devices"]
    for rank in range(of.ranks):
        server, device = divmod(rank, of.per_server)
        lines.append(f"#  Rank {rank:2} Group  0 Pid {rank} on server-{server} device {device} [0x00] GPU")
    columns = "time algbw busbw #wrong"
    lines.append(f"# size count type redop root {columns} {columns}")
    for size, time in points(case, run).items():
        if not sizes or size in sizes:
            algbw = size / time / 1e3
            own = f"{time:.6g} {algbw:.2f} {algbw * factor:.2f} 0"
            lines.append(f"{size} {size // 4} float sum -1 {own} {own}")
    return "\n".join(lines) + "\n"
