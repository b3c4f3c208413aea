"""What each figure draws, held against the rows: every number found on the axes is computed again here."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_rows import clashes, over_designs, over_scale, over_seeds, run, texts
from matplotlib.figure import Figure

from fabric.words.errors import ParameterError
from sims import Row
from sims.show.figures import (
    FIGURES,
    figure_of,
    plot_busbw,
    plot_cdf,
    plot_crossover,
    plot_heatmap,
    plot_lines,
    plot_pareto,
    plot_scaling,
    plot_time,
    plot_utilisation,
    save_figure,
    svg_text,
    where,
)
from sims.show.figures.kinds.lines import MACHINES
from sims.show.report.figure_data import winners
from sims.studies.bom.costs import Costs, costs

LARGEST = 2**30


def axes(count: int = 1):
    drawn = Figure().subplots(count, squeeze=False)[:, 0]
    return drawn if count > 1 else drawn[0]


def prices() -> Costs:
    designs = dict.fromkeys(row.scenario.topology for row in over_designs())
    return Costs(
        currency="EUR",
        of={text: 1000.0 * (i + 1) for i, text in enumerate(designs)},
        source="made up",
    )


def explained(condition: str) -> list[Row]:
    """Rows with what remedies would save; which those are is not the figure's concern."""
    rows = where(at_largest(over_seeds()), condition)
    shares = {"rate of endpoint links x2": 0.4, "adaptive": 0.25, "no latency": 0.01, "packed": -0.1}
    return [replace(row, gains={name: share * row.time_s for name, share in shares.items()}) for row in rows]


def at_largest(rows) -> list[Row]:
    return [row for row in rows if row.scenario.size_bytes == LARGEST]


CASES = {
    "lines": (over_designs, {"x": "topology.endpoints_per_leaf", "y": "efficiency", "color": "routing"}),
    "busbw": (over_seeds, {}),
    "time": (over_seeds, {}),
    "scaling": (lambda: at_largest(over_scale()), {}),
    "heatmap": (lambda: where(over_scale(), "algorithm == 'ring'"), {}),
    "cdf": (lambda: at_largest(over_seeds()), {}),
    "pareto": (over_designs, {"costs": prices()}),
    "crossover": (over_scale, {}),
    "utilisation": (over_seeds, {}),
    "bars": (over_designs, {"color": "routing"}),
    "gains": (lambda: explained("algorithm == 'tree'"), {}),
    "groups": (
        lambda: run(
            "fat-tree:k=6", "ring,tree", sizes="64M", ranks="48", groups="mesh:tp=4,dp=rest", over="dp"
        ),
        {},
    ),
}
FACETS = {
    "lines": "algorithm", "busbw": "algorithm", "time": "seed", "scaling": "size_bytes",
    "heatmap": "algorithm", "cdf": "size_bytes", "pareto": "routing", "crossover": "topology.k",
    "utilisation": "algorithm", "bars": "topology.endpoints_per_leaf", "gains": "algorithm",
    "groups": "algorithm",
}  # fmt: skip


def made(name: str, **more: object) -> Figure:
    rows, options = CASES[name]
    return figure_of(rows(), figure=name, **{**options, **more})


def test_every_figure_is_tried() -> None:
    assert set(CASES) == set(FIGURES) == set(FACETS)


@pytest.mark.parametrize("width", [None, 2.6, 7.0])
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_meets_another(name: str, width: float | None) -> None:
    drawn = made(name, width=width)
    assert clashes(drawn) == []
    assert len(texts(drawn)) > 8
    assert min(text.get_fontsize() for text in texts(drawn)) >= 7, "points, at the width of a column"


def test_a_notebook_which_cuts_to_what_is_laid_out_keeps_title_and_foot() -> None:
    drawn = made("busbw")
    laid_out = drawn.get_tightbbox()
    width, height = drawn.get_size_inches()
    assert (laid_out.x0, laid_out.y0) <= (0, 0) and laid_out.x1 >= width and laid_out.y1 >= height


@pytest.mark.parametrize("name", FIGURES)
def test_nor_in_panels(name: str) -> None:
    rows, options = CASES[name]
    wider = {
        "scaling": over_scale,
        "heatmap": over_scale,
        "cdf": over_seeds,
        "gains": lambda: explained("k == 6"),
    }
    every = wider.get(name, rows)()
    assert clashes(figure_of(every, figure=name, facet=FACETS[name], **options)) == []


