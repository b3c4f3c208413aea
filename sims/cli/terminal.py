"""The terminal: the one place through which text goes to standard output and error. Knows no command.

A name may come from a file that somebody else wrote. What it holds beside letters (colours, cursor moves, the
codes that turn the direction of writing round) is shown and never sent.
"""

from __future__ import annotations

import io
from typing import IO, Any

__all__ = ["LostOutputError", "Terminal", "plain_stream", "printable"]

# C0 but tab and line feed, delete, C1, directions (a name must not run backwards), byte order marks.
_SHOWN = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *(code for code in range(0x20) if chr(code) not in "\t\n"),
        *range(0x7F, 0xA0),
        *(0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF),
    )
}


class LostOutputError(Exception):
    """Standard output took no more: ``LostOutputError(error)``. Not an OSError, which may be of any file."""

    def __init__(self, error: OSError) -> None:
        self.error = error
        super().__init__(error)


def printable(text: str) -> str:
    """``text`` with what a terminal would obey written out.

    >>> printable("leaf\\x1b[2J"), printable("two\\nlines")
    ('leaf\\\\x1b[2J', 'two\\nlines')
    """
    return text.translate(_SHOWN) if not text.isprintable() else text


class Terminal:
    """``stream`` to which only ``printable`` text goes; what its encoding lacks is written out too.

    ``data``: it carries the answer, so its loss is an error; else it is silent.
    """

    def __init__(self, stream: IO[str], *, data: bool) -> None:
        self.stream, self._data = stream, data
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        try:
            self.stream.write(printable(text))
        except OSError as error:
            self._lost(error)
        return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if self._data:
            raise LostOutputError(error) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def plain_stream(stream: Any) -> IO[str]:
    """The stream under ``stream``: for a progress bar, which moves the cursor on purpose."""
    found: IO[str] = stream.stream if isinstance(stream, Terminal) else stream
    return found
