"""What of a row can be an axis, a colour or a facet: its value, its name with the unit, its scale and ticks.

Draws nothing and groups nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from fabric.words.errors import ParameterError
from fabric.words.parameter import RATE, RATE_OR_ZERO, TIME
from fabric.words.units import format_rate, parse_time
from sims.scenario.row import Row
from sims.scenario.scenario import Scenario
from sims.settings.table import SETTINGS
from sims.show.figures.parts import parameters_of, parts, spelled

if TYPE_CHECKING:
    from sims.studies.bom.costs import Costs

__all__ = ["DOTTED", "Column", "choices", "column", "numbers", "short_size", "short_time"]

_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_MONEY = ((1e9, "bn"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def _short(value: float, units: Sequence[tuple[float, str]]) -> str:
    factor, unit = next((u for u in units if abs(value) >= u[0] * 0.9995), units[-1])
    return f"{value / factor:.3g} {unit}"


def short_size(value: float) -> str:
    """A size as a tick: ``32 KiB``."""
    return _short(value, _SIZES)


def short_time(value: float) -> str:
    """A time as a tick: ``10 ms``."""
    if abs(value) >= 999.5:
        return f"{float(f'{value:.4g}'):,.0f} s"
    return _short(value, _TIMES) if value else "0 s"


def _short_money(value: float) -> str:
    return _short(value, _MONEY).replace(" ", "") if value else "0"


def _percent(value: float) -> str:
    return f"{value * 100:.3g}%"


def _number(value: float) -> str:
    return f"{value:,.6g}" if abs(value) >= 1000 else f"{value:.4g}"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One quantity of a row.

    ``label``: with its unit; ``noun``: without; ``value``: of a row, None where the row has none; ``scale``:
    log2, log10, linear, or words where values are no numbers; ``text``: a value as a tick or in a legend;
    ``better``: whether ``high`` or ``low`` values are wanted, "" where neither.
    """

    name: str
    label: str
    noun: str
    value: Callable[[Row], Any]
    scale: str = "linear"
    text: Callable[[Any], str] = _number
    better: str = ""

    def of(self, rows: Sequence[Row]) -> list[Any]:
        """The value of each row.

        Raises:
            ParameterError: a row has none.
        """
        values = [self.value(row) for row in rows]
        if None in values:
            row = rows[values.index(None)]
            rule = f"{values.count(None):,} of {len(rows):,} rows have no such value, such as those of"
            raise ParameterError("column", self.name, f"{rule} {row.scenario.topology}")
        return values

    def named(self, value: Any) -> str:
        """A value in a legend: with its noun where the number alone would say nothing."""
        text = self.text(value)
        return text if isinstance(value, str) or not text[:1].isdigit() else f"{self.noun} {text}"


# Results: label, noun, scale, ticks, what is better; the order is that in which choices are listed.
_KNOWN: dict[str, tuple[str, str, str, Callable[[Any], str], str]] = {
    "endpoints": ("endpoints (GPUs)", "endpoints", "log10", _number, ""),
    "time_s": ("time (s)", "time", "log10", short_time, "low"),
    "busbw_GBps": ("bus bandwidth (GB/s)", "bus bandwidth", "linear", _number, "high"),
    "algbw_GBps": ("algorithm bandwidth (GB/s)", "algorithm bandwidth", "linear", _number, "high"),
    "efficiency": ("efficiency (% of the bandwidth bound)", "efficiency", "linear", _percent, "high"),
    "latency_share": ("latency (% of the time)", "latency", "linear", _percent, "low"),
    "contention": ("contention (times the endpoints' need)", "contention", "linear", _number, "low"),
    "worst_load": ("worst load (times the endpoints' need)", "worst load", "linear", _number, "low"),
    "cost": ("cost ({currency})", "cost", "log10", _short_money, "low"),
    "cost_per_endpoint": (
        "cost per endpoint ({currency})",
        "cost per endpoint",
        "linear",
        _short_money,
        "low",
    ),
}
_TICKS: dict[str, Callable[[Any], str]] = {"size": short_size, "time": short_time, "number": _number}
# Settings with an axis of their own.
_SETTINGS = {
    one.field: (one.label, one.name.replace("_", " "), one.scale, _TICKS[one.ticks], "")
    for one in SETTINGS.values()
    if one.label and one.kind is int
}
_KNOWN = {**_SETTINGS, **_KNOWN}
_COSTS = ("cost", "cost_per_endpoint")
# What is no quantity of its own: the scenario as a whole, hashes, and tables.
_TABLES = tuple(own.name for own in fields(Row) if str(own.type).startswith("dict"))
_PLAIN = tuple(
    name
    for name in (*Scenario.model_fields, *(own.name for own in fields(Row)))
    if name != "scenario" and name not in _TABLES and not name.endswith("_digest")
)
_HARM = {"fail": "failed", "degrade": "slower"}
_ABSENT = {"fail": 0.0, "degrade": 0.0, "upgrade": 1.0}  # what a part is that the text does not name
_DELAYS = tuple(one.field for one in SETTINGS.values() if one.ticks == "time")
DOTTED = tuple(
    one.field for one in SETTINGS.values() if one.has_parts or one.again or one.name == "placement"
)


