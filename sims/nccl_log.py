"""Measurements in the output of nccl-tests: ``all_reduce_perf`` and its sisters, as text or ``-J`` JSON.

Reads every header since the first release: with and without ``redop`` and ``root``, ``error`` or ``#wrong``,
time stamps, per-iteration columns, the prefixes of mpirun and srun. Knows no simulation and draws nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Any

from fabric.errors import FileFormatError

__all__ = ["FACTORS", "Measurement", "NcclLog", "read_nccl"]

# busbw over algbw on n ranks (nccl-tests, doc/PERFORMANCE.md, and the GetBw functions of its sources).
FACTORS: dict[str, Callable[[int], float]] = {
    "all_reduce": lambda n: 2 * (n - 1) / n,
    "all_gather": lambda n: (n - 1) / n,
    "reduce_scatter": lambda n: (n - 1) / n,
    "alltoall": lambda n: (n - 1) / n,
    "alltoallv": lambda n: (n - 1) / n,
    "gather": lambda n: (n - 1) / n,
    "scatter": lambda n: (n - 1) / n,
    "hypercube": lambda n: (n - 1) / n,
    "broadcast": lambda n: 1.0,
    "reduce": lambda n: 1.0,
    "sendrecv": lambda n: 1.0,
}

_STARTING = re.compile(r"Collective test starting: (?:\S*/)?(\w+?)_perf(?:_mpi)?\b")
_MENTION = re.compile(rf"(?<![a-z])({'|'.join(sorted(FACTORS, key=len, reverse=True))})_perf(?:_mpi)?\b")
_PREFIX = re.compile(r"^(?:\[[\d,]+\]<std\w+>:? ?|\s*\d+: )")  # mpirun --tag-output, srun --label
_TEST = re.compile(r"#\s*nThreads?:? (\d+) nGpus:? (\d+) ")
_DEVICE = re.compile(r"#\s*Rank\s+(\d+)\s+(?:Group\s+(\d+)\s+)?Pid\s+\d+ on ")
_HEADER = re.compile(r"#?\s*size\s+count\s.*\balgbw\s+busbw\b")
_RECORD = re.compile(r"\s*\d+\s+\d+\s+[a-z]\w*\s")
_STAMP = r"\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$"
_VERSIONS = (
    (re.compile(r"nccl-tests version (\S+)"), "nccl-tests"),
    (re.compile(r"rccl-tests: Version (\S+)"), "rccl-tests"),
    (re.compile(r"nccl-library=(\d+)"), "NCCL"),
    (re.compile(r"\bNCCL version (\d[\w.]*)"), "NCCL"),
)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One line of a table, out of place or in place: the mean time of the operation, and GB = 1e9 bytes/s.

    ``algbw_GBps`` is size over time, ``busbw_GBps`` that times the factor of the collective.
    """

    size_bytes: int
    time_s: float
    algbw_GBps: float
    busbw_GBps: float
    in_place: bool


@dataclass(frozen=True, kw_only=True)
class NcclLog:
    """What one run of nccl-tests measured.

    ``name``: of the file, without its folder; ``collective``: one of FACTORS; ``ranks``: None where the log
    lists no devices; ``version``: of nccl-tests and NCCL, "" where not stated; ``notes``: what a reader
    should know, such as wrong results.
    """

    name: str
    collective: str
    ranks: int | None
    version: str
    notes: tuple[str, ...]
    rows: tuple[Measurement, ...]


@dataclass(frozen=True)
class _Entry:
    """One result as it stands in the log; numbers keep their digits, which tell how they were rounded."""

    where: str
    size: int
    in_place: bool
    time_us: Decimal
    algbw: Decimal
    busbw: Decimal
    wrong: str
    redop: str
    root: str


def read_nccl(path: str | os.PathLike[str]) -> NcclLog:
    """The measurements in a log, each checked: algbw = size / time, busbw = algbw x factor, as rounded.

    Sizes of 0 bytes, which move nothing, are left out. A log of old that does not say which tool printed it
    is recognised by its columns and its busbw, where these leave one answer.

    Raises:
        FileFormatError: missing, no such log, cut off, several tests in one, or numbers that break the
        definition; names file and line (in JSON: the result).
    """
    name = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror}") from None
    if text.lstrip().startswith("{"):
        found = _from_json(text, name)
    else:
        found = _from_text([_PREFIX.sub("", line) for line in text.splitlines()], name)
    collective, ranks, versions, notes, entries = found
    if not entries:
        raise FileFormatError(name, "", "holds no results of nccl-tests: no line or object of a size")
    if not collective:
        collective = _recognised(entries, ranks, name)
        notes.append(f"the log names no tool; its columns and busbw are those of {collective}_perf")
    elif collective not in FACTORS:
        rule = f"{collective}_perf is no tool of nccl-tests that is known here: {', '.join(FACTORS)}"
        raise FileFormatError(name, "", rule)
    factor = FACTORS[collective](ranks) if ranks else None
    rows = tuple(_checked(entry, factor, name) for entry in entries if entry.size)
    if not rows:
        raise FileFormatError(name, "", "every size in it is 0 bytes: nothing was moved")
    wrong = [entry for entry in entries if _is_wrong(entry.wrong)]
    if wrong:
        notes.append(f"{len(wrong)} of {len(entries)} results were wrong, the first at {wrong[0].where}")
    return NcclLog(
        name=Path(path).name,
        collective=collective,
        ranks=ranks,
        version=", ".join(versions),
        notes=tuple(notes),
        rows=rows,
    )


