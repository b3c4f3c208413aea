"""A calibration: measured times and the fit through them, and how far each measurement is from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from fabric.words.units import format_time
from sims.show.figures.columns import short_size
from sims.show.figures.page import Page
from sims.show.figures.style import GREY, bare, mark, styled
from sims.studies.calibration import Fit

__all__ = ["calibration_figure", "plot_fit", "plot_residuals"]


def plot_fit(ax: Axes, fits: Sequence[tuple[str, Fit]]) -> None:
    """Time over message size: measurements as dots, each fit as a line through its own."""
    for place, (label, found) in enumerate(fits):
        own = mark(place)
        ax.plot(found.size, found.measured * 1e6, **own.line() | {"linestyle": "none"})
        order = np.argsort(found.size, kind="stable")
        words = f"{label}: {format_time(found.alpha)}, {found.busbw / 1e9:.4g} GB/s"
        ax.plot(
            found.size[order], found.modelled[order] * 1e6, color=own.colour, linestyle=own.dash, label=words
        )
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel("time (us)")
    _sizes(ax)


def plot_residuals(ax: Axes, fits: Sequence[tuple[str, Fit]]) -> None:
    """Measured over modelled, less one, over message size."""
    for place, (_, found) in enumerate(fits):
        own = mark(place)
        ax.plot(found.size, found.residual * 100, **own.line() | {"linestyle": "none"})
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set_ylabel("residual (%)")
    ax.set_xlabel("message size (B)")
    _sizes(ax)


def _sizes(ax: Axes) -> None:
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(LogLocator(base=64, numticks=12))
    ax.xaxis.set_minor_locator(LogLocator(base=2, numticks=60))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: short_size(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    bare(ax)


def calibration_figure(
    fits: Sequence[tuple[str, Fit]], source: str, *, of: str = "all-reduce", width: float = 3.5
) -> Figure:
    """Fit above, residuals below; ``of``: the collective."""
    with styled():
        figure = Figure(figsize=(width, 3.6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
        plot_fit(above, fits)
        plot_residuals(below, fits)
        handles, labels = above.get_legend_handles_labels()
        page = Page(figure=figure, grow=True, inside=False)
        words = (
            f"Dots: measured, {source}. Lines: fitted latency and bus bandwidth, on {fits[0][1].topology}."
        )
        page.frame(([f"{of}, {source}"], [words]), None, list(zip(handles, labels)))
    return figure
