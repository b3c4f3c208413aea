"""The JSON that nccl-tests writes with -J. Checks no number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from fabric.machine.json_ways import json_index
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.clean import LogText
from sims.studies.nccl_log.entry import CPU, Entry, Found, entry, library, printable

__all__ = ["from_json"]

_MOST_RANKS = 10**7
_MOST_DIGITS = 4  # of the threads of a process, and of its GPUs


def from_json(log: LogText) -> Found:
    """What a file of -J holds.

    Raises:
        FileFormatError: not JSON, or not that of nccl-tests; names the result, with line and column.
    """
    name = log.name
    try:
        record = json.loads(log.text, parse_float=Decimal, strict=False)
    except (ValueError, ArithmeticError, RecursionError) as error:  # an exponent of 19 digits
        raise log.no_json(error) from None
    if not isinstance(record, dict):
        raise FileFormatError(name, "", "is not the JSON of nccl-tests: no object")
    config, results = record.get("config"), record.get("results")
    if not isinstance(config, dict) or not isinstance(results, list):
        raise FileFormatError(name, "", "is not the JSON of nccl-tests: no 'config' or no 'results'")
    args = record.get("args")
    command = str(args[0]) if isinstance(args, list) and args else ""
    said = re.fullmatch(r"(\w+?)_perf(_mpi)?", PurePosixPath(command).name)
    code = record.get("nccl_version")
    entries: list[Entry] = []
    cpu = False
    for i, result in enumerate(results):
        for key, in_place in (("out_of_place", False), ("in_place", True)):
            if not isinstance(result, dict) or "size" not in result:
                raise _wrong(log, ("results", i), "is not a result: it has no 'size'")
            values = result.get(key)
            if values is None:
                continue
            if not isinstance(values, dict):
                raise _wrong(log, ("results", i, key), "is not a result: no object of numbers")
            cpu |= "cpu_time" in values
            entries.append(
                entry(
                    partial(_where, log, i, key),
                    result["size"],
                    in_place=in_place,
                    time=values.get("time", values.get("cpu_time")),
                    algbw=values.get("alg_bw"),
                    busbw=values.get("bus_bw"),
                    wrong=str(values.get("nwrong", "N/A")),
                    redop=str(result.get("redop") or "none").strip(),
                    root=str(result.get("root", "-1")).strip(),
                    dtype=str(result.get("type") or "").strip(),
                    count=str(result.get("count", "")).strip(),
                    name=name,
                )
            )
    versions = [f"NCCL {library(printable(code))}"] if code else []
    named = _place(log, ("args", 0)) if said else ""
    hosts = _hosts_of(config, log)
    return Found(said[1] if said else "", hosts, versions, [CPU] * cpu, entries, named=named)


_KEYS = {"time": ("time", "cpu_time"), "algbw": ("alg_bw",), "busbw": ("bus_bw",)}


def _where(log: LogText, number: int, half: str, title: str) -> str:
    """The place of the value of a title of a result; without one the result alone."""
    result = f"results[{number}].{half}"
    if not title:
        return result
    way = ("results", number, half) if title in _KEYS else ("results", number)
    found = max(json_index(log.text, (*way, key)) for key in _KEYS.get(title, (title,)))
    return f"{result}, {log.place_of(found)}"


def _wrong(log: LogText, way: Sequence[str | int], problem: str) -> FileFormatError:
    """The mistake of a value, by the keys and numbers that lead to it."""
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)
    return FileFormatError(log.name, f"{said.lstrip('.')}, {_place(log, way)}", problem)


def _place(log: LogText, way: Sequence[str | int]) -> str:
    return log.place_of(json_index(log.text, way))


def _hosts_of(config: Mapping[str, Any], log: LogText) -> tuple[str, ...]:
    """The host of each rank of the first group: the file lists one device for each process, whatever
    number it drives.
    """
    devices = config.get("devices") or []
    if not isinstance(devices, list) or not all(isinstance(device, dict) for device in devices):
        raise _wrong(log, ("config", "devices"), "is not a list of devices")
    if not devices:
        return ()
    own = [device for device in devices if device.get("group") == devices[0].get("group")]
    processes = {(str(device.get("hostname")), str(device.get("pid"))) for device in own}
    each = 1
    for key in ("nthreads", "ngpus"):
        count = str(config.get(key, 1))
        if not count.isdecimal() or len(count) > _MOST_DIGITS or not int(count):
            rule = f"is {count[:40]}: a whole number from 1 to 9999 is due"
            raise _wrong(log, ("config", key), rule)
        each *= int(count)
    if len(processes) < len(own):
        each = 1
    if len(own) * each > _MOST_RANKS:
        raise _wrong(log, ("config",), f"makes {len(own) * each:,} ranks: at most {_MOST_RANKS:,}")
    return tuple(printable(device.get("hostname"))[:255] for device in own for _ in range(each))
