"""Cells of two columns: what stands at each pair of values, and axes that name rows and columns of cells.

Knows neither heat nor winners.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import Column, column
from sims.show.figures.series import Point, differing, points_of, told

__all__ = ["Cells", "cells_of", "label_cells", "other_axis"]

Cells = dict[tuple[Any, Any], list[Point]]
_TICKS = 9  # labels up an axis of cells
_LETTER = 4.2  # points that a letter of a label takes


def other_axis(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The first of these columns that has several values, else the first."""
    return next((name for name in names if len(set(column(name, rows).of(rows))) > 1), names[0])


def cells_of(
    rows: Sequence[Row], x: Column, y: Column, color: Column | None = None
) -> tuple[list[Any], list[Any], Cells]:
    """The values of x, those of y, and the points at each pair: one, or one per value of ``color``.

    Raises:
        ParameterError: rows that differ in more than their seed and the columns named fall into one cell.
    """
    seeded = "seed" in (x.name, y.name)
    cells: Cells = {}
    for point in points_of(rows, by_seed=seeded):
        cells.setdefault((x.value(point.rows[0]), y.value(point.rows[0])), []).append(point)
    for at, points in cells.items():
        groups: dict[Any, list[Point]] = {}
        for point in points:
            groups.setdefault(color.value(point.rows[0]) if color else None, []).append(point)
        own = [color.name] if color else []
        names = [name for name in differing(groups.values()) if name not in own]
        if color is not None and not names:
            # What contends must do so on equal terms: the same fabric, the same placement.
            whole = color.name.partition(".")[0]
            apart = differing([points])
            names = [name for name in apart if name.partition(".")[0] != whole]
        if names:
            found = ", ".join(dict.fromkeys(told(names[0], point.apart.get(names[0])) for point in points))
            where = f"at {x.named(at[0])}, {y.named(at[1])}"
            rule = f"rows that differ in it fall into one cell {where} ({found}): choose one, or facet by it"
            raise ParameterError(names[0], found, rule)
    return _sorted(x.of(rows)), _sorted(y.of(rows)), cells


def _sorted(values: Sequence[Any]) -> list[Any]:
    unique = list(dict.fromkeys(values))
    return sorted(unique) if all(isinstance(value, (int, float)) for value in unique) else unique


def label_cells(ax: Axes, xs: Sequence[Any], ys: Sequence[Any], x: Column, y: Column) -> None:
    """Name rows and columns of cells; of many numbers every second, third ... only."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    room = ax.get_position().width * figure.get_size_inches()[0] * 72  # points, about
    longest = max(len(x.text(value)) for value in xs) + 1
    steps = (-(-len(xs) * longest * _LETTER // room), -(-len(ys) // _TICKS))
    turned = x.scale == "words" and steps[0] > 1
    for axis, values, one, step in zip((ax.xaxis, ax.yaxis), (xs, ys), (x, y), steps):
        every = max(1, int(step)) if one.scale != "words" else 1
        axis.set_ticks(range(0, len(values), every), [one.text(value) for value in values[::every]])
        axis.set_label_text(one.label)
    if turned:
        ax.tick_params(axis="x", labelrotation=35)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.5, len(xs) - 0.5)
    ax.set_ylim(-0.5, len(ys) - 0.5)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
