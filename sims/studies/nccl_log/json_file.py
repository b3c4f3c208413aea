"""The JSON that nccl-tests writes with -J. Checks no number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.entry import CPU, Entry, Found, entry, library

__all__ = ["from_json"]

_MOST_RANKS = 10**7
_MOST_DIGITS = 4  # of the threads of a process, and of its GPUs


def from_json(text: str, name: str) -> Found:
    """What a file of -J holds; ``name``: of the file, for its mistakes.

    Raises:
        FileFormatError: not JSON, or not that of nccl-tests; names the result.
    """
    try:
        record = json.loads(text, parse_float=Decimal, strict=False)
    except (ValueError, ArithmeticError, RecursionError) as error:  # an exponent of 19 digits
        raise FileFormatError(name, "", f"is not JSON, or cut off: {error}") from None
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
            where = f"results[{i}].{key}"
            if not isinstance(result, dict) or "size" not in result:
                raise FileFormatError(name, f"results[{i}]", "is not a result: it has no 'size'")
            values = result.get(key)
            if values is None:
                continue
            if not isinstance(values, dict):
                raise FileFormatError(name, where, "is not a result: no object of numbers")
            cpu |= "cpu_time" in values
            entries.append(
                entry(
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
    versions = [f"NCCL {library(str(code))}"] if code else []
    return Found(said[1] if said else "", _hosts_of(config, name), versions, [CPU] * cpu, entries)


def _hosts_of(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The host of each rank of the first group: the file lists one device for each process, whatever
    number it drives.
    """
    devices = config.get("devices") or []
    if not isinstance(devices, list) or not all(isinstance(device, dict) for device in devices):
        raise FileFormatError(name, "config.devices", "is not a list of devices")
    if not devices:
        return ()
    own = [device for device in devices if device.get("group") == devices[0].get("group")]
    processes = {(str(device.get("hostname")), str(device.get("pid"))) for device in own}
    each = 1
    for key in ("nthreads", "ngpus"):
        count = str(config.get(key, 1))
        if not count.isdecimal() or len(count) > _MOST_DIGITS or not int(count):
            rule = f"is {count[:40]}: a whole number from 1 to 9999 is due"
            raise FileFormatError(name, f"config.{key}", rule)
        each *= int(count)
    if len(processes) < len(own):
        each = 1
    if len(own) * each > _MOST_RANKS:
        raise FileFormatError(name, "config", f"makes {len(own) * each:,} ranks: at most {_MOST_RANKS:,}")
    return tuple(str(device.get("hostname"))[:255] for device in own for _ in range(each))
