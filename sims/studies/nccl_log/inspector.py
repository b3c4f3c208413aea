"""The records of NCCL's Inspector, a JSON object for each rank and operation of a job. Checks no header.

An operation took as long as its slowest rank; of one size the mean of all operations is a result. Knows the
keys ``header``, ``metadata`` and ``coll_perf``.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from fabric.machine.json_ways import json_index
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.clean import LogText
from sims.studies.nccl_log.entry import FACTORS, Entry, Found, entry, printable

__all__ = ["from_inspector"]

_MARK = re.compile(r'\s*\{\s*"header"\s*:')
_TOOLS = {
    "AllReduce": "all_reduce",
    "AllGather": "all_gather",
    "ReduceScatter": "reduce_scatter",
    "Broadcast": "broadcast",
    "Reduce": "reduce",
    "AlltoAll": "alltoall",
}
_MOST = 1e18  # of any number of a record
_MOST_RANKS = 10**7
_NEAR = 0.01  # how far the tool's own bandwidth may be from size over time: whole microseconds, at least


def from_inspector(log: LogText) -> Found | None:
    """What the records hold; None if the log is something else.

    Of several communicators the one of most ranks counts, of several collectives the one of most operations;
    a note says which were left out.

    Raises:
        FileFormatError: a record without its numbers, or whose bandwidth is not its size over its time;
            with line and column.
    """
    if not _MARK.match(log.text):
        return None
    # (communicator, ranks, collective) -> (size, number of the operation) -> times by rank.
    found: dict[tuple[str, int, str], dict[tuple[int, int], dict[int, float]]] = defaultdict(dict)
    hosts: dict[str, dict[int, str]] = defaultdict(dict)
    versions: dict[str, None] = {}
    first: dict[int, _Record] = {}  # of each size
    tools: dict[str, _Record] = {}
    for record in _records(log):
        header, perf, number = record.value.get("header"), record.value.get("coll_perf"), record.number
        if not isinstance(header, dict):
            raise record.wrong((), "is no record of the Inspector: no 'header'")
        if not isinstance(perf, dict):
            continue  # transfers between two ranks have p2p_perf
        ranks = int(number("header", "n_ranks", 1, _MOST_RANKS))
        rank = int(number("header", "rank", 0, ranks - 1))
        time = number("coll_perf", "coll_exec_time_us", 0)
        tool = printable(perf.get("coll"))[:40]
        size = _moved(record, tool, time, ranks)
        first.setdefault(size, record)
        tools.setdefault(tool, record)
        comm = str(header.get("id"))[:64]
        operation = found[comm, ranks, tool].setdefault((size, int(number("coll_perf", "coll_sn", 0))), {})
        operation[rank] = max(time, operation.get(rank, 0.0))
        about = record.value.get("metadata")
        if isinstance(about, dict):
            hosts[comm][rank] = printable(about.get("hostname", ""))[:255]
            versions[
                f"NCCL Inspector {printable(about.get('inspector_output_format_version', ''))[:20]}".strip()
            ] = None
    if not found:
        raise FileFormatError(log.name, "", "holds no collective: no record has 'coll_perf'")
    chosen = max(found, key=lambda key: (key[1], len(found[key]), key))
    entries, notes = _entries(log.name, found[chosen], chosen, first)
    if len(found) > 1:
        left = Counter(f"{tool} of {counted(ranks, 'rank')}" for _, ranks, tool in found)
        left[f"{chosen[2]} of {counted(chosen[1], 'rank')}"] -= 1
        others = ", ".join(f"{what} ({n})" if n > 1 else what for what, n in left.items() if n)
        notes.append(f"left out {others}: other communicators or collectives")
    named = hosts[chosen[0]]
    listed = tuple(named[rank] for rank in range(chosen[1])) if len(named) == chosen[1] else ()
    where = tools[chosen[2]].place(("coll_perf", "coll"))
    return Found(_TOOLS.get(chosen[2], chosen[2]), listed, list(versions), notes, entries, named=where)


def _entries(
    name: str,
    operations: Mapping[tuple[int, int], Mapping[int, float]],
    chosen: tuple[str, int, str],
    first: Mapping[int, _Record],
) -> tuple[list[Entry], list[str]]:
    """A result for each size, and what has to be said of it; ``first``: a record of each size."""
    _, ranks, tool = chosen
    factor = FACTORS.get(_TOOLS.get(tool, ""), lambda n: 1.0)(ranks)
    times: dict[int, list[float]] = defaultdict(list)
    part = 0
    for (size, _), by_rank in operations.items():
        times[size].append(max(by_rank.values()))
        part += len(by_rank) < ranks
    entries = []
    for size, values in sorted(times.items()):
        time = sum(values) / len(values)
        algbw = size / time / 1e3 if time else 0.0
        entries.append(
            entry(
                partial(_where, first[size], f"{counted(len(values), 'operation')} of {size:,} bytes"),
                size,
                in_place=False,
                time=Decimal(f"{time:.6f}"),
                algbw=Decimal(f"{algbw:.6f}"),
                busbw=Decimal(f"{algbw * factor:.6f}"),
                wrong="N/A",
                redop="sum" if "educe" in tool else "none",
                root="-1",
                name=name,
            )
        )
    notes = [f"means of {counted(len(operations), 'operation')} of a job, each as long as its slowest rank"]
    if part:
        few = max(map(len, operations.values()))
        notes.append(
            f"{counted(part, 'operation')} without all {ranks:,} ranks (at most {few:,} are in the file)"
        )
    return entries, notes


_KEYS = {
    "size": "coll_msg_size_bytes",
    "time": "coll_exec_time_us",
    "algbw": "coll_algobw_gbs",
    "busbw": "coll_busbw_gbs",
}


def _where(record: _Record, said: str, title: str) -> str:
    """What a mean is of, and where the value of the first of its operations stands."""
    return f"{said}, {record.place(('coll_perf', _KEYS[title]))}" if title else said


def _moved(record: _Record, tool: str, time: float, ranks: int) -> int:
    """Bytes as nccl-tests counts them, by which bandwidth is stated: of all ranks together in a gather."""
    size = record.number("coll_perf", "coll_msg_size_bytes", 0)
    algbw = record.number("coll_perf", "coll_algobw_gbs", 0)
    for bytes_ in (size, size * ranks) if tool in ("AllGather", "ReduceScatter") else (size,):
        if abs(bytes_ - algbw * time * 1e3) <= max(_NEAR * bytes_, algbw * 1e3):
            return int(bytes_)
    rule = f"coll_algobw_gbs {algbw:g} is not size / time ({size:.0f} B, {time:g} us)"
    raise record.wrong(("coll_perf", "coll_algobw_gbs"), rule)


@dataclass(frozen=True)
class _Record:
    """A record that begins at the index ``start`` of the text."""

    log: LogText
    start: int
    value: dict[str, Any]

    def number(self, table: str, key: str, least: float, most: float = _MOST) -> float:
        value = self.value[table].get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            is_what = f"is {json.dumps(value)[:40]}" if key in self.value[table] else "is not given"
            up_to = f" to {most:g}" if most < _MOST else ""
            rule = f"{key} {is_what}: a number from {least:g}{up_to} is due"
            raise self.wrong((table, key), rule)
        return value

    def place(self, way: tuple[str, ...]) -> str:
        """That of the value to which the keys lead, or of as much of it as there is."""
        return self.log.place_of(json_index(self.log.text, way, self.start))

    def wrong(self, way: tuple[str, ...], problem: str) -> FileFormatError:
        return FileFormatError(self.log.name, self.place(way), problem)


def _records(log: LogText) -> Iterator[_Record]:
    """Each object, one on a line or over several."""
    decoder = json.JSONDecoder()
    text, at = log.text, 0
    space = re.compile(r"[\s,]*")
    while True:
        gap = space.match(text, at)
        end = gap.end() if gap else at
        if end == len(text):
            return
        try:
            value, at = decoder.raw_decode(text, end)
        except (ValueError, RecursionError) as error:
            raise log.no_json(error) from None
        if not isinstance(value, dict):
            raise FileFormatError(log.name, log.place_of(end), "is no record of the Inspector: no object")
        yield _Record(log, end, value)
