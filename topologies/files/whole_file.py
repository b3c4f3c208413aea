"""A file that appears whole or not at all. Knows no format."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fabric.words.errors import ParameterError

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], pieces: Iterable[str]) -> None:
    """Write the pieces of text, UTF-8 with the line ends that they have, under a temporary name, then rename.

    A device or a pipe is written as it is; of a link, what it leads to is replaced.

    Raises:
        ParameterError: the folder does not exist or cannot be written to, or the disk is full.
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
            return
        target = target.resolve()
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
            os.chmod(part, _mode())
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        rule = f"a file that can be written ({error.strerror or error})"
        raise ParameterError("path", str(path), rule) from None


def _mode() -> int:
    """What a new file may be used for: temporary ones are their owner's alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
