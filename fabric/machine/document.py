"""A file that somebody else wrote, as text, TOML or JSON: read in bounded time and memory, or refused.

What comes out is plain: numbers are finite, whole ones fit a float, nothing is nested deeper than
``MOST_DEPTH`` and no key stands twice. Knows no table, no key and no unit.
"""

from __future__ import annotations

import codecs
import io
import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TextIO

from fabric.machine.json_ways import deep_index, half_character, twice_index
from fabric.machine.memory import available_memory
from fabric.machine.toml_ways import TomlWays, Way
from fabric.words.errors import FileFormatError, TooLargeError
from fabric.words.place import at, place_in

__all__ = [
    "MOST_DEPTH",
    "byte_pieces",
    "open_text",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_text",
    "read_toml",
    "require_shallow",
    "text_lines",
    "text_pieces",
]

MOST_DEPTH = 64  # tables in tables; no file of ours needs more than six
_MOST_TOML = 16 * 2**20  # bytes: tomllib reads about 2 MB/s
_PIPE, _MOST_UNSAID = 2**16, 2**30  # bytes of what does not tell its size: read at once, and in all
_PIECE = 2**20  # characters
_PER_BYTE = 6  # bytes of memory for one of the file, parsed; measured on node-link JSON: 4 to 5

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[A-Za-z0-9.+-]+')  # strings first, so that none is searched inside
_AT = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_AT_END = " (at end of document)"
_LONG = re.compile(r"(?<![\w.])\d{309}")  # digits beyond which a whole number is larger than any float
_DIGITS = re.compile(r"(?<![\w.])\d[\d_]{4300,}")  # of a number, more than Python reads
_SURROGATE = re.compile(r"\\u[dD][89abAB]")
# tomllib takes the square of the parts of a dotted key; a part is a word or in quotes.
_DOTTED = re.compile(
    r"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)""" + f"{{{MOST_DEPTH + 1}}}"
)


def read_bytes(path: str | os.PathLike[str], *, most: float = math.inf, rule: str = "") -> bytes:
    """What is in a file.

    Raises:
        FileFormatError: it cannot be read, or has more than ``most`` bytes: ``rule``.
        TooLargeError: what is made of it would not fit in memory; said before that much is read.
    """
    name, free = os.fspath(path), available_memory()
    fits, pieces = min(most + 1, free / _PER_BYTE), []
    try:
        with open(name, "rb") as file:
            size, read = os.fstat(file.fileno()).st_size, 0
            if not size:  # a pipe or a device, which may never end
                fits = min(fits, _MOST_UNSAID)
            while max(size, read) <= fits and (more := file.read(max(size - read, _PIPE))):
                pieces.append(more)
                read += len(more)
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise FileFormatError(name, "", "cannot be read: no file has such a name") from None
    if (size := max(size, read)) > most:
        raise FileFormatError(name, "", rule)
    if size > fits:
        raise _too_large(name, size, free)
    return b"".join(pieces)


def read_text(path: str | os.PathLike[str], *, errors: str = "strict", newline: str | None = None) -> str:
    """The text of a file, UTF-8 or what its byte order mark says, which is left out.

    Spreadsheets save "Unicode text" as UTF-16, and so do shells that redirect a program's output on Windows.
    ``errors``: as of ``bytes.decode``; ``newline`` "" keeps line ends as they are, None makes each "\\n".

    Raises:
        FileFormatError: it cannot be read, or its bytes are no text.
        TooLargeError: as ``read_bytes``.
    """
    name, content = os.fspath(path), read_bytes(path)
    try:
        text = content.decode(_marked(content), errors)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        before = before.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        byte = len(content) - len(error.object) + error.start + 1  # the mark of UTF-8 is not in the object
        problem = f"cannot be read: byte {byte} is not UTF-8 text (nor UTF-16 with its mark)"
        raise FileFormatError(name, place_in(before, len(before)), problem) from None
    return text if newline is not None else text.replace("\r\n", "\n").replace("\r", "\n")


