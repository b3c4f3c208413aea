"""The records that rccl-tests writes to a file, as CSV or JSON: one for each result. Checks no number."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from fabric.machine.json_ways import json_index
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from fabric.words.place import cell_starts
from sims.studies.nccl_log.clean import LogText
from sims.studies.nccl_log.entry import FACTORS, Found, entry, printable

__all__ = ["from_records"]

_MARK = "numcycle"  # the first title, and in no other file
_LIST = re.compile(r"\s*\[\s*\{")
_MOST = 10**7  # ranks
_MOST_DIGITS = 8


def from_records(log: LogText) -> Found | None:
    """What the records hold; None if the log is something else.

    Raises:
        FileFormatError: several collectives in one file, or a record without its numbers; names the record.
    """
    found = list(_records(log))
    if not found:
        return None
    tools = [printable(record.get("name", record.get("collective", "")))[:40] for _, record in found]
    said = set(tools)
    if len(said) > 1:
        where, record = found[next(i for i, one in enumerate(tools) if one != tools[0])]
        place = where("name" if "name" in record else "collective")
        raise FileFormatError(log.name, place, f"holds several collectives: {', '.join(sorted(said))}")
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
            dtype=str(record.get("type") or ""),
            count=str(record.get("count", "")),
            name=log.name,
        )
        for where, record in found
    ]
    where, record = found[0]
    hosts = _hosts(where, record, log.name)
    named = where("name" if "name" in record else "collective") if tool else ""
    known = plain.get(tool.replace("_", "").lower(), tool)
    return Found(known, hosts, ["rccl-tests"], [], entries, named=named)


def _records(log: LogText) -> Iterator[tuple[Callable[[str], str], Mapping[str, Any]]]:
    """What says where the value of a title of a record stands, and the record with its titles in small
    letters.
    """
    text = log.text
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text, parse_float=Decimal, strict=False)
        except (ValueError, ArithmeticError, RecursionError) as error:
            if _LIST.match(text):
                raise log.no_json(error) from None
            return  # a line of a launcher begins so, too
        for i, item in enumerate(items):
            if isinstance(item, dict) and _MARK in (record := {k.lower(): v for k, v in item.items()}):
                yield partial(_of_json, log, i, {key.lower(): key for key in item}), record
        return
    lines = log.lines
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not lines or not lines[start].lower().lstrip().startswith(f"{_MARK},"):
        return
    titles = [title.strip().lower() for title in lines[start].split(",")]
    try:
        for number, values in enumerate(csv.reader(lines[start + 1 :]), start + 2):
            if len(values) == len(titles):
                yield partial(_of_csv, log, number, titles), dict(zip(titles, map(str.strip, values)))
            elif values:
                rule = f"cut off: {counted(len(values), 'value')} where {len(titles)} are due"
                raise log.wrong(number, _column(lines[number - 1], len(titles)), rule)
    except csv.Error as error:
        raise FileFormatError(log.name, "", f"is not CSV: {error}") from None


def _of_csv(log: LogText, number: int, titles: list[str], title: str) -> str:
    """The place of a cell; without a title the line."""
    if not title:
        return f"line {number}"
    index = titles.index(title) if title in titles else len(titles)
    return log.place(number, _column(log.lines[number - 1], index))


def _column(line: str, index: int) -> int:
    """That of a cell of a line; behind the last where there are not so many."""
    starts = cell_starts(line)
    if index >= len(starts):
        return len(line.rstrip()) + 1
    return starts[index] + len(line[starts[index] :]) - len(line[starts[index] :].lstrip()) + 1


def _of_json(log: LogText, number: int, keys: Mapping[str, str], title: str) -> str:
    """The place of a value; without a title the record."""
    if not title:
        return f"[{number}]"
    return f"[{number}], {log.place_of(json_index(log.text, (number, keys.get(title, title))))}"


def _hosts(where: Callable[[str], str], record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A name for the host of each rank: processes on a host times the GPUs of each."""
    counts = []
    for title, usual in (("nodes", "1"), ("ranks", ""), ("gpusperrank", "1")):
        text = str(record.get(title, usual))
        if not text:
            return ()
        if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or not int(text):
            raise FileFormatError(name, where(title), f"{title} is {text[:40]}: a whole number from 1 is due")
        counts.append(int(text))
    nodes, ranks, gpus = counts
    if ranks % nodes or ranks * gpus > _MOST:
        return ()
    return tuple(f"node {node}" for node in range(nodes) for _ in range(ranks * gpus // nodes))
