"""One result as it stands in a log of nccl-tests, and what its rounded numbers can mean. Reads no file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

from fabric.words.errors import FileFormatError
from sims.workload.collective import COLLECTIVES

__all__ = [
    "CPU",
    "FACTORS",
    "TYPE",
    "Entry",
    "Found",
    "Where",
    "agrees",
    "counts",
    "entry",
    "half",
    "is_wrong",
    "library",
    "printable",
    "rounded_twice",
]

# By tool, busbw over algbw on n ranks (nccl-tests, doc/PERFORMANCE.md, and GetBw functions of its sources):
# those that are simulated, and others.
FACTORS: dict[str, Callable[[int], float]] = {
    **{one.tool: one.factor for one in COLLECTIVES.values()},
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

TYPE = re.compile(r"u?int(?:8|32|64)?|u?char|half|float\d*|double|bfloat16|bf16|fp\d+\w*|f\d+e?\w*")
_WIDTHS = {  # bytes of an element
    r"u?int8|u?char|f8\w*|fp8\w*": 1,
    r"half|bfloat16|bf16|float16|fp16": 2,
    r"u?int(32)?|float(32)?|fp32": 4,
    r"u?int64|double|float64|fp64": 8,
}
_REDOPS = ("sum", "prod", "max", "min", "avg", "mulsum", "premulsum", "none")
_MOST_DIGITS = 18  # that a size or a measured number has before its point
_SHOWN = 40  # characters of a value in a message
CPU = "times are those of the CPU"


# The place of one of the values of a result by its name, "size", "count", "type", "redop", "time", "algbw" or
# "busbw"; of "" that of the result, in few words.
Where: TypeAlias = Callable[[str], str]


@dataclass(frozen=True)
class Entry:
    """One result as it stands in the log; numbers keep their digits, which tell how they were rounded."""

    where: Where = field(compare=False, repr=False)
    size: int
    in_place: bool
    time_us: Decimal
    algbw: Decimal
    busbw: Decimal
    wrong: str
    redop: str
    root: str
    dtype: str = ""
    count: str = ""  # of elements, of the message or of what one rank has of it


class Found(NamedTuple):
    """What a log holds: the tool's collective ("" if not named), the host of each rank (none if no devices,
    or not all of them, are listed), versions, notes and results; ``others``: collectives whose tests in it
    are left out; ``named``: where the tool is named, "" where nowhere.
    """

    collective: str
    hosts: tuple[str, ...]
    versions: list[str]
    notes: list[str]
    entries: list[Entry]
    others: tuple[str, ...] = ()
    named: str = ""


def entry(
    where: Where, size: Any, *, time: Any, algbw: Any, busbw: Any, name: str, in_place: bool, **words: str
) -> Entry:
    found = {}
    for title, value in {"time": time, "algbw": algbw, "busbw": busbw}.items():
        try:
            found[title] = Decimal(str(value))
        except InvalidOperation:
            found[title] = Decimal("nan")
        number = found[title]
        if not number.is_finite() or number < 0 or number.adjusted() > _MOST_DIGITS:
            rule = f"{title} is {str(value)[:_SHOWN]!r}, which is no measured number"
            raise FileFormatError(name, where(title), rule)
    text = str(size)
    if not _whole(text):
        shown = text[:_SHOWN] if isinstance(size, int) else repr(text[:_SHOWN])
        raise FileFormatError(name, where("size"), f"size is {shown}: a whole number of bytes is due")
    for title, legal, due in (
        ("type", TYPE.fullmatch(words.get("dtype") or "float"), "int8, half, float, ... are"),
        ("redop", words["redop"].lower() in _REDOPS, ", ".join(_REDOPS)),
        ("count", _whole(words.get("count") or "0"), "a whole number of elements is"),
    ):
        if not legal:
            said = repr(words["dtype" if title == "type" else title][:_SHOWN])
            raise FileFormatError(name, where(title), f"{title} is {printable(said)}: {due} due")
    return Entry(where, int(text), in_place, found["time"], found["algbw"], found["busbw"], **words)


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def counts(entry: Entry, ranks: int | None, parts: bool) -> bool:
    """Whether count and type go with the size: so many elements of it are the message, or, with ``parts``,
    what each of ``ranks`` has of it (of any number of ranks where they are None). A rest that does not fill
    an element of each is left over. True where the log does not say them, or not in types known here.

    >>> numbers = {"time": "9.00", "algbw": "0.11", "busbw": "0.11", "wrong": "0", "redop": "none"}
    >>> of = {"name": "", "in_place": False, "root": "-1", "dtype": "float", **numbers}
    >>> [counts(entry(str, 1024, count=text, **of), 8, parts=True) for text in ("256", "32", "33")]
    [True, True, False]
    """
    width = next((bytes for pattern, bytes in _WIDTHS.items() if re.fullmatch(pattern, entry.dtype)), 0)
    if not width or not entry.count:
        return True
    elements, count = entry.size // width, int(entry.count)
    if count == elements:
        return True
    if not parts:
        return False
    if ranks is None:
        return elements // (elements // count) == count if 0 < count <= elements else count == 0
    return count == elements // ranks


def printable(value: object) -> str:
    """A text that can be printed: JSON may hold halves of characters."""
    return str(value).encode(errors="replace").decode()


def library(code: str) -> str:
    """22809 is NCCL 2.28.9 (NCCL_VERSION in nccl.h; 2708 was 2.7.8); other texts stay as they are."""
    if not code.isdecimal():
        return code
    number, major = int(code), 10_000 if int(code) >= 10_000 else 1_000
    return f"{number // major}.{number % major // 100}.{number % 100}"


def is_wrong(text: str) -> bool:
    """#wrong counts elements; ``error`` of old is the largest error, with an asterisk where too large."""
    return text.endswith("*") or (text.replace(".", "", 1).isdecimal() and float(text) > 0)


def half(value: Decimal) -> float:
    """Half a unit of the last digit that is written, by which the true value may differ."""
    return 0.5001 * 10.0 ** int(value.as_tuple().exponent)


def agrees(entry: Entry, bandwidth: Decimal, factor: float) -> bool:
    """Whether ``bandwidth`` can be the size over the time, times ``factor``, before each was rounded."""
    time, error = float(entry.time_us), half(entry.time_us)
    low, high = (entry.size * factor / max(t, 1e-9) / 1e3 for t in (time + error, time - error))
    return low - half(bandwidth) <= float(bandwidth) <= high + half(bandwidth)


def rounded_twice(entry: Entry, factor: float) -> bool:
    """Whether busbw can be ``factor`` times algbw as that is printed, and algbw the size over the time: what
    some tools do, and up to ``factor`` half units of the last digit further off.

    >>> numbers = {"time": "459.48", "algbw": "18.26", "busbw": "35.95", "wrong": "0"}
    >>> one = entry(str, 8388608, name="", in_place=False, redop="sum", root="-1", **numbers)
    >>> agrees(one, one.busbw, 126 / 64), rounded_twice(one, 126 / 64)
    (False, True)
    """
    off = abs(float(entry.busbw) - factor * float(entry.algbw))
    return agrees(entry, entry.algbw, 1.0) and off <= half(entry.busbw)
