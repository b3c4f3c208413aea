"""What is fitted to a log, and the words and records of a calibration. Prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabric.words.errors import ParameterError
from fabric.words.units import format_size, format_time
from sims.jobs.allreduce import AllReduce
from sims.show.words.tuning import chosen_by_nccl
from sims.studies.calibration import Fit
from sims.studies.nccl_log import Measurement, NcclLog
from sims.workload.collectives import format_algorithm, parse_algorithms

__all__ = ["Item", "calibration_lines", "calibration_records", "default_fabric", "doubts", "plan"]

_MOST_IN_SERVER = 8
_ACROSS = ("GB200", "GB300")  # GPUs in racks that are one scale-up domain of many hosts
# What NCCL calls an algorithm, ours that takes the same steps, and the profile of a protocol.
_NAMES = {"RING": "ring", "TREE": "hierarchical-tree", "NVLS_TREE": "hierarchical-tree"}
_USUAL = {"ring": "nccl-ring-ll", "hierarchical-tree": "nccl-tree-ll"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to fit: an algorithm, the profile to begin with, and the measurements that are meant."""

    label: str
    algorithm: str
    profile: str
    rows: tuple[Measurement, ...]


def default_fabric(ranks: int, servers: Sequence[int] = ()) -> str:
    """A tree without blocking for as many ranks, in ``servers`` of so many each; without them in servers of
    as many of eight GPUs as divide the ranks. The last server may be filled in part.

    >>> default_fabric(2, (1, 1))
    'fat-tree:endpoints=2,radix=128'
    >>> default_fabric(3, (2, 1))
    'fat-tree:endpoints=4,radix=128,gpus_per_server=2'

    Raises:
        ParameterError: more than one of the servers is filled in part.
    """
    gpus = max(servers or (g for g in range(1, _MOST_IN_SERVER + 1) if ranks % g == 0))
    if sum(own < gpus for own in servers) > 1:
        rule = "hosts of different size in the list of devices: name the fabric, and the ranks' --placement"
        raise ParameterError("log", _servers(servers), rule)
    endpoints = gpus * (len(servers) or ranks // gpus)
    suffix = f",gpus_per_server={gpus}" if gpus > 1 else ""
    return f"fat-tree:endpoints={endpoints},radix=128{suffix}"


def doubts(log: NcclLog, job: AllReduce, *, named: bool) -> list[str]:
    """Where the fabric of ``job`` may not be what was measured; ``named``: by the user, and not assumed."""
    found = []
    own = job.members.servers
    placed = [*np.unique(own[own >= 0], return_counts=True)[1].tolist(), *[1] * int(np.sum(own < 0))]
    if not log.servers and not named:
        words = _servers(placed).replace("hosts", "servers").replace("host ", "server ")
        found.append(f"the log does not list its hosts: {words} are assumed; name the fabric if they differ")
    if log.servers and sorted(log.servers) != sorted(placed):
        words = _servers(placed).replace("hosts", "servers").replace("host ", "server ")
        rule = f"the log's devices are on {_servers(log.servers)}, the fabric's are on {words}"
        found.append(f"{rule}: right only where a scale-up network joins the hosts")
    if not named and len(log.servers) > 1 and (gpu := next((g for g in _ACROSS if g in log.text), "")):
        found.append(f"NVLink of {gpu} joins GPUs across hosts, and here it ends at them: name the fabric")
    return found


def _servers(servers: Sequence[int]) -> str:
    """In words: ``2 hosts of 8``."""
    return ", ".join(
        f"{n:,} host{'s' * (n > 1)} of {size}" for size, n in sorted(Counter(servers).items())[::-1]
    )


def plan(
    rows: Sequence[Measurement], text: str, algorithm: str | None, profile: str | None
) -> tuple[Item, ...]:
    """What to fit: the algorithms that are named, else those that NCCL says in ``text`` it chose.

    Raises:
        ParameterError: an unknown algorithm, or ``auto``.
    """
    told = chosen_by_nccl(text) if algorithm is None else {}
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for row in rows:
        if told.get(row.size_bytes, ("",))[0] in _NAMES:
            groups.setdefault(told[row.size_bytes], []).append(row)
    items = []
    for (name, protocol), own in groups.items():
        if len({row.size_bytes for row in own}) < 3:
            continue
        usual = "nccl-nvlstree" if name == "NVLS_TREE" else f"nccl-{name.lower()}-{protocol.lower()}"
        label = f"{name.lower()} {protocol.lower()}"
        items.append(Item(label=label, algorithm=_NAMES[name], profile=profile or usual, rows=tuple(own)))
    if items:
        return tuple(items)
    names = [format_algorithm(*item) for item in parse_algorithms(algorithm or "ring,hierarchical-tree")]
    if "auto" in names:
        raise ParameterError("algorithm", "auto", "name what is to be fitted")
    return tuple(
        Item(
            label=name,
            algorithm=name,
            profile=profile or _USUAL.get(name.partition(":")[0], "ib-ndr"),
            rows=tuple(rows),
        )
        for name in names
    )


def calibration_lines(
    path: str, log: NcclLog, fits: Sequence[tuple[Item, Fit]], notes: Sequence[str] = ()
) -> Iterator[str]:
    """What was read, what was found per algorithm, how well it fits; ``notes``: beside those of the log."""
    sizes = sorted({row.size_bytes for row in log.rows})
    span = f"{format_size(sizes[0])} to {format_size(sizes[-1])}"
    yield f"# log        {path}: all-reduce on {log.ranks} ranks, {len(log.rows)} measurements, {span}"
    if log.version:
        yield f"# versions   {log.version}"
    if log.servers:
        yield f"# devices    on {_servers(log.servers)}"
    for note in (*log.notes, *notes):
        yield f"# note       {note}"
    yield f"# topology   {fits[0][1].topology}"
    widths = (26, 12, 12, 10, 10, 10)
    titles = ("algorithm", "alpha", "busbw", "median", "90%", "worst")
    yield _columns(titles, widths) + "  at"
    for item, found in fits:
        off = np.abs(found.residual)
        worst = int(np.argmax(off))
        cells = (item.label, format_time(found.alpha), f"{found.busbw / 1e9:.4g} GB/s")
        errors = (f"{np.median(off):.1%}", f"{np.quantile(off, 0.9):.1%}", f"{found.residual[worst]:+.1%}")
        yield _columns((*cells, *errors), widths) + f"  {format_size(int(found.size[worst]))}"
    yield "# alpha: latency of the whole collective; busbw: of the largest size, were there no latency"
    yield "# median, 90%, worst: of measured / modelled - 1"
    best = min(fits, key=lambda pair: pair[1].typical)
    yield f"# best fit   {best[0].label}: {best[1].profile}"


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def calibration_records(fits: Sequence[tuple[Item, Fit]]) -> list[dict[str, Any]]:
    """One record per measurement and algorithm."""
    return [
        {
            "algorithm": item.label,
            "size_bytes": int(size),
            "measured_s": float(measured),
            "modelled_s": float(modelled),
            "residual": float(measured / modelled - 1),
        }
        for item, found in fits
        for size, measured, modelled in zip(found.size, found.measured, found.modelled)
    ]
