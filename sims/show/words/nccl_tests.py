"""Rows as nccl-tests prints them, and as it writes them with -J, character by character. Prints nothing.

Forms of version 2.19.6, src/util.cu. A simulation says so where a device has its name; it checks no data, so
the run is one with -c 0; in place takes as long as out of place; and it has no clock, so that the same rows
are the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.node_names import host_of
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.scenario.row import Row
from sims.show.words.dtype import FLOAT, Dtype
from sims.workload.collective import COLLECTIVES, SEND_RECV, Collective
from sims.workload.mesh import group_size

__all__ = ["NCCL_FORMS", "Device", "devices_of", "divided", "nccl_tests"]

NCCL_FORMS = ("nccl-tests", "nccl-tests-json")
_VERSION, _JSON_VERSION = "2.19.6", 3
_MEBIBYTE = 1 << 20  # the step of nccl-tests where nobody gives one
_ALIGNED = 16  # bytes, of which a part is a multiple
_NO_CLOCK = "1970-01-01 00:00:00"


class Device(NamedTuple):
    """Where a rank runs: its group, the name of its host, and which GPU of the host it is."""

    group: int
    host: str
    device: int


def devices_of(job: CollectiveJob) -> list[Device]:
    """The device of each rank of ``job``, in their order."""
    fabric, ends = job.fabric, job.placement
    groups = job.groups.groups.owner.tolist() if job.groups else [0] * len(ends)
    order = np.argsort(fabric.server, kind="stable")
    numbers, first = np.unique(fabric.server[order], return_index=True)
    of_server = dict(zip(numbers.tolist(), np.split(order, first[1:])))
    hosts = {number: _host(fabric, number, of_server[number].tolist()) for number in _servers(fabric, ends)}
    found = []
    for end, server, group in zip(ends.tolist(), fabric.server[ends].tolist(), groups):
        if server < 0:
            found.append(Device(group, "-".join(fabric.label(end).split()), 0))
        else:
            found.append(Device(group, hosts[server], end - int(of_server[server][0])))
    return found


def _servers(fabric: Fabric, ends: NDArray[np.int64]) -> list[int]:
    own = fabric.server[ends]
    return list(np.unique(own[own >= 0]).tolist())


def _host(fabric: Fabric, server: int, ends: Sequence[int]) -> str:
    """What the owner calls a server of these endpoints, in one word; else its number."""
    named = fabric.labels is not None or not isinstance(fabric.ids[0], int)
    name = "-".join(host_of([fabric.label(end) for end in ends]).split()) if named else ""
    return name or f"server-{server}"


def divided(sizes: Sequence[int], of: Collective, n: int, dtype: Dtype) -> list[int]:
    """The sizes that nccl-tests makes of ``sizes`` on n ranks: where each rank has a part, whole ones of 16
    bytes; what leaves none is left out.

    Raises:
        ParameterError: none leaves one.

    >>> divided([8, 1000, 4096], COLLECTIVES["all-gather"], 8, FLOAT)
    [896, 4096]
    """
    each = of.count(n)
    unit = dtype.size if each == 1 else each * max(dtype.size, _ALIGNED)
    found = [size // unit * unit for size in sizes if size >= unit]
    if not found:
        rule = f"the least that {n:,} ranks share is {unit:,} bytes, as nccl-tests deals parts"
        raise ParameterError("size", max(sizes), rule)
    return list(dict.fromkeys(found))


def nccl_tests(form: str, rows: Sequence[Row], devices: Sequence[Device], dtype: Dtype = FLOAT) -> str:
    """The text of a run: ``rows`` of one collective on the same ranks, a size each, in the ``form`` of
    NCCL_FORMS. ``sims.read_nccl`` reads it back.
    """
    run = _Run(rows, devices, dtype)
    return run.json() if form == "nccl-tests-json" else "\n".join([*run.lines(), ""])


class _Run:
    """One run of a tool of nccl-tests."""

    def __init__(self, rows: Sequence[Row], devices: Sequence[Device], dtype: Dtype) -> None:
        self.rows, self.devices, self.dtype = rows, devices, dtype
        s = rows[0].scenario
        self.of = COLLECTIVES[s.collective]
        self.together = group_size(s.groups, s.experts, s.over, s.ranks)
        self.program = f"{self.of.tool}_perf"
        self.name = f"fabricsim {rows[0].version}, simulated"
        sizes = [row.scenario.size_bytes for row in rows]
        self.least, self.most = min(sizes), max(sizes)
        self.step, self.factor = _step(sizes)
        self.iterations = int(s.repeat) if str(s.repeat).isdigit() else 1
        self.mean = sum(row.busbw_GBps for row in rows) / len(rows)

    def words(self, row: Row) -> tuple[int, int, str, str, int]:
        """The columns left of the times: size, count, type, redop, root."""
        size = row.scenario.size_bytes
        count = size // self.dtype.size // self.of.count(self.together)
        redop = "sum" if self.of.reduces or self.of is SEND_RECV else "none"
        return size, count, self.dtype.name, redop, row.scenario.root if self.of.rooted else -1

    def lines(self) -> Iterator[str]:
        """What is printed."""
        step = f"{self.factor}(factor)" if self.factor else f"{self.step}(bytes)"
        yield f"# nccl-tests version {_VERSION} nccl-headers=0 nccl-library=0"
        yield f"# Collective test starting: {self.program}"
        yield (
            f"# nThread 1 nGpus 1 minBytes {self.least} maxBytes {self.most} step: {step} "
            f"warmup iters: 0 iters: {self.iterations} agg iters: 1 validation: 0 graph: 0 unalign: 0"
        )
        yield "#"
        yield "# Using devices"
        for rank, (group, host, device) in enumerate(self.devices):
            place = f"Rank {rank:2d} Group {group:2d} Pid {rank + 1:6d} on {host:>10} device {device:2d}"
            yield f"#  {place} [{_bus(device)}] {self.name}"
        yield "#"
        yield _left(("", "", "", "", "")) + f"{'':11}out-of-place{'':23}in-place{'':10}"
        half = ("time", "algbw", "busbw", "#wrong")
        yield _left(("size", "count", "type", "redop", "root")) + _right(half) * 2 + " "
        yield _left(("(B)", "(elements)", "", "", "")) + _right(("(us)", "(GB/s)", "(GB/s)", "")) * 2 + " "
        for row in self.rows:
            size, count, kind, redop, root = self.words(row)
            values = (_fitted(row.time_s * 1e6, 7), _fitted(row.algbw_GBps, 6), _fitted(row.busbw_GBps, 6))
            left = f"{size:12d}  {count:12d}  {kind:>8}  {redop:>6}  {root:6d}"
            yield left + ("  {}  {}  {}    N/A".format(*values)) * 2
        yield f"# {'Out of bounds values':<20} : 0 OK"
        yield f"# {'Avg bus bandwidth':<20} : {self.mean:g} "
        yield "#"
        yield f"# Collective test concluded: {self.program}"
        yield "#"
        yield ""

    def json(self) -> str:
        """What is written with -J."""
        step = {"step_factor": self.factor} if self.factor else {"step_bytes": self.step}
        config = {
            "nthreads": 1,
            "ngpus": 1,
            "minimum_bytes": self.least,
            "maximum_bytes": self.most,
            **step,
            "warmup_iters": 0,
            "iterations": self.iterations,
            "aggregated_iterations": 1,
            "validation": 0,
            "graph": 0,
            "blocking_collectives": "false",
            "per_iter_timing": "false",
            "per_iter_skip": 0,
            "parallel_init": "false",
            "devices": [
                {
                    "rank": rank,
                    "group": group,
                    "pid": rank + 1,
                    "hostname": host,
                    "device": device,
                    "device_hex": _bus(device),
                    "device_info": self.name,
                }
                for rank, (group, host, device) in enumerate(self.devices)
            ],
        }
        head = {
            "version": _JSON_VERSION,
            "start_time": _NO_CLOCK,
            "args": [self.program, "-b", str(self.least), "-e", str(self.most), "-c", "0"],
            "env": [],
            "nccl_version": 0,
            "config": config,
        }
        results = ",".join(map(self._result, self.rows))
        foot = (
            '"out_of_bounds":{"count":0,"okay":"true"},"average_bus_bandwidth":'
            f'{{"bandwidth":{self.mean:f},"okay":"unchecked"}},"errors":[],"end_time":"{_NO_CLOCK}"'
        )
        return f'{_compact(head)[:-1]},"results":[{results}],{foot}}}'

    def _result(self, row: Row) -> str:
        size, count, kind, redop, root = self.words(row)
        left = {"size": size, "count": count, "type": kind, "redop": redop, "root": f"{root:6d}"}
        # Numbers with six digits behind the point, as %lf prints them.
        numbers = (
            f'{{"time":{row.time_s * 1e6:f},"alg_bw":{row.algbw_GBps:f},"bus_bw":{row.busbw_GBps:f},'
            '"nwrong":null}'
        )
        halves = f'"out_of_place":{numbers},"in_place":{numbers}'
        foot = f'"actual_iterations":{self.iterations},"experiment_name":""'
        return f"{_compact(left)[:-1]},{halves},{foot}}}"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _bus(device: int) -> str:
    """A place on the PCI bus for each device of a host, in the order of the devices."""
    return f"0000:{device + 1:02x}:00"


def _left(words: tuple[str, str, str, str, str]) -> str:
    size, count, kind, redop, root = words
    return f"# {size:>10}  {count:>12}  {kind:>8}  {redop:>6}  {root:>6}"


def _right(words: tuple[str, str, str, str]) -> str:
    time, algbw, busbw, wrong = words
    return f"  {time:>7}  {algbw:>6}  {busbw:>6}  {wrong:>6}"


def _fitted(value: float, width: int) -> str:
    """``value`` with as many digits behind the point, two at most, as ``width`` leaves.

    >>> _fitted(46.625, 7), _fitted(68969.3, 7), _fitted(123456.7, 7), _fitted(2.5e7, 7)
    ('  46.62', '68969.3', ' 123457', '2.5e+07')
    """
    texts = (f"{value:{width}.{digits}f}" for digits in (2, 1, 0))
    return next((text for text in texts if len(text) <= width), f"{value:{width}.{int(width >= 7)}e}")


def _step(sizes: Sequence[int]) -> tuple[int, int]:
    """The step from size to size: (bytes, 0) or (0, factor); (0, 0) where no step makes them.

    >>> _step([8, 32, 128]), _step([100, 200, 300]), _step([1, 2, 30]), _step([8])
    ((0, 4), (100, 0), (0, 0), (1048576, 0))
    """
    pairs = list(pairwise(sizes))
    if not pairs:
        return _MEBIBYTE, 0
    first, second = pairs[0]
    if second > first and all(b * first == a * second for a, b in pairs) and second % first == 0:
        return 0, second // first
    steps = {b - a for a, b in pairs}
    return (steps.pop(), 0) if len(steps) == 1 and second > first else (0, 0)
