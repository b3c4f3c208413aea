"""The text of a log, freed of what terminals, shells and collectors put around it. Knows no table.

Colours and other escape sequences, control characters and marks without width go; UTF-16, as PowerShell
writes it, is decoded; of lines that a collector wrapped in JSON objects the message is kept. Lines stay
lines, so that each place is also one in the file.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from itertools import islice

from fabric.machine.document import read_bytes
from fabric.machine.json_ways import json_index
from fabric.words.errors import FileFormatError
from fabric.words.given import require_path
from fabric.words.place import at

__all__ = ["LogText", "cleaned", "log_text"]

_MOST_BYTES = 2**28  # 256 MiB; a table of nccl-tests has a few KiB, the rest are lines of NCCL_DEBUG
# Control sequences (colours), strings of the system (titles, links), two-character escapes; ECMA-48. Every
# part is possessive: a hostile line costs its length, not the square of it. None goes on in the next line.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]?|\][^\x07\x1b\n]*+(?:\x07|\x1b\\)?|[ -/]*+[0-~]?)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b-\u200f\u2060\ufeff]")
_MESSAGES = ("log", "message", "msg", "MESSAGE", "textPayload", "line", "body")
# A character of a text in JSON, as it is written.
_WRITTEN = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\.|[^\\]", re.DOTALL)


class LogText:
    """A log of the file ``name``: its ``text``, cleaned, in which each line is one of the file.

    >>> log = LogText("a.log", "# size\\r\\n\\x1b[32m 8 2\\x1b[0m\\r\\n")
    >>> log.text, log.place(2, 4)
    ('# size\\n 8 2\\n', 'line 2, column 9')
    """

    def __init__(self, name: str, raw: str) -> None:
        self.name = name
        self._raw = raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw
        self.text = cleaned(self._raw)

    @property
    def lines(self) -> list[str]:
        """The lines of ``text``."""
        return self.text.split("\n")

    def place(self, line: int, column: int) -> str:
        """The place in the file of what stands in ``text`` at this line and column, both from 1."""
        raw = self._raw.split("\n")[line - 1]
        wrapped = _said(raw) if _is_wrapped(self._raw) else None
        written = _one_line(wrapped[1]) if wrapped else raw
        index = _before(_CONTROL, _ESCAPE.sub("", written), column - 1)
        index = _before(_ESCAPE, written, index)
        if wrapped:
            start = json_index(raw, (wrapped[0],)) + 1
            characters = islice(_WRITTEN.finditer(raw, start), index, index + 1)
            index = next((match.start() for match in characters), len(raw))
        return at(line, index + 1)

    def place_of(self, index: int) -> str:
        """The place in the file of the character ``index`` of ``text``."""
        return self.place(self.text.count("\n", 0, index) + 1, index - self.text.rfind("\n", 0, index))

    def wrong(self, line: int, column: int, problem: str) -> FileFormatError:
        """The mistake of what stands there in ``text``."""
        return FileFormatError(self.name, self.place(line, column), problem)

    def no_json(self, error: Exception) -> FileFormatError:
        """The mistake that made ``json`` stop in ``text``, with the place where it tells one."""
        if isinstance(error, json.JSONDecodeError):
            return self.wrong(error.lineno, error.colno, f"is not JSON, or cut off: {error.msg}")
        return FileFormatError(self.name, "", f"is not JSON, or cut off: {str(error)[:80]}")


def log_text(path: str | os.PathLike[str]) -> LogText:
    """The log in a file or pipe.

    Raises:
        FileFormatError: cannot be read, or larger than 256 MiB.
        TooLargeError: more than fits in memory.
    """
    require_path("log", path)
    rule = f"is larger than {_MOST_BYTES >> 20} MiB: keep the lines of the table and of the devices"
    raw = read_bytes(path, most=_MOST_BYTES, rule=rule)
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return LogText(str(path), raw.decode("utf-16" if wide else "utf-8-sig", errors="replace"))


def cleaned(text: str) -> str:
    r"""``text`` without escape sequences and control characters; lines stay lines.

    >>> cleaned("\x1b[32m# size\x1b[0m\n") + cleaned('{"log": "# size\\n", "stream": "stdout"}\n')
    '# size\n# size'
    """
    return _CONTROL.sub("", _ESCAPE.sub("", _unwrapped(text)))


def _unwrapped(text: str) -> str:
    """The messages, if the lines are JSON objects that hold one each; a line that is none stays as it is."""
    if not _is_wrapped(text):
        return text
    lines = ((line, _said(line)) for line in text.removesuffix("\n").split("\n"))
    return "\n".join(_one_line(said[1]) if said else line for line, said in lines)


def _is_wrapped(text: str) -> bool:
    begins = len(text) - len(text.lstrip())
    end = text.find("\n", begins)
    return text.startswith("{", begins) and _said(text[begins : end if end >= 0 else None]) is not None


def _one_line(said: str) -> str:
    return said.replace("\n", " ").rstrip()


def _said(line: str) -> tuple[str, str] | None:
    """The key of the message in a line, and the message; None where it has none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        record = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
    said = ((key, record.get(key)) for key in _MESSAGES)
    return next(((key, value) for key, value in said if isinstance(value, str)), None)


def _before(pattern: re.Pattern[str], text: str, index: int) -> int:
    """Where in ``text`` stands what is at ``index`` once all that ``pattern`` finds is taken out."""
    for match in pattern.finditer(text):
        if match.start() > index:
            break
        index += match.end() - match.start()
    return index
