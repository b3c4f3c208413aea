"""A job in a TOML file: settings by name, and a step by hand as tables [[step]]. Builds no fabric."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_placed
from fabric.words.errors import ParameterError, inside
from sims.settings.suited import suited
from sims.settings.table import spelled, table_of

__all__ = ["is_job_file", "read_job", "with_job_file"]

_STEP, _STEPS = "step", "steps"


def is_job_file(text: str) -> bool:
    """Whether the text that stands for a fabric is a file of a job.

    >>> is_job_file("job.toml"), is_job_file("fat-tree:k=4")
    (True, False)
    """
    return text.lower().endswith(".toml")


def read_job(path: str | os.PathLike[str], kind: str) -> dict[str, str]:
    """The text of each setting of a ``kind`` of job that the file says, in its one spelling.

    Raises:
        FileFormatError: the file cannot be read or is no TOML, or holds what is no setting or a value that is
            not legal; with line and column.
    """
    found: dict[str, str] = {}
    with toml_placed(path):
        for key, value in read_toml(path).items():
            name, text = _said(key, value, kind)
            with inside(key):
                found[name] = spelled(name, text, kind)
    return found


def _said(key: str, value: Any, kind: str) -> tuple[str, str]:
    """The setting of a key of the file, and its text."""
    name = _STEPS if key == _STEP else key.replace("-", "_")
    with inside(key, of_key=True):
        if name not in table_of(kind) or (name == _STEPS and key != _STEP):
            raise ParameterError(key, _shown(value), f"no setting of {kind}", [*table_of(kind), _STEP])
    with inside(key):
        if name != _STEPS and isinstance(value, dict | list):
            raise ParameterError(key, _shown(value), "one value, a text or a number")
    return name, json.dumps(value) if name == _STEPS else _text(value)


def with_job_file(texts: Mapping[str, str], said: Collection[str], kind: str) -> dict[str, str]:
    """``texts`` of a command; where they name a file of a job as the fabric, with what stands there.

    ``said``: what the user gave besides, which counts more than the file.

    Raises:
        FileFormatError: as ``read_job``.
        ParameterError: the file names no fabric.
    """
    path = texts["topology"]
    if not is_job_file(path):
        return dict(texts)
    found = read_job(path, kind)
    if "topology" not in found:
        raise ParameterError(
            f"{path}: topology", None, 'a job says its fabric, such as topology = "fat-tree:k=8"'
        )
    own = {name: texts[name] for name in said if name != "topology"}
    return suited({**texts, **found, **own}, {*found, *own})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str:
    return str(value)[:80]
