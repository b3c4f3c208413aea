"""Row: one scenario and what came out of it. Plain Python numbers with the unit in their name.

Knows no file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from fabric.errors import ParameterError
from sims.scenario import Scenario

__all__ = ["COLUMNS", "Row", "bus_factor"]


def bus_factor(ranks: int) -> float:
    """busbw over algbw of an all-reduce: 2 (n - 1) / n (nccl-tests, doc/PERFORMANCE.md)."""
    return 2 * (ranks - 1) / ranks


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of one scenario; ``sims.simulate(row.scenario) == row``.

    ``used``: the algorithm that ran (differs from the scenario's only for ``auto``); ``efficiency``,
    ``limit_link``, ``contention``, ``worst_link``, ``worst_load``, ``latency_share``: as in
    sims.program.Limit. GB = 1e9 bytes.
    """

    scenario: Scenario
    endpoints: int
    used: str
    time_s: float
    algbw_GBps: float
    busbw_GBps: float
    efficiency: float
    limit_link: str
    contention: float
    worst_link: str
    worst_load: float
    latency_share: float
    version: str

    @property
    def key(self) -> str:
        return self.scenario.key

    def to_dict(self) -> dict[str, Any]:
        """Flat, in the order of COLUMNS: the key, the scenario's fields, the numbers."""
        values = asdict(self)
        values.pop("scenario")
        return {"key": self.key, **self.scenario.model_dump(), **values}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Row:
        """The row that ``to_dict`` (or a line of a CSV file, whose values are texts) describes.

        Raises:
            ParameterError: a column is missing or its value is not of its type, or the key is not that of the
            scenario.
        """
        missing = [name for name in COLUMNS if name not in values]
        if missing:
            raise ParameterError("row", ", ".join(missing), "columns that a row of results has, missing here")
        scenario = Scenario.of(**{name: values[name] for name in Scenario.model_fields})
        if values["key"] != scenario.key:
            raise ParameterError(
                "key", values["key"], f"does not belong to this scenario, whose key is {scenario.key}"
            )
        kinds = {"int": int, "float": float, "str": str}
        own: dict[str, Any] = {}
        for field in fields(cls):
            if field.name == "scenario":
                continue
            try:
                own[field.name] = kinds[str(field.type)](values[field.name])
            except (TypeError, ValueError):
                raise ParameterError(
                    field.name, values[field.name], f"a value of type {field.type}"
                ) from None
        return cls(scenario=scenario, **own)


COLUMNS = ("key", *Scenario.model_fields, *(field.name for field in fields(Row) if field.name != "scenario"))
