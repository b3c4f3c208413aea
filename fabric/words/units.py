"""Text with a unit to bytes, seconds and bytes/second, and back. The only place where units are converted.

Inside the program every quantity is a float in bytes, seconds or bytes per second. GB = 1e9, GiB = 2**30.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from fabric.words.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DELAYS",
    "MOST_SPAN",
    "RATES",
    "SIZES",
    "SPAN_RULE",
    "format_rate",
    "format_seconds",
    "format_size",
    "format_time",
    "legal_delay",
    "legal_rate",
    "legal_sizes",
    "parse_count",
    "parse_delay",
    "parse_rate",
    "parse_size",
    "parse_sizes",
    "parse_time",
]

_NUMBER = re.compile(r"\s*+((?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]+)?)\s*+([A-Za-z/µ]*)\s*")
_SIZES = {"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_NCCL = {"": 1, "K": 2**10, "k": 2**10, "M": 2**20, "m": 2**20, "G": 2**30, "g": 2**30, "T": 2**40}
_SECONDS = {"s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TIMES = _SECONDS | {"min": 60, "h": 3600, "d": 86400, "y": 365.25 * 86400}
# What a fabric can be made of: wide of any that is or will be, and a size over a rate, and sums of such, keep
# all their digits.
_LEAST_RATE, _MOST_RATE = 1e-3, 1e18
_MOST_DELAY, _MOST_TIME = 1_000.0, 1e18
_LEAST_SIZE, _MOST_SIZE = 1e-9, 1e18
RATES = "0.001 to 1e18 B/s"
DELAYS = "0 to 1,000 s"
SIZES = "1e-9 to 1e18 bytes"
MOST_SPAN = 2.0**23  # s, below which floats are less than a nanosecond apart
SPAN_RULE = f"at most {MOST_SPAN:,.0f} s (97 days) after the earliest start, so that a nanosecond can be told"
_LONG = 600.0  # s, from which four digits of seconds say less to a reader than minutes do
_COUNTED = 1e6  # years, from which on digits say nothing
_PAIRS = (("y", "d"), ("d", "h"), ("h", "min"), ("min", "s"))
_BITS = {"bps": 1, "kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9, "Tbps": 1e12, "Pbps": 1e15}
_RATES = {
    **{unit: factor / 8 for unit, factor in _BITS.items()},
    **{unit.replace("bps", "b/s"): factor / 8 for unit, factor in _BITS.items()},
    **{unit + "/s": factor for unit, factor in _SIZES.items()},
}


def _split(name: str, text: str, units: dict[str, float], examples: str) -> float:
    """The value of ``text`` in base units; a bare number or an unknown unit is a ParameterError."""
    match = _NUMBER.fullmatch(str(text))
    if match is None:
        raise ParameterError(name, text, f"a number with a unit, such as {examples}")
    number, unit = match.groups()
    if unit not in units:
        rule = "a unit is needed" if not unit else f"unknown unit {unit!r}"
        raise ParameterError(name, text, f"{rule}: write it as {examples}", [u for u in units if u])
    try:  # in decimals, as 300ns is 3e-07, not 3.0000000000000004e-07
        value = float(Decimal(number) * Decimal(repr(units[unit])))
    except ArithmeticError:  # an exponent that no decimal has
        value = math.inf
    if not math.isfinite(value):
        raise ParameterError(name, text, "a finite number")
    return value


def legal_rate(value: float) -> bool:
    """Whether so many bytes/s are within RATES."""
    return _LEAST_RATE <= value <= _MOST_RATE


def legal_delay(value: float) -> bool:
    """Whether so many seconds are within DELAYS."""
    return 0 <= value <= _MOST_DELAY


def legal_sizes(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether each of so many bytes is within SIZES; a part of a byte is what a split of one leaves."""
    return (values >= _LEAST_SIZE) & (values <= _MOST_SIZE)