def choices(rows: Sequence[Row], costs: Costs | None = None) -> list[str]:
    """The names of all columns that some of these rows have."""
    names = [name for name in _KNOWN if name not in _COSTS or costs]
    names += [name for name in _PLAIN if name not in names]
    for whole in DOTTED:
        texts = dict.fromkeys(getattr(row.scenario, whole) for row in rows)
        names += dict.fromkeys(f"{whole}.{part}" for text in texts for part in parts(whole, text))
    kinds = dict.fromkeys(kind for row in rows for kind in row.utilisation)
    return names + [f"utilisation.{kind}.{what}" for kind in kinds for what in ("mean", "peak")]


def column(name: str, rows: Sequence[Row], costs: Costs | None = None) -> Column:
    """The column that ``name`` names: of a row, of its scenario, or a part such as ``topology.k``.

    The unit may be left out (``busbw``), and of a part what it is a part of where only one has it (``k``).
    ``costs``: of each topology, for ``cost`` and ``cost_per_endpoint``.

    Raises:
        ParameterError: no row has it; the known ones are listed.
    """
    if name in _COSTS and not costs:
        raise ParameterError("column", name, "needs prices, of which the cost of each topology is made")
    legal = choices(rows, costs)
    if name not in legal:
        short = [known for known in legal if known.rpartition("_")[0] == name] or [
            known for known in legal if known.partition(".")[2] == name
        ]
        name = short[0] if len(short) == 1 else name
    if name not in legal:
        whole = name.partition(".")[0]
        own = [known for known in legal if known.startswith(f"{whole}.")]
        near = own or [known for known in legal if "." not in known]
        rule = "no such column in these rows"
        rule += "" if own else "; parts such as topology.k count as columns"
        raise ParameterError("column", name, rule, near)
    if name in _COSTS and costs:
        found = _known(name, _cost(costs, per_endpoint=name != "cost"))
        return replace(found, label=found.label.format(currency=costs.currency))
    whole, _, part = name.partition(".")
    if part and whole == "utilisation":
        kind, _, what = part.rpartition(".")
        label = f"{what} use of {kind} links (% of capacity)"
        value: Callable[[Row], Any] = lambda row: row.utilisation.get(kind, {}).get(what)  # noqa: E731
        return Column(name=name, label=label, noun=f"{what} use of {kind}", value=value, text=_percent)
    if part:
        return _part(name, whole, part, rows)
    value = lambda row: getattr(row.scenario if name in Scenario.model_fields else row, name)  # noqa: E731
    if name in _KNOWN:
        return _known(name, value)
    if name == "topology":
        words = _apart(rows)
        return Column(
            name=name,
            label=name,
            noun=name,
            value=value,
            scale="words",
            text=lambda topology: words.get(topology, topology),
        )
    noun = name.replace("_", " ")
    if name in _DELAYS:
        value = lambda row: parse_time(getattr(row.scenario, name))  # noqa: E731
        scale = "log10" if all(value(row) > 0 for row in rows) else "linear"
        return Column(name=name, label=f"{noun} (s)", noun=noun, value=value, scale=scale, text=short_time)
    if all(isinstance(value(row), (int, float)) for row in rows):
        return Column(name=name, label=f"{noun} (number)", noun=noun, value=value)
    return Column(
        name=name, label=noun, noun=noun, value=lambda row: str(value(row)), scale="words", text=str
    )