def open_text(path: str | os.PathLike[str]) -> TextIO:
    """The file opened to read its text in pieces, what is no text in it replaced by U+FFFD.

    Raises:
        FileFormatError: it cannot be opened.
    """
    try:
        with open(path, "rb") as file:
            encoding = _marked(file.read(4))
        return open(path, encoding=encoding, errors="replace")
    except OSError as error:
        raise FileFormatError(os.fspath(path), "", f"cannot be read: {error.strerror}") from None


@contextmanager
def text_lines(path: str | os.PathLike[str]) -> Iterator[Iterator[str]]:
    """The lines of a text file, one after another, each with its "\\n": no more than one is held.

    What is no file (a pipe) is read as a whole. Raises as ``read_text``, of bytes that are no text when they
    are reached.
    """
    name = os.fspath(path)
    if not _size(name):
        yield iter(io.StringIO(read_text(name)))
        return
    with _opened(name) as file:
        yield file


def text_pieces(path: str | os.PathLike[str]) -> Iterator[str]:
    """The text of a file, a piece at a time, line ends as they are. Raises as ``text_lines``."""
    name = os.fspath(path)
    if not _size(name):
        yield read_text(name, newline="")
        return
    with _opened(name, newline="") as file:
        yield from iter(lambda: file.read(_PIECE), "")


@contextmanager
def _opened(name: str, newline: str | None = None) -> Iterator[TextIO]:
    """A file opened to read its text, ``newline`` as of ``open``. Raises as ``read_text``, also while it is
    read.
    """
    try:
        with open(name, "rb") as start:
            encoding = _marked(start.read(4))
        with open(name, encoding=encoding, newline=newline) as file:
            yield file
    except UnicodeDecodeError:
        read_text(name)  # says which byte
        raise
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror or error}") from None