@pytest.mark.parametrize("name", FIGURES)
def test_axes_carry_their_units(name: str) -> None:
    for ax in made(name).axes:
        for axis in (ax.xaxis, ax.yaxis):
            label = axis.label.get_text()
            numbers = [t.get_text() for t in axis.get_ticklabels() if t.get_visible()]
            words = name in ("utilisation", "gains") and axis is ax.yaxis  # kinds of links, remedies
            assert words or not label or re.search(r"\(.+\)", label), (label, numbers)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_file_says_what_it_shows_and_is_the_same_each_time(name: str, kind: str, tmp_path) -> None:
    rows = CASES[name][0]()
    for path in (tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"):
        save_figure(made(name), path, rows)
    one, other = (tmp_path / f"a.{kind}").read_bytes(), (tmp_path / f"b.{kind}").read_bytes()
    assert one == other
    said = f"fabricsim {rows[0].version}, {len(rows)} rows, keys {rows[0].key} to {rows[-1].key}"
    assert said.encode() in one
    assert len(one) < 400_000


def test_lines_run_through_medians_in_bands_from_5_to_95_percent() -> None:
    ax = axes()
    plot_busbw(ax, over_seeds())
    values = defaultdict(list)
    for row in over_seeds():
        values[row.scenario.algorithm, row.scenario.size_bytes].append(row.busbw_GBps)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert set(lines) == {"ring", "tree"}
    for name, line in lines.items():
        for x, y in line.get_xydata():
            assert y == pytest.approx(median(values[name, int(x)]))
    corners = np.vstack([path.vertices for band in ax.collections for path in band.get_paths()])
    for (_, size), drawn in values.items():
        for share in (5, 95):
            edge = corners[corners[:, 0] == size][:, 1]
            assert np.isclose(edge, np.percentile(drawn, share)).any()


def test_seeds_that_stand_apart_are_not_called_a_median() -> None:
    rows = where(over_seeds(), "size == '1MiB'")
    options = {"y": "time_s", "color": "algorithm"}
    apart = figure_of(rows, x="seed", **options), figure_of(rows, x="ranks", facet="seed", **options)
    for drawn, said in (*((one, False) for one in apart), (figure_of(rows, x="ranks", **options), True)):
        assert ("median" in " ".join(text.get_text() for text in drawn.texts)) == said


def test_a_narrow_view_has_ticks_too() -> None:
    rows = [replace(row, time_s=(97 + i) * 1e-6) for i, row in enumerate(run("fat-tree:k=4", "ring"))]
    ax = axes()
    plot_time(ax, rows)
    low, high = ax.get_ylim()
    assert sum(low <= tick <= high for tick in ax.get_yticks()) > 1


def test_one_seed_has_no_band() -> None:
    ax = axes()
    rows = [replace(row, error_low=0.0, error_high=0.0) for row in where(over_seeds(), "seed == 0")]
    plot_time(ax, rows)
    assert not ax.collections
    assert ax.get_xscale() == ax.get_yscale() == "log"


@pytest.mark.parametrize(("plot", "at"), [(plot_time, (0.5, 3.0)), (plot_busbw, (1 / 3, 2.0))])
def test_where_machines_were_is_pale(plot: Callable[..., None], at: tuple[float, float]) -> None:
    ax = axes()
    plot(ax, [replace(row, error_low=-0.5, error_high=2.0) for row in run("fat-tree:k=4", "ring")])
    (pale,) = ax.collections
    (line,) = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    drawn, values = pale.get_paths()[0].vertices[:, 1], line.get_ydata()
    assert drawn.min() == pytest.approx(values.min() * at[0])
    assert drawn.max() == pytest.approx(values.max() * at[1])


def test_the_foot_says_what_is_pale_and_where_runs_are_compared_nothing_is() -> None:
    every = (*over_designs(), *over_scale())
    rows = [replace(row, error_low=-0.5, error_high=2.0) for row in every]
    pale = "Pale: where four of five measured machines were"
    for how, said in (
        ({"figure": "time"}, True),
        ({"x": "ranks", "y": "busbw_GBps"}, True),
        ({"x": "size_bytes", "y": "latency_share"}, False),
        ({"x": "topology.endpoints_per_leaf", "y": "time_s"}, False),
    ):
        own = rows[len(over_designs()) :] if said else rows[: len(over_designs())]
        drawn = figure_of(own, **how)
        bands = [one for ax in drawn.axes for one in ax.collections if one.get_label() == MACHINES]
        foot = " ".join(" ".join(text.get_text() for text in texts(drawn)).split())
        assert (bool(bands), pale in foot) == (said, said), how


def test_scaling_shows_time_efficiency_and_the_ideal() -> None:
    upper, lower = axes(2)
    rows = at_largest(over_scale())
    plot_scaling((upper, lower), rows)
    assert upper.get_xscale() == upper.get_yscale() == lower.get_yscale() == "log"
    by = {(row.scenario.algorithm, row.scenario.ranks): row for row in rows}
    for ax, value in ((upper, lambda r: r.time_s), (lower, lambda r: r.efficiency)):
        for line in (line for line in ax.get_lines() if not line.get_label().startswith("_")):
            assert len(line.get_xdata()) == 4
            for x, y in line.get_xydata():
                assert y == pytest.approx(value(by[line.get_label(), int(x)]))
    ideal = next(line for line in upper.get_lines() if line.get_label() == "_ideal of ring")
    for x, y in ideal.get_xydata():
        row = by["ring", int(x)]
        # Without contention and latency a ring moves 2 (n - 1)/n of the bytes at 50 GB/s.
        assert y == pytest.approx(2 * (x - 1) / x * LARGEST / 50e9)
        assert y <= row.time_s


def test_cells_of_a_heatmap_are_the_values() -> None:
    ax = axes()
    rows = where(over_scale(), "algorithm == 'ring'")
    plot_heatmap(ax, rows)
    values = ax.collections[0].get_array().reshape(4, 5)
    sizes, ranks = (sorted({getattr(r.scenario, name) for r in rows}) for name in ("size_bytes", "ranks"))
    for row in rows:
        at = ranks.index(row.scenario.ranks), sizes.index(row.scenario.size_bytes)
        assert values[at] == row.busbw_GBps


def test_a_staircase_rises_at_each_value_by_its_share() -> None:
    ax = axes()
    rows = at_largest(over_seeds())
    plot_cdf(ax, rows)
    for line in ax.get_lines():
        times = sorted(row.time_s for row in rows if row.scenario.algorithm == line.get_label())
        x, y = line.get_xydata().T
        assert x.tolist() == [times[0], *times] and np.allclose(y, np.arange(7) / 6)


def test_the_fastest_of_each_cell() -> None:
    drawn = made("crossover")
    letters = {"R": "ring", "T": "tree", "HD": "halving-doubling"}
    rows = over_scale()
    sizes, ranks = (sorted({getattr(r.scenario, n) for r in rows}) for n in ("size_bytes", "ranks"))
    times = defaultdict(dict)
    for row in rows:
        at = sizes.index(row.scenario.size_bytes), ranks.index(row.scenario.ranks)
        times[at][row.scenario.algorithm] = row.time_s
    words = defaultdict(list)
    for text in texts(drawn):
        if text.get_bbox_patch() is not None:
            words[tuple(text.get_position())].append(text.get_text())
    assert len(words) == 20
    for at, (letter, lead) in words.items():
        first, second, *_ = sorted(times[at], key=times[at].get)
        tie = times[at][second] < 1.005 * times[at][first]
        assert letter == "tie" if tie else letters[letter] == first
        assert float(lead) == pytest.approx(times[at][second] / times[at][first], abs=0.005)
    won = {letter for letter, _ in words.values()}
    named = [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
    entries = [f"{letter}  {name}" for letter, name in letters.items() if letter in won]
    assert named == entries + ["tie"] * ("tie" in won)


@pytest.mark.parametrize(("lead", "said"), [(1.0, "tie"), (1.0049, "tie"), (1.0051, "R")])
def test_what_the_number_does_not_tell_apart_is_a_tie(lead: float, said: str) -> None:
    """Of two, at one size and number of ranks; at the others the ring is twice as fast."""
    rows = [row for row in over_scale() if row.scenario.algorithm in ("ring", "tree")]
    small = min((row.scenario.size_bytes, row.scenario.ranks) for row in rows)

    def time(row: Row) -> float:
        at = row.scenario.size_bytes, row.scenario.ranks
        return 1.0 if row.scenario.algorithm == "ring" else lead if at == small else 2.0

    own = [replace(row, time_s=time(row)) for row in rows]
    drawn = figure_of(own, figure="crossover")
    plates = [text.get_text() for text in texts(drawn) if text.get_bbox_patch() is not None]
    assert set(plates) == {said, "R", f"{lead:.2f}" if said == "tie" else "1.01", "2.00"}
    assert plates.count("tie") == (said == "tie")
    named = [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
    assert named == (["R  ring", "tie"] if said == "tie" else [])  # one entry is no legend
    told = winners(own)[0]
    assert ("none (a tie: less than 0.5% apart) at 1 of" in told) == (said == "tie")


def test_nothing_beats_the_frontier() -> None:
    ax = axes()
    plot_pareto(ax, over_designs(), costs=prices())
    line = next(line for line in ax.get_lines() if line.get_label() == "frontier")
    best = {tuple(point) for point in line.get_xydata()}
    points = {(prices().of[r.scenario.topology] / r.endpoints, r.busbw_GBps) for r in over_designs()}
    beaten = {p for p in points if any(q != p and q[0] <= p[0] and q[1] >= p[1] for q in points)}
    assert best == points - beaten and ax.get_xlabel() == "cost per endpoint (EUR)"


def test_bars_are_the_use_of_links_at_the_largest_size() -> None:
    ax = axes()
    plot_utilisation(ax, over_seeds())
    rows = at_largest(over_seeds())
    kinds = [label.get_text().replace("\n→", " →").replace("→", "->") for label in ax.get_yticklabels()]
    assert kinds == [
        "endpoint -> leaf", "leaf -> spine", "spine -> core", "core -> spine", "spine -> leaf",
        "leaf -> endpoint",
    ]  # fmt: skip
    for bars in ax.containers:
        for bar, kind in zip(bars, kinds):
            own = [r.utilisation[kind]["mean"] for r in rows if r.scenario.algorithm == bars.get_label()]
            assert bar.get_width() == pytest.approx(median(own))
    assert f"at {LARGEST // 2**30} GiB" in ax.get_xlabel()


def test_measured_costs_come_from_the_bill_of_materials() -> None:
    from sims.studies.bom import bill
    from sims.studies.bom.parts import read_parts
    from topologies import load

    text = over_designs()[0].scenario.topology
    found = costs([text, text], "sample")
    assert found.of == {text: bill(load(text), read_parts("sample")).cost()} and found.currency == "USD"


def test_panels_share_axes_names_and_marks() -> None:
    drawn = figure_of(over_scale(), x="size_bytes", y="busbw_GBps", facet="endpoints")
    shown = [ax for ax in drawn.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == [f"endpoints {n}" for n in (16, 54, 128, 432)]
    assert len({ax.get_ylim() for ax in shown}) == 1
    marks = [{line.get_label(): line.get_marker() for line in ax.get_lines()} for ax in shown]
    assert marks == [marks[0]] * 4 and len(set(marks[0].values())) == 3
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["ring", "tree", "halving-doubling"]


def test_a_title_that_has_no_room_stands_below() -> None:
    rows = run("fat-tree:endpoints=48,radix=8,gpus_per_server=4,rate=200Gbps,nvlink=300GB/s", "ring", "1M,1G")
    drawn = figure_of(rows, figure="busbw")
    title, foot = (text.get_text() for text in drawn.texts)
    assert title == "fat-tree, all-reduce, 48 ranks, ring"
    assert foot.replace("\n", "").startswith(rows[0].scenario.topology), "broken after commas"
    assert clashes(drawn) == []


def test_the_title_can_be_given_or_left_out() -> None:
    assert made("busbw", title="Mine").texts[0].get_text() == "Mine"
    assert "Mine" not in [text.get_text() for text in made("busbw", title="").texts]


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_letters_that_the_font_lacks_and_control_characters_can_be_drawn(kind: str, tmp_path) -> None:
    path = tmp_path / f"a.{kind}"
    save_figure(made("busbw", title="a\x12b\ufffe \u4e2d & <c>"), path)
    if kind == "svg":
        title = [text.text for text in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        assert "a\ufffdb\ufffd \u4e2d & <c>" in title


def test_several_presets_share_one_disclaimer() -> None:
    rows = [
        row
        for name in ("superpod-h100:su=1", "hpn-pod:segments=1")
        for row in run(f"preset:{name}", "ring", "1M,1G", ranks=16)
    ]
    foot = figure_of(rows, figure="busbw").texts[-1].get_text().replace("\n", " ")
    assert "Presets are illustrations made of public figures" in foot
    one = figure_of(rows[:2], figure="busbw").texts[-1].get_text().replace("\n", " ")
    assert "RA-11333-001" in one


def test_an_svg_element_brings_no_rule_or_name_of_its_own_into_a_page() -> None:
    text = svg_text(made("crossover"), over_scale(), "A & B", "who < whom")
    assert text.startswith("<svg ") and "<style" not in text
    assert "A &amp; B</title>" in text and "who &lt; whom</desc>" in text
    other = svg_text(made("busbw"), over_seeds(), "A & B", "else")
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (text, other)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    for svg, own in zip((text, other), ids):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= own


@pytest.mark.parametrize(
    ("name", "options", "rule"),
    [
        ("lines", {"y": "time_s"}, "x: not given: a figure that is not named needs x and y"),
        ("lines", {"x": "algorithm", "y": "time_s"}, "x: 'algorithm': an axis of numbers is needed"),
        ("lines", {"x": "sizes", "y": "time_s"}, "did you mean 'size_bytes'"),
        ("lines", {"x": "topology.kk", "y": "time_s"}, "did you mean 'topology.k'"),
        ("lines", {"x": "cost", "y": "time_s"}, "column: 'cost': needs prices"),
        ("busbw", {"x": "ranks"}, "the figure busbw does not take it; it takes color, overlay"),
        ("busbw", {"facet": "time"}, "at most 16 panels, and it has"),
        ("busbw", {"width": 0.3}, "width: 0.3: inches, from 1.5 to 60"),
        ("pie", {}, "figure: 'pie': no such figure"),
        ("scaling", {}, "at least two values of ranks, and found one: 54"),
        ("heatmap", {"y": "ranks"}, "algorithm: 'ring, tree': rows that differ in it fall into one cell"),
        ("crossover", {"color": "routing"}, "at least two values of routing, and found ecmp:qps=1"),
        ("pareto", {}, "costs: not given: pareto needs the cost of each topology"),
        ("pareto", {"costs": prices()}, "costs: 'fat-tree:k=6': no cost is given for it"),
        ("pareto", {"x": "contention", "y": "ranks"}, "a column of which high or low values are wanted"),
    ],
)
def test_what_a_figure_cannot_show(name: str, options: dict, rule: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(rule)):
        figure_of(over_seeds(), figure=name, **options)


def test_more_that_a_figure_cannot_show() -> None:
    one = where(over_seeds(), "seed == 3")
    with pytest.raises(ParameterError, match="a distribution needs rows of several seeds"):
        figure_of(one, figure="cdf")
    with pytest.raises(ParameterError, match="rows: 0: a figure needs at least one row"):
        figure_of([], figure="busbw")
    with pytest.raises(ParameterError, match=r"routing: .*: rows that differ in it fall into one cell"):
        figure_of(over_designs(), figure="crossover", x="size_bytes")
    with pytest.raises(ParameterError, match="rows: '18 series': at most 12 bars side by side"):
        figure_of(over_designs(), figure="utilisation")
    with pytest.raises(ParameterError, match="utilisation needs rows that hold it"):
        figure_of([replace(row, utilisation={}) for row in one], figure="utilisation")


def test_rows_are_chosen_by_conditions() -> None:
    rows = over_seeds()
    assert where(rows, "seed in (1, 2) and size_bytes >= '1MiB'") == [
        row for row in rows if row.scenario.seed in (1, 2) and row.scenario.size_bytes >= 2**20
    ]
    assert where(rows, ["algorithm == 'ring'", "k == 6"]) == [
        row for row in rows if row.scenario.algorithm == "ring"
    ]
    both = [*run("fat-tree:k=4", sizes="1M"), *run("star:endpoints=4", sizes="1M")]
    assert {row.endpoints for row in where(both, "topology.k == 4")} == {16}, "a star has no k"
    there = re.escape(
        "where: 'seed > 9': holds for none of 60 rows, in which seed is 0 or 1 or 2 or 3 or 4 or 5"
    )
    with pytest.raises(ParameterError, match=there):
        where(rows, "seed > 9")
    with pytest.raises(ParameterError, match=r"algorithm is 'ring' or 'tree'; topology\.k is 6"):
        where(rows, "algorithm == 'Ring' and k == 6")
    ends = f"{min(row.busbw_GBps for row in rows):g} to {max(row.busbw_GBps for row in rows):g}"
    with pytest.raises(ParameterError, match=re.escape(f"busbw_GBps is {ends}")):
        where(rows, "busbw > 1e9")
    with pytest.raises(
        ParameterError, match="'seeds' is no column of these rows; texts are written in quotes"
    ):
        where(rows, "seeds == 1")


def test_each_function_draws_on_any_axes() -> None:
    rows = over_seeds()
    ax = axes()
    plot_lines(ax, rows, "size_bytes", "contention", "algorithm")
    plot_crossover(axes(), over_scale())
    assert ax.get_ylabel() == "contention (times the endpoints' need)"
