"""A result over a setting: a line for each set of rows that differ in that setting alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.show.figures.job_rows.quantity import Quantity, quantity_of
from sims.show.figures.job_rows.told import said, short, telling, words
from sims.show.figures.style import bare, mark
from sims.studies.best import answer_of

__all__ = ["plot_over"]

_FEW = 8  # values of an axis that are ticks, each as it was written
_WIDE = 16  # times the least value, from which on an axis is logarithmic


def plot_over(
    ax: Axes, rows: Sequence[JobRow], x: str, y: str | None = None, color: str | None = None
) -> None:
    """``y`` (by default what counts of the kind) over ``x``, both as of ``quantity_of``.

    A line joins rows that are alike in all but ``x``; ``color``: those of one value of it have one colour.
    Pale: the band of a step, or the 95% interval of what is useful.

    Raises:
        ParameterError: an axis holds texts, or there is no such column.
    """
    across = _numbers("x", quantity_of(x, rows))
    up = _numbers("y", quantity_of(y or answer_of(rows).column, rows))
    by = quantity_of(color, rows) if color else None
    lines: dict[tuple[str, str], list[int]] = {}
    apart = telling(rows)
    for number in range(len(rows)):
        hue = words(by.name, by.texts[number] if by.texts else f"{by.values[number]:g}") if by else ""
        rest = _rest(apart[number], [one for one in (across, by) if one])
        lines.setdefault((hue, rest), []).append(number)
    hues, rests = (list(dict.fromkeys(key[i] for key in lines)) for i in (0, 1))
    for (hue, rest), numbers in lines.items():
        own = sorted(numbers, key=lambda number: across.values[number])
        place, variant = hues.index(hue), rests.index(rest)
        look = mark(place, variant if len(rests) > 1 else None) if by else mark(variant)
        at = [across.values[number] for number in own]
        named = ", ".join(filter(None, (hue, rest)))
        ax.plot(at, [up.values[number] for number in own], label=named or up.label, **look.line())
        ends = [_ends(rows[number], up) for number in own]
        if any(low < high for low, high in ends):
            low, high = zip(*ends)
            ax.fill_between(at, low, high, color=look.colour, alpha=0.15, linewidth=0)
    _across(ax, across)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(up.label)
    bare(ax)


def _numbers(axis: str, one: Quantity) -> Quantity:
    if not one.numeric:
        rule = "an axis needs numbers, and this column holds words: it can be --color"
        raise ParameterError(f"--{axis}", one.name, rule)
    return one


def _rest(own: Mapping[str, str], axes: Sequence[Quantity]) -> str:
    """What tells a line from others: all that tells a row, of ``telling``, but the axes."""
    wholes = {one.name for one in axes}
    parts = {(one.field, one.name.rpartition(".")[2]) for one in axes}
    left = {
        name: text
        for name, text in own.items()
        if name.partition(".")[0] not in wholes
        and (name.partition(".")[0], name.rpartition(".")[2]) not in parts
    }
    return said(left)


def _ends(row: JobRow, up: Quantity) -> tuple[float, float]:
    """Between what the value of a row lies, where it says."""
    if up.name == "time_s" and hasattr(row, "error_low"):
        return row.time_s * (1 + row.error_low), row.time_s * (1 + row.error_high)  # type: ignore[attr-defined]
    if up.name == "share":
        return 100 * row.low, 100 * row.high  # type: ignore[attr-defined]
    return np.nan, np.nan


def _across(ax: Axes, across: Quantity) -> None:
    values = sorted({float(value) for value in across.values})
    if values[0] > 0 and values[-1] >= _WIDE * values[0]:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    if len(values) <= _FEW:
        texts = dict(zip(across.values, across.texts)) if across.texts else {}
        ax.set_xticks(values, [short(texts.get(value, f"{value:g}")) for value in values])
    elif ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(across.label)
