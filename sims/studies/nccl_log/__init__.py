"""Measurements in the output of nccl-tests and rccl-tests: ``all_reduce_perf`` and its sisters, as text, JSON
or CSV; and in what NCCL's Inspector writes of a job.

Reads every header since the first release: with and without ``redop`` and ``root``, ``error`` or ``#wrong``,
time stamps, per-iteration columns, one half or two; and whatever launchers, collectors, terminals and
people put before the lines or between them. Knows no simulation and draws nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.clean import LogText, log_text
from sims.studies.nccl_log.entry import FACTORS, Entry, Found, agrees, counts, is_wrong, rounded_twice
from sims.studies.nccl_log.inspector import from_inspector
from sims.studies.nccl_log.json_file import from_json
from sims.studies.nccl_log.ranks import NVLS, factor_range, ranks_of
from sims.studies.nccl_log.records import from_records
from sims.studies.nccl_log.text import from_text

__all__ = ["FACTORS", "AnyLog", "Measurement", "NcclLog", "logged", "read_nccl"]

_WHOLE = ("all_reduce", "reduce", "broadcast", "sendrecv")  # count is that of the message
_LEAST_US = 1e-3  # no operation of a GPU takes less


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

    ``name``: of the file, without its folder; ``collective``: one of FACTORS; ``ranks``: None where nothing
    tells them; ``servers``: ranks on each host of the device list, () where it is not whole; ``version``: of
    nccl-tests and NCCL, "" where not stated; ``notes``: what a reader should know, such as wrong results;
    ``wrong``: bytes of the sizes at which results were; ``others``: collectives whose tests in the same file
    are left out; ``text``: the log, cleaned.
    """

    name: str
    collective: str
    ranks: int | None
    servers: tuple[int, ...] = ()
    version: str
    notes: tuple[str, ...]
    rows: tuple[Measurement, ...]
    others: tuple[str, ...] = ()
    wrong: frozenset[int] = frozenset()
    text: str = field(default="", repr=False, compare=False)


AnyLog: TypeAlias = NcclLog | str | os.PathLike[str]


def logged(log: AnyLog, ranks: int | None = None) -> NcclLog:
    """A log that has been read, or that of a path. Arguments and errors as of ``read_nccl``."""
    return log if isinstance(log, NcclLog) else read_nccl(log, ranks)


def read_nccl(path: str | os.PathLike[str], ranks: int | None = None) -> NcclLog:
    """The measurements in a log, each checked: algbw = size / time, busbw = algbw x factor, as rounded.

    Sizes of 0 bytes, which move nothing, are left out. ``ranks`` is for a log that does not list its devices;
    without it they are found from busbw over algbw, where that leaves one number. A log that does not say
    which tool printed it is recognised by its columns and its busbw, where these leave one answer.

    Raises:
        FileFormatError: missing, no such log, cut off, different tests in one, or numbers that break the
        definition; names the file, line and column (in JSON the result, too).
    """
    log = log_text(path)
    name = log.name
    collective, hosts, versions, notes, entries, others, named = _read(log)
    if not entries:
        raise FileFormatError(name, "", "holds no results of nccl-tests: no line or object of a size")
    servers = tuple(Counter(hosts).values())
    listed, ranks = len(hosts), ranks or len(hosts) or None
    if not collective:
        collective = _recognised(entries, ranks, name)
        notes.append(f"the log names no tool; its columns and busbw are those of {collective}_perf")
    elif collective not in FACTORS:
        rule = f"{collective}_perf is no tool of nccl-tests that is known here: {', '.join(FACTORS)}"
        raise FileFormatError(name, named, rule)
    factor = _factor(collective, ranks, entries, notes) if ranks else None
    if ranks in (None, listed) and not (factor and _all_agree(entries, factor)):
        fits = ranks_of(collective, entries)
        if sum(map(len, fits)) == 1 and fits[0][0] > listed:  # a list may be cut short, as people show it
            ranks = fits[0][0]
            factor = _factor(collective, ranks, entries, notes)
            notes.append(
                f"{counted(ranks, 'rank')}, by its busbw over algbw: it lists no devices, or not all"
            )
    # A log that contradicts itself anyhow is told where it first does so with every number rounded once.
    of = _fits if factor and all(_fits(entry, factor) for entry in entries if entry.size) else _fits_once
    parts = collective not in _WHOLE
    for entry in entries if collective != "alltoallv" else ():
        if not counts(entry, ranks, parts):
            rule = f"count {entry.count} of {entry.dtype} is not the size of {entry.size} B"
            raise FileFormatError(name, entry.where("count"), rule + (", nor a rank's part of it" * parts))
    rows = tuple(_checked(entry, factor, collective, ranks, name, of) for entry in entries if entry.size)
    if not rows:
        raise FileFormatError(name, "", "every size in it is 0 bytes: nothing was moved")
    wrong = [entry for entry in entries if is_wrong(entry.wrong)]
    if wrong:
        notes.append(f"{len(wrong)} of {len(entries)} results were wrong, the first at {wrong[0].where('')}")
    return NcclLog(
        name=Path(path).name,
        collective=collective,
        ranks=ranks,
        servers=servers if sum(servers) == ranks else (),
        version=", ".join(versions),
        notes=tuple(notes),
        rows=rows,
        others=others,
        wrong=frozenset(entry.size for entry in wrong),
        text=log.text,
    )


