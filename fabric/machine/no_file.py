"""What is said of a path that names no file. Opens nothing."""

from __future__ import annotations

import os

__all__ = ["no_file"]


def no_file(path: str | os.PathLike[str], rule: str = "no such file") -> str:
    """The rule that ``path`` breaks: ``rule``, or that it is a folder where a file is needed.

    >>> no_file("there-is-none.csv"), no_file(os.curdir)
    ('no such file', 'a folder: the path of a file is needed')
    """
    return "a folder: the path of a file is needed" if os.path.isdir(path) else rule
