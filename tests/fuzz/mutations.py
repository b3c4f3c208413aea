"""Damage to valid files: what disks, editors, transfers and attackers do to bytes. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

__all__ = ["mutated"]

_NUMBERS = (
    *(b"0", b"-1", b"1.5", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"true", b"null", b'"x"', b"[]", b"{}"),
    *(
        b"2147483648",
        b"9223372036854775808",
        b"18446744073709551616",
        b"1e308",
        b"1_000",
        b"0x10",
        b"\xd9\xa3",
    ),
    *(b"9" * 400, b"9" * 5000, b"0." + b"3" * 400, b"1" + b"0" * 30),
)
_PIECES = (
    *(
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\r",
        b"\n\n",
        b"\t",
        b"'",
        b'"',
        b"\\",
        b"\\ud800",
        b",",
        b";",
    ),
    *(
        b"..",
        b"/",
        b"%s",
        b"=",
        b"=1+1",
        b"&amp;",
        b"<!--",
        b"]]>",
        b"#",
        b"\xe2\x80\xae",
        b"\xc2\xa0",
        b"nan",
    ),
    *(
        b"[" * 70,
        b"[" * 3000,
        b'{"a":' * 3000,
        b"(" * 3000,
        b"a." * 3000,
        b"<a>" * 3000,
        b" " * 20_000,
        b"A" * 200_000,
    ),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def mutated(seed: bytes, others: list[bytes], draw: Random) -> bytes:
    """``seed`` after one to four changes; ``others``: files of the same kind, pieces of which may get in."""
    data = seed
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = draw.choice(_CHANGES)(data, others, draw)
    return data


def _span(data: bytes, draw: Random) -> tuple[int, int]:
    start = draw.randrange(len(data) + 1)
    return start, min(len(data), start + draw.choice((1, 2, 8, 40, 400)))


def _flipped(data: bytes, others: list[bytes], draw: Random) -> bytes:
    at = draw.randrange(len(data) or 1)
    return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, others: list[bytes], draw: Random) -> bytes:
    start, stop = _span(data, draw)
    return data[:start] + data[stop:]


def _ended(data: bytes, others: list[bytes], draw: Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _doubled(data: bytes, others: list[bytes], draw: Random) -> bytes:
    start, stop = _span(data, draw)
    return data[:stop] + data[start:stop] * draw.choice((1, 2, 50)) + data[stop:]


def _moved(data: bytes, others: list[bytes], draw: Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(draw.randrange(len(lines)), lines.pop(draw.randrange(len(lines))))
    return b"\n".join(lines)


def _renumbered(data: bytes, others: list[bytes], draw: Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    one, other = draw.choice(found), draw.choice(found)
    number = draw.choice((*_NUMBERS, other[0]))
    return data[: one.start()] + number + data[one.end() :]


def _pushed(data: bytes, others: list[bytes], draw: Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(_PIECES) + data[at:]


def _spliced(data: bytes, others: list[bytes], draw: Random) -> bytes:
    other = draw.choice(others)
    start, stop = _span(other, draw)
    at = draw.randrange(len(data) + 1)
    return data[:at] + other[start:stop] + data[at:]


_CHANGES: tuple[Callable[[bytes, list[bytes], Random], bytes], ...] = (
    *(_flipped, _flipped, _cut, _ended, _doubled, _moved, _renumbered, _renumbered, _pushed, _spliced),
)
