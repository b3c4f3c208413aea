"""The text of a log, freed of what terminals, shells and collectors put around it. Knows no table.

Colours and other escape sequences, control characters and marks without width go; UTF-16, as PowerShell
writes it, is decoded; of lines that a collector wrapped in JSON objects the message is kept.
"""

from __future__ import annotations

import codecs
import json
import os
import re

from fabric.machine.document import read_bytes

__all__ = ["cleaned", "log_text"]

_MOST_BYTES = 2**28  # 256 MiB; a table of nccl-tests has a few KiB, the rest are lines of NCCL_DEBUG
# Control sequences (colours), strings of the system (titles, links), two-character escapes; ECMA-48. Every
# part is possessive: a hostile line costs its length, not the square of it.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]?|\][^\x07\x1b]*+(?:\x07|\x1b\\)?|[ -/]*+[0-~]?)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b-\u200f\u2060\ufeff]")
_MESSAGES = ("log", "message", "msg", "MESSAGE", "textPayload", "line", "body")


def log_text(path: str | os.PathLike[str]) -> str:
    """The cleaned text of a file or pipe.

    Raises:
        FileFormatError: cannot be read, or larger than 256 MiB.
        TooLargeError: more than fits in memory.
    """
    rule = f"is larger than {_MOST_BYTES >> 20} MiB: keep the lines of the table and of the devices"
    raw = read_bytes(path, most=_MOST_BYTES, rule=rule)
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return cleaned(raw.decode("utf-16" if wide else "utf-8-sig", errors="replace"))


def cleaned(text: str) -> str:
    r"""``text`` without escape sequences and control characters; lines stay lines.

    >>> cleaned("\x1b[32m# size\x1b[0m\n") + cleaned('{"log": "# size\\n", "stream": "stdout"}\n')
    '# size\n# size'
    """
    return _CONTROL.sub("", _ESCAPE.sub("", _unwrapped(text)))


def _unwrapped(text: str) -> str:
    """The messages, if the lines are JSON objects that hold one each; a line that is none stays as it is."""
    start = text.lstrip()
    if not start.startswith("{") or _message(start.partition("\n")[0]) is None:
        return text
    lines = ((line, _message(line)) for line in text.splitlines())
    return "\n".join(line if said is None else said.replace("\n", " ").rstrip() for line, said in lines)


def _message(line: str) -> str | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        record = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
    said = (record.get(key) for key in _MESSAGES)
    return next((value for value in said if isinstance(value, str)), None)
