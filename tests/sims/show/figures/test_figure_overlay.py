"""Measurements beside simulated lines: what is drawn, and what does not belong together."""

from dataclasses import replace

import pytest
from figure_rows import clashes, over_scale, over_seeds, run
from matplotlib.figure import Figure

from fabric.words.errors import ParameterError
from sims.show.figures import figure_of, plot_busbw, plot_time
from sims.studies.nccl_log import Measurement, NcclLog


def log(ranks: int | None = 54, name: str = "nccl.log", scale: float = 1.0) -> NcclLog:
    """What a network of 40 GB/s and 30 us would give, in place a little faster."""
    factor = 2 * 53 / 54
    rows = []
    for size in (2**10, 2**20, 2**30, 2**33):
        for in_place in (False, True):
            time = (3e-5 + size * factor / 40e9) * scale * (0.9 if in_place else 1)
            algbw = size / time / 1e9
            rows.append(
                Measurement(
                    size_bytes=size,
                    time_s=time,
                    algbw_GBps=algbw,
                    busbw_GBps=algbw * factor,
                    in_place=in_place,
                )
            )
    return NcclLog(
        name=name, collective="all_reduce", ranks=ranks, version="NCCL 2.28.9", notes=(), rows=tuple(rows)
    )


def black(ax):
    return [line for line in ax.get_lines() if line.get_color() == "black"]


@pytest.mark.parametrize(
    ("plot", "name"), [(plot_busbw, "busbw_GBps"), (plot_time, "time_s")], ids=["busbw", "time"]
)
def test_the_values_out_of_place_are_drawn(plot, name: str) -> None:
    ax = Figure().subplots()
    plot(ax, over_seeds(), overlay=[log()])
    (line,) = black(ax)
    own = [row for row in log().rows if not row.in_place]
    assert line.get_xdata().tolist() == [row.size_bytes for row in own]
    assert line.get_ydata().tolist() == [getattr(row, name) for row in own]
    low, high = ax.get_ylim()
    assert low <= min(line.get_ydata()) and max(line.get_ydata()) <= high
    assert ax.get_xlim()[1] >= 2**33, "sizes that only the log has are seen too"


def test_in_place_alone_and_repeated_sizes() -> None:
    whole = log()
    alone = replace(whole, rows=tuple(row for row in whole.rows if row.in_place))
    slower = tuple(replace(row, time_s=row.time_s * k) for row in alone.rows for k in (1, 3, 2))
    ax = Figure().subplots()
    plot_time(ax, over_seeds(), overlay=[replace(alone, rows=slower)])
    (line,) = black(ax)
    assert line.get_ydata().tolist() == [2 * row.time_s for row in alone.rows]


def test_legend_and_foot_name_what_was_measured() -> None:
    drawn = figure_of(over_seeds(), figure="busbw", overlay=[log()])
    (ax,) = drawn.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ring", "tree", "measured"]
    foot = drawn.texts[-1].get_text().replace("\n", " ")
    assert "Measured: all_reduce_perf on 54 ranks with NCCL 2.28.9." in foot
    assert clashes(drawn) == []
    two = figure_of(over_seeds(), figure="time", overlay=[log(), log(name="b.log", scale=2)])
    names = [
        t.get_text() for legend in (two.axes[0].get_legend(), *two.legends) if legend for t in legend.texts
    ]
    assert names[-2:] == ["measured: nccl.log", "measured: b.log"] and clashes(two) == []


def test_without_a_name_both_figures_are_drawn() -> None:
    drawn = figure_of(over_seeds(), overlay=[log()])
    assert [len(black(ax)) for ax in drawn.axes] == [1, 1]


def test_a_log_stands_in_the_panel_of_its_ranks() -> None:
    drawn = figure_of(over_scale(), figure="busbw", facet="endpoints", overlay=[log()])
    shown = {ax.get_title(): len(black(ax)) for ax in drawn.axes if ax.get_visible()}
    assert shown == {"endpoints 16": 0, "endpoints 54": 1, "endpoints 128": 0, "endpoints 432": 0}
    every = figure_of(over_scale(), figure="busbw", facet="endpoints", overlay=[log(ranks=None)])
    assert [len(black(ax)) for ax in every.axes if ax.get_visible()] == [1, 1, 1, 1]


def test_what_does_not_belong_together() -> None:
    with pytest.raises(ParameterError, match=r"overlay: 'nccl.log': measured on 64 ranks, and no row .*54"):
        figure_of(over_seeds(), figure="busbw", overlay=[log(64)])
    with pytest.raises(ParameterError, match="measures all_gather, and the rows all_reduce"):
        figure_of(over_seeds(), figure="time", overlay=[replace(log(), collective="all_gather")])
    with pytest.raises(ParameterError, match="the figure scaling does not take it"):
        figure_of(over_scale(), figure="scaling", overlay=[log()])
    with pytest.raises(ParameterError, match="drawn over size_bytes, as one of time_s, busbw_GBps, algbw"):
        figure_of(run("fat-tree:k=6"), x="size_bytes", y="efficiency", overlay=[log()])
