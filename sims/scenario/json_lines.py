"""A file of JSON a line, some of which may be damaged. Knows no row."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from fabric.machine.document import parse_json
from fabric.words.errors import FileFormatError
from fabric.words.place import at

__all__ = ["json_lines", "line_error"]


def json_lines(content: bytes, path: str) -> Iterator[tuple[int, str, Any]]:
    """(number, text, value) of each line of JSON that is not blank; the value of one that is damaged is None.

    A line is damaged where what wrote it was stopped, or the disk lost a part: it is no JSON.

    >>> list(json_lines(b'{"a": 1}\\n{"a": \\n', "rows.jsonl"))
    [(1, '{"a": 1}', {'a': 1}), (2, '{"a": ', None)]
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as a shell of Windows redirects
        content = content.decode("utf-16", "replace").encode(errors="replace")
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = line.decode(errors="replace")
        if text.strip():
            try:
                yield number, text, parse_json(line.decode(), path)
            except (FileFormatError, UnicodeDecodeError):
                yield number, text, None


def line_error(path: str, number: int, text: str) -> FileFormatError:
    """The mistake of a line that is damaged, with the place in its file.

    >>> str(line_error("rows.jsonl", 2, '{"a": '))
    'rows.jsonl: line 2, column 7: is not JSON: Expecting value: the file is cut off'
    """
    try:
        parse_json("\n" * (number - 1) + text, path)
    except FileFormatError as error:
        return FileFormatError(path, error.where or at(number, 1), error.problem)
    column = text.find("\ufffd") + 1
    return FileFormatError(path, at(number, column or 1), "is not JSON: no UTF-8 text")
