"""The records that rccl-tests writes to a file, as CSV or JSON: one for each result. Checks no number."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.entry import FACTORS, Found, entry

__all__ = ["from_records"]

_MARK = "numcycle"  # the first title, and in no other file
_MOST = 10**7  # ranks
_MOST_DIGITS = 8


def from_records(text: str, name: str) -> Found | None:
    """What the records hold; None if ``text`` is something else.

    Raises:
        FileFormatError: several collectives in one file, or a record without its numbers; names the record.
    """
    found = list(_records(text, name))
    if not found:
        return None
    said = {str(record.get("name", record.get("collective", "")))[:40] for _, record in found}
    if len(said) > 1:
        raise FileFormatError(name, "", f"holds several collectives: {', '.join(sorted(said))}")
    plain = {known.replace("_", ""): known for known in FACTORS}
    (tool,) = said
    entries = [
        entry(
            where,
            record.get("size"),
            in_place=str(record.get("inplace")) not in ("0", "false"),
            time=record.get("time"),
            algbw=record.get("algbw"),
            busbw=record.get("busbw"),
            wrong=str(record.get("#wrong", record.get("wrong", "N/A"))),
            redop=str(record.get("redop") or "none"),
            root="-1",
            name=name,
        )
        for where, record in found
    ]
    hosts = _hosts(found[0][1], name)
    return Found(plain.get(tool.replace("_", "").lower(), tool), hosts, ["rccl-tests"], [], entries)


def _records(text: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each record stands, and the record with its titles in small letters."""
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text, parse_float=Decimal, strict=False)
        except (ValueError, ArithmeticError, RecursionError):
            return  # a line of a launcher begins so, too
        for i, item in enumerate(items):
            if isinstance(item, dict) and _MARK in (record := {k.lower(): v for k, v in item.items()}):
                yield f"[{i}]", record
        return
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not lines or not lines[start].lower().lstrip().startswith(f"{_MARK},"):
        return
    titles = [title.strip().lower() for title in lines[start].split(",")]
    try:
        for number, values in enumerate(csv.reader(lines[start + 1 :]), start + 2):
            if len(values) == len(titles):
                yield f"line {number}", dict(zip(titles, map(str.strip, values)))
            elif values:
                rule = f"cut off: {counted(len(values), 'value')} where {len(titles)} are due"
                raise FileFormatError(name, f"line {number}", rule)
    except csv.Error as error:
        raise FileFormatError(name, "", f"is not CSV: {error}") from None


def _hosts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A name for the host of each rank: processes on a host times the GPUs of each."""
    counts = []
    for title, usual in (("nodes", "1"), ("ranks", ""), ("gpusperrank", "1")):
        text = str(record.get(title, usual))
        if not text:
            return ()
        if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or not int(text):
            raise FileFormatError(name, title, f"is {text[:40]}: a whole number from 1 is due")
        counts.append(int(text))
    nodes, ranks, gpus = counts
    if ranks % nodes or ranks * gpus > _MOST:
        return ()
    return tuple(f"node {node}" for node in range(nodes) for _ in range(ranks * gpus // nodes))
