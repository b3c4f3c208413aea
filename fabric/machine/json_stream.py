"""A file of JSON whose document is an object, read a piece at a time. Knows no key.

Strict as ``parse_json``, but it says of nothing where it is wrong: ``NotStreamed`` means that the file is to
be read whole, which says it, or takes what only seemed to be wrong here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn, TypeVar

from fabric.machine.document import require_shallow, text_pieces
from fabric.words.errors import FileFormatError

__all__ = ["NotStreamed", "json_members"]

_BLANK = re.compile(r"[ \t\n\r]*")
_BEHIND = frozenset(" \t\n\r,:]}")
_EXPONENT = re.compile(r"[eE]\+?[0-9]{3}")
_LONG = re.compile(r"[0-9]{309}")
_FEW, _OF_LONG = 20, re.compile(r"[0-9]{15}")  # of a long number each 20th digit: a quick look
_HALF = re.compile(r"\\u[dD][89abAB]")
_OVERLAP = 320  # characters that are looked at twice, as such may begin at the end of a piece


class NotStreamed(Exception):
    """The file has to be read whole."""


def json_members(
    path: str | os.PathLike[str], lists: Collection[str]
) -> Iterator[tuple[str, Any | Iterator[Any]]]:
    """Each key of the object and its value, in the order of the file; of a list under one of ``lists`` an
    iterator over its items, to be used up before the next key is asked for. A part of the file is held.

    Raises:
        NotStreamed: no object, no strict JSON, or what only the whole tells, such as a key twice.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "x.json")
    >>> _ = path.write_text('{"a": [1], "b": [{"c": 2}, 3]}')
    >>> for key, value in json_members(path, ["b"]):
    ...     print(key, value if isinstance(value, list) else list(value))
    a [1]
    b [{'c': 2}, 3]
    """
    yield from _told(_Reader(text_pieces(path)).members(lists))


Item = TypeVar("Item")


def _told(items: Iterator[Item]) -> Iterator[Item]:
    try:
        yield from items
    except (ValueError, RecursionError, FileFormatError):
        raise NotStreamed from None


class _Reader:
    """``text`` is the part of the file that is held, of which what stands before ``index`` has been read."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self.text, self.index, self.ended = "", 0, False
        self._pieces = pieces
        self._decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refused)

    def members(self, lists: Collection[str]) -> Iterator[tuple[str, Any | Iterator[Any]]]:
        self._take("{")
        keys: set[str] = set()
        while self._next() != "}" or keys:
            if keys and not self._goes_on("}"):
                break
            key = self._value()
            if not isinstance(key, str) or key in keys:
                raise ValueError("no key, or one that stands twice")
            keys.add(key)
            self._take(":")
            if self._next() == "[" and key in lists:
                items = _told(self._items())
                yield key, items
                for _ in items:
                    pass
            else:
                value = self._value()
                require_shallow([value], "", "JSON", "")
                yield key, value
        else:
            self._take("}")
        if self._next():
            raise ValueError("something stands behind the object")

    def _items(self) -> Iterator[Any]:
        self._take("[")
        if self._next() == "]":
            self.index += 1
            return
        while True:
            if len(self.text) - self.index < 2:
                self._more()
            several = self._several()
            if several is not None:
                require_shallow([several], "", "JSON", "")
                yield from several
                continue
            value = self._value()
            require_shallow([[value]], "", "JSON", "")
            yield value
            if not self._goes_on("]"):
                return

    def _several(self) -> list[Any] | None:
        """All items up to the last that is held whole, and the comma behind it; None where that is not plain.

        What is cut off inside an item has a bracket or a quote more that opens, and so is no list.
        """
        end = self.text.rfind("},", self.index)
        if end < 0 or end <= self._one_by_one:
            return None
        try:
            found: list[Any] = self._decoder.decode(f"[{self.text[self.index : end + 1]}]")
        except ValueError:
            self._one_by_one = end
            return None
        self.index = end + 2
        if self._next() == "]":
            raise ValueError("a comma behind the last item")
        return found

    _one_by_one = -1  # up to where in the text items are read one after another

    def _value(self) -> Any:
        """The value that comes next, for which as much is read as it takes."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, self.index)
                if self.ended or self.text[end : end + 1] in _BEHIND:  # a number may go on in the next piece
                    self.index = end
                    return value
            except json.JSONDecodeError:
                if self.ended:
                    raise
            self._more(len(self.text) - self.index)  # twice as much each time: a long value costs its length

    def _goes_on(self, closing: str) -> bool:
        """Whether a comma comes next; else the bracket that closes."""
        mark = self._next()
        if mark not in (",", closing) or not mark:
            raise ValueError("neither a comma nor the end")
        self.index += 1
        return mark == ","

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            raise ValueError(f"no {mark}")
        self.index += 1

    def _next(self) -> str:
        """The next character that is no blank; "" at the end of the file."""
        while True:
            match = _BLANK.match(self.text, self.index)
            self.index = match.end() if match else self.index
            if self.index < len(self.text) or not self._more():
                return self.text[self.index : self.index + 1]

    def _more(self, least: int = 0) -> bool:
        """Read on, at least so many characters where there are; whether there was something."""
        new = ""
        while not self.ended and len(new) <= least:
            piece = next(self._pieces, "")
            self.ended = not piece
            new += piece
        before = self.text[max(self.index, len(self.text) - _OVERLAP) :]
        if _is_odd(before + new):
            raise ValueError("what only the whole tells")
        self._one_by_one -= self.index
        self.text, self.index = self.text[self.index :] + new, 0
        return bool(new)


def _is_odd(text: str) -> bool:
    """Whether it may have numbers larger than any float, or halves of characters.

    >>> _is_odd("[1.5e300]"), _is_odd("[" + "1" * 400), _is_odd('["1.5e-08"]')
    (True, True, False)
    """
    long = _OF_LONG.search(text[::_FEW]) and _LONG.search(text)
    return bool(long or _EXPONENT.search(text) or _HALF.search(text))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _refused(token: str) -> NoReturn:
    raise ValueError(token)
