"""Bars: as long as the column, one for each thing that differs, however many there are."""

from __future__ import annotations

import pytest
from figure_rows import clashes
from matplotlib.figure import Figure

from fabric.words.errors import ParameterError
from sims import all_reduce
from sims.scenario.row import Row
from sims.show.figures import figure_of
from sims.show.figures.kinds.bars import plot_bars


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [
        row
        for spec in ("fat-tree:k=4", "torus:dims=4/4")
        for routing in ("ecmp", "adaptive")
        for seed in range(3)
        for row in all_reduce(
            spec, "ring,tree", ["1KiB", "1MiB"], routing=routing, placement="random", seed=seed, ranks=16
        )
    ]


def test_a_bar_is_the_median_over_the_seeds_at_the_largest_size(rows: list[Row]) -> None:
    ax = Figure().subplots()
    plot_bars(ax, rows)
    drawn = {bar.get_label(): bar[0].get_width() for bar in ax.containers}
    assert len(drawn) == 8
    own = [
        row.busbw_GBps
        for row in rows
        if row.scenario.algorithm == "tree"
        and row.scenario.topology == "torus:dims=4/4"
        and row.scenario.routing == "adaptive"
        and row.scenario.size_bytes == 2**20
    ]
    assert drawn["_tree, torus:dims=4/4, adaptive"] == pytest.approx(sorted(own)[1])
    labels = [tick.get_text().replace("\n", " ") for tick in ax.get_yticklabels()]
    assert len(labels) == 4 and "fat-tree:k=4, adaptive" in labels


def test_no_text_meets_another_and_the_figure_grows_with_its_bars(rows: list[Row]) -> None:
    heights = []
    for own in (rows[:2], rows):
        for options in ({}, {"facet": "routing"}, {"x": "time_s", "color": "routing"}):
            figure = figure_of(own, figure="bars", **options)
            assert not clashes(figure)
            heights.append(figure.get_size_inches()[1])
    assert heights[3] > heights[0] + 1


def test_panels_hold_what_is_theirs(rows: list[Row]) -> None:
    figure = figure_of(rows, figure="bars", facet="routing")
    counts = [len(ax.containers) for ax in figure.axes if ax.get_visible()]
    assert counts == [4, 4]


def test_a_column_of_words_is_no_length(rows: list[Row]) -> None:
    with pytest.raises(ParameterError, match="limit_link"):
        figure_of(rows, figure="bars", x="limit_link")
