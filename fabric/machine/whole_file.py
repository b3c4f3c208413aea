"""A file that appears whole or not at all. Knows no format."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fabric.words.errors import FabricsimError

__all__ = ["replaced"]


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
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FabricsimError(f"{path}: cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
