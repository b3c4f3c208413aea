"""Row: one scenario and what came out of it. Plain Python numbers with the unit in their name.

Failure: one scenario and why nothing came out. Both fill the same columns. Knows no file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from fabric.words.card import Card
from fabric.words.errors import ParameterError
from fabric.words.units import format_size, format_time
from sims.scenario.job_row import KIND, JobRow, row_of
from sims.scenario.job_row import blank as blank_of
from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import LATER, Scenario
from sims.workload.collective import COLLECTIVES
from sims.workload.mesh import group_size

__all__ = ["COLUMNS", "Failure", "Row", "read_result", "scenario_from"]

_AGREE = 1e-6  # rows that people have rounded to seven digits still agree
_MOST_BYTES = 2**63


@dataclass(frozen=True, kw_only=True, repr=False)
class Row(Card):
    """The result of one scenario; ``sims.simulate(row.scenario) == row``.

    ``used``: the algorithm that ran (differs from the scenario's only for ``auto``); ``efficiency``,
    ``limit_link``, ``contention``, ``worst_link``, ``worst_load``, ``latency_share``: as in
    sims.models.fluid.program.Limit; ``planes``: to how many switches of the network an endpoint is cabled,
    ``planes_used``: as in sims.models.fluid.program.Program (0: not said);
    ``utilisation``: per kind of link, as in sims.models.fluid.program.Program.utilisation; ``packets``: as in
    packet.summary, empty for other engines; ``disturbance``: as in faults.campaign, empty for
    one undisturbed run (of several, ``time_s`` is the mean); ``group_times``: as in jobs.grouped.told, of
    the undisturbed run, empty where all ranks are one group; ``error_low``, ``error_high``: four of five
    machines take 1 + these times as long (sims.models.band; both 0 where nothing near was measured);
    ``gains``: seconds that each remedy of explain.explainer would save, where it was asked for. They are
    results of other scenarios, so rows are
    equal without them. GB = 1e9 bytes.
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
    utilisation: dict[str, dict[str, float]]
    planes: int = 0
    planes_used: float = 0.0
    packets: dict[str, dict[str, float]] = field(default_factory=dict)
    disturbance: dict[str, dict[str, float]] = field(default_factory=dict)
    group_times: dict[str, float] = field(default_factory=dict)
    error_low: float = 0.0
    error_high: float = 0.0
    gains: dict[str, float] = field(default_factory=dict, compare=False)
    version: str

    @property
    def key(self) -> str:
        return self.scenario.key

    @property
    def limit(self) -> str:
        """What most of the time goes into: "latency", or the kind of link for which the bytes wait."""
        return "latency" if self.latency_share > 0.5 else self.limit_link

    def card(self) -> tuple[str, dict[str, str]]:
        what, used = self.scenario, self.scenario.algorithm
        return f"Row {what.topology}", {
            what.collective: used if used == self.used else f"{used} = {self.used}",
            "ranks": f"{what.ranks:,}",
            "size": format_size(what.size_bytes),
            "time": format_time(self.time_s),
            "busbw": f"{self.busbw_GBps:.4g} GB/s",
            "of the bound": f"{self.efficiency:.1%}",
        }

    def to_dict(self) -> dict[str, Any]:
        """In the order of COLUMNS: the key, the scenario's fields, the numbers, an empty ``error``."""
        values = {name: getattr(self, name) for name in _OWN}
        return {"key": self.key, **self.scenario.model_dump(), **values, "error": ""}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Row:
        """The row that ``to_dict`` (or a line of a CSV file, whose values are texts) describes.

        Columns that came after rows had been written may be missing: they say nothing of such a row.

        Raises:
            ParameterError: a column is missing or its value is not of its type, the key is not that of the
                scenario, numbers contradict each other, or the record is one of a failure.
        """
        values = {**_ADDED, **values}
        scenario = _scenario(values)
        if values["error"]:
            raise ParameterError("error", values["error"], "the record of a point that failed has no numbers")
        own = {name: _read(name, values[name], kind) for name, kind in _OWN.items()}
        row = cls(scenario=scenario, **own)
        _require_agreement(row)
        return row


@dataclass(frozen=True, kw_only=True, repr=False)
class Failure(Card):
    """A scenario that gave no row, and the error that it gave instead."""

    scenario: Any  # a Scenario or a JobScenario
    error: str
    version: str

    @property
    def key(self) -> str:
        return self.scenario.key

    def card(self) -> tuple[str, dict[str, str]]:
        return f"Failure {self.scenario.topology}", {"error": self.error}

    def to_dict(self) -> dict[str, Any]:
        """In the order of COLUMNS; what a row would have and a failure has not is None."""
        other = isinstance(self.scenario, JobScenario)
        blank = blank_of(self.scenario.kind) if other else dict.fromkeys(_OWN)
        own = {**blank, "version": self.version, "error": self.error}
        return {"key": self.key, **self.scenario.model_dump(), **own}


def read_result(values: Mapping[str, Any]) -> Row | JobRow | Failure:
    """The row or the failure of which ``to_dict`` gave these values. Raises as Row.from_dict."""
    if values.get(KIND):
        found = row_of(values[KIND])
        if values.get("error"):
            scenario: Scenario | JobScenario = JobScenario.from_dump(values)
            return Failure(scenario=scenario, error=str(values["error"]), version=str(values["version"]))
        return found.from_dict(values)
    scenario = _scenario({**_ADDED, **values})
    if values["error"]:
        return Failure(scenario=scenario, error=str(values["error"]), version=str(values["version"]))
    return Row.from_dict(values)


def scenario_from(values: Mapping[str, Any]) -> Scenario | JobScenario:
    """The scenario of which ``model_dump`` gave these values."""
    return JobScenario.from_dump(values) if KIND in values else Scenario.of(**values)


def _scenario(values: Mapping[str, Any]) -> Scenario:
    missing = [name for name in COLUMNS if name not in values]
    if missing:
        raise ParameterError("row", ", ".join(missing), "columns that a row of results has, missing here")
    scenario = Scenario.of(**{name: values[name] for name in Scenario.model_fields})
    if values["key"] != scenario.key:
        rule = f"does not belong to this scenario, whose key is {scenario.key}"
        raise ParameterError("key", values["key"], rule)
    return scenario


def _require_agreement(row: Row) -> None:
    """Size, time and ranks say both bandwidths; a row in which they do not was not made by a run."""
    size, ranks = row.scenario.size_bytes, row.scenario.ranks
    if not 0 < row.time_s < math.inf:
        raise ParameterError("time_s", row.time_s, "above zero: nothing is moved in no time")
    if row.endpoints < ranks:
        raise ParameterError("endpoints", row.endpoints, f"at least the {ranks:,} ranks that run on them")
    if size >= _MOST_BYTES:
        raise ParameterError("size_bytes", size, "below 2^63")
    algbw, collective = size / row.time_s / 1e9, COLLECTIVES[row.scenario.collective]
    s = row.scenario
    together = group_size(s.groups, s.experts, s.over, ranks)
    for name, due, said in (
        ("algbw_GBps", algbw, f"size_bytes {size} over time_s {row.time_s!r}"),
        (
            "busbw_GBps",
            algbw * collective.factor(together),
            f"algbw times {collective.factor_text} of {together:,} ranks",
        ),
    ):
        if not math.isclose(getattr(row, name), due, rel_tol=_AGREE):
            raise ParameterError(name, getattr(row, name), f"contradicts {said}: {due:.9g}")


def _read(name: str, value: Any, kind: str) -> Any:
    try:
        if kind in _PLAIN:
            return _PLAIN[kind](value)
        found = json.loads(value) if isinstance(value, str) else value
        if kind == _OWN["gains"]:
            return {str(key): _finite(seconds) for key, seconds in found.items()}
        return {str(key): {str(k): _finite(v) for k, v in inner.items()} for key, inner in found.items()}
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise ParameterError(name, value, f"a value of type {kind}") from None


def _finite(value: Any) -> float:
    """What no model gives, a file must not bring in: it would pass for a number in every figure."""
    if not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


_PLAIN: dict[str, Callable[[Any], Any]] = {"int": int, "float": _finite, "str": str}
_OWN = {one.name: str(one.type) for one in fields(Row) if one.name != "scenario"}
_ADDED: dict[str, Any] = {
    **{name: Scenario.model_fields[name].default for name in LATER},
    **{one.name: {} for one in fields(Row) if one.default_factory is not MISSING},
    **{one.name: one.default for one in fields(Row) if one.default is not MISSING},
}
COLUMNS = ("key", *Scenario.model_fields, *_OWN, "error")
