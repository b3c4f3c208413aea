"""Machines with a hidden cause, run packet by packet: what ``diagnose`` is held against.

Sixteen ranks on four servers of four, two on a leaf, under eight spines. Each case draws its cause's severity
and place from its seed, mostly beside what the diagnosis tries. ``python tests/support/hidden.py >
tests/support/hidden.csv`` runs all, without noise; that takes minutes, so tests run a few again and read the
rest.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fabric import Fabric
from sims.jobs.collective import CollectiveJob
from sims.models.profiles import LatencyProfile, latency_profile
from sims.studies.expect.choice import Choice, choices
from sims.studies.expect.plan import Plan
from topologies import load

__all__ = ["CAUSES", "FABRIC", "FRESH", "SEEDS", "SIZES", "TABLE", "packet_times", "packets", "tuning"]

FABRIC = "leaf-spine:leaves=2,spines=8,endpoints_per_leaf=8,gpus_per_server=4,rate=100Gbps,nvlink=1.2Tbps"
SIZES = tuple(4**k for k in (5, 7, 8, 10, 11, 12, 13, 14))  # 1 KiB to 256 MiB
SEEDS, FRESH = range(10), range(740, 760)  # those that the diagnosis was made with, and those it was not
TABLE = Path(__file__).with_name("hidden.csv")
_PACKET, _FEW = 4096, 256  # bytes, as on networks; of larger sizes so many packets a rank's buffer
_RUN: dict[str, Any] = {"engine": "packet", "routing": "adaptive"}

Change = Callable[[LatencyProfile], LatencyProfile]
_tree = Fabric.from_graph(load(FABRIC))


def _scaled(**factors: float) -> Change:
    return lambda own: replace(own, **{name: getattr(own, name) * by for name, by in factors.items()})


# What the library runs at each size on a healthy machine, and on one on which some of it is forbidden.
_LIBRARY = Plan(_tree, choices("all-reduce"), nccl=True, routing="adaptive")
_PLAN = tuple(_LIBRARY.choice(size) for size in SIZES)
_WAYS = ("ring", "chain-tree", "-ll", "-ll128", "-simple")


def _left(rng: np.random.Generator) -> tuple[Choice, ...]:
    """NCCL_ALGO or NCCL_PROTO in the environment: of what is left the library takes what it thinks best."""
    way = _WAYS[int(rng.integers(len(_WAYS)))]
    left = [one for one in choices("all-reduce") if way in one.algorithm or one.profile.endswith(way)]
    return tuple(_LIBRARY.choice(size, left) for size in SIZES)


def tuning(cause: str, seed: int) -> str:
    """What NCCL_DEBUG_SUBSYS=TUNING prints of a case."""
    ran = _left(np.random.default_rng([seed, sum(map(ord, cause))])) if cause == "forced choice" else _PLAN
    parts = [one.profile.split("-") for one in ran]
    return "\n".join(
        f"AllReduce: {size} Bytes -> Algo {name.upper()} proto {how.upper()} channel{{Lo..Hi}}={{0..3}}"
        for size, (_, name, how) in zip(SIZES, parts)
    )


def packets(size: int) -> str:
    """The packets in which ``size`` bytes are sent."""
    return f"none:mtu={max(_PACKET, size // _FEW)},header=0"


def _run(
    chosen: Sequence[Choice], folder: str, lines: str = "", change: Change = replace, **settings: str
) -> list[float]:
    path = Path(folder) / "cables.txt"
    path.write_text(lines, encoding="utf-8")
    settings = {key: text.replace("FILE", str(path)) for key, text in settings.items()}
    jobs: dict[tuple[str, str], CollectiveJob] = {}
    times = []
    for size, one in zip(SIZES, chosen):
        key = one.profile, packets(size)
        if key not in jobs:
            profile = change(latency_profile(one.profile)).spec
            own = {**_RUN, **settings, "latency_profile": profile, "packet": packets(size)}
            jobs[key] = CollectiveJob(_tree, **own)
        times.append(jobs[key].row(one.algorithm, size).time_s)
    return times


def packet_times(cause: str, seed: int) -> list[float]:
    """(sizes,) in s: a case, without noise."""
    rng = np.random.default_rng([seed, sum(map(ord, cause))])
    chosen = _PLAN
    with tempfile.TemporaryDirectory() as folder:
        return CAUSES[cause](rng, chosen, folder)


def _expected(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(chosen, folder)


def _nics(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    if rng.random() < 0.3:
        count = int(rng.integers(1, 3))
        return _run([Choice(f"{one.algorithm}:channels={count}", one.profile) for one in chosen], folder)
    end, share = int(rng.integers(16)), rng.uniform(10, 50)
    leaf = int(_tree.arc_dst[_tree.arc_up[end] :][0])
    line = f"{_tree.label(end)},{_tree.label(leaf)}"
    return _run(chosen, folder, line, degrade=f"FILE:rate={share:.0f}%")


def _collisions(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(chosen, folder, routing="ecmp:qps=1", seed=str(rng.integers(1000, 2000)))


def _few_uplinks(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(chosen, folder, degrade=f"cables=leaf:100%:rate={rng.uniform(8, 20):.0f}%")


def _nvlink(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    share = rng.uniform(8, 24) / 150
    return _run(chosen, folder, change=_scaled(scaleup_bandwidth=share, intra_step=rng.uniform(1.3, 2)))


def _gpudirect(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(chosen, folder, change=_scaled(injection=rng.uniform(0.18, 0.42), net_step=1.5))


def _sockets(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    share, more = rng.uniform(1, 5) / 12.5, rng.uniform(18e-6, 35e-6)
    return _run(
        chosen,
        folder,
        change=lambda own: replace(own, injection=own.injection * share, net_step=own.net_step + more),
    )


def _latency(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(chosen, folder, change=_scaled(net_step=rng.uniform(2, 8)))


def _forced(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    return _run(_left(rng), folder)


def _other(rng: np.random.Generator, chosen: Sequence[Choice], folder: str) -> list[float]:
    """What is none of them: some sizes in the middle are slow, or time comes and goes from size to size."""
    times = np.array(_run(chosen, folder))
    if rng.random() < 0.5:
        start = int(rng.integers(2, 6))
        times[start : start + int(rng.integers(2, 4))] *= rng.uniform(4, 10)
    else:
        times *= np.exp(np.abs(rng.normal(0, 1, len(times))))
    return list(times)


CAUSES: dict[str, Callable[[np.random.Generator, Sequence[Choice], str], list[float]]] = {
    "as expected": _expected,
    "NICs": _nics,
    "collisions": _collisions,
    "few uplinks": _few_uplinks,
    "NVLink off": _nvlink,
    "GPUDirect off": _gpudirect,
    "sockets": _sockets,
    "high latency": _latency,
    "forced choice": _forced,
    "none of these": _other,
}


def _record() -> Iterator[list[str]]:
    yield ["cause", "seed", *map(str, SIZES)]
    for cause in sys.argv[1:] or CAUSES:
        for seed in (*SEEDS, *FRESH):
            yield [cause, str(seed), *(f"{time:.6g}" for time in packet_times(cause, seed))]
            sys.stdout.flush()


if __name__ == "__main__":
    csv.writer(sys.stdout, lineterminator="\n").writerows(_record())
