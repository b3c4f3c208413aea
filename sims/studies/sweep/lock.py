"""A lock on a folder: one process at a time writes there. It goes with its process, however that ends."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, ELOOP
from pathlib import Path

from fabric.words.errors import FabricsimError

try:
    import fcntl
except ImportError:  # not on every platform
    fcntl = None  # type: ignore[assignment]

__all__ = ["locked"]

_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The block runs while no other process is in such a block for ``folder``.

    The system holds the lock and takes it back when the process ends; the file that stays behind is only its
    name. Where the file system knows no locks, there is none.

    Raises:
        FabricsimError: another process holds it, which is named; the name is a link, or no plain file.
        OSError: the folder cannot be written to.
    """
    try:
        # A name that leads elsewhere is not followed: what it leads to would be emptied.
        handle = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        if error.errno != ELOOP:
            raise
        rule = "is a link to another file, and the lock of a folder is a file in it: remove it"
        raise FabricsimError(f"{folder / _NAME}: {rule}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            rule = "is not a plain file of this folder alone, as its lock is: remove it"
            raise FabricsimError(f"{folder / _NAME}: {rule}")
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (EAGAIN, EACCES):
                    who = os.read(handle, 300).decode(errors="replace") or "another process"
                    raise FabricsimError(f"{folder}: {who} is writing there: wait for it or end it") from None
        with suppress(OSError):  # a full disk: the lock holds, only its holder is not named
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        os.close(handle)
