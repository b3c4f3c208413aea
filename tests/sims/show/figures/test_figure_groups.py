"""The distribution of times over groups: what is drawn, of which size, and what is refused."""

from __future__ import annotations

import pytest
from figure_rows import clashes
from matplotlib.figure import Figure

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.scenario.row import Row
from sims.show.figures import figure_of, plot_groups
from sims.show.report.figure_data import ended
from topologies import load

TEXT = "fat-tree:k=8,gpus_per_server=4"
TENTHS = ("fastest", *(f"p{number}" for number in range(10, 100, 10)), "slowest")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    fabric = Fabric.from_graph(load(TEXT))
    settings = {"groups": "tp=4,pp=4,dp=8", "over": "dp"}
    found = []
    for seed in range(3):
        job = CollectiveJob(fabric, topology=TEXT, digest="", placement="random", seed=seed, **settings)
        found += list(job.rows(["ring", "halving-doubling"], [2**20, 2**26]))
    return found


def test_a_line_goes_from_the_fastest_group_to_the_slowest(rows: list[Row]) -> None:
    one = [row for row in rows if row.scenario.seed == 1 and row.scenario.algorithm == "ring"]
    ax = Figure().subplots()
    plot_groups(ax, one)
    line, alone = ax.get_lines()
    times = one[1].group_times  # of the largest size
    assert list(line.get_xdata()) == [times[name] for name in TENTHS]
    assert list(line.get_ydata()) == pytest.approx([number / 10 for number in range(11)])
    assert set(alone.get_xdata()) == {times["alone"]}


def test_seeds_are_medians_and_no_text_meets_another(rows: list[Row]) -> None:
    ring = [row for row in rows if row.scenario.algorithm == "ring" and row.scenario.size_bytes == 2**26]
    ax = Figure().subplots()
    plot_groups(ax, ring)
    slowest = sorted(row.group_times["slowest"] for row in ring)
    assert ax.get_lines()[0].get_xdata()[-1] == slowest[1]
    for facet in (None, "algorithm"):
        figure = figure_of(rows, figure="groups", facet=facet)
        assert not clashes(figure)
        names = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        assert "the slowest, alone" in names


def test_rows_of_one_group_are_refused(rows: list[Row]) -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    single = CollectiveJob(fabric, topology="fat-tree:k=4", digest="").row("ring", 2**26)
    with pytest.raises(ParameterError, match="groups needs rows of many groups at once: run with --groups"):
        figure_of([*rows, single], figure="groups")


def test_the_numbers_behind_it(rows: list[Row]) -> None:
    seen, data = ended([row for row in rows if row.scenario.seed == 0 and row.scenario.size_bytes == 2**26])
    assert "ring: " in seen and "the slowest alone" in seen
    assert str(data).count("<tr") == 3
