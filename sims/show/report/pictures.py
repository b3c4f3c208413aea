"""Which figures a set of rows asks for, each with words and a table. Lays out no axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from fabric.words.units import format_size
from sims.scenario.row import Row
from sims.show.report.axes import noun, series, varied
from sims.show.report.comparisons import comparisons
from sims.show.report.figure_data import ended, gains, over, quantiles, shares, subject, winners
from sims.show.report.markup import Html
from sims.show.report.picture import Picture

__all__ = ["chosen"]

_MOST_LINES = 6  # of one figure; with more, each value of another axis has a figure of its own
_MOST_ALIKE = 4  # figures of one kind
_SEEDS_OF_A_CDF = 5


def chosen(rows: Sequence[Row]) -> list[Picture]:
    """The figures that show what varies in ``rows``: first all of it at once, then each over its axis."""
    axes = varied(rows)
    found = list(comparisons(rows))
    largest = _at_largest(rows)
    at = f" at {format_size(largest[0].scenario.size_bytes)}"
    for axis in [name for name, values in axes.items() if name.startswith("topology.") and _numeric(values)]:
        title = f"Bus bandwidth over {noun(axis)}{at}"
        options = {"x": axis, "y": "busbw_GBps"}
        found += _split(largest, axes, "lines", title, partial(_over, axis, "busbw_GBps"), axis, options)
    over_axes = any(picture.kind == "lines" for picture in found)
    if "size_bytes" in axes and (len(axes["size_bytes"]) > 2 or not over_axes):
        found += _split(
            rows, axes, "busbw", "Bus bandwidth over message size", partial(_over, "size_bytes", "busbw_GBps")
        )
        found += _split(rows, axes, "time", "Time over message size", partial(_over, "size_bytes", "time_s"))
    if "ranks" in varied(largest):
        found += _split(
            largest, axes, "scaling", f"Time and efficiency over ranks{at}", partial(_over, "ranks", "time_s")
        )
    others = set(axes) - {"algorithm", "size_bytes", "ranks", "seed"}
    if {"algorithm", "size_bytes", "ranks"} <= set(axes) and not others:
        found += _split(
            rows, axes, "crossover", "The fastest algorithm by size and ranks", winners, keep="ranks"
        )
    if {"size_bytes", "ranks"} <= set(axes) and not others:
        found += _heatmaps(rows, axes)
    drawn_by = [own for own in series(largest, [n for n in axes if n != "seed"]).values() if len(own) > 1]
    if max(map(len, drawn_by), default=0) >= _SEEDS_OF_A_CDF:
        several = [row for own in drawn_by for row in own]
        found += _split(several, axes, "cdf", f"Spread of the time over seeds{at}", quantiles)
    grouped = [row for row in largest if row.group_times]
    if grouped:
        found += _split(grouped, axes, "groups", f"Time of each of many groups{at}", ended)
    if any(row.utilisation for row in largest):
        found += _split(largest, axes, "utilisation", f"Use of the links{at}", shares)
    if any(row.gains for row in largest):
        found += _helping(largest)
    return found


def _at_largest(rows: Sequence[Row]) -> list[Row]:
    size = max(row.scenario.size_bytes for row in rows)
    return [row for row in rows if row.scenario.size_bytes == size]


def _over(axis: str, measure: str, rows: Sequence[Row]) -> tuple[str, Html]:
    return over(rows, axis, measure)


def _numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


_CAPTIONS = {
    "lines": "What the fabric's shape costs or gives, at the largest size.",
    "busbw": "Equals the bandwidth of the slowest link that everyone must use, on an ideal network.",
    "time": "From the start to the last receipt; both axes are logarithmic.",
    "scaling": "Dotted: without contention and latency. A level line loses nothing as the job grows.",
    "crossover": "Which algorithm takes the least time.",
    "heatmap": "Bus bandwidth by message size and number of ranks.",
    "cdf": "The share of the seeds that is at least as fast.",
    "groups": "The share of the groups that have ended by each time; dotted, what the slowest takes alone.",
    "gains": "The time that one change would save, each found by a run with that change; they do not add up.",
    "utilisation": "The share of the capacity that is used, by kind of link: in the mean and on the fullest.",
}


def _split(
    rows: Sequence[Row],
    axes: dict[str, list[Any]],
    kind: str,
    title: str,
    data: Callable[[Sequence[Row]], tuple[str, Html]],
    keep: str = "",
    options: dict[str, Any] | None = None,
) -> Iterator[Picture]:
    """One picture, or where it had too many lines one per value of the axes that give the fewest pictures."""
    x = {"scaling": {"ranks"}}.get(kind, {"size_bytes"}) | {keep, "seed"}
    groups: list[Sequence[Row]] = [rows]
    left = sorted(set(axes) - x, key=lambda name: (name == "algorithm", list(axes).index(name)))
    while left and _most_lines(groups, x) > _MOST_LINES:
        ways: dict[str, list[Sequence[Row]]]
        ways = {name: [part for own in groups for part in series(own, [name]).values()] for name in left}
        best = min(left, key=lambda name: (max(_most_lines(ways[name], x), _MOST_LINES), len(ways[name])))
        groups = ways[best]
        left.remove(best)
    over = {"lines": keep, "busbw": "size_bytes", "time": "size_bytes", "scaling": "ranks"}.get(kind)
    groups = [group for group in groups if over is None or _has_a_line(group, over)]
    for group in groups[:_MOST_ALIKE]:
        about = subject(group, [name for name in axes if name != "seed"]) if len(groups) > 1 else ""
        more = (
            f" These are {_MOST_ALIKE} of {len(groups):,} such figures; the bars above hold all."
            if len(groups) > _MOST_ALIKE
            else ""
        )
        middle = " Lines are medians over the seeds." if "seed" in varied(group) and kind != "cdf" else ""
        yield Picture(
            kind=kind,
            rows=group,
            title=f"{title}: {about}" if about else title,
            caption=_CAPTIONS[kind] + middle + more,
            data=data,
            options=options or {},
        )


def _has_a_line(rows: Sequence[Row], over: str) -> bool:
    """Whether any two rows differ in ``over``, the seed and parts of one topology alone."""
    apart = [name for name in varied(rows) if name not in (over, "seed") and not name.startswith("topology.")]
    return any(over in varied(own) for own in series(rows, apart).values())


def _most_lines(groups: Sequence[Sequence[Row]], without: set[str]) -> int:
    """Of the fullest picture."""
    return max(len(series(rows, [name for name in varied(rows) if name not in without])) for rows in groups)


def _helping(largest: Sequence[Row]) -> Iterator[Picture]:
    """One picture per line of which all rows hold gains."""
    names = [name for name in varied(largest) if name != "seed"]
    lines = [(name, own) for name, own in series(largest, names).items() if all(row.gains for row in own)]
    for name, own in lines[:_MOST_ALIKE]:
        size = format_size(own[0].scenario.size_bytes)
        yield Picture(
            kind="gains",
            rows=own,
            title=f"What would help {name or own[0].scenario.algorithm} at {size}",
            caption=_CAPTIONS["gains"],
            data=gains,
        )


def _heatmaps(rows: Sequence[Row], axes: dict[str, list[Any]]) -> Iterator[Picture]:
    """One per algorithm, those of the highest bandwidth first: a cell holds one number."""
    groups = series(rows, ["algorithm"]) if "algorithm" in axes else {"": rows}
    order = sorted(groups.values(), key=lambda own: -max(row.busbw_GBps for row in own))
    for own in order[:_MOST_ALIKE]:
        if {"size_bytes", "ranks"} <= set(varied(own)):
            name = own[0].scenario.algorithm
            yield Picture(
                kind="heatmap",
                rows=own,
                title=f"Bus bandwidth of {name} by {noun('size_bytes')} and {noun('ranks')}",
                caption=_CAPTIONS["heatmap"],
                data=partial(_over, "size_bytes", "busbw_GBps"),
                options={"x": "size_bytes", "y": "ranks"},
            )