_Found = tuple[str, int | None, list[str], list[str], list[_Entry]]


def _from_text(lines: Sequence[str], name: str) -> _Found:
    tool = ""
    columns: list[str] = []
    mentioned: set[str] = set()
    versions: dict[str, str] = {}
    groups: dict[str, set[int]] = {}
    tests: list[int] = []
    entries: list[_Entry] = []
    cpu = False
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if _TEST.match(line):
            tests.append(number)
            if len(tests) > 1:
                rule = f"a second test starts here, the first at line {tests[0]}: one test to a file"
                raise FileFormatError(name, where, f"{rule} (without MPI=1 every process prints its own)")
        elif device := _DEVICE.match(line):
            groups.setdefault(device[2] or "0", set()).add(int(device[1]))
        elif _HEADER.match(line):
            columns = line.lstrip("# ").split()
            cpu = "cputime" in columns
        elif _RECORD.match(line) and columns:
            entries += _of_line(line, columns, where, name)
        elif _RECORD.match(line) and len(line.split()) >= 10:
            raise FileFormatError(name, where, "results without a header above them ('size count type ...')")
        else:
            for pattern, what in _VERSIONS:
                if said := pattern.search(line):
                    versions.setdefault(what, f"{what} {_library(said[1])}")
            mentioned |= set(_MENTION.findall(line))
            if said := _STARTING.search(line):
                tool = said[1]
    ranks = len(next(iter(groups.values()))) if groups else None
    notes = [f"{len(groups)} groups of ranks ran side by side"] if len(groups) > 1 else []
    if not tool and len(mentioned) == 1:  # in a command that the shell or the scheduler showed
        (tool,) = mentioned
    return tool, ranks, list(versions.values()), notes + [_CPU] * cpu, entries


_CPU = "times are those of the CPU"


def _of_line(line: str, columns: Sequence[str], where: str, name: str) -> Iterator[_Entry]:
    """The results out of place and in place of a line; only the latter where a replay measured only that."""
    start = next(i for i, title in enumerate(columns) if title in ("time", "cputime"))
    tail = [title for title in columns[start:] if title != "timestamp"]
    half = len(tail) // 2
    words = re.sub(_STAMP, "", line).split() if "timestamp" in columns else line.split()
    # Some tools leave redop and root blank, so only what is counted from the right is sure.
    fits = (n for n in (2 * half, half) if 3 <= len(words) - n <= start)
    count = next((n for n in fits if len(words) - n == start or words[-n][0].isdigit()), 0)
    if not count:
        rule = f"cut off, or mixed with other output: {len(words)} values where {start + 2 * half} are due"
        raise FileFormatError(name, where, rule)
    left, right = words[: len(words) - count], words[len(words) - count :]
    given = dict(zip(columns, left)) if len(left) == start else {}
    for i in range(0, count, half):
        values = dict(zip(tail, right[i : i + half]))
        yield _entry(
            where,
            left[0],
            in_place=count == half or i > 0,
            time=values.get("time", values.get("cputime")),
            algbw=values["algbw"],
            busbw=values["busbw"],
            wrong=values.get("#wrong", values.get("error", "N/A")),
            redop=given.get("redop", "none"),
            root=given.get("root", "-1"),
            name=name,
        )


def _from_json(text: str, name: str) -> _Found:
    try:
        record = json.loads(text, parse_float=Decimal, strict=False)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(name, "", f"is not JSON, or cut off: {error}") from None
    config, results = record.get("config"), record.get("results")
    if not isinstance(config, dict) or not isinstance(results, list):
        raise FileFormatError(name, "", "is not the JSON of nccl-tests: no 'config' or no 'results'")
    args = record.get("args") or [""]
    said = re.fullmatch(r"(\w+?)_perf(_mpi)?", PurePosixPath(str(args[0])).name)
    library = record.get("nccl_version")
    entries: list[_Entry] = []
    cpu = False
    for i, result in enumerate(results):
        for key, in_place in (("out_of_place", False), ("in_place", True)):
            where = f"results[{i}].{key}"
            if not isinstance(result, dict) or "size" not in result:
                raise FileFormatError(name, f"results[{i}]", "is not a result: it has no 'size'")
            values = result.get(key)
            if values is None:
                continue
            cpu |= "cpu_time" in values
            entries.append(
                _entry(
                    where,
                    result["size"],
                    in_place=in_place,
                    time=values.get("time", values.get("cpu_time")),
                    algbw=values.get("alg_bw"),
                    busbw=values.get("bus_bw"),
                    wrong=str(values.get("nwrong", "N/A")),
                    redop=str(result.get("redop") or "none"),
                    root=str(result.get("root", "-1")).strip(),
                    name=name,
                )
            )
    versions = [f"NCCL {_library(str(library))}"] if library else []
    return said[1] if said else "", _ranks_of(config), versions, [_CPU] * cpu, entries


