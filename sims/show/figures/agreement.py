"""Expected against got, on the diagonal or off it, for one case of the ladder. Runs nothing."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from sims.show.figures.style import COLOURS, GREY, bare, styled
from sims.studies.validation.case import Case

__all__ = ["agreement_figure", "plot_agreement", "plot_deviation"]

_SCALES = {"s": (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)), "B": (("GB", 1e-9), ("MB", 1e-6))}
_ROUNDED = 1e-6  # tolerances below it are about rounding: shown on a logarithmic scale
_FLOOR = 1e-17  # an error of nothing has no place on that
_RIGHT, _WRONG = COLOURS[0], COLOURS[1]


def _scaled(case: Case) -> tuple[str, float]:
    """A unit in which the middle of what was got is at least one, and its factor."""
    middle = float(np.median([point.got for point in case.points]))
    scales = _SCALES.get(case.unit, ((case.unit, 1.0),))
    return next((scale for scale in scales if middle * scale[1] >= 1), scales[-1])


def _plain(number: float, _: object) -> str:
    """A power of ten as plain text: figures of a page hold no mathematics to be set."""
    return (
        f"{number:,.10g}"
        if 1e-3 <= number < 1e6
        else f"{number:.0e}".replace("e-0", "e-").replace("e+0", "e")
    )


def _split(case: Case) -> tuple[list[int], list[int]]:
    holds = [case.holds(point) for point in case.points]
    return [i for i, good in enumerate(holds) if good], [i for i, good in enumerate(holds) if not good]


def _dots(ax: Axes, case: Case, x: np.ndarray, y: np.ndarray) -> None:
    """Circles within the tolerance, crosses outside it."""
    good, bad = _split(case)
    colour = GREY if case.rule == "shown" else _RIGHT
    ax.plot(x[good], y[good], "o", color=colour, markerfacecolor="white", linestyle="none", zorder=3)
    ax.plot(x[bad], y[bad], "X", color=_WRONG, markersize=6, linestyle="none", zorder=4)


def plot_agreement(ax: Axes, case: Case) -> None:
    """Every point of ``case``: what was got over what was expected; right is the diagonal, in its band."""
    unit, factor = _scaled(case)
    x = np.array([point.expected for point in case.points]) * factor
    y = np.array([point.got for point in case.points]) * factor
    low, high = min(x.min(), y.min()) / 1.5, max(x.max(), y.max()) * 1.5
    line = np.geomspace(low, high, 50)
    above, below = _band(case)
    if np.isfinite(above) and above > 1 + _ROUNDED:
        ax.fill_between(line, line * below, line * above, color=_RIGHT, alpha=0.15, linewidth=0)
    ax.plot(line, line, color=GREY, linewidth=0.8, zorder=1)
    _dots(ax, case, x, y)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=4))
        axis.set_major_formatter(FuncFormatter(_plain))
        axis.set_minor_formatter(NullFormatter())
    if high / low < 10:
        ticks = [float(f"{v:.2g}") for v in np.linspace(low, high, 4)[1:-1]]
        ax.set_xticks(ticks)
        ax.set_yticks(ticks)
    ax.set_aspect("equal", adjustable="box")
    words = f" ({unit})" if unit else ""
    ax.set_xlabel(f"expected{words}")
    ax.set_ylabel(f"got{words}")
    bare(ax)


def _band(case: Case) -> tuple[float, float]:
    """The largest and least got / expected that is right."""
    if case.rule == "within a factor":
        return case.tolerance, 1 / case.tolerance
    if case.rule == "shown":
        return np.inf, 0.0
    return 1 + case.tolerance, 0.0 if case.rule == "at most" else 1 - case.tolerance


def plot_deviation(ax: Axes, case: Case) -> None:
    """How far every point of ``case`` is off, in order; right is inside the band."""
    ratio = np.array([point.got / point.expected for point in case.points])
    place = np.arange(1.0, len(ratio) + 1)
    above, below = _band(case)
    ax.set_xlim(0.4, len(ratio) + 0.6)
    ax.set_xlabel("point")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if case.rule != "shown" and above - 1 <= _ROUNDED:
        off = np.maximum([case.deviation(point) for point in case.points], _FLOOR)
        ax.axhspan(_FLOOR / 10, case.tolerance, color=_RIGHT, alpha=0.15, linewidth=0)
        ax.axhline(case.tolerance, color=GREY, linewidth=0.8)
        _dots(ax, case, place, off)
        ax.set_yscale("log")
        ax.set_ylim(_FLOOR / 3, max(1e-5, off.max() * 10))
        ax.set_ylabel("error (share)")
        ax.yaxis.set_major_locator(LogLocator(numticks=6))
        ax.yaxis.set_major_formatter(FuncFormatter(_plain))
    elif case.rule == "within a factor":
        ax.axhspan(below, above, color=_RIGHT, alpha=0.15, linewidth=0)
        ax.axhline(1, color=GREY, linewidth=0.8)
        _dots(ax, case, place, ratio)
        most = max(above, 1 / below, ratio.max(), 1 / ratio.min()) * 1.3
        ax.set_yscale("log")
        ax.set_ylim(1 / most, most)
        ax.set_ylabel("got / expected")
        ticks = sorted({below, 1.0, above})
        ax.set_yticks(ticks, [f"{t:.2g}" for t in ticks])
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        off = (ratio - 1) * 100
        most = max(np.abs(off).max() * 1.15, 1e-6)
        if case.rule != "shown":
            most = max(most, case.tolerance * 130)
            ax.axhspan(
                max(-most, (below - 1) * 100), (above - 1) * 100, color=_RIGHT, alpha=0.15, linewidth=0
            )
        ax.axhline(0, color=GREY, linewidth=0.8)
        _dots(ax, case, place, off)
        ax.set_ylim(-most, most)
        ax.set_ylabel("got / expected - 1 (%)")
    bare(ax, "y")


def agreement_figure(case: Case, *, width: float = 5.2) -> Figure:
    """Both panels of a case side by side, its verdict above them."""
    with styled():
        figure = Figure(figsize=(width, 2.35), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        plot_agreement(left, case)
        plot_deviation(right, case)
        words = {"ok": "agrees", "FAIL": "DOES NOT AGREE", "shown": "shown without a verdict"}[case.verdict]
        colour = _WRONG if case.verdict == "FAIL" else "black"
        figure.suptitle(f"{case.name}: {words}", fontsize=8, fontweight="bold", color=colour)
        figure.draw_without_rendering()
    return figure
