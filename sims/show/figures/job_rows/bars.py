"""A bar for each row: what a step is made of, what becomes of a job's weeks, how much slower jobs are."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sims.scenario.goodput_row import LOSSES, GoodputRow
from sims.scenario.run_row import RunRow
from sims.scenario.train_row import TrainRow
from sims.show.figures.goodput import SHARES
from sims.show.figures.job_rows.told import names_of
from sims.show.figures.style import bare, mark

__all__ = ["LETTERS", "plot_exposed", "plot_slowdown", "plot_useful"]

_THICK = 0.72
_THIN = 0.01  # of the longest bar: a part of one or two points
LETTERS = 34  # of a line beside the bars
_KINDS = ("compute", "tp", "cp", "ep", "etp", "pp", "dp", "edp", "embedding", "optimizer", "waiting")


def plot_exposed(ax: Axes, rows: Sequence[TrainRow]) -> None:
    """Where the time of a step goes, in the mean over its stages; black: its band, where it has one."""
    kinds = dict.fromkeys(kind for row in rows for kind in row.exposed)
    order = sorted(kinds, key=lambda kind: _KINDS.index(kind) if kind in _KINDS else len(_KINDS))
    parts = {kind: np.array([row.exposed.get(kind, 0.0) for row in rows]) for kind in order}
    _stack(ax, parts, names_of(rows))
    time = np.array([row.time_s for row in rows])
    ends = np.array([[1 + row.error_low, 1 + row.error_high] for row in rows]) * time[:, None]
    banded = np.flatnonzero(ends[:, 0] != ends[:, 1])
    _interval(ax, banded, ends[banded, 0], ends[banded, 1])
    ax.set_xlim(0, 1.04 * max(time.max(), ends.max()))
    ax.set_xlabel("time of a step (s)")


def plot_useful(ax: Axes, rows: Sequence[GoodputRow]) -> None:
    """Where the time of a job goes, in per cent; black: the 95% interval of what is useful."""
    parts = {"useful": [row.share for row in rows], "checkpoints": [row.saving for row in rows]}
    parts |= {SHARES[loss]: [row.of_loss(loss) for row in rows] for loss in LOSSES}
    _stack(ax, {name: 100 * np.array(values) for name, values in parts.items()}, names_of(rows))
    low, high = (100 * np.array([getattr(row, end) for row in rows]) for end in ("low", "high"))
    _interval(ax, np.arange(len(rows)), low, high)
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the time (%)")


def plot_slowdown(ax: Axes, rows: Sequence[RunRow]) -> None:
    """How many times as long the iterations of each job take as alone, the jobs of a row side by side."""
    jobs = list(dict.fromkeys(name for row in rows for name in row.jobs))
    thick = _THICK / len(jobs)
    most = 1.0
    for place, name in enumerate(jobs):
        at = [(i, row.jobs[name]["slowdown"]) for i, row in enumerate(rows) if name in row.jobs]
        where = np.array([i for i, _ in at]) + (place - (len(jobs) - 1) / 2) * thick
        values = np.array([value for _, value in at])
        most = max(most, float(values.max()))
        ax.barh(where, values, thick * 0.94, label=name, **_look(place))
        for y, value in zip(where, values):
            ax.annotate(f"{value:.3g}", (value, y), (2, 0), textcoords="offset points", va="center")
    ax.axvline(1, color="black", linewidth=0.7)
    _beside(ax, names_of(rows))
    ax.set_xlim(0, 1.12 * most)
    ax.set_xlabel("iterations, times as long as alone")


def _stack(ax: Axes, parts: Mapping[str, NDArray[np.float64]], names: Sequence[str]) -> None:
    """Bars one behind the other; what is nothing in every row is left out. The legend says what is too thin
    to be seen.
    """
    left, most = np.zeros(len(names)), sum(parts.values(), np.zeros(len(names))).max()
    for place, (name, values) in enumerate(parts.items()):
        if np.any(values > 0):
            label = name if values.max() >= _THIN * most else f"{name} (below {_THIN:.0%})"
            ax.barh(np.arange(len(names)), values, _THICK, left=left, label=label, **_look(place))
        left = left + values
    _beside(ax, names)


def _interval(ax: Axes, at: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    if len(at):
        middle = (low + high) / 2
        ax.errorbar(middle, at, xerr=(high - low) / 2, fmt="none", color="black", linewidth=0.8, capsize=2)


def _beside(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), [textwrap.fill(name, LETTERS) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    bare(ax, "x")


def _look(place: int) -> dict[str, Any]:
    one = mark(place)
    return {"color": one.colour, "hatch": one.hatch, "edgecolor": "white", "linewidth": 0.4}
