"""Standard input in place of a file: ``-`` where a command reads logs or rows. Knows no command.

What comes is written to a file, as logs and rows are read more than once, and their ending tells a format.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

from fabric.words.errors import FileFormatError

__all__ = ["NAME", "as_named", "piped_log", "piped_rows", "removed"]

STDIN = "-"
NAME = "standard input"
_HEAD = 4096
_folders: list[str] = []


def piped_log(given: Any) -> Any:
    """``given``, a path or several, with a file for each that is ``-``. For an option that takes a log."""
    return _each(given, "")


def piped_rows(given: Any) -> Any:
    """As ``piped_log``, for rows: the ending of the file is that of the format that they begin like."""
    return _each(given, "rows")


def as_named(words: str) -> str:
    """``words`` that call such a file as the user does."""
    for folder in _folders:
        for path in sorted(Path(folder).iterdir(), key=lambda path: -len(path.name)):
            words = words.replace(str(path), NAME)
    return words


def removed() -> None:
    """Remove what came: at the end of the program, and once more for nothing."""
    if _folders:
        import shutil

        shutil.rmtree(_folders.pop(), ignore_errors=True)
        _come.cache_clear()


def _each(given: Any, kind: str) -> Any:
    if isinstance(given, (list, tuple)):
        return [_each(one, kind) for one in given]
    return type(given)(_file(kind)) if given is not None and str(given) == STDIN else given


def _file(kind: str) -> Path:
    path = _come()
    if not kind:
        return path
    with path.open("rb") as file:
        start = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    ending = next((end for mark, end in _BEGIN if start.startswith(mark)), ".csv")
    same = path.with_name(path.name + ending)
    if not same.exists():
        same.symlink_to(path)
    return same


_BEGIN = ((b"PAR1", ".parquet"), (b"[", ".json"), (b"{", ".jsonl"))


@cache
def _come() -> Path:
    """A file with all of it, which can be read once only.

    Raises:
        FileFormatError: nothing comes.
    """
    import shutil
    import tempfile

    _folders.append(tempfile.mkdtemp(prefix="fabricsim-"))
    path = Path(_folders[-1]) / NAME
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    if not path.stat().st_size:
        raise FileFormatError(NAME, "", "is empty, where a file is asked for by -")
    return path
