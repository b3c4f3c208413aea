"""Measurements in the output of nccl-tests: ``all_reduce_perf`` and its sisters, as text or ``-J`` JSON.

Reads every header since the first release: with and without ``redop`` and ``root``, ``error`` or ``#wrong``,
time stamps, per-iteration columns, the prefixes of mpirun and srun. Knows no simulation and draws nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.errors import FileFormatError
from sims.nccl_log.entry import FACTORS, Entry, agrees, is_wrong
from sims.nccl_log.json_file import from_json
from sims.nccl_log.text import from_text

__all__ = ["FACTORS", "Measurement", "NcclLog", "read_nccl"]


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
    read = from_json if text.lstrip().startswith("{") else from_text
    collective, ranks, versions, notes, entries = read(text, name)
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
    wrong = [entry for entry in entries if is_wrong(entry.wrong)]
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


def _recognised(entries: Sequence[Entry], ranks: int | None, name: str) -> str:
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
    fits = [
        kind for kind in kinds if ranks and all(agrees(e, e.busbw, FACTORS[kind](ranks)) for e in entries)
    ]
    if len(fits) != 1:
        rule = f"does not say which collective it is of; it may be {', '.join(fits or kinds)}"
        raise FileFormatError(name, "", f"{rule}: add a line such as '# {(fits or kinds)[0]}_perf' to it")
    return fits[0]


def _checked(entry: Entry, factor: float | None, name: str) -> Measurement:
    """The measurement, if its three numbers agree with its size."""
    if entry.time_us == 0:
        raise FileFormatError(name, entry.where, f"{entry.size} bytes in no time")
    if factor is not None and not agrees(entry, entry.busbw, factor):
        rule = f"busbw {entry.busbw} is not size / time x {factor:.4g} ({entry.size} B, {entry.time_us} us)"
        raise FileFormatError(name, entry.where, f"{rule}: another collective, or not all ranks are listed")
    # Tools of old took algbw for what reaches the bus where the factor is (n - 1)/n: there it equals busbw.
    algbw = float(entry.algbw)
    if not agrees(entry, entry.algbw, 1.0):
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
