"""A scenario file: settings of ``run`` by name, and its jobs as tables. Builds no fabric."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from importlib.resources import files

from fabric.machine.document import read_toml
from fabric.words.errors import ParameterError
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
        FileFormatError: the file cannot be read or is no TOML.
        ParameterError: what is no setting, a value that is not legal, no topology; says which.
    """
    table = table_of(_KIND)
    texts, said = defaults_of(_KIND), {_MIX}
    for key, value in read_toml(path).items():
        if key in _TABLES:
            continue
        if key not in table or key == _MIX:
            legal = [name for name in table if name != _MIX]
            raise ParameterError(f"{path}: {key}", str(value)[:60], "no setting of run", [*legal, *_TABLES])
        if isinstance(value, dict | list):
            raise ParameterError(f"{path}: {key}", str(value)[:60], "one value, a text or a number")
        texts[key] = str(value).lower() if isinstance(value, bool) else str(value)
        said.add(key)
    changed = overridden({name: [text] for name, text in texts.items()}, sets, (), _KIND)
    said |= {name for name, text in changed.items() if text != texts[name]}
    if "topology" not in said:
        raise ParameterError(f"{path}: topology", None, "say which fabric: FAMILY:key=value or preset:NAME")
    texts = suited({**changed, _MIX: os.fspath(path)}, said)
    return {name: spelled(name, text, _KIND) for name, text in texts.items()}