_COUNT = re.compile(r"([0-9]{1,18}(?:_[0-9]{3})*)(?:\.([0-9]{1,9}))?([kKmM]?)")


def parse_count(text: str) -> int | None:
    """The whole number that ``text`` is, digits alone or with k or M for thousands and millions; else None.

    >>> parse_count("100k"), parse_count("1.5M"), parse_count("100_000"), parse_count("1.5")
    (100000, 1500000, 100000, None)
    """
    match = _COUNT.fullmatch(text)
    if match is None or len(match[1]) > 18:
        return None
    whole, rest, unit = match[1].replace("_", ""), match[2] or "", match[3].lower()
    places = {"": 0, "k": 3, "m": 6}[unit]
    if (rest and not unit) or rest[places:].strip("0"):
        return None
    return int(whole + rest[:places].ljust(places, "0"))


def parse_rate(text: str, name: str = "rate") -> float:
    """Bytes per second of ``text``, which carries its unit and is within RATES.

    >>> parse_rate("400Gbps"), parse_rate("50GB/s")
    (50000000000.0, 50000000000.0)
    """
    value = _split(name, text, _RATES, "400Gbps or 50GB/s")
    if value <= 0:
        raise ParameterError(name, text, "a rate above zero")
    if not legal_rate(value):
        raise ParameterError(name, text, f"a rate from {RATES}")
    return value


def parse_time(text: str, name: str = "time") -> float:
    """Seconds of ``text``, which carries its unit: at most 1e18.

    >>> parse_time("1.5ms")
    0.0015
    """
    value = _split(name, text, _TIMES, "1.5us or 200ns")
    if value > _MOST_TIME:
        raise ParameterError(name, text, f"a time of at most {_MOST_TIME:g} s")
    return value


def parse_delay(text: str, name: str = "delay") -> float:
    """Seconds of ``text``, which carries its unit, within DELAYS.

    >>> parse_delay("25ns")
    2.5e-08
    """
    value = _split(name, text, _TIMES, "1.5us or 200ns")
    if not legal_delay(value):
        raise ParameterError(name, text, f"a delay from {DELAYS}")
    return value


def parse_size(text: str | int, name: str = "size") -> int:
    """Whole bytes of ``text``: with a unit (``64MiB``), or as in nccl-tests a bare integer or binary K, M, G.

    >>> parse_size("1GB"), parse_size("1G"), parse_size("8")
    (1000000000, 1073741824, 8)
    """
    value = _split(name, str(text), {**_SIZES, **_NCCL}, "1GiB, 64MB, 512K or plain bytes")
    if value != int(value):
        raise ParameterError(name, text, f"a whole number of bytes (this is {value!r})")
    if value <= 0:
        raise ParameterError(name, text, "a size above zero")
    if value > _MOST_SIZE:
        raise ParameterError(name, text, f"at most {_MOST_SIZE:g} bytes")
    return int(value)


def parse_sizes(text: str, name: str = "sizes") -> tuple[int, ...]:
    """Message sizes: ``first:last:xFACTOR`` (geometric), ``first:last:+STEP``, or a comma-separated list.

    >>> parse_sizes("8:128:x4")
    (8, 32, 128)
    """
    parts = str(text).split(":")
    if len(parts) == 1:
        _require_points(name, parts[0].split(","))
        sizes = tuple(parse_size(item, name) for item in parts[0].split(","))
    elif len(parts) == 3 and parts[2][:1] in ("x", "+"):
        first, last = parse_size(parts[0], name), parse_size(parts[1], name)
        if first > last:
            raise ParameterError(name, text, "the first size is at most the last")
        sizes = _range(first, last, parts[2], name, text)
    else:
        rule = "a list (8,1KiB,1GiB) or a range first:last:xFACTOR or first:last:+STEP"
        raise ParameterError(name, text, rule)
    if len(set(sizes)) != len(sizes):
        raise ParameterError(name, text, "each size once")
    return sizes