def _read(log: LogText) -> Found:
    found = from_records(log) or from_inspector(log)
    if found is None:
        found = (from_json if log.text.lstrip().startswith("{") else from_text)(log)
    return found


def _factor(collective: str, ranks: int, entries: Sequence[Entry], notes: list[str]) -> float:
    """Busbw over algbw in this log: NCCL_ALGO=NVLS has a definition of its own."""
    usual, other = FACTORS[collective](ranks), NVLS(ranks)
    if collective != "all_reduce" or _all_agree(entries, usual) or not _all_agree(entries, other):
        return usual
    notes.append("its busbw is that of NCCL_ALGO=NVLS, algbw x (n-1)/(n+1); here it is algbw x 2(n-1)/n")
    return other


def _all_agree(entries: Sequence[Entry], factor: float) -> bool:
    return all(_fits_once(entry, factor) for entry in entries if entry.size)


def _fits_once(entry: Entry, factor: float) -> bool:
    return agrees(entry, entry.busbw, factor)


def _fits(entry: Entry, factor: float) -> bool:
    return _fits_once(entry, factor) or rounded_twice(entry, factor)


def _recognised(entries: Sequence[Entry], ranks: int | None, name: str) -> str:
    """The collective of a log that does not name it, by reduction, root and busbw over algbw.

    Raises:
        FileFormatError: several collectives or none fit.
    """
    low, high = factor_range(entries)
    if 1.0 < low <= high:  # above one is the factor of an all-reduce alone
        return "all_reduce"
    reduces = any(entry.redop != "none" for entry in entries)
    rooted = any(entry.root != "-1" for entry in entries)
    kinds = {
        (True, False): ("all_reduce", "reduce_scatter"),
        (True, True): ("reduce",),
        (False, True): ("broadcast", "gather", "scatter"),
        (False, False): ("all_gather", "alltoall", "sendrecv", "hypercube"),
    }[reduces, rooted]
    if ranks:
        fits = [kind for kind in kinds if all(_fits(entry, FACTORS[kind](ranks)) for entry in entries)]
    else:
        fits = [kind for kind in kinds if ranks_of(kind, entries)]
    if len(fits) != 1:
        rule = f"does not say which collective it is of; it may be {', '.join(fits or kinds)}"
        raise FileFormatError(name, "", f"{rule}: add a line such as '# {(fits or kinds)[0]}_perf' to it")
    return fits[0]


def _checked(
    entry: Entry,
    factor: float | None,
    collective: str,
    ranks: int | None,
    name: str,
    fits: Callable[[Entry, float], bool],
) -> Measurement:
    """The measurement, if its three numbers agree with its size; ``fits``: whether busbw does."""
    if float(entry.time_us) < _LEAST_US:
        raise FileFormatError(name, entry.where("time"), f"{entry.size} bytes in no time")
    if factor is not None and not fits(entry, factor):
        rule = f"busbw {entry.busbw} is not size / time x {factor:.4g} ({entry.size} B, {entry.time_us} us)"
        why = f"another collective, or other than {ranks:,} ranks" if ranks else "another collective"
        raise FileFormatError(name, entry.where("busbw"), f"{rule}: {why}")
    # Tools of old took algbw for what reaches the bus where the factor is (n - 1)/n: there it equals busbw.
    algbw = float(entry.algbw)
    if not agrees(entry, entry.algbw, 1.0):
        if entry.algbw != entry.busbw:
            rule = f"algbw {entry.algbw} is not size / time ({entry.size} B, {entry.time_us} us)"
            raise FileFormatError(name, entry.where("algbw"), rule)
        algbw = entry.size / float(entry.time_us) / 1e3
    busbw = float(entry.busbw)
    if factor is not None and ranks and factor != (usual := FACTORS[collective](ranks)):
        busbw *= usual / factor
    return Measurement(
        size_bytes=entry.size,
        time_s=float(entry.time_us) / 1e6,
        algbw_GBps=algbw,
        busbw_GBps=busbw,
        in_place=entry.in_place,
    )