def _ranks_of(config: Mapping[str, Any]) -> int | None:
    """The ranks of the first group: the file lists one device for each process, whatever number it drives."""
    devices = config.get("devices") or []
    if not devices:
        return None
    own = [device for device in devices if device.get("group") == devices[0].get("group")]
    processes = {(device.get("hostname"), device.get("pid")) for device in own}
    each = int(config.get("nthreads", 1)) * int(config.get("ngpus", 1))
    return len(own) * each if len(processes) == len(own) else len(own)


def _library(code: str) -> str:
    """22809 is NCCL 2.28.9 (NCCL_VERSION in nccl.h; 2708 was 2.7.8); other texts stay as they are."""
    if not code.isdigit():
        return code
    number, major = int(code), 10_000 if int(code) >= 10_000 else 1_000
    return f"{number // major}.{number % major // 100}.{number % 100}"


def _entry(
    where: str, size: Any, *, time: Any, algbw: Any, busbw: Any, name: str, in_place: bool, **words: str
) -> _Entry:
    found = {}
    for title, value in {"time": time, "algbw": algbw, "busbw": busbw}.items():
        try:
            found[title] = Decimal(str(value))
        except InvalidOperation:
            found[title] = Decimal("nan")
        if not found[title].is_finite() or found[title] < 0:
            raise FileFormatError(name, where, f"{title} is {value!r}, which is no measured number")
    return _Entry(where, int(size), in_place, found["time"], found["algbw"], found["busbw"], **words)


def _is_wrong(text: str) -> bool:
    """#wrong counts elements; ``error`` of old is the largest error, with an asterisk where too large."""
    return text.endswith("*") or (text.replace(".", "", 1).isdigit() and float(text) > 0)


def _recognised(entries: Sequence[_Entry], ranks: int | None, name: str) -> str:
    """The collective of a log that does not name it, by reduction, root and busbw over algbw.

    Raises:
        FileFormatError: several collectives or none fit.
    """
    reduces = any(entry.redop != "none" for entry in entries)
    rooted = any(entry.root != "-1" for entry in entries)
    kinds = {
        (True, False): ("all_reduce", "reduce_scatter"),
        (True, True): ("reduce",),
        (False, True): ("broadcast", "gather", "scatter"),
        (False, False): ("all_gather", "alltoall", "sendrecv", "hypercube"),
    }[reduces, rooted]
    fits = [kind for kind in kinds if ranks and all(_is_bus(e, FACTORS[kind](ranks)) for e in entries)]
    if len(fits) != 1:
        rule = f"does not say which collective it is of; it may be {', '.join(fits or kinds)}"
        raise FileFormatError(name, "", f"{rule}: add a line such as '# {(fits or kinds)[0]}_perf' to it")
    return fits[0]


def _half(value: Decimal) -> float:
    """Half a unit of the last digit that is written, by which the true value may differ."""
    return 0.5001 * 10.0 ** int(value.as_tuple().exponent)


def _is_bus(entry: _Entry, factor: float) -> bool:
    """Whether busbw can be the size over the time, times ``factor``, before each was rounded."""
    low = entry.size * factor / (float(entry.time_us) + _half(entry.time_us)) / 1e3
    high = entry.size * factor / max(float(entry.time_us) - _half(entry.time_us), 1e-9) / 1e3
    return low - _half(entry.busbw) <= float(entry.busbw) <= high + _half(entry.busbw)


def _checked(entry: _Entry, factor: float | None, name: str) -> Measurement:
    """The measurement, if its three numbers agree with its size."""
    if entry.time_us == 0:
        raise FileFormatError(name, entry.where, f"{entry.size} bytes in no time")
    if factor is not None and not _is_bus(entry, factor):
        rule = f"busbw {entry.busbw} is not size / time x {factor:.4g} ({entry.size} B, {entry.time_us} us)"
        raise FileFormatError(name, entry.where, f"{rule}: another collective, or not all ranks are listed")
    # Tools of old took algbw for what reaches the bus where the factor is (n - 1)/n: there it equals busbw.
    plain = _Entry(**{**entry.__dict__, "busbw": entry.algbw})
    algbw = float(entry.algbw)
    if not _is_bus(plain, 1.0):
        if entry.algbw != entry.busbw:
            rule = f"algbw {entry.algbw} is not size / time ({entry.size} B, {entry.time_us} us)"
            raise FileFormatError(name, entry.where, rule)
        algbw = entry.size / float(entry.time_us) / 1e3
    return Measurement(
        size_bytes=entry.size,
        time_s=float(entry.time_us) / 1e6,
        algbw_GBps=algbw,
        busbw_GBps=float(entry.busbw),
        in_place=entry.in_place,
    )
