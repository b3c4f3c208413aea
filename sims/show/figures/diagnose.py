"""A log beside a healthy run and the causes that fit it best, over message size. Runs nothing."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sims.show.figures.columns import short_size
from sims.show.figures.page import Page
from sims.show.figures.style import COLOURS, GREY, bare, mark, styled
from sims.show.words.diagnose import share_words
from sims.studies.diagnose.diagnosis import Diagnosis

__all__ = ["diagnose_figure", "plot_diagnosis"]

_CURVES = 3


def plot_diagnosis(ax: Axes, found: Diagnosis) -> None:
    """Time over what a healthy run takes: the log as dots, a line for each of the likeliest causes."""
    sizes = found.suspects.sizes
    ax.axhline(1, color=GREY, linewidth=0.8)
    curves = [one for one in found.findings if one.best is not None][:_CURVES]
    for place, one in enumerate(curves):
        if one.best is not None:
            own = mark(place)
            words = f"{one.cause.name}, {share_words(one.share)}"
            times = [time / base for time, base in zip(one.times, found.expected)]
            ax.plot(sizes, times, color=own.colour, linestyle=own.dash, label=words)
    times = [time / base for time, base in zip(found.measured, found.expected)]
    dots = {"marker": "o", "markerfacecolor": "white", "color": COLOURS[-1], "linestyle": "none"}
    ax.plot(sizes, times, zorder=3, label="log", **dots)  # type: ignore[arg-type]
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.xaxis.set_major_locator(LogLocator(base=64, numticks=12))
    ax.xaxis.set_minor_locator(LogLocator(base=2, numticks=60))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: short_size(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.10g}x"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel("time over a healthy run")
    ax.set_xlabel("message size (B)")
    bare(ax)


def diagnose_figure(found: Diagnosis, *, width: float = 3.5) -> Figure:
    """The figure of a diagnosis."""
    s = found.suspects.healthy[-1].scenario
    with styled():
        figure = Figure(figsize=(width, 2.8), layout="constrained")
        ax = figure.subplots()
        plot_diagnosis(ax, found)
        handles, labels = ax.get_legend_handles_labels()
        page = Page(figure=figure, grow=True, inside=False)
        name = found.log.name if found.log else "log"
        title = [f"{s.collective} of {s.ranks:,} ranks", s.topology]
        words = f"Log: {name}. Shares of the likelihood, of each cause what fits best."
        page.frame((title, [words]), None, list(zip(handles, labels)))
    return figure
