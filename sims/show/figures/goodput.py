"""Where the time of a job goes over its size: shares above, time between interruptions and checkpoints below.

Draws sims.jobs.goodput.job.Sized; runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

from fabric.words.units import format_time, parse_time
from sims.jobs.goodput.job import Sized
from sims.scenario.goodput_row import LOSSES, GoodputRow
from sims.show.figures.page import Page
from sims.show.figures.style import COLOURS, GREY, HATCHES, bare, mark, styled

__all__ = ["SHARES", "goodput_figure", "plot_intervals", "plot_shares"]

SHARES = {
    "useful": "useful",
    "saving": "checkpoints",
    "lost": "work lost",
    "restarting": "restarting",
    "waiting": "waiting for hosts",
    "slowed": "slowed by the network",
}
_TICKS = {1.0: "1 s", 60.0: "1 min", 3600.0: "1 h", 86400.0: "1 d", 30 * 86400.0: "30 d"}


def goodput_figure(found: Sequence[Sized], row: GoodputRow, disclaimer: str = "") -> Figure:
    """The sizes ``found`` of the job of ``row``, whose own size is marked."""
    said = row.scenario.settings
    with styled():
        figure = Figure(figsize=(3.5, 3.6), layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=[1.7, 1])
        plot_shares(above, found)
        plot_intervals(below, found)
        above.tick_params(labelbottom=False)
        sizes = [one.gpus for one in found]
        marked = min(sizes) <= row.gpus <= max(sizes)
        for ax in (above, below) if marked else ():
            ax.axvline(row.gpus, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.6)))
        head = [said["topology"], f"{format_time(parse_time(said['duration']))} of a job"]
        foot = [
            f"Faults {said['faults']}, step {format_time(parse_time(said['step']))}, "
            f"checkpoint {said['checkpoint']}, {said['spares']} spare hosts, {said['runs']} runs.",
            f"The job of {row.gpus:,} GPUs{' (dotted)' * marked} is useful {row.share:.1%} of the time; at "
            "other sizes rates and spares grow with it. Black: the 95% interval.",
            f"Simulated with fabricsim {row.version}: exact for the stated model, not a measurement.",
            f"{disclaimer[:1].upper()}{disclaimer[1:].rstrip('.')}." if disclaimer else "",
        ]
        entries = [pair for ax in (above, below) for pair in zip(*ax.get_legend_handles_labels())]
        Page(figure=figure, grow=True, inside=False).frame(
            (head, [text for text in foot if text]), None, entries
        )
    return figure


def plot_shares(ax: Axes, found: Sequence[Sized]) -> None:
    """Shares of the time over the number of GPUs, one above the other, and the interval of the useful one."""
    gpus = np.array([one.gpus for one in found], float)
    parts = {"useful": [one.share for one in found], "saving": [one.saving for one in found]}
    parts |= {name: [one.losses[name] for one in found] for name in LOSSES}
    shown = {name: values for name, values in parts.items() if max(values) > 0}
    colours = [COLOURS[list(SHARES).index(name)] for name in shown]
    areas = ax.stackplot(gpus, *shown.values(), labels=[SHARES[name] for name in shown], colors=colours)
    for area, name in zip(areas, shown):
        area.set(hatch=HATCHES[list(SHARES).index(name)], edgecolor="white", linewidth=0)
    half = [[one.share - one.low for one in found], [one.high - one.share for one in found]]
    ax.errorbar(gpus, parts["useful"], half, color="black", linewidth=0.8, capsize=1.5, fmt="none")
    ax.set_xscale("log")
    ax.set_xlim(gpus[0], gpus[-1])
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f}%"))
    ax.set_ylabel("share of the time (%)")
    bare(ax)


def plot_intervals(ax: Axes, found: Sequence[Sized]) -> None:
    """The mean time to an interruption and the work between checkpoints over the number of GPUs."""
    gpus = [one.gpus for one in found]
    lines = {
        "time to an interruption": [one.mtti for one in found],
        "work between checkpoints": [one.interval for one in found],
    }
    for place, (name, values) in enumerate(lines.items()):
        if np.all(np.isfinite(values)):
            ax.plot(gpus, values, label=name, **mark(place).line())
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ticks = [value for value in _TICKS if low <= value <= high]
    ax.set_yticks(ticks, [_TICKS[value] for value in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("time")
    ax.set_xlabel("GPUs of the job")
    ax.xaxis.set_major_formatter(FuncFormatter(_count))
    bare(ax)


def _count(value: float, _: object) -> str:
    """
    >>> _count(1e6, None), _count(1e4, None), _count(10.0, None)
    ('1M', '10k', '10')
    """
    for factor, unit in ((1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{unit}"
    return f"{value:g}"
