"""Two sets of rows: what changed, which rows belong together, and the numbers of each pair."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from figure_rows import clashes

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims import Row, all_reduce
from sims.cli.main import main
from sims.scenario.files import write_records
from sims.show.figures import plot_ratio, ratio_figure, ratios_figure
from sims.show.words.compare import comparison_lines, comparisons_lines
from sims.studies.compare import Change, compare, records_of
from topologies import load
from topologies.catalogue import canonical


def run(
    text: str = "fat-tree:k=4", algorithm: str = "ring,tree", sizes: str = "1K,1M,1G", **settings
) -> list[Row]:
    return all_reduce(
        Fabric.from_graph(load(text)), algorithm, sizes, topology=canonical(text), digest="", **settings
    )


def test_a_rate_that_is_halved() -> None:
    a, b = run(), run("fat-tree:k=4,rate=200Gbps")
    found = compare(a, b)
    assert found.changes == (Change(name="topology.rate", before=("400Gbps",), after=("200Gbps",)),)
    assert [(pair.a, pair.b) for pair in found.pairs] == list(zip(a, b))
    assert found.varied == ("algorithm", "size_bytes") and found.left_out == (0, 0)
    for pair in found.pairs:
        assert pair.ratio == pair.b.time_s / pair.a.time_s
        # Bytes take twice as long, latency does not.
        assert pair.ratio == pytest.approx(2 - pair.a.latency_share, rel=1e-9)


def test_parts_pair_and_other_parts_are_changes() -> None:
    a = [row for k in (4, 6) for row in run(f"fat-tree:k={k}", "ring")]
    b = [row for k in (4, 6) for row in run(f"fat-tree:k={k},delay=1us", "ring", routing="dmodk")]
    found = compare(a, b)
    assert [change.name for change in found.changes] == ["topology.delay", "routing"]
    assert [str(change) for change in found.changes][1] == "routing: ecmp:qps=1 -> dmodk"
    assert {pair.a.endpoints for pair in found.pairs} == {16, 54}
    assert all(pair.a.endpoints == pair.b.endpoints for pair in found.pairs)


def test_queue_pairs_are_a_part_of_routing() -> None:
    (change,) = compare(run(routing="ecmp:qps=2"), run(routing="ecmp:qps=4")).changes
    assert str(change) == "routing.qps: 2 -> 4"


def test_what_has_no_partner_is_counted() -> None:
    found = compare(run(sizes="1K,1M,1G"), run("fat-tree:k=4,rate=200Gbps", "ring", "1M,1G,2G"))
    assert len(found.pairs) == 2 and found.left_out == (4, 1)


def test_a_row_without_a_draw_stands_for_every_seed() -> None:
    drawn = [row for seed in (0, 1, 2) for row in run(algorithm="tree", sizes="1G", seed=seed)]
    still = run(algorithm="tree", sizes="1G", routing="adaptive")
    found = compare(drawn, still)
    assert [(pair.a.scenario.seed, pair.b.key) for pair in found.pairs] == [
        (i, still[0].key) for i in range(3)
    ]
    assert [pair.ratio for pair in compare(still, drawn).pairs] == pytest.approx(
        [1 / p.ratio for p in found.pairs]
    )
    other = [
        row
        for seed in (1, 2, 3)
        for row in run(algorithm="tree", sizes="1G", seed=seed, routing="ecmp:qps=2")
    ]
    assert [pair.a.scenario.seed for pair in compare(drawn, other).pairs] == [1, 2]


def test_the_same_rows_changed_nothing() -> None:
    rows = run()
    found = compare(rows, rows)
    assert found.changes == () and {pair.ratio for pair in found.pairs} == {1}
    newer = [replace(row, version="9.9.9", time_s=row.time_s * 1.5) for row in rows]
    (change,) = compare(rows, newer).changes
    assert change == Change(name="version", before=(rows[0].version,), after=("9.9.9",))


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ([], ("ring", "1K"), "0 and 1': a comparison needs rows on both sides"),
        (("ring", "1K"), ("tree", "1K"), None),
        (("ring", "1K,1M"), ("ring", "1G,2G"), "rows: 'size_bytes': has several values on one side"),
    ],
)
def test_what_cannot_be_compared(a, b, rule) -> None:
    sides = [run(algorithm=side[0], sizes=side[1]) if isinstance(side, tuple) else side for side in (a, b)]
    if rule is None:
        assert str(compare(*sides).changes[0]) == "algorithm: ring -> tree"
        return
    with pytest.raises(ParameterError, match=re.escape(rule)):
        compare(*sides)


def test_no_pair_at_all() -> None:
    a = [*run(algorithm="ring", sizes="1K"), *run(algorithm="tree", sizes="1M")]
    b = [*run(algorithm="ring", sizes="1M"), *run(algorithm="tree", sizes="1K")]
    with pytest.raises(ParameterError, match="no row of A belongs to one of B: nothing but seeds and comb"):
        compare(a, b)


def test_lines_hold_every_pair_and_the_whole() -> None:
    found = compare(run(), run("fat-tree:k=4,rate=200Gbps"))
    lines = list(comparison_lines(found, "a.csv", "b.csv"))
    assert lines[:3] == ["A: a.csv", "B: b.csv", "changed  topology.rate: 400Gbps -> 200Gbps"]
    assert lines[4].split() == [
        "algorithm",
        "size",
        "time",
        "A",
        "time",
        "B",
        "B",
        "/",
        "A",
        "busbw",
        "A",
        "busbw",
        "B",
        "limit",
        "A",
        "limit",
        "B",
    ]
    body = lines[5:11]
    assert [line.split()[0] for line in body] == ["ring"] * 3 + ["tree"] * 3
    for line, pair in zip(body, found.pairs):
        assert f" {pair.ratio:.4g} " in line
    assert lines[12].startswith(
        "B is faster in 0, slower in 6 and equal in 0 of 6 pairs. Time of B over A: median"
    )
    assert "(tree, 1 GiB)" in lines[13] or "(ring, 1 GiB)" in lines[13]


def test_the_figure_shows_the_ratios() -> None:
    from matplotlib.figure import Figure

    drawn = [row for seed in range(6) for row in run(seed=seed)]
    found = compare(drawn, run(routing="adaptive"))
    ax = Figure().subplots()
    plot_ratio(ax, found)
    by = {}
    for pair in found.pairs:
        by.setdefault((pair.a.scenario.algorithm, pair.a.scenario.size_bytes), []).append(pair.ratio)
    lines = {
        line.get_label(): line.get_xydata() for line in ax.get_lines() if line.get_label() in ("ring", "tree")
    }
    assert set(lines) == {"ring", "tree"}
    for name, points in lines.items():
        for x, y in points:
            assert y == pytest.approx(np.median(by[name, int(x)]))
    assert ax.get_ylabel() == "time of B over A (ratio)"
    page = ratio_figure(found, "a.csv", "b.csv")
    assert page.texts[0].get_text() == "B against A, routing: ecmp:qps=1 → adaptive"
    foot = page.texts[1].get_text().replace("\n", " ")
    assert "A: a.csv. B: b.csv." in foot and "routing ecmp" not in foot and "6 seeds: median" in foot
    one = [
        [row for row in rows if row.scenario.size_bytes == 2**20] for rows in (drawn, run(routing="adaptive"))
    ]
    assert "median" not in ratio_figure(compare(*one)).texts[1].get_text(), "each seed is a point of its own"


@pytest.fixture
def command(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["fabricsim", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        done = capsys.readouterr()
        return int(ended.value.code or 0), done.out, done.err

    return command


def test_the_command_on_rows_and_on_topologies(command, tmp_path: Path) -> None:
    write_records("a.csv", [row.to_dict() for row in run()])
    write_records("b.jsonl", [row.to_dict() for row in run("fat-tree:k=4,rate=200Gbps")])
    status, out, err = command("compare", "a.csv", "b.jsonl", "-o", "r.svg", "--out", "r.csv")
    assert (status, err) == (0, "wrote r.csv\nwrote r.svg\n")
    found = compare(run(), run("fat-tree:k=4,rate=200Gbps"))
    assert out.splitlines() == list(comparison_lines(found, "a.csv", "b.jsonl"))
    records = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert [float(record["time_b_over_a"]) for record in records] == [pair.ratio for pair in found.pairs]
    words = ("--algorithm", "ring,tree", "--sizes", "1K,1M,1G")
    status, again, _ = command("compare", "fat-tree:k=4", "fat-tree:k=4,rate=200Gbps", *words)
    assert status == 0 and again.splitlines()[2:] == out.splitlines()[2:]
    status, fewer, _ = command("compare", "a.csv", "b.jsonl", "--where", "size == '1MiB'")
    assert status == 0 and "of 2 pairs" in fewer
    status, mixed, _ = command("compare", "a.csv", "fat-tree:k=4", *words, "--set", "routing=dmodk")
    assert status == 0 and "routing: ecmp:qps=1 -> dmodk" in mixed
    for option in (words[:2], ("--size", "1K"), ("--set", "ranks=4"), ("--fail", "cables=1")):
        status, _, err = command("compare", "a.csv", "b.jsonl", *option)
        assert (status, err.count("\n")) == (2, 1) and f"{option[0]}: {option[1]!r}: is of topologies" in err


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("a.csv none.csv", "none.csv: no such file"),
        ("fat-tree:k=3 fat-tree:k=4", "k: 3"),
        ("fat-tree:k=4 fat-tree:k=6 --set seed=x", "seed: 'x': a whole number"),
        ("fat-tree:k=4 fat-tree:k=6 -o r.gif", "--out: 'r.gif'"),
        ("fat-tree:k=4", "'fat-tree:k=4': a comparison needs two sides or more"),
        ("star:endpoints=4 fat-tre:k=4", "did you mean 'fat-tree'"),
        ("star:endpoints=4 star:endpoints=5 --routing emcp", "ecmp"),
    ],
)
def test_mistakes_cost_one_line(words: str, rule: str, command) -> None:
    write_records("a.csv", [row.to_dict() for row in run()])
    status, out, err = command("compare", *words.split())
    assert status == 2 and out == "" and err.count("\n") == 1 and rule in err, err


def test_several_sides_are_held_against_the_first_and_the_fastest_is_counted() -> None:
    sides = [run(), run("fat-tree:k=4,rate=200Gbps"), run("fat-tree:k=4,rate=800Gbps")]
    found = [compare(sides[0], own) for own in sides[1:]]
    lines = list(comparisons_lines(found, ["base", "half", "double"]))
    assert lines[: len(list(comparison_lines(found[0], "base", "half")))] == list(
        comparison_lines(found[0], "base", "half")
    )
    assert "C: double" in lines
    assert lines[-1] == "Fastest of all 3 in 6 rows that all have: C in 6, A in 0, B in 0."
    records = records_of(found, ["half", "double"])
    assert [record["b"] for record in records] == ["half"] * 6 + ["double"] * 6
    assert records_of(found[:1], ["half"]) == found[0].records()


def test_the_fastest_of_many_by_hand() -> None:
    base = run("fat-tree:k=4", "ring", "1K,1M,1G")
    other = [replace(row, scenario=replace(row.scenario, routing="dmodk")) for row in base]
    times = {0: (1.0, 2.0, 2.0), 1: (3.0, 1.0, 2.0)}
    sides = [
        [replace(row, time_s=own[i]) for i, row in enumerate(rows)]
        for rows, own in ((base, times[0]), (other, times[1]), (other, times[0]))
    ]
    found = [compare(sides[0], own) for own in sides[1:]]
    last = list(comparisons_lines(found, "ABC"))[-1]
    assert last == "Fastest of all 3 in 3 rows that all have: A in 2, B in 2, C in 2; ties count for each."


def test_the_figure_of_several_sides_has_a_line_for_each() -> None:
    sides = [run(), run("fat-tree:k=4,rate=200Gbps"), run("fat-tree:k=4,rate=800Gbps")]
    found = [compare(sides[0], own) for own in sides[1:]]
    drawn = ratios_figure(found, ["base", "half", "double"])
    (ax,) = (ax for ax in drawn.axes if ax.get_lines())
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines() if line.get_label()[0] != "_"}
    assert len(lines) == 4
    for name, ratios in lines.items():
        assert all(r >= 1 for r in ratios) if "200" in str(name) else all(r <= 1 for r in ratios)
    assert not clashes(drawn)
    names = [
        text.get_text() for legend in [ax.get_legend(), *drawn.legends] if legend for text in legend.texts
    ]
    assert sorted({name[:3] for name in names if "rate=" in name}) == ["B: ", "C: "]


def test_settings_of_the_command_reach_every_topology(command) -> None:
    words = ["fat-tree:k=4", "torus:dims=4/4", "dragonfly:p=2"]
    options = [
        "--ranks",
        "16",
        "--size",
        "1MiB",
        "--fail",
        "cables=1",
        "--seed",
        "1",
        "--routing",
        "adaptive",
        "-o",
        "c.csv",
    ]
    assert command("compare", *words, *options)[0] == 0
    rows = list(csv.DictReader(Path("c.csv").read_text().splitlines()))
    settings = {"ranks": 16, "routing": "adaptive", "fail": "cables=1", "seed": 1}
    wanted = run("torus:dims=4/4", "ring,tree,halving-doubling", "1MiB", **settings)
    assert [float(row["time_b_s"]) for row in rows[:3]] == [row.time_s for row in wanted]
    assert [row["b"] for row in rows] == ["torus:dims=4/4"] * 3 + [words[2]] * 3


def scaled(rows: list[Row], factors: list[float]) -> list[Row]:
    return [replace(row, time_s=row.time_s * factor) for row, factor in zip(rows, factors)]


@pytest.mark.parametrize("seed", range(5))
def test_equal_is_what_the_table_shows_as_1_whichever_side_comes_first(seed: int) -> None:
    """Exchanged sides exchange who is faster; a ratio reads 1 where a pair is equal, and only there."""
    rng = np.random.default_rng(seed)
    rows = run()
    near = 1 + rng.choice([-1, 1], len(rows)) * 10.0 ** rng.uniform(-12, -1, len(rows))
    other = run("fat-tree:k=4,rate=200Gbps")
    other = [replace(b, time_s=a.time_s) for a, b in zip(rows, scaled(other, [1.0] * len(rows)))]
    other = scaled(other, near.tolist())
    there, back = compare(rows, other), compare(other, rows)
    assert [pair.verdict for pair in there.pairs] == [-pair.verdict for pair in back.pairs]
    for pair, factor, line in zip(there.pairs, near, list(comparison_lines(there, "a", "b"))[5:]):
        assert (pair.verdict == 0) == (abs(factor - 1) < 5e-5) == (" 1  " in line)


def test_a_difference_that_no_digit_shows_is_no_win() -> None:
    found = compare(run(algorithm="ring", sizes="8"), run("fat-tree:k=4,rate=800Gbps", "ring", "8"))
    assert 1e-9 < 1 - found.pairs[0].ratio < 5e-5
    assert (
        list(comparison_lines(found, "a", "b"))[-1] == "The one pair takes the same time (to within 0.005%)."
    )


def test_what_mostly_waits_for_latency_says_so() -> None:
    found = compare(run(algorithm="ring", sizes="8,16G"), run("fat-tree:k=4,rate=200Gbps", "ring", "8,16G"))
    small, large = found.records()
    assert found.pairs[0].a.latency_share > 0.5 > found.pairs[1].a.latency_share
    assert small["limit_a"] == small["limit_b"] == "latency"
    assert large["limit_a"] == found.pairs[1].a.limit_link
    assert [line.split()[-2:] for line in list(comparison_lines(found, "a", "b"))[5:6]] == [
        ["latency", "same"]
    ]


def test_unlike_numbers_of_ranks_are_said_to_be_different_jobs() -> None:
    found = compare(run("fat-tree:k=4", "ring", "1M"), run("fat-tree:k=6", "ring", "1M"))
    said = "caution  of 16 and 54 ranks: not the same job; --ranks 16 runs the same"
    assert said in list(comparison_lines(found, "a", "b"))
    same = compare(run("fat-tree:k=4", "ring", "1M"), run("fat-tree:k=4,rate=200Gbps", "ring", "1M"))
    assert not same.caution() and "caution" not in "".join(comparison_lines(same, "a", "b"))
