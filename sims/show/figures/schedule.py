"""Schedules drawn: who sends what to whom, step by step. Runs nothing; knows no network.

    python -m sims.show.figures.schedule docs/collectives

draws every algorithm of every collective on four ranks, a file for each collective.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from sims.show.figures.style import COLOURS, GREY, PAGE, save_figure
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms, build
from sims.workload.schedule import COPY, Schedule

__all__ = ["plot_schedule", "schedules_figure", "steps_of"]

_RANKS = 4
_SERVERS = np.array([0, 0, 1, 1])
_PANEL = (1.62, 0.62, 0.21)  # inches: width of a panel, height without steps, height of a step
_ACROSS = 4  # panels in a row
_COLOUR = {True: COLOURS[1], False: COLOURS[0]}
_WORDS = {True: "is kept", False: "is added up"}


def steps_of(schedule: Schedule) -> Iterator[tuple[list[tuple[float, float, bool]], Fraction]]:
    """Of each step: the transfers (from, to, whether what arrives replaces what is there), and how much of
    the message each carries. A step is a round, a repeat of a ring, or a stage of a pipeline of one segment;
    where switches add up there are two, to a place amid the ranks of each tree and back.

    >>> [len(transfers) for transfers, _ in steps_of(build("halving-doubling", {}, 4))]
    [4, 4, 4, 4]
    """
    for phase in schedule.phases:
        share = Fraction(phase.count, schedule.chunks)
        src, dst = phase.src.astype(float), phase.dst.astype(float)
        stage = np.zeros(len(phase), int) if phase.stage is None else phase.stage
        if phase.tree is not None:
            stage = phase.ops_at(0)
            middle = np.array([phase.src[phase.tree == tree].mean() for tree in phase.tree])
            aside = np.sign(phase.src.mean() - middle) / 3  # of the line of a rank, which is no switch
            middle = np.where(middle == np.round(middle), middle + aside, middle)
            src, dst = np.where(stage == COPY, middle, src), np.where(stage == COPY, dst, middle)
        for t in range(phase.repeat):
            copies = phase.ops_at(t) == COPY
            for now in range(int(stage.max()) + 1):
                of = np.flatnonzero(stage == now)
                yield [(float(src[i]), float(dst[i]), bool(copies[i])) for i in of], share


def plot_schedule(ax: Axes, schedule: Schedule, servers: np.ndarray | None = None) -> None:
    """An arrow for each transfer, from its sender down to its receiver; beside each step what a transfer
    carries. ``servers``: the label of each rank, of which each gets a shade.
    """
    steps = list(steps_of(schedule))
    for server in () if servers is None else np.unique(servers):
        own = np.flatnonzero(servers == server)
        ax.axvspan(own[0] - 0.35, own[-1] + 0.35, color=GREY, alpha=0.12, linewidth=0)
    for rank in range(schedule.n):
        ax.plot([rank, rank], [0, len(steps)], color=GREY, linewidth=0.5, zorder=1)
    for number, (transfers, share) in enumerate(steps):
        for src, dst, copies in dict.fromkeys(transfers):
            arrow = FancyArrowPatch(
                (src, number + 0.08), (dst, number + 0.92), arrowstyle="-|>", mutation_scale=5,
                color=_COLOUR[copies], linewidth=0.9, shrinkA=0, shrinkB=0, zorder=2,
            )  # fmt: skip
            ax.add_patch(arrow)
        size = "S" if share == 1 else f"S/{share.denominator}" if share.numerator == 1 else f"{share} S"
        ax.text(schedule.n - 0.55, number + 0.5, size, fontsize=7, va="center", color=GREY)
    ax.set_xlim(-0.5, schedule.n + 0.3)
    ax.set_ylim(max(len(steps), 1), -0.1)
    ax.set_xticks(range(schedule.n))
    ax.xaxis.tick_top()
    ax.tick_params(length=0, pad=1)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_title(schedule.name, fontsize=7.5, pad=3)


def schedules_figure(collective: str) -> Figure:
    """Every algorithm of ``collective`` on four ranks; those that know servers in two servers of two."""
    drawn = []
    for name, entry in algorithms(collective).items():
        apart = "groups" in entry.needs or name in ("chain-tree", "in-network")
        servers = _SERVERS if apart else None
        one = {"channels": 1} if "channels" in entry.parameters and apart else {}
        schedule = build(name, one, _RANKS, collective=collective, servers=servers, groups=_SERVERS)
        drawn.append((schedule, servers))
    width, head, step = _PANEL
    across = min(_ACROSS, len(drawn))
    rows = [drawn[i : i + across] for i in range(0, len(drawn), across)]
    heights = [head + step * max(len(list(steps_of(one))) for one, _ in row) for row in rows]
    with matplotlib.rc_context(PAGE):
        figure = Figure(figsize=(width * max(across, 2), sum(heights) + 0.25), layout="constrained")
        axes = figure.subplots(len(rows), across, squeeze=False, height_ratios=heights)
        for row, line in zip(rows, axes):
            longest = max(len(list(steps_of(one))) for one, _ in row)
            for ax, (schedule, servers) in zip(line, row):
                plot_schedule(ax, schedule, servers)
                ax.set_ylim(longest, -0.1)
            for ax in line[len(row) :]:
                ax.set_axis_off()
        kinds = {copies for one, _ in drawn for transfers, _ in steps_of(one) for *_, copies in transfers}
        handles = [
            Line2D([], [], color=_COLOUR[kind], label=f"what arrives {_WORDS[kind]}") for kind in kinds
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


if __name__ == "__main__":
    for name in COLLECTIVES:
        save_figure(schedules_figure(name), Path(sys.argv[1]) / f"{name}.png")
