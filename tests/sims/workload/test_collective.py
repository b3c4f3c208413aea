"""A collective is a noun: what its schedules must do, and what may be entered as an algorithm of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from direct_reduce_scatter import direct, direct_known

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_REDUCE, COLLECTIVES, REDUCE_SCATTER, collective_named
from sims.workload.collectives import algorithms, build, contenders, parse_algorithms
from sims.workload.collectives.algorithm import _TABLE, algorithm
from sims.workload.collectives.names import canonical_algorithm
from sims.workload.collectives.parameters import CHANNELS
from sims.workload.collectives.ring import ring as all_reduce_ring
from sims.workload.collectives.ring import ring_reduce_scatter as ring
from sims.workload.replay import ReplayError, replay
from sims.workload.schedule import COPY, Phase, Schedule


@pytest.mark.parametrize("n", [2, 3, 8, 33, 200])
def test_a_schedule_is_held_against_its_own_collective(n: int) -> None:
    for make in (ring, direct):
        replay(make(n))
        with pytest.raises(ReplayError, match=r"exactly once|times, not once|have not"):
            replay(replace(make(n), collective="all-reduce"))
    # Who has the whole sum has his part of it; an all-reduce is a reduce-scatter that does too much.
    replay(replace(all_reduce_ring(n), collective="reduce-scatter"))


@pytest.mark.parametrize("n", [3, 200])
def test_the_replay_finds_what_is_not_due(n: int) -> None:
    """The counts of small schedules and the fingerprints of large ones."""
    late = replace(ring(n), parts=np.arange(n))  # each rank ends with the part of its neighbour
    with pytest.raises(ReplayError, match="rank 0, chunk 0"):
        replay(late)
    with pytest.raises(ReplayError, match=f"{n} chunks are not equally many of {n + 1} parts each"):
        replay(replace(direct(n + 1), chunks=n))
    with pytest.raises(ReplayError, match=f"its {n} parts have not 1 chunks each"):
        replay(replace(ring(n), parts=np.zeros(n, int)))


def test_what_only_some_hold_is_due_once_and_no_more() -> None:
    """An all-gather of three: parts that others hold must come, and nothing may be added to them."""
    gather = replace(
        REDUCE_SCATTER, name="gather-all", held=lambda rank, part, n: rank == part, due=lambda *_: True
    )
    rank = np.arange(3)
    phase = Phase(
        kind="ring", src=rank, dst=np.roll(rank, -1), first=rank, count=1, modulus=3,
        shift=-1, op=COPY, repeat=2, ring_size=3,
    )  # fmt: skip
    schedule = Schedule(name="ring", n=3, chunks=3, phases=(phase,), collective=gather.name)
    COLLECTIVES[gather.name] = gather
    try:
        replay(schedule)
        with pytest.raises(
            ReplayError, match="rank 0, chunk 1: holds the contribution of rank 1 0 times, not once"
        ):
            replay(replace(schedule, phases=(replace(phase, repeat=1),)))
        wrong = Phase(kind="round", src=[0], dst=[1], first=[0], count=1, modulus=3)
        with pytest.raises(ReplayError, match="chunk 0: holds the contribution of rank 0 2 times, not once"):
            replay(replace(schedule, phases=(phase, wrong)))
    finally:
        del COLLECTIVES[gather.name]


def test_each_collective_has_its_own_algorithms() -> None:
    before = [*algorithms()]
    with direct_known():
        assert [*algorithms()] == before
        assert "direct" in algorithms("reduce-scatter") and "tree" not in algorithms("reduce-scatter")
        assert contenders("auto", "reduce-scatter") == (*algorithms("reduce-scatter"),)
        assert build("ring", {}, 8, collective="reduce-scatter").phases[0].repeat == 7
        assert build("ring", {}, 8).phases[0].repeat == 14
        with pytest.raises(ParameterError, match=r"'tree': unknown algorithm of reduce-scatter .legal: ring"):
            parse_algorithms("tree", "reduce-scatter")
        with pytest.raises(ParameterError, match="'direct': unknown algorithm of all-reduce"):
            parse_algorithms("direct")
        with pytest.raises(ParameterError, match="'direct': unknown algorithm of all-reduce"):
            build("direct", {}, 8)
        with pytest.raises(ParameterError, match="'channels': direct takes no parameter"):
            parse_algorithms("direct:channels=2", "reduce-scatter")
    assert "direct" not in algorithms("reduce-scatter")
    with pytest.raises(
        ParameterError, match=r"collective: 'mixture': unknown collective .legal: all-reduce,"
    ):
        collective_named("mixture")


def test_what_cannot_be_entered() -> None:
    collective = REDUCE_SCATTER
    for name in ("ring", "auto", "two,names", "a:b", "k=v", ""):
        with pytest.raises(ValueError, match="cannot be called"):
            algorithm(collective, name, "nothing")
    with pytest.raises(ValueError, match="other of reduce-scatter does not take channels"):
        algorithm(collective, "other", "nothing", channels=CHANNELS)(direct)
    with pytest.raises(ValueError, match="reduce-scatter is not in COLLECTIVES"):
        algorithm(replace(collective), "other", "nothing")
    algorithm(collective, "false", "makes an all-reduce")(lambda n: all_reduce_ring(n))
    try:
        with pytest.raises(TypeError, match="false of reduce-scatter makes a schedule of all-reduce"):
            build("false", {}, 4, collective="reduce-scatter")
    finally:
        del _TABLE["reduce-scatter"]["false"]
    assert "other" not in algorithms("reduce-scatter")


@pytest.mark.parametrize("n", [2, 3, 16, 100])
def test_the_factor_of_busbw_is_what_a_rank_has_to_send(n: int) -> None:
    """On a ring, which sends no more than it must."""
    assert all_reduce_ring(n).sent(1.0) == pytest.approx([ALL_REDUCE.factor(n)] * n)
    assert ring(n).sent(1.0) == pytest.approx([REDUCE_SCATTER.factor(n)] * n)


def test_an_algorithm_of_any_collective_has_one_spelling() -> None:
    """Where no collective is named, the first that has the algorithm says how it is spelled."""
    assert canonical_algorithm("AUTO") == "auto"
    assert (
        canonical_algorithm("bruck") == "bruck"
        and canonical_algorithm("Ring:channels=4") == "ring:channels=4"
    )
    with pytest.raises(ParameterError, match="algorithm: 'no-such': unknown algorithm"):
        canonical_algorithm("no-such")
