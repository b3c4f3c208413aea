"""Who wins where, by hand and by a slow twin that goes through all pairs of rows."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from sims.scenario.row import Row
from sims.scenario.scenario import Scenario
from sims.show.report import report
from sims.show.report.contests import contests, contests_in_words
from sims.show.report.pictures import chosen


def row(time_s: float, **scenario: object) -> Row:
    given = {"topology": "fat-tree:k=4", "ranks": 16, "algorithm": "ring", "size_bytes": 2**20, **scenario}
    busbw = 1.0 / time_s
    return Row(
        scenario=Scenario.of(**given),  # type: ignore[arg-type]
        endpoints=16,
        used="ring",
        time_s=time_s,
        algbw_GBps=busbw,
        busbw_GBps=busbw,
        efficiency=0.5,
        limit_link="leaf -> spine",
        contention=1.0,
        worst_link="leaf -> spine",
        worst_load=1.0,
        latency_share=0.1,
        utilisation={},
        version="0.1.0",
    )


def words(*rows: Row) -> list[str]:
    return list(contests_in_words(rows))


def test_two_values_at_one_setting() -> None:
    assert words(row(1.0, routing="ecmp"), row(3.0, routing="adaptive")) == [
        "Routing policy: ecmp is the fastest. adaptive takes 3.000 times as long."
    ]


def test_wins_are_counted_by_setting_and_the_others_span_is_told() -> None:
    rows = [
        *(row(1.0, routing="ecmp", size_bytes=size) for size in (8, 16, 32)),
        row(0.5, routing="adaptive", size_bytes=8),
        row(2.0, routing="adaptive", size_bytes=16),
        row(4.0, routing="adaptive", size_bytes=32),
    ]
    assert words(*rows) == [
        "Routing policy: ecmp is the fastest in 2 of 3 settings (adaptive in 1). adaptive takes 0.5000 to "
        "4.000 times as long, 2.000 in the median, most with 32 B."
    ]


def test_what_makes_no_difference_is_said_so() -> None:
    rows = [row(1.0, routing=name, size_bytes=size) for name in ("ecmp", "adaptive") for size in (8, 16)]
    assert words(*rows) == [
        "Routing policy: makes no difference; ecmp and adaptive take the same time in both settings."
    ]


def test_ties_count_for_each() -> None:
    rows = [row(1.0, routing="ecmp", size_bytes=size) for size in (8, 16)]
    rows += [row(1.0, routing="adaptive", size_bytes=8), row(2.0, routing="adaptive", size_bytes=16)]
    (contest,) = contests(rows)
    assert contest.wins == {"ecmp": 2, "adaptive": 1}
    assert words(*rows)[0].startswith(
        "Routing policy: ecmp is the fastest or as fast as the fastest in both settings."
    )


def test_unlike_numbers_of_ranks_are_different_jobs() -> None:
    pair = [row(1.0, topology="fat-tree:k=4"), row(2.0, topology="dragonfly:p=2", ranks=72)]
    said = " ".join(words(*pair))
    assert "Of 16 and 72 ranks: not the same job" in said
    assert "not the same job" not in " ".join(words(row(1.0), row(2.0, topology="dragonfly:p=2")))


def test_of_seeds_the_median_counts() -> None:
    rows = [row(t, routing="ecmp", seed=seed) for seed, t in enumerate((1.0, 2.0, 9.0))]
    rows += [row(t, routing="adaptive", seed=seed) for seed, t in enumerate((0.1, 4.0, 4.0))]
    (contest,) = contests(rows)
    assert contest.behind("adaptive", "ecmp")[0][0] == 2.0


def test_what_goes_with_a_value_is_named_and_has_no_contest_of_its_own() -> None:
    rows = [
        row(1.0, topology="star:endpoints=8", ranks=8),
        row(2.0, topology="fat-tree:k=4", ranks=16),
        row(4.0, topology="torus:dims=3/3", ranks=9),
    ]
    (contest,) = contests(rows)
    assert (contest.axis, contest.along) == ("topology", ("ranks",))
    assert words(*rows)[0].startswith(
        "Topology (each with its own number of ranks): star:endpoints=8 is the fastest."
    )


def test_a_larger_fabric_with_all_its_ranks_has_not_lost() -> None:
    assert words(row(1.0, topology="fat-tree:k=4"), row(2.0, topology="fat-tree:k=8", ranks=128)) == []
    assert words(row(1.0, topology="fat-tree:k=4"), row(2.0, topology="fat-tree:k=8")) != []


@pytest.mark.parametrize("seed", range(20))
def test_contests_equal_a_search_through_all_pairs(seed: int) -> None:
    random = Random(seed)
    rows = [
        row(random.choice([1.0, 1.5, 2.0, 3.0]), routing=routing, placement=placement, size_bytes=size)
        for routing in ("ecmp", "adaptive", "dmodk")
        for placement in ("packed", "random")
        for size in (8, 64)
        if random.random() < 0.85
    ]
    for contest in contests(rows):

        def rest(one: Row, axis: str = contest.axis) -> Scenario:
            return replace(one.scenario, **{axis: ""})

        wins = dict.fromkeys(contest.wins, 0)
        for one in rows:
            rivals = [other for other in rows if rest(other) == rest(one)]
            if len(rivals) > 1 and all(one.time_s <= other.time_s for other in rivals):
                name = getattr(one.scenario, contest.axis)
                wins[name] += 1
        assert contest.wins == wins
        assert len(contest.settings) == len(
            {rest(one) for one in rows if sum(rest(other) == rest(one) for other in rows) > 1}
        )


@pytest.mark.parametrize(
    "axis",
    [
        {"routing": ["ecmp", "adaptive", "dmodk"]},
        {"topology": ["fat-tree:k=4", "star:endpoints=16", "torus:dims=4/4"]},
        {"placement": ["packed", "random"]},
        {"fail": ["", "cables=1%", "cables=5%"]},
        {"topology": [f"fat-tree:endpoints=16,radix=8,oversubscription={n}" for n in (1, 2, 3)]},
        {"collective": ["all-gather", "reduce-scatter"]},
        {"latency_profile": ["roce-400g", "ideal"]},
    ],
    ids=lambda axis: next(iter(axis)),
)
def test_the_first_figure_has_a_bar_for_every_value_of_what_varied(axis: dict[str, list[str]]) -> None:
    ((name, values),) = axis.items()
    rows = [
        row(1.0 + i, **{name: value}, size_bytes=size) for i, value in enumerate(values) for size in (8, 99)
    ]
    first, second, *_ = chosen(rows)
    assert (first.kind, second.kind) == ("bars", "bars")
    for picture, size in ((first, 99), (second, 8)):
        assert [getattr(one.scenario, name) for one in picture.rows] == values
        assert {one.scenario.size_bytes for one in picture.rows} == {size}
    assert contests(rows)[0].wins[next(iter(contests(rows)[0].wins))] == 2


def test_beyond_what_one_figure_holds_each_axis_has_its_own_with_all_its_values() -> None:
    rows = [
        row(1.0 + i + j, placement=f"strided-endpoints:{i + 2}", fail=f"cables={j + 1}")
        for i in range(13)
        for j in range(12)
    ]
    one, other = [picture for picture in chosen(rows) if picture.kind == "bars"]
    assert len(one.rows) == 13 and len(other.rows) == 12
    assert {len({p.scenario.placement for p in one.rows}), len({p.scenario.fail for p in other.rows})} == {
        13,
        12,
    }
    assert min(p.time_s for p in one.rows) == 1.0
    text = report(rows, source="rows.csv")
    assert "the best of each" in text and "strided-endpoints:14" in text
