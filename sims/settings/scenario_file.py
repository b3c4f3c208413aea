"""A scenario file: settings of ``run`` by name, and its jobs as tables. Builds no fabric."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from importlib.resources import files
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_placed
from fabric.words.errors import ParameterError, inside
from sims.settings.assignments import overridden
from sims.settings.suited import suited
from sims.settings.table import spelled, table_of
from sims.settings.texts import defaults_of

__all__ = ["read_scenario", "sample_scenario"]

_KIND, _MIX = "run", "mix"
_TABLES: Collection[str] = ("job", "background")


def sample_scenario() -> str:
    """The text of the shipped scenario, to be copied and changed."""
    return files("sims.settings").joinpath("jobs.toml").read_text(encoding="utf-8")


def read_scenario(path: str | os.PathLike[str], sets: Iterable[str] = ()) -> dict[str, str]:
    """The text of each setting of ``run`` that the file says, changed by ``sets``, texts ``key=value``.

    Raises:
        FileFormatError: the file cannot be read or is no TOML, or holds what is no setting or a value that is
            not legal; says which, with line and column.
        ParameterError: as ``overridden``, of ``sets``; no topology.
    """
    texts, said = defaults_of(_KIND), {_MIX}
    with toml_placed(path):
        for key, value in read_toml(path).items():
            if key not in _TABLES:
                texts[key] = _said(key, value)
                said.add(key)
    changed = overridden({name: [text] for name, text in texts.items()}, sets, (), _KIND)
    own = {name for name in said if changed[name] == texts[name]}
    said |= {name for name, text in changed.items() if text != texts[name]}
    if "topology" not in said:
        raise ParameterError(f"{path}: topology", None, "say which fabric: FAMILY:key=value or preset:NAME")
    texts = suited({**changed, _MIX: table_of(_KIND)[_MIX].spell(os.fspath(path))}, said)
    with toml_placed(path):
        found = {name: _spelled(name, texts[name]) for name in own if name != _MIX}
    return {
        name: found[name] if name in found else spelled(name, text, _KIND) for name, text in texts.items()
    }


def _said(key: str, value: Any) -> str:
    """The text of a setting in the file."""
    table = table_of(_KIND)
    with inside(key, of_key=True):
        if key not in table or key == _MIX:
            legal = [name for name in table if name != _MIX]
            raise ParameterError(key, str(value)[:60], "no setting of run", [*legal, *_TABLES])
    with inside(key):
        if isinstance(value, dict | list):
            raise ParameterError(key, str(value)[:60], "one value, a text or a number")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spelled(name: str, text: str) -> str:
    with inside(name):
        return spelled(name, text, _KIND)
