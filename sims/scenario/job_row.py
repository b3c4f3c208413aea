"""JobRow: what all rows of jobs that are no single collective have in common. Knows no file and no kind.

A kind's row is a frozen dataclass of JobRow with a ``KIND`` and columns of its own; ``row_of`` finds it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from importlib import import_module
from typing import Any, ClassVar, Self

from fabric.words.card import Card
from fabric.words.errors import ParameterError
from sims.scenario.job_scenario import JobScenario

__all__ = ["KIND", "JobRow", "blank", "row_of"]

KIND = "kind"  # the column that rows of jobs have and those of collectives have not
_HOME = {
    "goodput": ("sims.scenario.goodput_row", "GoodputRow"),
    "run": ("sims.scenario.run_row", "RunRow"),
    "trace": ("sims.scenario.trace_row", "TraceRow"),
    "train": ("sims.scenario.train_row", "TrainRow"),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class JobRow(Card):
    """``sims.simulate(row.scenario) == row``. Numbers have their unit in their name."""

    KIND: ClassVar[str] = ""

    scenario: JobScenario
    version: str

    @property
    def key(self) -> str:
        return self.scenario.key

    @classmethod
    def columns(cls) -> list[Field[Any]]:
        """The fields that are results, the version last."""
        own = [one for one in fields(cls) if one.name not in ("scenario", "version")]
        return [*own, *(one for one in fields(cls) if one.name == "version")]

    def to_dict(self) -> dict[str, Any]:
        """The key, the scenario's columns, the results, an empty ``error``."""
        own = {one.name: getattr(self, one.name) for one in self.columns()}
        return {"key": self.key, **self.scenario.model_dump(), **own, "error": ""}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The row that ``to_dict``, or a line of a CSV file whose values are texts, describes.

        Raises:
            ParameterError: a column is missing or not of its type, the key is not that of the scenario, or
                numbers contradict each other.
        """
        needed = [
            one.name for one in cls.columns() if one.default is MISSING and one.default_factory is MISSING
        ]
        missing = [name for name in ("key", *needed) if name not in values]
        if missing:
            raise ParameterError(
                "row", ", ".join(missing), f"columns that a row of {cls.KIND} has, missing here"
            )
        scenario = JobScenario.from_dump(values)
        if values["key"] != scenario.key:
            rule = f"does not belong to this scenario, whose key is {scenario.key}"
            raise ParameterError("key", values["key"], rule)
        own = {
            one.name: _read(one.name, values[one.name], str(one.type))
            for one in cls.columns()
            if one.name in values
        }
        row = cls(scenario=scenario, **own)
        row.check()
        return row

    def check(self) -> None:
        """Raise ParameterError where numbers contradict each other."""


def row_of(kind: Any) -> type[JobRow]:
    """The class of the rows of a kind.

    Raises:
        ParameterError: there is no such kind.
    """
    if kind not in _HOME:
        raise ParameterError(KIND, kind, "no kind of row", _HOME)
    module, name = _HOME[kind]
    found: type[JobRow] = getattr(import_module(module), name)
    return found


def blank(kind: str) -> dict[str, None]:
    """What a row of a kind has besides its scenario, and a failure has not."""
    return dict.fromkeys(one.name for one in row_of(kind).columns())


def _read(name: str, value: Any, kind: str) -> Any:
    try:
        if kind == "int":
            return int(value)
        if kind == "float":
            return _finite(value)
        if kind == "str":
            return str(value)
        return _plain(json.loads(value) if isinstance(value, str) else value)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise ParameterError(name, value, f"a value of type {kind}") from None


def _plain(value: Any) -> Any:
    """Tables and lists of finite numbers and texts, and nothing else."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str) else _finite(value)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number
