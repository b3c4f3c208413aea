"""Routing policies compared: how fast flows are, and how full the links of each tier.

Draws the rows of sims.jobs.routing_compare; runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from fabric.words.counted import counted
from sims.show.figures.page import Page
from sims.show.figures.style import bare, mark, styled

__all__ = ["balance_figure", "plot_link_loads", "plot_rates"]

_COLOURS = "cividis_r"  # even steps to the eye, darker throughout as links get fuller
_UNUSED = "white"
_ABREAST = 4  # panels in a line
_NOTE = (
    "Below: all links of a kind, from the emptiest to the fullest, and how full each is (1: as the fullest "
    "endpoint's; white: unused); above the black line they hold a flow back"
)

BalanceRow = Mapping[str, Any]


def balance_figure(rows: Sequence[BalanceRow], disclaimer: str = "") -> Figure:
    """The rates of all flows above, the loads of the links between switches below, a panel for each policy.

    ``rows``: one for each policy and kind of link, as of sims.jobs.routing_compare.balance_rows.
    """
    policies = list(dict.fromkeys(row["routing"] for row in rows))
    lines = -(-len(policies) // _ABREAST)
    abreast = -(-len(policies) // lines)
    with styled():
        figure = Figure(figsize=(3.5, 2.0 + 1.75 * lines), layout="constrained")
        grid = figure.add_gridspec(1 + lines, abreast, height_ratios=[1.15, *[1] * lines])
        above = figure.add_subplot(grid[0, :])
        plot_rates(above, rows)
        # Of 100,000 links one is always far off: colours tell the others apart.
        norm = Normalize(0, max(1.0, *(row["load_p99"] for row in _between(rows))))
        beyond = any(row["load_most"] > norm.vmax for row in _between(rows))
        panels = []
        for place, policy in enumerate(policies):
            ax = figure.add_subplot(grid[1 + place // abreast, place % abreast])
            plot_link_loads(ax, [row for row in rows if row["routing"] == policy], norm)
            ax.set_title(policy.replace(":", ":\n", 1), pad=3)
            if place % abreast:
                ax.set_ylabel("")
                ax.tick_params(labelleft=False)
            if place // abreast < lines - 1:
                ax.tick_params(labelbottom=False)
            panels.append(ax)
        bar = figure.colorbar(
            ScalarMappable(norm, _COLOURS),
            ax=panels,
            pad=0.02,
            aspect=18,
            extend="max" if beyond else "neither",
        )
        bar.set_label("load of a link (times the endpoints')")
        bar.outline.set_visible(False)
        first = rows[0]
        head = [first["topology"], first["traffic"], counted(first["flows"], "flow")]
        number = first["sampled_flows"]
        sample = f"Rates of {number:,} flows drawn at random. " if number else ""
        claim = f"Simulated with fabricsim {first['version']}: exact for the stated model, not a measurement"
        foot = [
            f"{text.rstrip('. ')}."
            for text in (sample, _NOTE, claim, disclaimer[:1].upper() + disclaimer[1:])
            if text
        ]
        entries = list(zip(*above.get_legend_handles_labels()))
        Page(figure=figure, grow=True, inside=False).frame((head, foot), None, entries)
    return figure


def plot_rates(ax: Axes, rows: Sequence[BalanceRow]) -> None:
    """The share of flows that are at most so fast, one staircase for each policy."""
    policies = {row["routing"]: row for row in rows}
    for place, (name, row) in enumerate(policies.items()):
        rates = np.asarray(row["rate_quantiles_GBps"], float)
        shares = np.linspace(0, 1, len(rates))
        style = mark(place).line() | {"markevery": (place * 5, max(1, len(rates) // 6))}
        ax.plot([rates[0], *rates], [0, *shares], label=name, drawstyle="steps-post", **style)
    full = max(float(row["full_GBps"]) for row in rows)
    # A flow inside a server may be far faster than all others: it is not worth half of the axis.
    fastest = max(row["rate_quantiles_GBps"][-2] for row in rows)
    ax.set_xlim(0, 1.03 * min(max(full, fastest), 1.6 * full))
    ax.set_ylim(0, 1.04)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f}%"))
    ax.set_ylabel("flows at most\nso fast (%)")
    ax.set_xlabel("rate of a flow (GB/s)")
    bare(ax)


def plot_link_loads(ax: Axes, rows: Sequence[BalanceRow], norm: Normalize) -> None:
    """The loads of one policy: a strip for each kind of link between switches, emptiest below, fullest above.

    ``rows``: one for each kind. A black line marks where loads pass 1.
    """
    shown = _between(rows)
    loads = np.array([row["load_quantiles"] for row in shown], float)
    strips = np.ma.masked_less_equal(loads.T, 0.0)
    steps = loads.shape[1]
    ax.set_facecolor(_UNUSED)
    edges = np.arange(len(shown) + 1) - 0.5
    ax.pcolormesh(edges, np.linspace(0, 1, steps + 1), strips, cmap=_COLOURS, norm=norm)
    for place, load in enumerate(loads):
        over = int(np.searchsorted(load, 1 + 1e-9, side="right"))
        if over < steps:
            ax.plot([place - 0.5, place + 0.5], [over / steps] * 2, color="black", linewidth=1.4)
    for edge in edges[1:-1]:
        ax.axvline(edge, color="white", linewidth=1.0)
    ax.set_xticks(range(len(shown)), [_short(row["kind"]) for row in shown], rotation=90)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_major_locator(MultipleLocator(0.25))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f}%"))
    ax.set_ylim(0, 1)
    ax.set_ylabel("links, sorted (%)")


def _between(rows: Sequence[BalanceRow]) -> list[BalanceRow]:
    """The rows of links between switches, those up before those down; all rows if there are none."""
    found = [row for row in rows if not any(end in row["kind"] for end in ("endpoint", "scale-up"))]
    order = ["leaf", "spine", "core", "super-core"]

    def key(row: BalanceRow) -> tuple[int, int]:
        tail, head = (order.index(end) if end in order else 9 for end in row["kind"].split(" -> "))
        return (0, tail) if tail < head else (1, -tail)

    return sorted(found, key=key) or list(rows)


def _short(kind: str) -> str:
    return kind.replace(" -> ", "\u2192")