def _require_points(name: str, items: list[str]) -> None:
    """Refuse what may be one size with a decimal comma: ``1,5GiB`` is 1.5 GiB, or 1 B and 5 GiB."""
    for whole, rest in pairwise(items):
        if not (whole.isdigit() and rest[:1].isdigit() and not rest.isdigit()):
            continue
        try:
            parse_size(f"{whole}.{rest}")
        except ParameterError:  # 8,1KiB has one reading: 8.1 KiB is no whole number of bytes
            continue
        rule = f"may be {whole}.{rest}, or {whole} B and {rest}: write {whole}.{rest} or {whole}B,{rest}"
        raise ParameterError(name, f"{whole},{rest}", rule)


def _range(first: int, last: int, step: str, name: str, text: str) -> tuple[int, ...]:
    if step[0] == "x":
        try:
            factor = float(step[1:])
        except ValueError:
            factor = math.nan
        if not 1 < factor < math.inf:
            raise ParameterError(name, text, "the factor after x is a finite number above 1")
        count = int(math.log(last / first) / math.log(factor) + 1e-9) + 1
        sizes = [round(first * factor**i) for i in range(min(count, 10_001))]
    else:
        add = parse_size(step[1:], name)
        sizes = list(range(first, last + 1, add)[:10_001])
    if len(sizes) > 10_000:
        raise ParameterError(name, text, "at most 10,000 sizes in one range")
    return tuple(dict.fromkeys(sizes))


def format_size(size: float) -> str:
    """The largest binary unit that divides it, if six digits do; else six digits in a decimal unit.

    >>> format_size(2**30), format_size(1000)
    ('1 GiB', '1000 B')
    """
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if factor <= size < 1e6 * factor and size % factor == 0:
            return f"{size / factor:g} {unit}"
    if size < 1e6:
        return f"{size:g} B"
    if size < 1e9:
        return f"{size / 1e6:g} MB"
    return f"{size / 1e9:g} GB" if size < 1e15 else f"{size / 1e15:g} PB"


def format_time(seconds: float) -> str:
    """Four significant digits in the unit that suits; from ten minutes on in the two that suit, or in the
    larger alone where nothing is left for the smaller.

    >>> format_time(0.0000123), format_time(86400.0), format_time(90 * 60)
    ('12.3 us', '1 d', '1 h 30 min')
    """
    if abs(seconds) < _LONG or not math.isfinite(seconds):
        return format_seconds(seconds)
    for large, small in _PAIRS:
        # What rounds up to a full larger unit is told in it: 23 h 59.9 min are a day.
        rounded = round(abs(seconds) / _TIMES[small]) * _TIMES[small]
        if rounded >= _TIMES[large]:
            break
    many, rest = divmod(rounded, _TIMES[large])
    sign, rest = "-" * (seconds < 0), round(rest / _TIMES[small])
    if many >= _COUNTED:
        return f"{sign}{many:.4g} {large}"
    return f"{sign}{many:,.0f} {large}" + (f" {rest} {small}" if rest else "")


def format_seconds(seconds: float) -> str:
    """Four significant digits of one unit, at most seconds, which ``parse_time`` reads back.

    >>> format_seconds(0.0000123), format_seconds(86400.0)
    ('12.3 us', '8.64e+04 s')
    """
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= factor * 0.99995:
            return f"{seconds / factor:.4g} {unit}"
    return f"{round(seconds / 1e-9, 3):.4g} ns"  # below a femtosecond there is nothing but rounding


def format_rate(rate: float) -> str:
    """Bytes per second as network people write it.

    >>> format_rate(50e9)
    '400 Gbps'
    """
    bits = rate * 8
    for unit, factor in (("Pbps", 1e15), ("Tbps", 1e12), ("Gbps", 1e9), ("Mbps", 1e6)):
        if bits >= factor:
            return f"{bits / factor:.4g} {unit}"
    return f"{bits:.4g} bps"
