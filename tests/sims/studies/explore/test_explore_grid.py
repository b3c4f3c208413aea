"""The grid behind a page: whole, within its bounds, changed by --set; refusals name what to do."""

import math

import pytest

from fabric.words.errors import FabricsimError
from sims.studies.explore import grid as module
from sims.studies.explore.choices import STEPS
from sims.studies.explore.grid import MOST_RUNS, pictured, plan_grid
from sims.studies.explore.listing import listing
from sims.studies.sweep.spec import read_sweep, sweep_text


def test_every_combination_of_the_values_is_run() -> None:
    grid = plan_grid(["fat-tree:k=4"], ["size=1K,1M", "seed=0,1"])
    where = {(point.topology, point.ranks) for point in grid.plan.points}
    work = {(point.collective, point.algorithm) for point in grid.plan.points}
    assert {text.partition("oversubscription=")[2] for text, _ in where} == {"", "2"}, "4 : 1 is none of k=4"
    assert {ranks for _, ranks in where} == {16, 8, 2}
    rest = {(p.routing, p.fail, p.size_bytes) for p in grid.plan.points}
    combos = {p.model_copy(update={"seed": 0}) for p in grid.plan.points}
    assert len(combos) == len(where) * len(work) * len(rest)
    assert len(work) == 5 and len(rest) == 2 * 2 * 2
    assert math.prod(map(len, grid.spec.axes)) == len(grid.plan.points) + grid.plan.collapsed


def test_a_large_grid_gets_fewer_values_and_says_of_what(monkeypatch: pytest.MonkeyPatch) -> None:
    full = plan_grid(["star:endpoints=8"])
    assert full.fewer == ()
    monkeypatch.setattr(module, "MOST_RUNS", 100)
    few = plan_grid(["star:endpoints=8"])
    assert len(few.plan.points) <= 100 and few.fewer and set(few.fewer) <= set(STEPS)
    assert {p.key for p in few.plan.points} < {p.key for p in full.plan.points}


@pytest.mark.parametrize("spec", ["fat-tree:k=8", "dragonfly:p=2"])
def test_a_bare_spec_stays_within_the_bounds(spec: str) -> None:
    grid = plan_grid([spec])
    assert MOST_RUNS / 3 < len(grid.plan.points) <= MOST_RUNS
    assert grid.seconds < module.MOST_SECONDS
    assert len({p.size_bytes for p in grid.plan.points}) >= 4
    assert len({p.fail for p in grid.plan.points}) >= 2


def test_the_grid_is_a_sweep_that_reads_back(tmp_path) -> None:
    grid = plan_grid(["star:endpoints=4"], ["size=1M,1G"])
    path = tmp_path / "sweep.toml"
    path.write_text(sweep_text(grid.spec))
    assert [axis.choices for axis in read_sweep(path).axes] == [axis.choices for axis in grid.spec.axes]


def test_one_picture_for_what_differs_in_size_and_seed_alone() -> None:
    grid = plan_grid(["fat-tree:k=4"], ["size=1K,1M", "routing=ecmp", "fail=none", "algorithm=ring"])
    assert len(grid.plan.points) == 2 * 3 * 2 * 3
    assert len(pictured(grid.plan.points)) == 2 * 3


def test_set_replaces_adds_and_names_topologies() -> None:
    sets = "k=4,6 size=1M placement=packed,random collective=all-gather ranks=all fail=none seed=0"
    grid = plan_grid(["fat-tree:k=4"], sets.split())
    assert {p.topology for p in grid.plan.points} == {"fat-tree:k=4", "fat-tree:k=6"}
    assert {p.placement for p in grid.plan.points} == {"packed", "random"}
    assert {p.collective for p in grid.plan.points} == {"all-gather"}


def test_the_listing_says_how_many_and_how_long() -> None:
    lines = list(listing(plan_grid(["star:endpoints=4"], ["size=1M"]), 1))
    assert lines[0].startswith("topology and ranks: star:endpoints=4, 4; star:endpoints=4, 2")
    assert "about 5 s on 1 worker" in lines[-1] and "runs" in lines[-1]


@pytest.mark.parametrize(
    ("specs", "sets", "words"),
    [
        ([], [], "at least one topology"),
        (["fat-tree:k=5"], [], "k"),
        (["fat-tree:k=4"], ["topology=star"], "topologies are named before"),
        (["fat-tree:k=4"], ["colour=red"], "colour"),
        (["fat-tree:k=4"], ["routing.qps=1,4"], "whole values of routing"),
        (["fat-tree:k=4"], ["size=1,1"], "each value once"),
        (["fat-tree:k=4"], ["routing=nosuch"], "nosuch"),
        (["fat-tree:k=4"], ["seed=0..9999"], "2,000 runs"),
        (
            ["star:endpoints=4"],
            ["seed=0..2100", "size=1M", "algorithm=ring", "routing=ecmp", "ranks=all"],
            "2,000 runs",
        ),
    ],
)
def test_refusals(specs: list[str], sets: list[str], words: str) -> None:
    with pytest.raises(FabricsimError, match=words):
        plan_grid(specs, sets)
