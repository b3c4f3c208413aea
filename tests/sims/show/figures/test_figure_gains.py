"""The bars of what would help: as long as the shares, in order, and honest about losses."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.scenario.scenario import Scenario
from sims.show.figures import figure_of, plot_gains

GAINS = {"2x leaf - spine": 0.002, "no faults": -0.001, "best other algorithm: tree": 0.005}


def row(
    gains: Mapping[str, float], algorithm: str = "ring", seed: int = 0, time: float = 0.01, size: int = 2**20
) -> Row:
    return Row(
        scenario=Scenario.of(
            topology="fat-tree:k=4", ranks=16, algorithm=algorithm, size_bytes=size, seed=seed
        ),
        endpoints=16,
        used=algorithm,
        time_s=time,
        algbw_GBps=1.0,
        busbw_GBps=1.0,
        efficiency=0.5,
        limit_link="leaf -> spine",
        contention=2.0,
        worst_link="leaf -> spine",
        worst_load=2.0,
        latency_share=0.1,
        utilisation={},
        gains=dict(gains),
        version="0.1.0",
    )


def drawn(*rows: Row) -> tuple[list[float], list[str], list[str]]:
    """The length of each bar from above, what it is called, and what stands behind it."""
    ax = Figure().subplots()
    plot_gains(ax, rows)
    names = [text.get_text() for text in ax.get_yticklabels()]
    return [bar.get_width() for bar in ax.patches], names, [text.get_text() for text in ax.texts]


def test_bars_are_shares_of_the_time_the_largest_first() -> None:
    lengths, names, words = drawn(row(GAINS))
    assert lengths == pytest.approx([0.5, 0.2, -0.1])
    assert names == ["algorithm: tree", "2x leaf - spine", "no faults"]
    assert words == ["5 ms, 50%", "2 ms, 20%", "−1 ms, −10%"]


def test_a_large_loss_is_cut_off_and_its_number_is_not() -> None:
    lengths, _, words = drawn(row({"a": 0.001, "b": -0.5}))
    assert lengths == pytest.approx([0.1, -0.25]) and words[1] == "−500 ms, −5,000%"


def test_over_seeds_the_medians_and_other_algorithms_are_one_remedy() -> None:
    rows = [row({"x": 0.001 * i, f"best other algorithm: a{i}": 0.002}, seed=i) for i in (1, 2, 9)]
    lengths, names, _ = drawn(*rows)
    assert lengths == pytest.approx([0.2, 0.2]) and set(names) == {"x", "best other algorithm"}


def test_only_the_largest_size_counts() -> None:
    assert drawn(row({"a": 0.001}, size=8), row({"a": 0.003}))[0] == pytest.approx([0.3])


def test_panels_have_the_same_remedies_in_the_same_order() -> None:
    rows = [row({"a": 0.001, "b": 0.002}), row({"a": 0.009, "c": 0.0}, "tree")]
    figure = figure_of(rows, figure="gains", facet="algorithm")
    left, right = (ax for ax in figure.axes if ax.get_visible())
    assert [text.get_text() for text in left.get_yticklabels()] == ["a", "b", "c"]
    assert left.get_xlim() == right.get_xlim() and left.get_ylim() == right.get_ylim()
    assert [text.get_text() for text in right.texts] == ["9 ms, 90%", "not here", "0"]


def test_no_words_overlap_and_none_leaves_the_figure() -> None:
    names = [
        "2x endpoint - scale-up switch",
        "best other algorithm: hierarchical-halving-doubling",
        *"abcdefgh",
    ]
    gains = {name: 0.0099 - 0.0013 * i for i, name in enumerate(names)}
    figure = figure_of([row(gains)], figure="gains")
    figure.draw_without_rendering()
    (ax,) = figure.axes
    for texts in (ax.get_yticklabels(), ax.texts):
        boxes = [text.get_window_extent() for text in texts]
        assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_rows_that_cannot_be_drawn_say_why() -> None:
    with pytest.raises(ParameterError, match="run with --explain"):
        figure_of([row({})], figure="gains")
    with pytest.raises(ParameterError, match="facet by what differs"):
        figure_of([row(GAINS), row(GAINS, "tree")], figure="gains")
    with pytest.raises(ParameterError, match="rows: 2: gains needs rows that hold them: run with --explain"):
        figure_of([row({}), row({}, "tree")], figure="gains")  # choosing one of them would not help
    with pytest.raises(ParameterError, match="does not take it"):
        figure_of([row(GAINS)], figure="gains", x="ranks")
