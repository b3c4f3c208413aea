"""The share of pairs whose one-way latency stays at or below each value, idle and under load."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sims.jobs.loaded_latency import Loaded
from sims.jobs.one_way import HopClass
from sims.models.profiles import LatencyProfile
from sims.show.figures.page import Page
from sims.show.figures.style import GREY, bare, mark, styled

__all__ = ["latency_figure", "plot_latency"]

_WIDE = 6.0  # a range of latencies above which the axis is logarithmic
_THIN = 0.05  # share of pairs below which its name stands above its step
_TOLD = 0.02  # share of pairs from which on a hop class is named


def plot_latency(ax: Axes, classes: Sequence[HopClass], under_load: Sequence[Loaded] = ()) -> None:
    """A staircase over the pairs of an idle fabric, hop class by hop class, and a curve for every load."""
    value, weight = _steps(classes)
    share = np.cumsum(weight) / weight.sum()
    last = max([float(value[-1]), *(float(found.latency[-1]) for found in under_load)])
    x = np.concatenate([value[:1], value, [last * 1.05]]) * 1e6
    first = mark(0)
    ax.plot(x, [0, *share, 1], color=first.colour, label="idle, no bytes", drawstyle="steps-post")
    for place, found in enumerate(under_load, 1):
        own = mark(place)
        latency = found.latency * 1e6
        ax.plot(
            [latency[0], *latency],
            np.linspace(0, 1, len(latency) + 1),
            color=own.colour,
            linestyle=own.dash,
            drawstyle="steps-post",
            label=f"load {found.load:g}",
        )
    _name_classes(ax, classes)
    low = float(value[0])
    if under_load and last / low > _WIDE:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.xaxis.set_minor_formatter(FuncFormatter(_minor))
        ax.set_xlim(low * 1e6 / 3, last * 1e6 * 1.05)  # room for the names on the left
    else:
        ax.set_xlim(0, last * 1e6 * 1.05)
    ax.set_ylim(0, 1.03)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v * 100:.0f}%"))
    ax.set_xlabel("one-way latency (us)")
    ax.set_ylabel("share of pairs" if not under_load else "share of pairs or messages")
    bare(ax)


def _minor(value: float, _: object) -> str:
    """Of the marks between powers of ten, 2 and 5 have a label."""
    return f"{value:g}" if f"{value:.0e}"[0] in "25" else ""


def _steps(classes: Sequence[HopClass]) -> tuple[np.ndarray, np.ndarray]:
    value = np.concatenate([c.latency for c in classes])
    weight = np.concatenate([np.full(len(c.latency), c.pairs / len(c.latency)) for c in classes])
    order = np.argsort(value, kind="stable")
    return value[order], weight[order]


def _name_classes(ax: Axes, classes: Sequence[HopClass]) -> None:
    """The number of switches, beside the rise of every class that many pairs belong to."""
    total = sum(c.pairs for c in classes)
    below, last = 0.0, -1.0
    for c in sorted(classes, key=lambda c: c.mean):
        share = c.pairs / total
        foot, below = below, below + share
        if share >= _TOLD:
            way = {"server": "in the server", "relay": "relayed, "}.get(c.way, "")
            words = way if c.way == "server" else f"{way}{c.switches} switch{'es' * (c.switches > 1)}"
            thin = share < _THIN  # its name would lie across the line
            height = foot + (share + 0.01 if thin else share / 2)
            if height - last < _THIN:
                continue
            last = height
            ax.annotate(
                f"{words}: {share:.1%} ",
                (float(c.latency[0]) * 1e6, height),
                ha="right",
                va="bottom" if thin else "center",
                color=GREY,
                fontsize=7,
            )


def latency_figure(
    classes: Sequence[HopClass],
    under_load: Sequence[Loaded],
    topology: str,
    profile: LatencyProfile,
    disclaimer: str = "",
    *,
    width: float = 3.5,
) -> Figure:
    """The distribution over all pairs, with what was looked at above and the constants below."""
    with styled():
        figure = Figure(figsize=(width, 2.6), layout="constrained")
        ax = figure.subplots()
        plot_latency(ax, classes, under_load)
        size = f"{under_load[0].size:,} B" if under_load else ""
        below = f"Latency profile {profile}."
        if under_load:
            below += f" Under load: packet model, messages of {size} to random others, with their bytes."
        below += f" {disclaimer[:1].upper()}{disclaimer[1:].rstrip('.')}." if disclaimer else ""
        handles, labels = ax.get_legend_handles_labels()
        page = Page(figure=figure, grow=True, inside=False)
        page.frame(([topology, "one-way latency"], [below]), None, list(zip(handles, labels)))
    return figure
