"""PAT: replay with messages of any size, rounds and bytes in closed form, and what it saves far away."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.workload.collectives.circulant import bruck
from sims.workload.collectives.pat import pat, pat_reduce_scatter
from sims.workload.replay import ReplayError, replay
from sims.workload.schedule import Schedule
from topologies import load

BOTH = [pat, pat_reduce_scatter]


def slow(n: int) -> list[list[tuple[int, int, int]]]:
    """The rounds of an all-gather as (from, to, part), by following each part down its binomial tree."""
    at = {(part, part) for part in range(n)}  # who has which
    rounds = []
    for bit in reversed(range((n - 1).bit_length())):
        step = 1 << bit
        sends = []
        for rank, part in sorted(at):
            gone = (rank - part) % n
            if gone % (2 * step) == 0 and gone + step < n:
                sends.append((rank, (rank + step) % n, part))
        at |= {(to, part) for _, to, part in sends}
        rounds.append(sends)
    assert len(at) == n * n
    return rounds


def listed(schedule: Schedule) -> list[list[tuple[int, int, int]]]:
    return [
        sorted(
            (int(src), int(dst), int(part))
            for src, dst, parts in zip(phase.src, phase.dst, phase.chunks_at(0))
            for part in parts
        )
        for phase in schedule.phases
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 12, 33])
def test_the_trees_followed_one_by_one(n: int) -> None:
    rounds = slow(n)
    assert listed(pat(n)) == [sorted(one) for one in rounds]
    back = [sorted((dst, src, part) for src, dst, part in one) for one in rounds[::-1]]
    assert listed(pat_reduce_scatter(n)) == back


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("aggregate", [1, 2, 5])
def test_messages_of_few_parts(make: Callable[..., Schedule], aggregate: int) -> None:
    for n in range(1, 34):
        schedule = make(n, aggregate=aggregate)
        replay(schedule)
        assert all(phase.count <= aggregate for phase in schedule.phases)
        counts = [
            -(-len(range(0, n - (1 << bit), 2 << bit)) // aggregate) for bit in range((n - 1).bit_length())
        ]
        assert len(schedule.phases) == sum(counts)
        assert schedule.sent(1.0) == pytest.approx((n - 1) / n)


@pytest.mark.parametrize("make", BOTH)
def test_a_lost_round_is_told(make: Callable[..., Schedule]) -> None:
    schedule = make(9)
    object.__setattr__(schedule, "phases", schedule.phases[:-1])
    with pytest.raises(ReplayError, match=r"not once|0 times"):
        replay(schedule)


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("n", [8, 100, 101_306])
def test_few_bytes_go_far(make: Callable[..., Schedule], n: int) -> None:
    """The round of distance d carries ceil((n - d) / 2d) parts: half of all go to the next rank."""
    for phase in make(n).phases:
        ahead = (int(phase.dst[0]) - int(phase.src[0])) % n
        distance = ahead if make is pat else n - ahead
        assert phase.count == -(-(n - distance) // (2 * distance))
    assert sum(phase.count for phase in make(n).phases) == n - 1


def test_where_the_upper_tier_is_thin_it_beats_the_rounds_that_end_far() -> None:
    """16 leaves of 8 endpoints, 8 : 1 above. Ranks that are a multiple of 8 apart are on other leaves.

    Bruck's rounds of 8, 16, 32 and 64 carry 8 + ... + 64 of 128 parts up, those of PAT 8 + 4 + 2 + 1. In the
    rounds of distance d < 8, d of 8 endpoints of a leaf send up.
    """
    fabric = Fabric.from_graph(load("leaf-spine:leaves=16,spines=1,endpoints_per_leaf=8,cables=1"))
    job = CollectiveJob(
        fabric, collective="all-gather", latency_profile="ideal:cable_factor=0", routing="dmodk"
    )
    size, rate = 2**30, 50e9
    times = {name: job.row(name, size).time_s for name in ("bruck", "pat")}
    for name, schedule in (("bruck", bruck(128)), ("pat", pat(128))):
        up = 0
        for phase in schedule.phases:
            ahead = (int(phase.dst[0]) - int(phase.src[0])) % 128
            up += phase.count * min(8, ahead, 128 - ahead)
        assert times[name] == pytest.approx(up / 128 * size / rate, rel=1e-9)
    assert times["bruck"] > 3 * times["pat"]


@pytest.mark.parametrize("collective", ["all-gather", "reduce-scatter"])
def test_time_by_parts_of_a_message(collective: str) -> None:
    """Each further message pays a latency, bytes stay: (messages) a + (n-1)/n S/B."""
    fabric, n, size = Fabric.from_graph(load("star:endpoints=32")), 32, 2**25
    job = CollectiveJob(fabric, collective=collective)
    step = job.program("ring").stages[0].worst_latency / (n - 1)
    for aggregate, messages in (("", 5), (":aggregate=4", 1 + 1 + 1 + 2 + 4), (":aggregate=1", 31)):
        expected = messages * step + (n - 1) / n * size / 50e9
        assert job.row(f"pat{aggregate}", size).time_s == pytest.approx(expected, rel=1e-12)


def test_groups_and_packets() -> None:
    fabric = Fabric.from_graph(load("star:endpoints=12"))
    settings = {"collective": "all-gather", "latency_profile": "ideal:cable_factor=0", "routing": "dmodk"}
    grouped = CollectiveJob(fabric, **settings, groups="mesh:tp=2,dp=6", over="dp")
    assert grouped.row("pat", 6_000_000).time_s == pytest.approx(5 / 6 * 6e6 / 50e9, rel=1e-9)
    packets = CollectiveJob(fabric, **settings, engine="packet")
    fluid = CollectiveJob(fabric, **settings)
    size = 12 * 409_600
    wire = 4178 / 4096  # headers
    assert packets.row("pat", size).time_s == pytest.approx(fluid.row("pat", size).time_s * wire, rel=0.02)


@pytest.mark.parametrize("make", BOTH)
def test_illegal(make: Callable[..., Schedule]) -> None:
    with pytest.raises(ParameterError, match="ranks: 0: a whole number, at least 1"):
        make(0)
    with pytest.raises(
        ParameterError, match=r"99,999 rounds of 100,000 ranks: at most 4,096, as of 25 parts"
    ):
        make(100_000, aggregate=1)
    assert len(make(100_000, aggregate=25).phases) <= 4096
    assert np.array_equal(make(1, aggregate=1).phases, ())
