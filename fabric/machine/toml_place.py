"""Where a value stands in a file of TOML, by its way there, and mistakes of values with their place.

Knows no key and no value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fabric.machine.document import read_text
from fabric.machine.toml_ways import TomlWays
from fabric.words.errors import FabricsimError, FileFormatError
from fabric.words.place import place_in

__all__ = ["toml_place", "toml_placed"]


def toml_place(path: str, way: Sequence[str | int], *, of_key: bool = False) -> str:
    """The place of the value to which ``way`` leads, behind its quote, or of its key; of as much of the way
    as there is. "" where the path is no file, and of the file as a whole.

    The file is read again; it is one that ``parse_toml`` has taken.
    """
    if not way or not os.path.isfile(path):
        return ""
    text = read_text(path)
    return place_in(text, TomlWays(text).index(way, of_key=of_key))


@contextmanager
def toml_placed(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make of mistakes of what stands in a file, as ``inside`` says where, FileFormatErrors."""
    try:
        yield
    except FileFormatError:
        raise
    except FabricsimError as error:
        name = os.fspath(path)
        where = toml_place(name, error.way, of_key=error.of_key)
        raise FileFormatError(name, where, str(error)) from None