def byte_pieces(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time. What is no file (a pipe) is read as a whole. Raises as
    ``read_bytes``.
    """
    name = os.fspath(path)
    if not _size(name):
        yield read_bytes(name)
        return
    try:
        with open(name, "rb") as file:
            yield from iter(lambda: file.read(_PIPE), b"")
    except OSError as error:
        raise FileFormatError(name, "", f"cannot be read: {error.strerror or error}") from None


def _size(name: str) -> int:
    """Bytes of a file of which what is made fits in memory, else TooLargeError; 0 of what does not say it."""
    size = os.path.getsize(name) if os.path.isfile(name) else 0
    if size * _PER_BYTE > (free := available_memory()):
        raise _too_large(name, size, free)
    return size


def _too_large(name: str, size: int, free: float) -> TooLargeError:
    return TooLargeError(f"{name}, a file of {size / 1e9:,.1f} GB", size * _PER_BYTE, free)


def _marked(content: bytes) -> str:
    """The encoding that the first bytes say."""
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8-sig")


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file. Raises as ``read_text`` and ``parse_toml``."""
    return parse_toml(read_text(path), os.fspath(path))


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """The tables of ``text``; ``path``: how errors call it.

    Raises:
        FileFormatError: no TOML, nested too deep, too long, or a number that is not finite or not of 64 bits.

    >>> parse_toml("[base]\\nranks = 8", "sweep.toml")
    {'base': {'ranks': 8}}
    """
    import tomllib  # which most commands do not need

    if len(text) > _MOST_TOML:
        rule = f"{len(text) / 2**20:,.0f} MiB of TOML: at most {_MOST_TOML // 2**20}"
        raise FileFormatError(path, "", rule)
    if dotted := _DOTTED.search(text):
        raise FileFormatError(path, place_in(text, dotted.start()), f"a key of more than {MOST_DEPTH} parts")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = _AT.fullmatch(str(error))  # a TOMLDecodeError has its place in words
        where, problem = (at(int(said[2]), int(said[3])), said[1]) if said else ("", str(error))
        if problem.endswith(_AT_END):
            where, problem = place_in(text, len(text)), f"{problem.removesuffix(_AT_END)}: the file ends"
        raise FileFormatError(path, where, f"is not TOML: {problem}") from None
    except RecursionError:
        raise _too_deep(path, "TOML", text) from None
    except (ValueError, OverflowError) as error:  # an integer of thousands of digits
        digits = _DIGITS.search(text)
        where = place_in(text, digits.start()) if digits else ""
        raise FileFormatError(path, where, f"is not TOML: {str(error).partition(';')[0]}") from None
    require_shallow(found, path, "TOML", text)
    for way, problem in _wrong_numbers(found):
        where = f"{'.'.join(map(str, way))}, {place_in(text, TomlWays(text).index(way))}"
        raise FileFormatError(path, where, problem)
    return found


def parse_json(text: str, path: str) -> Any:
    """The value that ``text`` is; ``path``: how errors call it.

    Raises:
        FileFormatError: not strict JSON, cut off, nested too deep, a key twice in one object, or a number
            that is not finite; with line and column.

    >>> parse_json('{"nodes": [{"id": 0}]}', "graph.json")
    {'nodes': [{'id': 0}]}
    """

    def refuse(token: str, rule: str) -> NoReturn:
        start = next((m.start() for m in _TOKEN.finditer(text) if m[0] == token), 0)
        shown = token if len(token) <= 40 else f"{token[:37]}..."
        raise FileFormatError(path, place_in(text, start), f"{shown} {rule}")

    def finite(token: str) -> float:
        value = float(token)
        return value if math.isfinite(value) else refuse(token, "is not a finite number")

    def whole(token: str) -> int:
        return int(token) if len(token) < 309 else refuse(token, "is larger than any number here may be")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            where = place_in(text, twice_index(text))
            raise FileFormatError(path, where, f"{twice[:60]!r} stands twice in one object")
        return found

    try:
        found = json.loads(
            text,
            parse_constant=lambda token: refuse(token, "is not a finite number"),
            parse_float=finite,
            parse_int=whole if _LONG.search(text) else None,
            object_pairs_hook=once,
        )
    except json.JSONDecodeError as error:
        cut = ": the file is cut off" if _is_cut(text, error) else ""
        raise FileFormatError(path, at(error.lineno, error.colno), f"is not JSON: {error.msg}{cut}") from None
    except RecursionError:
        raise _too_deep(path, "JSON", text) from None
    require_shallow(found, path, "JSON", text)
    if _SURROGATE.search(text):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            where = place_in(text, half_character(text))
            raise FileFormatError(path, where, "holds half of a character (\\ud800 to \\udfff)") from None
    return found


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")


def _too_deep(path: str, kind: str, text: str) -> FileFormatError:
    index = deep_index(text, MOST_DEPTH + 1)
    where = place_in(text, index) if index else ""
    return FileFormatError(path, where, f"is not {kind} of ours: nested more than {MOST_DEPTH} deep")


def require_shallow(value: Any, path: str, kind: str, text: str) -> None:
    """Raise FileFormatError where a value is nested deeper than ``MOST_DEPTH``; its place is in ``text``."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        inside = (
            each.values() if type(each) is dict else each for each in level if type(each) in (dict, list)
        )
        level = [value for values in inside for value in values if type(value) is dict or type(value) is list]
        if not level:
            return
    raise _too_deep(path, kind, text)


def _wrong_numbers(value: Any, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """TOML promises 64 bits of a whole number, and knows inf and nan, which no setting is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _wrong_numbers(inner, (*way, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _wrong_numbers(inner, (*way, number))
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield way, f"a whole number of {value.bit_length()} bits: 64 at most"
    elif isinstance(value, float) and not math.isfinite(value):
        yield way, f"{value} is not a finite number"
