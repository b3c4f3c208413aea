"""Rows into series: which rows one line joins, which of them are one point, and what each is called.

Rows that differ in their seed alone are one point. Rows that differ in anything else are apart, unless a
setting changes along the line together with the axis (a larger fat tree at each number of ranks). Draws
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from fabric.words.errors import ParameterError
from fabric.words.given import require
from sims.scenario.row import Row
from sims.scenario.scenario import Scenario
from sims.settings.table import BY_FIELD
from sims.show.figures.columns import Column, column, short_size
from sims.show.figures.parts import parts, spelled
from sims.show.figures.style import Mark, mark

__all__ = [
    "Point",
    "Series",
    "brief",
    "differing",
    "points_of",
    "require_rows",
    "series_of",
    "spread",
    "told",
]

# Not causes that tell rows apart: the seed is what points are made over, the text of the topology is taken
# apart.
_NOT_APART = ("seed", "topology")
# What makes a topology larger: where one of them tells rows apart, those that go with it need no mention.
_GROWTH = ("endpoints", "radix", "k", "leaves", "spines", "servers", "groups", "switches", "p", "a", "h", "q")
_DIGESTS = {
    "topology_digest": "contents ",
    "placement_digest": "endpoints ",
    "routing_digest": "tables ",
    "fault_digest": "faults ",
}
_MOST_ALONG = 8  # settings that may change along a line; all their subsets are tried


@dataclass(frozen=True, kw_only=True)
class Point:
    """Rows that differ in their seed alone. ``apart``: what they share, by setting."""

    rows: tuple[Row, ...]
    apart: dict[str, Any]

    def spread(self, one: Column | Callable[[Row], float]) -> tuple[float, float, float]:
        """The 5th percentile, the median and the 95th of a column or of a function of a row."""
        value = one.value if isinstance(one, Column) else one
        return spread([value(row) for row in self.rows])


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is drawn with one mark. ``panel``: the place of its panel; ``colour``: its value of the colour."""

    panel: int
    colour: Any
    name: str
    halves: tuple[str, str]  # what the colour says and what the dash says
    mark: Mark
    points: tuple[Point, ...]


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """The 5th percentile, the median and the 95th, linear between neighbours.

    >>> spread([1.0, 2.0, 3.0])
    (1.1, 2.0, 2.9)
    """
    low, middle, high = np.percentile(np.asarray(values, float), [5, 50, 95]).tolist()
    return low, middle, high


_ROWS = "a list of rows, as sims gives them"


def require_rows(rows: Sequence[Row]) -> None:
    """Raise ParameterError where there is nothing to draw."""
    if rows is not None and not isinstance(rows, Sequence):
        raise ParameterError("rows", rows, _ROWS)
    for row in rows or ():
        require("rows", row, Row, _ROWS)
    if not rows:
        raise ParameterError("rows", 0, "a figure needs at least one row")


