"""What varies in a set of results and what is the same, in words. Computes no statistics, draws nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sims.scenario.row import Failure, Row
from sims.scenario.scenario import LATER, Scenario
from sims.settings.table import BY_FIELD, digest_fields
from sims.show.figures.parts import parts
from sims.show.figures.series import told

__all__ = [
    "constant",
    "everywhere",
    "heading",
    "label",
    "listed",
    "noun",
    "number",
    "operation",
    "ordered",
    "percent",
    "said",
    "series",
    "value",
    "varied",
]

# What a digest is of: it is a cause of its own only where one name has several contents.
_DIGESTS = {digest: named[0].field for digest, named in digest_fields().items()}
_SHOWN_DIGITS = 8


def number(value: float, digits: int = 4) -> str:
    """``digits`` significant digits without an exponent, unless it is below a ten thousandth.

    >>> number(1234567.0), number(0.51239), number(4.2e-8)
    ('1,234,567', '0.5124', '4.2e-08')
    """
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) < 1e-4:
        return f"{value:.{digits}g}"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1
    while places and abs(rounded) >= 10 ** (digits - places):
        places -= 1
    while abs(rounded) < 10 ** (digits - places - 1):
        places += 1
    return f"{value:.{places}f}"


def percent(share: float) -> str:
    """A share of one in per cent, three digits of it, without the sign.

    >>> percent(0.95123), percent(3e-8)
    ('95.1', '<0.001')
    """
    return "<0.001" if 0 < share < 1e-5 else number(100 * share, 3)


def noun(name: str, count: int = 1) -> str:
    """What an axis is called."""
    plain = name.rpartition(".")[2].replace("_", " ")
    one = BY_FIELD.get(name)
    if one and one.noun:
        return one.noun if count == 1 else one.nouns
    return plain if count == 1 else f"values of {plain}"


def said(name: str, value: Any) -> str:
    """A value of an axis such that it can stand alone.

    >>> said("size_bytes", 2**30), said("ranks", 1024), said("routing", "dmodk")
    ('1 GiB', '1,024 ranks', 'dmodk')
    """
    if name in _DIGESTS:
        return f"contents {value[:_SHOWN_DIGITS]}"
    if name in BY_FIELD:
        return BY_FIELD[name].in_words(value)
    if name.startswith("topology."):
        return told(name, value)
    return f"{noun(name)} {value if value != '' else 'none'}"


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words in a sentence; of more than ``most`` the first ones and how many more.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], 2)
    ('a, b and c', 'a, b and 2 more')
    """
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most:,} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def everywhere(settings: int) -> str:
    """At every setting, in words.

    >>> everywhere(1), everywhere(2), everywhere(3)
    ('in the one setting', 'in both settings', 'in all 3 settings')
    """
    return {1: "in the one setting", 2: "in both settings"}.get(settings, f"in all {settings:,} settings")


def operation(results: Sequence[Row | Failure]) -> str:
    """The collective that was run, or all of them: what a report is of."""
    return listed(list(dict.fromkeys(result.scenario.collective for result in results)))


@lru_cache(maxsize=4096)
def _cut(topology: str) -> dict[str, Any]:
    return parts("topology", topology)


def value(scenario: Scenario, name: str) -> Any:
    """What a scenario has on an axis: a field, or a part of its topology."""
    whole, _, part = name.partition(".")
    return _cut(scenario.topology).get(part) if part else getattr(scenario, whole)


def varied(results: Sequence[Row | Failure]) -> dict[str, list[Any]]:
    """The values of every field that differs: numbers in their order, texts in that of appearance.

    Topologies of one family are taken apart: what of them differs is an axis each, as ``topology.k``, unless
    the number of ranks, or another part, tells the same.
    """
    found: dict[str, list[Any]] = {}
    for name in Scenario.model_fields:
        own = [getattr(result.scenario, name) for result in results]
        values = list(dict.fromkeys(own))
        if name in _DIGESTS:
            named = {getattr(result.scenario, _DIGESTS[name]) for result in results}
            pairs = {(getattr(r.scenario, _DIGESTS[name]), digest) for r, digest in zip(results, own)}
            if len(pairs) == len(named):
                continue
        if len(values) > 1:
            found[name] = _ordered(values)
    if "topology" not in found or len({_cut(text)["family"] for text in found["topology"]}) > 1:
        return found
    names = dict.fromkeys(f"topology.{part}" for text in found["topology"] for part in _cut(text))
    kept = ["ranks"] if "ranks" in found else []
    for name in names:
        several = {value(result.scenario, name) for result in results}
        same = any(_alike(results, name, other) for other in kept)
        if len(several) > 1 and not same:
            kept.append(name)
    whole = found.pop("topology")
    telling = {name: _ordered(list(dict.fromkeys(value(r.scenario, name) for r in results))) for name in kept}
    apart = {tuple(value(r.scenario, name) for name in kept) for r in results}
    if len(apart) < len(whole):  # a file is told from another by its name only
        return {"topology": whole, **found}
    return {**{name: values for name, values in telling.items() if name != "ranks"}, **found}


def _ordered(values: list[Any]) -> list[Any]:
    return sorted(values) if all(isinstance(value, (int, float)) for value in values) else values


def _alike(results: Sequence[Row | Failure], name: str, other: str) -> bool:
    """Whether two axes go one to one."""
    pairs = {(value(result.scenario, name), value(result.scenario, other)) for result in results}
    return len(pairs) == len({one for one, _ in pairs}) == len({two for _, two in pairs})


def constant(results: Sequence[Row | Failure]) -> dict[str, Any]:
    """The value of every field that is the same in all results and says something; digests left out."""
    given = results[0].scenario
    names = [name for name in Scenario.model_fields if name not in _DIGESTS]
    silent = {name: Scenario.model_fields[name].default for name in LATER}
    same = {
        name: getattr(given, name) for name in names if getattr(given, name) not in ("", silent.get(name))
    }
    return {
        name: value
        for name, value in same.items()
        if all(getattr(result.scenario, name) == value for result in results)
    }


def label(scenario: Scenario, names: Collection[str]) -> str:
    """The values of some axes, the algorithm first: what tells a line from its neighbours."""
    return ", ".join(said(name, value(scenario, name)) for name in ordered(names))


def heading(names: Collection[str]) -> str:
    """What stands over a column of labels."""
    return ", ".join(map(noun, ordered(names)))


def ordered(names: Collection[str]) -> list[str]:
    """The axes as they stand in labels and tables: the algorithm first."""
    return sorted(names, key=lambda name: name != "algorithm")


def series(rows: Sequence[Row], names: Collection[str]) -> dict[str, list[Row]]:
    """The rows that share their values of ``names``, by label, in the order of first appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(label(row.scenario, names), []).append(row)
    return found
