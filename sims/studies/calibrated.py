"""A log of nccl-tests calibrated: what is fitted to it, on which fabric, and where that may be in doubt.

Knows logs, algorithms and fits; reads no file and prints nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fabric import Fabric
from fabric.machine.under_way import watched
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.studies.calibration import Fit, fit
from sims.studies.nccl_log import Measurement, NcclLog
from sims.studies.nccl_log.tuning import chosen_by_nccl
from sims.workload.collective import ALL_REDUCE, HYPERCUBE, measured_by
from sims.workload.collectives import algorithms, split_algorithms, usual_algorithms

__all__ = [
    "Calibration",
    "Item",
    "calibrate",
    "check_log",
    "default_fabric",
    "doubts",
    "hosts_words",
    "plan",
]

_MOST_IN_SERVER = 8
_DIGITS = 9  # of a residual; what is smaller is rounding
_ACROSS = ("GB200", "GB300")  # GPUs in racks that are one scale-up domain of many hosts
# What NCCL calls an algorithm, ours that takes the same steps, and the profile of a protocol. From and to a
# root NCCL's ring is cut before it.
_NAMES = {
    "RING": ("ring", "chain"),
    "TREE": ("hierarchical-tree",),
    "NVLS_TREE": ("hierarchical-tree",),
    "PAT": ("pat",),
}
_NO_PROTOCOL = {"NVLS_TREE": "nccl-nvlstree", "PAT": "ib-ndr"}  # profiles that are of none
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
        raise ParameterError("log", hosts_words(servers), rule)
    endpoints = gpus * (len(servers) or ranks // gpus)
    suffix = f",gpus_per_server={gpus}" if gpus > 1 else ""
    return f"fat-tree:endpoints={endpoints},radix=128{suffix}"


def doubts(log: NcclLog, job: CollectiveJob, *, named: bool) -> list[str]:
    """Where the fabric of ``job`` may not be what was measured; ``named``: by the user, and not assumed."""
    found = []
    own = job.members.servers
    placed = [*np.unique(own[own >= 0], return_counts=True)[1].tolist(), *[1] * int(np.sum(own < 0))]
    if not log.servers and not named:
        words = hosts_words(placed).replace("hosts", "servers").replace("host ", "server ")
        found.append(f"the log does not list its hosts: {words} are assumed; name the fabric if they differ")
    if log.servers and sorted(log.servers) != sorted(placed):
        words = hosts_words(placed).replace("hosts", "servers").replace("host ", "server ")
        rule = f"the log's devices are on {hosts_words(log.servers)}, the fabric's are on {words}"
        found.append(f"{rule}: right only where a scale-up network joins the hosts")
    if not named and len(log.servers) > 1 and (gpu := next((g for g in _ACROSS if g in log.text), "")):
        found.append(f"NVLink of {gpu} joins GPUs across hosts, and here it ends at them: name the fabric")
    return found


def hosts_words(servers: Sequence[int]) -> str:
    """How many hosts have how many GPUs.

    >>> hosts_words([8, 8, 4])
    '2 hosts of 8, 1 host of 4'
    """
    return ", ".join(f"{counted(n, 'host')} of {size}" for size, n in sorted(Counter(servers).items())[::-1])


def plan(
    rows: Sequence[Measurement],
    text: str,
    algorithm: str | None,
    profile: str | None,
    tool: str = ALL_REDUCE.tool,
) -> tuple[Item, ...]:
    """What to fit: the algorithms that are named, else those that NCCL says in ``text`` it chose, else those
    of the collective of ``tool`` that are like NCCL's, or all the usual ones where none is.

    Raises:
        ParameterError: an unknown algorithm, or ``auto``.
    """
    of = measured_by(tool).name
    ours = {
        name: same[0]
        for name, every in _NAMES.items()
        if (same := [one for one in every if one in algorithms(of)])
    }
    told = chosen_by_nccl(text, tool) if algorithm is None else {}
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for row in rows:
        if told.get(row.size_bytes, ("",))[0] in ours:
            groups.setdefault(told[row.size_bytes], []).append(row)
    items = []
    for (name, protocol), own in groups.items():
        if len({row.size_bytes for row in own}) < 3:
            continue
        usual = _NO_PROTOCOL.get(name, f"nccl-{name.lower()}-{protocol.lower()}")
        label = f"{name.lower()} {protocol.lower()}"
        items.append(Item(label=label, algorithm=ours[name], profile=profile or usual, rows=tuple(own)))
    if items:
        return tuple(items)
    if tool == HYPERCUBE:
        algorithm = algorithm or "recursive-doubling"
    likely = dict.fromkeys(own for name, own in ours.items() if name != "PAT")  # which only few runs choose
    named = algorithm or ",".join(likely) or ",".join(usual_algorithms(of))
    names = split_algorithms(named, of)
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


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """``fits`` of the items that could be fitted to ``log``, and ``left_out``: why the others were not.

    ``doubts``: where the fabric may not be what was measured.
    """

    log: NcclLog
    fits: tuple[tuple[Item, Fit], ...]
    left_out: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def collective(self) -> str:
        """What was measured, by our name."""
        return measured_by(self.log.collective).name

    @property
    def best(self) -> tuple[Item, Fit]:
        """The item whose typical residual is the smallest, and its fit; of equally good ones the first."""
        return min(self.fits, key=lambda pair: round(pair[1].typical, _DIGITS))

    @property
    def warnings(self) -> list[str]:
        """The doubts, and what has to be said of the best fit."""
        item, found = self.best
        return [*self.doubts, *(f"{item.label}: {said}" for said in found.warnings)]


def check_log(log: NcclLog, name: str = "log") -> int:
    """The ranks of a log that can be calibrated; ``name``: of its file.

    Raises:
        ParameterError: a collective that is not simulated, one rank, or ranks that it does not tell.
    """
    measured_by(log.collective)
    if log.ranks is None or log.ranks < 2:
        why = "is of one rank" if log.ranks else "does not tell its ranks, by devices or busbw: give --ranks"
        raise ParameterError("log", name, why)
    return log.ranks


def calibrate(
    log: NcclLog,
    fabric: Fabric,
    items: Sequence[Item],
    *,
    topology: str = "",
    digest: str = "",
    routing: str = "adaptive",
    placement: str = "packed",
    named: bool = True,
    watch: Callable[[str], None] = lambda label: None,
) -> Calibration:
    """Fit each of ``items`` to ``log`` on ``fabric``.

    topology, digest: as of ``CollectiveJob``. named: whether the user named the fabric, else it is assumed.
    watch: is told the label of each item before it is fitted.

    Raises:
        ParameterError: as of ``check_log``, or the first item's mistake where none could be fitted.
    """
    ranks = check_log(log)
    fits, refused = [], []
    for item in watched(items, len(items)):
        watch(item.label)
        job = CollectiveJob(
            fabric,
            collective=measured_by(log.collective).name,
            topology=topology,
            digest=digest,
            ranks=ranks,
            routing=routing,
            placement=placement,
            latency_profile=item.profile,
        )
        try:
            fits.append((item, fit(job, item.algorithm, item.rows)))
        except ParameterError as error:
            refused.append((item.label, error))
    if not fits:
        raise refused[0][1]
    return Calibration(
        log=log,
        fits=tuple(fits),
        left_out=tuple(f"left out: {label}: {error}" for label, error in refused),
        doubts=tuple(doubts(log, job, named=named)),
    )