def _apart(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The settings of each row, its topology by parts where all rows are of one family."""
    cut = {text: parts("topology", text) for text in dict.fromkeys(row.scenario.topology for row in rows)}
    one_family = len({found["family"] for found in cut.values()}) == 1
    settings = []
    for row in rows:
        found: dict[str, Any] = {}
        if one_family:
            found |= {f"topology.{key}": value for key, value in cut[row.scenario.topology].items()}
        else:
            found["topology"] = row.scenario.topology
        named = [name for name in Scenario.model_fields if name not in _NOT_APART]
        found |= {name: getattr(row.scenario, name) for name in named}
        settings.append({name: _plain(value) for name, value in found.items()})
    return settings


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def points_of(rows: Sequence[Row], *, by_seed: bool = False) -> list[Point]:
    """The points of ``rows``, in their order; a row that stands twice counts once.

    ``by_seed``: the seed is on an axis, and rows of different seeds are apart too.
    """
    found: dict[tuple[Any, ...], tuple[dict[str, Any], list[Row]]] = {}
    unique = list({row.key: row for row in rows}.values())
    for row, apart in zip(unique, _apart(unique)):
        named = sorted(apart.items(), key=lambda item: item[0])
        key = (row.scenario.topology, row.scenario.seed if by_seed else 0, *named)
        found.setdefault(key, (apart, []))[1].append(row)
    return [Point(rows=tuple(members), apart=apart) for apart, members in found.values()]


def differing(groups: Iterable[Sequence[Point]]) -> list[str]:
    """The settings of which the points of some group have several values."""
    names: dict[str, None] = {}
    for group in groups:
        for name in dict.fromkeys(name for point in group for name in point.apart):
            if len({str(point.apart.get(name)) for point in group}) > 1:
                names[name] = None
    # A path names its file better than the hash of the contents does, where the path says enough.
    if "topology_digest" in names and ("topology" in names or "topology.family" in names):
        del names["topology_digest"]
    if "fault_digest" in names and ("fail" in names or "degrade" in names):
        del names["fault_digest"]
    if "routing_digest" in names and "routing.file" in names:
        del names["routing_digest"]
    return list(names)


def brief(groups: Iterable[Sequence[Point]], names: Sequence[str]) -> list[str]:
    """``names`` without the ranks and the sizes of a topology that go one to one with another of them."""
    every = [point for group in groups for point in group]
    kept = list(names)
    for name in ["ranks", *(f"topology.{part}" for part in _GROWTH)]:
        for other in [other for other in kept if other != name] if name in kept else ():
            pairs = {(str(p.apart.get(name)), str(p.apart.get(other))) for p in every}
            if len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}):
                kept.remove(name)
                break
    return kept


def told(name: str, value: Any) -> str:
    """A setting's value in the name of a series."""
    if name == "size_bytes":
        return short_size(value)
    part = name.partition(".")[2]
    if part == "oversubscription":
        return f"{value:g}:1 oversubscription" if isinstance(value, (int, float)) else f"{part} {value}"
    if part and part != "family":
        return f"{part}={spelled(part, value)}"
    if name in BY_FIELD:
        return BY_FIELD[name].in_words(value)
    word = _DIGESTS.get(name, "")
    return f"{word}{str(value)[:8]}" if word else str(value)


def _along(x: Column | None) -> Callable[[str], bool]:
    """Which settings may change along a line together with ``x``."""
    if x is None or x.name == "size_bytes":
        return lambda name: False
    whole, _, part = x.name.partition(".")
    if whole in ("topology", "ranks", "endpoints", "cost", "cost_per_endpoint"):
        return lambda name: name.startswith("topology") or name == "ranks"
    if part or whole in Scenario.model_fields:
        return lambda name: name == whole
    return lambda name: name == "size_bytes"  # a measured axis: the message grows along the line


def series_of(
    panels: Sequence[Sequence[Row]], x: Column | None, color: str | None, *, also: Sequence[str] = ()
) -> list[Series]:
    """The series of all panels of a figure: the same thing has the same name and mark in each.

    ``x``: the axis along which points of one series lie, None where all stand at their own; ``color``: the
    name of a column, one series per value; ``also``: columns on other axes, of which ``seed`` parts points.
    """
    every = [row for rows in panels for row in rows]
    require_rows(every)
    by = column(color, every) if color else None
    axes = {name for name in (x.name if x else "", color or "", *also) if name}
    # The colour may be a result of the run, which the seeds of one point need not share: points are made
    # within it.
    groups: dict[tuple[int, Any], list[Point]] = {}
    for place, rows in enumerate(panels):
        values = by.of(rows) if by else [None] * len(rows)
        for value in dict.fromkeys(values):
            own = [row for row, its in zip(rows, values) if its == value]
            groups[place, value] = points_of(own, by_seed="seed" in axes)
    _settle(groups, every)
    names = [name for name in differing(groups.values()) if x is None or name != x.name]
    names = brief(groups.values(), _fewest(groups, names, x) if x else names)
    found: dict[tuple[int, Any, tuple[Any, ...]], list[Point]] = {}
    for (place, value), points in groups.items():
        for point in points:
            key = tuple(point.apart.get(name) for name in names)
            found.setdefault((place, value, key), []).append(point)
    return list(_named(found, names, by))


def _settle(groups: dict[tuple[int, Any], list[Point]], rows: Sequence[Row]) -> None:
    """Points of all groups with the same settings by name, whatever families each group holds."""
    apart = {row.key: its for row, its in zip(rows, _apart(rows))}
    for key, points in groups.items():
        groups[key] = [Point(rows=point.rows, apart=apart[point.rows[0].key]) for point in points]


def _fewest(groups: dict[tuple[int, Any], list[Point]], names: Sequence[str], x: Column) -> list[str]:
    """``names`` without those that change along the lines, chosen so that the lines are fewest."""
    may = [name for name in names if _along(x)(name)][:_MOST_ALONG]
    best, fewest = list(names), None
    for count in range(len(may) + 1):
        for free in combinations(may, count):
            kept = [name for name in names if name not in free]
            lines: dict[tuple[Any, ...], list[Point]] = {}
            for group, points in groups.items():
                for point in points:
                    lines.setdefault((group, *map(point.apart.get, kept)), []).append(point)
            sound = all(_together(points, name, x) for points in lines.values() for name in free)
            if sound and (fewest is None or len(lines) < fewest):
                best, fewest = kept, len(lines)
    return best


def _together(points: Sequence[Point], name: str, x: Column) -> bool:
    """Whether a setting is constant over these points or has each value at one place of x alone."""
    pairs = {(str(point.apart.get(name)), x.value(point.rows[0])) for point in points}
    settings, places = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return len(settings) == 1 or len(pairs) == len(settings) == len(places)


def _named(
    found: dict[tuple[int, Any, tuple[Any, ...]], list[Point]], names: Sequence[str], by: Column | None
) -> Iterator[Series]:
    """Series in order: numbers as they grow, words as they come; marks by what they are, not where."""
    colours = _ordered([value for _, value, _ in found])
    ranked = [_ordered([key[i] for _, _, key in found]) for i in range(len(names))]
    variants = sorted({key for _, _, key in found}, key=lambda key: [o.index(v) for o, v in zip(ranked, key)])
    # What all share is said over the figure.
    shared = by is None or (len(colours) == 1 and by.name in Scenario.model_fields)
    for place, value, key in sorted(found, key=lambda k: (k[0], variants.index(k[2]), colours.index(k[1]))):
        own = [told(name, its) for name, its in zip(names, key) if its is not None]
        halves = (by.named(value) if by and not (shared and own) else "", ", ".join(own))
        kind = colours.index(value)
        if len(colours) == 1:
            its_mark = mark(variants.index(key))
        else:
            its_mark = mark(kind, variants.index(key) if len(variants) > 1 else None)
        yield Series(
            panel=place,
            colour=value,
            name=", ".join(filter(None, halves)),
            halves=halves,
            mark=its_mark,
            points=tuple(found[place, value, key]),
        )


def _ordered(values: Sequence[Any]) -> list[Any]:
    unique = list(dict.fromkeys(values))
    return sorted(unique) if all(isinstance(value, (int, float)) for value in unique) else unique
