"""Files that appear whole or not at all, one by itself or several together. Knows no format."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from fabric.words.errors import FabricsimError

__all__ = ["replaced", "together"]

_Made = list[tuple[str, Path]]  # the whole text of a file, under another name, and its place
_WAITING: ContextVar[_Made | None] = ContextVar("_WAITING", default=None)


@contextmanager
def replaced(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """A file that takes the place of ``path`` when the block ends well, and leaves no trace when it does not.

    A device or a pipe is written as it is; of a link, what it leads to is replaced. Text is UTF-8 with the
    line ends that it has.

    Raises:
        FabricsimError: the folder cannot be written to, or the disk is full.
    """
    target = Path(path)
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        if target.exists() and not target.is_file():
            with open(target, mode, **text) as file:
                yield file
            return
        target = target.resolve()
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with open(handle, mode, **text) as file:
                yield file
            os.chmod(part, 0o666 & ~_umask())  # temporary files are their owner's alone
            _put(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FabricsimError(f"{path}: cannot be written: {error.strerror or error}") from None


@contextmanager
def together() -> Iterator[None]:
    """The files of ``replaced`` inside take their places when the block ends well: all of them, or none.

    A device or a pipe cannot wait. Raises as ``replaced``.
    """
    if _WAITING.get() is not None:
        yield  # the outermost decides
        return
    made: _Made = []
    before = _WAITING.set(made)
    try:
        yield
        for part, target in made:
            try:
                os.replace(part, target)
            except OSError as error:
                raise FabricsimError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        _WAITING.reset(before)
        for part, _ in made:
            Path(part).unlink(missing_ok=True)  # of what took its place nothing is left here


def _put(part: str, target: Path) -> None:
    waiting = _WAITING.get()
    if waiting is None:
        os.replace(part, target)
    else:
        waiting.append((part, target))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