def _apart(rows: Sequence[Row]) -> dict[str, str]:
    """Each topology by what tells it from the others, where all are of one family."""
    cut = {text: parts("topology", text) for text in dict.fromkeys(row.scenario.topology for row in rows)}
    if len(cut) < 2 or len({its["family"] for its in cut.values()}) > 1:
        return {}
    names = dict.fromkeys(name for its in cut.values() for name in its)
    several = [name for name in names if len({str(its.get(name)) for its in cut.values()}) > 1]
    return {
        text: ", ".join(f"{name}={spelled(name, its[name])}" for name in several if name in its) or text
        for text, its in cut.items()
    }


def _known(name: str, value: Callable[[Row], Any]) -> Column:
    label, noun, scale, text, better = _KNOWN[name]
    return Column(name=name, label=label, noun=noun, value=value, scale=scale, text=text, better=better)


def _cost(costs: Costs, *, per_endpoint: bool) -> Callable[[Row], float]:
    def value(row: Row) -> float:
        if row.scenario.topology not in costs.of:
            raise ParameterError("costs", row.scenario.topology, "no cost is given for it", costs.of)
        return costs.of[row.scenario.topology] / (row.endpoints if per_endpoint else 1)

    return value


def _part(name: str, whole: str, part: str, rows: Sequence[Row]) -> Column:
    texts = dict.fromkeys(getattr(row.scenario, whole) for row in rows)
    known = {text: parts(whole, text).get(part, _ABSENT.get(whole)) for text in texts}
    values = [value for value in known.values() if value is not None]
    noun, unit, scale = part.replace("_", " "), "number", "linear"
    text: Callable[[float], str] = _number
    types = parameters_of(part) if whole == "topology" else []
    if not all(isinstance(value, (int, float)) for value in values):
        # One value of another type makes all of them words: 3 beside 3/1.5.
        words = {text: value if value is None else spelled(part, value) for text, value in known.items()}
        return Column(
            name=name,
            label=noun,
            noun=noun,
            value=lambda row: words[getattr(row.scenario, whole)],
            scale="words",
            text=str,
        )
    if whole in _HARM:
        noun, unit = f"{part.removesuffix('_percent')} {_HARM[whole]}", "%" if "percent" in part else "number"
    elif whole == "upgrade":
        noun, unit, scale = f"{part} capacity", "times", "log2"
    elif whole == "packet":
        unit, scale, text = "bytes", "log2" if min(values) > 0 else "linear", short_size
    elif RATE in types or RATE_OR_ZERO in types:
        unit, text = "rate", format_rate
    elif whole == "latency_profile" or TIME in types or (types and part == "delay"):
        unit, text = "s", short_time
    elif part == "oversubscription":
        unit = "to 1"
    elif part == "qps":
        noun = "queue pairs per transfer"
        scale = "log2"
    elif max(values) >= 16 * max(min(values), 1):
        scale = "log10"
    label = noun if noun == unit else f"{noun} ({unit})"
    return Column(
        name=name,
        label=label,
        noun=noun,
        value=lambda row: known[getattr(row.scenario, whole)],
        scale=scale,
        text=text,
    )


def numbers(one: Column, argument: str) -> Column:
    """``one`` if it can be an axis of numbers.

    Raises:
        ParameterError: its values are words.
    """
    if one.scale == "words":
        rule = "an axis of numbers is needed, and this column holds words: use it as color or facet"
        raise ParameterError(argument, one.name, rule)
    return one
