"""Controls: what a reader of a page can set, read off the rows; the values of each. Knows no page, runs
nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fabric.words.errors import FabricsimError
from fabric.words.units import format_size
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.settings.table import BY_FIELD, digest_fields
from sims.show.figures.parts import parts
from topologies.named import named

__all__ = ["Control", "controls", "place"]

Value = float | int | str

_OVERSUBSCRIPTION, _FAILED = "oversubscription", "failed"
# Where they stand on the page; what is not named here follows, then what most people move most.
_FIRST = ("topology", _OVERSUBSCRIPTION, "ranks", "collective", "algorithm", "routing", _FAILED)
_LAST = ("size_bytes",)
# What a choice of these leaves of the others: other values are not offered.
_LEADS = ("topology", "collective")


@dataclass(frozen=True, kw_only=True)
class Control:
    """``key``: of the value in a row's place; ``slider``: numbers in their order, else a menu; ``values``:
    each with how it is said; ``leads``: whether other controls offer only what was run beside its value;
    ``log``: whether it grows by factors; ``title``: of an axis, with its unit.
    """

    key: str
    label: str
    slider: bool
    values: tuple[tuple[Value, str], ...]
    leads: bool = False
    log: bool = False
    title: str = ""


def controls(results: Sequence[Row | Failure]) -> tuple[Control, ...]:
    """One for each setting in which results differ, the seed apart, in the order of the page."""
    digests = digest_fields()
    fields = [name for name in Scenario.model_fields if name not in ("seed", *digests)]
    keys = [*dict.fromkeys([*_FIRST, *(f for f in fields if f not in ("fail", *_LAST)), *_LAST])]
    made = []
    for key in keys:
        values = list(dict.fromkeys(place(one.scenario, key) for one in results))
        if len(values) > 1:
            made.append(_control(key, values))
    return tuple(made)


def place(scenario: Scenario, key: str) -> Value:
    """Where a scenario stands on the control ``key``.

    >>> from sims.settings.texts import DEFAULTS
    >>> one = Scenario.of(topology="fat-tree:endpoints=128,radix=8,oversubscription=2", ranks=128,
    ...     algorithm="ring", size_bytes=1024, placement="packed", routing="ecmp", engine="flow",
    ...     latency_profile="roce-100k", fail="cables=1%")
    >>> place(one, "topology"), place(one, "oversubscription"), place(one, "failed")
    ('fat-tree:endpoints=128,radix=8', 2.0, 1.0)
    """
    if key == "topology":
        return _apart(scenario.topology)[0]
    if key == _OVERSUBSCRIPTION:
        return _apart(scenario.topology)[1]
    if key == _FAILED:
        return _failed(scenario.fail)
    value = getattr(scenario, key)
    return value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else str(value)


@lru_cache(maxsize=4096)
def _apart(text: str) -> tuple[str, Value]:
    """The topology without its oversubscription, and this: a number where it is one, "" where there is
    none."""
    said = parts("topology", text).get(_OVERSUBSCRIPTION, "")
    try:
        one = named(text)
    except FabricsimError:  # a graph in memory, a file that is gone
        return text, said
    kept = {key: value for key, value in one.arguments.items() if key != _OVERSUBSCRIPTION}
    return one.builder.spelled(kept, one.name), float(said) if isinstance(said, (int, float)) else said


@lru_cache(maxsize=4096)
def _failed(text: str) -> Value:
    """The share of failed cables in per cent, or the text where it says anything else."""
    found = parts("fail", text)
    if text == "none":
        return 0.0
    plain = set(found) == {"cables_percent"} and ":" not in text and ";" not in text
    return found["cables_percent"] if plain else text


def _control(key: str, values: list[Value]) -> Control:
    numbers = all(isinstance(value, (int, float)) for value in values)
    said: Callable[[Any], str] = str
    known = BY_FIELD.get(key)
    label, title, log = (known.noun or key.replace("_", " ")) if known else key, "", False
    if key == "size_bytes":
        label, title, log, said = "message size", "message size", True, format_size
    elif key == "ranks":
        label, title, log, said = "ranks (GPUs)", "ranks (GPUs)", True, "{:,}".format
    elif key == _OVERSUBSCRIPTION:
        title = "oversubscription (x : 1)"
        said = lambda value: f"{value:g} : 1" if isinstance(value, float) else str(value or "none")  # noqa: E731
    elif key == _FAILED:
        label, title = "failed cables", "failed cables (%)"
        said = lambda value: f"{value:g}%" if isinstance(value, float) else value  # noqa: E731
    return Control(
        key=key,
        label=label[:1].upper() + label[1:],
        slider=numbers,
        values=tuple((value, said(value)) for value in (sorted(values) if numbers else values)),
        leads=key in _LEADS,
        log=log,
        title=title or label,
    )
