"""The text of a file, in whichever Unicode encoding its first bytes say. Knows no format.

Spreadsheets save "Unicode text" as UTF-16, and so do shells that redirect a program's output on Windows.
"""

from __future__ import annotations

import codecs
import os
from typing import TextIO

from fabric.machine.document import read_bytes
from fabric.words.errors import FileFormatError

__all__ = ["open_text", "read_text"]

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_text(path: str | os.PathLike[str]) -> TextIO:
    """The file opened for reading, what is no text in it replaced by U+FFFD; without a mark it is UTF-8.

    Raises:
        FileFormatError: it cannot be opened.
    """
    try:
        return open(path, encoding=_encoding(path), errors="replace")
    except OSError as error:
        raise FileFormatError(os.fspath(path), "", f"cannot be read: {error.strerror}") from None


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """All of the text, line ends as they are in the file.

    Raises:
        FileFormatError: it cannot be read, or its bytes are no text; ``what`` says what it should have been.
    """
    content = read_bytes(path)
    try:
        return content.decode(_marked(content))
    except UnicodeError:
        problem = f"not {what}: the bytes are not UTF-8 text (nor UTF-16 with its mark)"
        raise FileFormatError(os.fspath(path), "", problem) from None


def _encoding(path: str | os.PathLike[str]) -> str:
    with open(path, "rb") as file:
        return _marked(file.read(4))


def _marked(content: bytes) -> str:
    """The encoding that the first bytes say."""
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8-sig")
