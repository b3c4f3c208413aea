"""Mistakes in a file of settings that are seen once the fabric is known: with the place of the value.

The mistake names the setting, or the job and its setting; the file is read again. Knows no job.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_placed
from fabric.words.errors import ParameterError, inside

__all__ = ["judged", "way_of"]

_TABLE = re.compile(r"(job|background) ([^:]+)(?:: (.*))?", re.DOTALL)


@contextmanager
def judged(path: str | os.PathLike[str], but: Collection[str] = ()) -> Iterator[None]:
    """Make FileFormatErrors of mistakes inside that are of a value in the file ``path``.

    ``but``: settings that are said elsewhere, so that theirs are none of the file.
    """
    try:
        yield
    except ParameterError as error:
        content = read_toml(path)
        way = error.way if error.way and error.way[0] in content else way_of(content, error)
        if not way or {str(way[0]), _word(error.name.partition(": ")[2]), _word(error.name)} & {*but}:
            raise
        error.way = ()
        with toml_placed(path), inside(*way):
            raise


def way_of(content: Mapping[str, Any], error: ParameterError) -> tuple[str | int, ...]:
    """The way in the tables ``content`` to the value that a mistake is of; () where it is none of them.

    >>> tables = {"routing": "ecmp", "job": [{"name": "a", "ranks": 8}]}
    >>> way_of(tables, ParameterError("job a: ranks", 8, "too many"))
    ('job', 0, 'ranks')
    """
    if table := _TABLE.fullmatch(error.name):
        kind, name, rest = table[1], table[2], table[3] or ""
        for number, one in enumerate(content.get(kind, ())):
            if str(one.get("name", number + 1)) == name:
                key = _key(one, rest)
                usual = key or _key(content, rest)  # what a job does not say is that of the scenario
                return (kind, number, key) if key else (usual,) if usual else (kind, number)
    key = _key(content, error.name)
    return (key,) if key else ()


def _key(table: Mapping[str, Any], name: str) -> str:
    """The key of ``table`` that the first word of ``name`` is, or ""."""
    return next((key for key in table if key.replace("-", "_") == _word(name)), "")


def _word(name: str) -> str:
    return re.split(r"[\s:.]", name, maxsplit=1)[0].replace("-", "_")
