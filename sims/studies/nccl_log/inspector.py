"""The records of NCCL's Inspector, a JSON object for each rank and operation of a job. Checks no header.

An operation took as long as its slowest rank; of one size the mean of all operations is a result. Knows the
keys ``header``, ``metadata`` and ``coll_perf``.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.entry import FACTORS, Entry, Found, entry

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
_MOST_RANKS = 10**7
_NEAR = 0.01  # how far the tool's own bandwidth may be from size over time: whole microseconds, at least


def from_inspector(text: str, name: str) -> Found | None:
    """What the records hold; None if ``text`` is something else.

    Of several communicators the one of most ranks counts, of several collectives the one of most operations;
    a note says which were left out.

    Raises:
        FileFormatError: a record without its numbers, or whose bandwidth is not its size over its time;
            names the line.
    """
    if not _MARK.match(text):
        return None
    # (communicator, ranks, collective) -> (size, number of the operation) -> times by rank.
    found: dict[tuple[str, int, str], dict[tuple[int, int], dict[int, float]]] = defaultdict(dict)
    hosts: dict[str, dict[int, str]] = defaultdict(dict)
    versions: dict[str, None] = {}
    for where, record in _records(text, name):
        header, perf = record.get("header"), record.get("coll_perf")
        if not isinstance(header, dict):
            raise FileFormatError(name, where, "is no record of the Inspector: no 'header'")
        if not isinstance(perf, dict):
            continue  # transfers between two ranks have p2p_perf
        ranks = int(_number(name, where, header, "n_ranks", 1, _MOST_RANKS))
        rank = int(_number(name, where, header, "rank", 0, ranks - 1))
        size = _number(name, where, perf, "coll_msg_size_bytes", 0)
        time = _number(name, where, perf, "coll_exec_time_us", 0)
        tool = _plain(perf.get("coll"))[:40]
        size = _moved(name, where, perf, tool, size, time, ranks)
        comm = str(header.get("id"))[:64]
        operation = found[comm, ranks, tool].setdefault(
            (size, int(_number(name, where, perf, "coll_sn", 0))), {}
        )
        operation[rank] = max(time, operation.get(rank, 0.0))
        about = record.get("metadata")
        if isinstance(about, dict):
            hosts[comm][rank] = _plain(about.get("hostname", ""))[:255]
            versions[
                f"NCCL Inspector {_plain(about.get('inspector_output_format_version', ''))[:20]}".strip()
            ] = None
    if not found:
        raise FileFormatError(name, "", "holds no collective: no record has 'coll_perf'")
    chosen = max(found, key=lambda key: (key[1], len(found[key]), key))
    entries, notes = _entries(name, found[chosen], chosen)
    if len(found) > 1:
        left = Counter(f"{tool} of {counted(ranks, 'rank')}" for _, ranks, tool in found)
        left[f"{chosen[2]} of {counted(chosen[1], 'rank')}"] -= 1
        others = ", ".join(f"{what} ({n})" if n > 1 else what for what, n in left.items() if n)
        notes.append(f"left out {others}: other communicators or collectives")
    named = hosts[chosen[0]]
    listed = tuple(named[rank] for rank in range(chosen[1])) if len(named) == chosen[1] else ()
    return Found(_TOOLS.get(chosen[2], chosen[2]), listed, list(versions), notes, entries)


def _entries(
    name: str, operations: Mapping[tuple[int, int], Mapping[int, float]], chosen: tuple[str, int, str]
) -> tuple[list[Entry], list[str]]:
    """A result for each size, and what has to be said of it."""
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
                f"{counted(len(values), 'operation')} of {size:,} bytes",
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


def _moved(
    name: str, where: str, perf: Mapping[str, Any], tool: str, size: float, time: float, ranks: int
) -> int:
    """Bytes as nccl-tests counts them, by which bandwidth is stated: of all ranks together in a gather."""
    algbw = _number(name, where, perf, "coll_algobw_gbs", 0)
    for bytes_ in (size, size * ranks) if tool in ("AllGather", "ReduceScatter") else (size,):
        if abs(bytes_ - algbw * time * 1e3) <= max(_NEAR * bytes_, algbw * 1e3):
            return int(bytes_)
    rule = f"coll_algobw_gbs {algbw:g} is not size / time ({size:.0f} B, {time:g} us)"
    raise FileFormatError(name, where, rule)


def _plain(value: object) -> str:
    """A text that can be printed: JSON may hold halves of characters."""
    return str(value).encode(errors="replace").decode()


def _number(
    name: str, where: str, record: Mapping[str, Any], key: str, least: float, most: float = 1e18
) -> float:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        rule = f"{key} is {str(value)[:40]!r}: a number from {least:g} is due"
        raise FileFormatError(name, where, rule)
    return value


def _records(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object, one on a line or over several, with the line where it begins."""
    decoder = json.JSONDecoder()
    at, line = 0, 1
    space = re.compile(r"[\s,]*")
    while True:
        gap = space.match(text, at)
        end = gap.end() if gap else at
        line += text.count("\n", at, end)
        if end == len(text):
            return
        try:
            value, at = decoder.raw_decode(text, end)
        except (ValueError, RecursionError) as error:
            problem = f"is not JSON, or cut off: {str(error)[:80]}"
            raise FileFormatError(name, f"line {line}", problem) from None
        if not isinstance(value, dict):
            raise FileFormatError(name, f"line {line}", "is no record of the Inspector: no object")
        yield f"line {line}", value
        line += text.count("\n", end, at)
