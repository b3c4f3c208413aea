"""When routing learns and forgets, and what phases load once they moved: moments and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.damage.degraded import cable_links
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.models.fluid.faults.campaign import CampaignResult
from sims.models.fluid.faults.links import Links
from sims.models.fluid.faults.outage import Outage
from sims.models.fluid.faults.process import FaultProcess
from sims.models.fluid.faults.wear import parse_wear
from sims.models.fluid.program import Program
from sims.models.profiles import latency_profile
from sims.workload.collectives import build
from topologies import fat_tree

FOUR = Fabric.from_graph(fat_tree(k=4))
CABLE = np.flatnonzero(~FOUR.access[cable_links(FOUR)[:, 0]])[:1]


@pytest.mark.parametrize(
    ("length", "learned"),
    [(2.0, [1.5, 3.5]), (0.5, []), (0.25, []), (0.625, [1.5, 2.125])],  # one that is over in time: unnoticed
)
def test_routing_learns_of_cut_and_repair_a_delay_later(length: float, learned: list[float]) -> None:
    env = simpy.Environment()
    links, known = Links(FOUR, FOUR), Links(FOUR, FOUR)
    outage = Outage(at=1.0, length=length, cables=CABLE, what="cut")
    process = FaultProcess(env, [outage], links, known, delay=0.5)
    happened: list[tuple[str, float, bool, bool, int]] = []

    def note(what: str) -> None:
        happened.append((what, env.now, links.healthy, known.healthy, len(process.active)))

    process.changed, process.learned = lambda: note("changed"), lambda: note("learned")
    assert process.next_time == 1.0
    env.run()
    changed = [("changed", 1.0), ("changed", 1.0 + length)]
    expected = [*changed, *(("learned", at) for at in learned)]  # all are exact in binary
    assert [(what, at) for what, at, *_ in happened] == sorted(expected, key=lambda one: one[1])
    dead = {(what, at): (whole, unknown, active) for what, at, whole, unknown, active in happened}
    assert dead["changed", 1.0] == (False, True, 1)
    # In force from when it begins until routing has forgotten it.
    assert dead["changed", 1.0 + length] == (True, not learned, len(learned) // 2)
    assert not process.active and links.healthy and known.healthy
    assert [(fault.known, fault.until) for fault in process.faults] == [(bool(learned), 1.0 + length)]


@pytest.mark.parametrize("routing", ["ecmp", "ecmp:qps=4", "dmodk"])
@pytest.mark.parametrize("algorithm", ["ring", "halving-doubling", "tree"])
def test_the_same_paths_found_again_are_the_same_program(routing: str, algorithm: str) -> None:
    """Loads, latencies and times of a program do not depend on when its paths were found."""
    policy, ranks = parse_policy(routing), FOUR.n_endpoints
    plan, profile = build(algorithm, {}, ranks), latency_profile("roce-400g")
    program = Program.compile(plan, FOUR, np.arange(ranks), policy, profile)
    rows = [np.arange(len(stage.routed)) for stage in program.stages]
    again = program.over([stage.routed.take(row) for stage, row in zip(program.stages, rows)])
    for before, after in zip(program.stages, again.stages, strict=True):
        assert after is not before
        assert (after.peak, after.ideal, after.hot, after.share) == (
            before.peak,
            before.ideal,
            before.hot,
            before.share,
        )
        np.testing.assert_allclose(after.latency, before.latency)
    np.testing.assert_allclose(again.byte_times(1e9), program.byte_times(1e9))


def test_switches_cables_and_flaps_fail_as_often_and_as_long_as_they_should() -> None:
    """48 cables and 20 switches: 48 / 2 h + 20 / 1 h + 60 an hour, in 100 h and give or take 5 sigma."""
    wear = parse_wear(
        "quiet:link_mtbf=2h,link_mttr=3min,switch_mtbf=1h,switch_mttr=10min,flaps=1/min,flap_time=7s"
    )
    found: dict[str, list[Outage]] = {"cable": [], "switch": [], "flap": []}
    for outage in wear.outages(FOUR, 4, allow_partition=True):
        if outage.at > 100 * 3600:
            break
        found[outage.what.split()[0]].append(outage)
    for kind, an_hour, length in (("cable", 24, 180.0), ("switch", 20, 600.0), ("flap", 60, 7.0)):
        number = len(found[kind])
        assert abs(number - 100 * an_hour) < 5 * (100 * an_hour) ** 0.5, kind
        assert np.mean([outage.length for outage in found[kind]]) == pytest.approx(
            length, rel=5 / number**0.5
        )
        assert {len(outage.cables) for outage in found[kind]} == {4 if kind == "switch" else 1}
    assert {int(cable) for outage in found["flap"] for cable in outage.cables} == set(range(48))


def test_what_is_not_said_of_wear_is_four_hours_of_repair_and_flaps_of_five_seconds() -> None:
    wear = parse_wear("quiet")
    assert (wear.link_mttr, wear.switch_mttr, wear.flap_time, wear.flaps) == (14400.0, 14400.0, 5.0, 0.0)
    assert [
        parse_wear(f"quiet:flaps={text}").flaps for text in ("8.64e+4/d", "3600/h", "60/min", "10e-1/s")
    ] == (pytest.approx([1.0] * 4))


def test_outages_follow_each_other_and_the_horizon_is_the_next_that_concerns_the_links() -> None:
    """Cable a from 1 to 11 s, cable b from 2 to 3 s and from 5 to 6 s, known half a second later."""
    a, b = np.flatnonzero(~FOUR.access[cable_links(FOUR)[:, 0]])[[0, 1]]
    outages = [
        Outage(at=at, length=length, cables=np.array([cable]), what="cut")
        for at, length, cable in ((1.0, 10.0, a), (2.0, 1.0, b), (5.0, 1.0, b))
    ]
    env = simpy.Environment()
    process = FaultProcess(env, outages, Links(FOUR, FOUR), Links(FOUR, FOUR), delay=0.5)
    changed: list[float] = []
    process.changed = lambda: changed.append(env.now)
    on_a, on_b, neither = np.zeros((3, FOUR.n_links), bool)
    on_a[cable_links(FOUR)[a]], on_b[cable_links(FOUR)[b]] = True, True
    assert [process.horizon(9.0, links) for links in (on_a, on_b, neither)] == [1.0, 2.0, np.inf]
    env.run(until=1.2)
    # Of a routing learns at 1.5 s; then nothing concerns it until the repair.
    assert [process.horizon(99.0, links) for links in (on_a, on_b, on_a | on_b)] == [1.5, 2.0, 1.5]
    env.run(until=1.7)
    assert [process.horizon(99.0, links) for links in (on_a, on_b, neither)] == [11.0, 2.0, np.inf]
    env.run()
    assert changed == [1.0, 2.0, 3.0, 5.0, 6.0, 11.0] and process.next_time == np.inf
    assert [fault.outage.at for fault in process.faults] == [1.0, 2.0, 5.0]


def test_outages_looked_ahead_for_are_counted() -> None:
    nowhere = np.zeros(FOUR.n_links, bool)
    for number in (5, 6):
        outages = [Outage(at=1.0 + i, length=0.25, cables=CABLE, what="cut") for i in range(number)]
        both = Links(FOUR, FOUR), Links(FOUR, FOUR)
        process = FaultProcess(simpy.Environment(), outages, *both, delay=0.5, most=5)
        if number == 5:
            assert process.horizon(np.inf, nowhere) == np.inf
        else:
            with pytest.raises(ParameterError, match=r"5 within 6 s': more than 5 faults"):
                process.horizon(np.inf, nowhere)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 7)), min_size=1, max_size=6), st.floats(0.01, 1))
def test_quantiles_are_the_least_times_that_enough_stayed_within(
    runs: list[tuple[int, int]], share: float
) -> None:
    times, counts = (np.array(column) for column in zip(*runs))
    result = CampaignResult(
        times=times.astype(float), counts=counts, undisturbed=1.0, duration=1.0, faults=(), passed_over=0
    )
    every = sorted(np.repeat(times, counts).tolist())
    least = next(t for i, t in enumerate(every, 1) if i >= share * len(every))
    assert result.quantile(share) == least
    assert (result.quantile(1.0), result.iterations) == (every[-1], len(every))
    assert result.mean == pytest.approx(np.mean(every)) and result.lost == pytest.approx(
        np.sum(every) - len(every)
    )


def test_outages_that_nobody_looks_ahead_for_come_all_the_same() -> None:
    outages = [Outage(at=at, length=0.25, cables=CABLE, what="cut") for at in (1.0, 2.0, 5.0)]
    env = simpy.Environment()
    process = FaultProcess(env, outages, Links(FOUR, FOUR), Links(FOUR, FOUR), delay=0.5)
    env.run()
    assert [fault.outage.at for fault in process.faults] == [1.0, 2.0, 5.0] and env.now == 5.5
