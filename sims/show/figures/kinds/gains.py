"""What would help: bars of the time that each remedy would save, the largest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.scenario.row import Row
from sims.show.figures.kind import figure
from sims.show.figures.kinds.utilisation import at_largest
from sims.show.figures.page import Page
from sims.show.figures.series import points_of, require_rows, spread
from sims.show.figures.style import GREY, bare, mark, styled

if TYPE_CHECKING:
    from sims.studies.explain.explainer import Explanation

__all__ = ["NOTE", "gains_figure", "plot_gains"]

NOTE = "Each bar is a run of its own; gains overlap and do not add up"

_LEAST = -0.25  # a larger loss is cut off here, and its number says what it is
_ROOM = (0.7, 1.0)  # of the bars, for the words behind them: in one panel, in one of several
_LOSS = "#999999"


@figure("gains", "time that each remedy of --explain would save", takes=(), note=NOTE, place=90)
def plot_gains(ax: Axes, rows: Sequence[Row], *, panels: Sequence[Sequence[Row]] = ()) -> None:
    """A bar per remedy of explain.explainer at the largest size: the share of the time that it would save.

    What costs time points to the left. Over several seeds, medians. All panels have the same remedies in the
    same order, that of the largest gain in any of them. ``panels``: as in ``plot_lines``.

    Raises:
        ParameterError: the rows hold no gains, or differ in more than the seed.
    """
    require_rows(rows)
    every = [_medians(own, brief=True) for own in panels] or [_medians(rows)]
    place = next((i for i, own in enumerate(panels) if own is rows), 0)
    shares = [{name: saved / time for name, saved in gains.items()} for time, gains in every]
    best = {name: max(own.get(name, 0) for own in shares) for own in shares for name in own}
    time, gains = every[place]
    worst = min(share for own in shares for share in own.values())
    _bars(ax, time, gains, sorted(best, key=lambda name: -best[name]))
    _scale(ax, worst, max(best.values()), _ROOM[len(panels) > 1])


def gains_figure(
    found: Explanation, subject: Sequence[str], setting: str = "", disclaimer: str = ""
) -> Figure:
    """The same of a run that is no row. ``subject``: the parts of a title, the most telling first;
    ``setting``, ``disclaimer``: sentences for the foot."""
    time, gains = found.time_s, found.gains
    claim = "Simulated with fabricsim: exact for the stated model, not a measurement"
    foot = [text[:1].upper() + text[1:].rstrip(".") for text in (NOTE, setting, claim, disclaimer) if text]
    words = subject, " ".join(f"{text}." for text in foot)
    with styled():
        figure = Figure(figsize=(3.5, 2.6), layout="constrained")
        ax = figure.subplots()
        _bars(ax, time, gains, sorted(gains, key=lambda name: -gains[name]))
        _scale(ax, min(gains.values()) / time, max(gains.values()) / time, _ROOM[0])
        Page(figure=figure, grow=True).frame(words, None, [])
    return figure


def _medians(rows: Sequence[Row], *, brief: bool = False) -> tuple[float, dict[str, float]]:
    """The time and the gain by remedy at the largest size.

    Of several runs, or if ``brief``, all other algorithms count as one remedy.
    """
    mine = at_largest(rows)
    several = len(points_of(mine)) > 1
    if not (any if several else all)(row.gains for row in mine):  # a choice among them would not help
        raise ParameterError("rows", len(mine), "gains needs rows that hold them: run with --explain")
    if several:
        rule = "gains are drawn of one run (of several seeds): facet by what differs, or choose"
        raise ParameterError("rows", counted(len(points_of(mine)), "run"), rule)
    found: dict[str, list[float]] = {}
    for row in mine:
        for name, saved in row.gains.items():
            found.setdefault(name.partition(": ")[0] if brief or len(mine) > 1 else name, []).append(saved)
    return spread([row.time_s for row in mine])[1], {name: spread(own)[1] for name, own in found.items()}


def _bars(ax: Axes, time: float, gains: Mapping[str, float], order: Sequence[str]) -> None:
    look = mark(0)
    for i, name in enumerate(order):
        if name not in gains:
            ax.annotate("not here", (0, i), (3, 0), textcoords="offset points", va="center", color=GREY)
            continue
        share = gains[name] / time
        shown = max(share, _LEAST)
        gain = share >= 0
        ax.barh(
            i,
            shown,
            0.66,
            color=look.colour if gain else _LOSS,
            hatch="" if gain else "////",
            edgecolor="white",
            linewidth=0.4,
        )
        ax.annotate(
            f"{_seconds(gains[name])}, {_percent(share)}" if gains[name] else "0",
            (max(shown, 0), i),
            (3, 0),
            textcoords="offset points",
            va="center",
        )
    ax.axvline(0, color="black", linewidth=0.7)
    ax.set_yticks(range(len(order)), [_called(name) for name in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"time saved (% of {format_time(time)})")
    bare(ax, "x")
    ax.spines["left"].set_visible(False)


def _scale(ax: Axes, worst: float, best: float, room: float) -> None:
    low, high = min(max(worst, _LEAST), 0.0), max(best, 0.05)
    ax.set_xlim(low * 1.05, high + room * (high - low))
    ticks = MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= 1]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.3g}%".replace("-", "−")))


def _called(name: str) -> str:
    """The name of a remedy on one line that leaves room for the bars."""
    words, _, algorithm = name.partition(": ")
    if not algorithm:
        return words
    return f"algorithm: {algorithm}" if len(algorithm) < 20 else algorithm


def _seconds(saved: float) -> str:
    return f"{'−' if saved < 0 else ''}{format_time(float(f'{abs(saved):.3g}'))}"


def _percent(share: float) -> str:
    size = abs(share) * 100
    text = f"{size:,.0f}%" if size >= 10 else f"{size:.2g}%"
    return f"−{text}" if share < 0 else text
