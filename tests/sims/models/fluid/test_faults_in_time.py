"""Faults during a run: certificates after every event, a slow twin, bytes, theorems, the same seed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fabric import Fabric, Paths, certify, max_min, route
from fabric.damage.degraded import cable_links, without_links
from fabric.routing.policies import parse_policy
from fabric.words.errors import FabricsimError, NoRouteError, ParameterError
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.faults.detours import Detours
from sims.models.fluid.faults.links import Links
from sims.models.fluid.faults.outage import Outage
from sims.models.fluid.faults.schedule_file import read_schedule
from sims.models.fluid.faults.setting import Course, parse_repeat
from sims.models.fluid.faults.striking import Striking
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.faults.wear import Wear, parse_wear
from sims.models.fluid.flows import run_flows
from sims.models.fluid.network import FluidNetwork
from sims.models.profiles import latency_profile
from sims.simulation import simulate
from sims.workload.traffic import Traffic
from topologies import fat_tree, load

IDEAL = latency_profile("ideal")
ALGORITHMS = ("ring", "tree", "halving-doubling", "hierarchical-ring:pipeline=3")


@pytest.fixture(scope="module")
def four() -> Fabric:
    return Fabric.from_graph(fat_tree(k=4))


def without_delay() -> Fabric:
    graph = fat_tree(k=4)
    for *_, data in graph.edges(data=True):
        data["delay"] = 0.0
    return Fabric.from_graph(graph)


FOUR = without_delay()
TRUNK = np.flatnonzero(~FOUR.access[cable_links(FOUR)[:, 0]])


@dataclass
class Checked(FluidNetwork):
    """After every instant: rates are max-min fair, no flow on a dead link moves, and bytes add up."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.instants = 0

    def _settle(self, event: simpy.Event) -> None:
        before = {id(b): self._left[self._owner == i].sum() for i, b in enumerate(self._batches)}
        super()._settle(event)
        self.instants += 1
        for i, batch in enumerate(self._batches):  # what is left only shrinks
            if id(batch) in before:
                assert self._left[self._owner == i].sum() <= before[id(batch)] * (1 + 1e-12)
        if not len(self._paths):
            return
        assert certify(self._paths, self.capacity, np.where(self._rate < 1e299, self._rate, np.inf))
        stopped = np.zeros(len(self._paths), bool)
        stopped[self._paths.row[self.capacity[self._paths.link] <= 0]] = True
        assert np.all(self._rate[stopped] == 0) and np.all(self._rate[~stopped] > 0)


@st.composite
def courses(draw: st.DrawFn) -> tuple[Traffic, list[Outage], float, str]:
    count = draw(st.integers(1, 8))
    ends = st.integers(0, 15)
    src = np.array([draw(ends) for _ in range(count)])
    dst = np.array([(s + draw(st.integers(1, 15))) % 16 for s in src])
    size = np.array([draw(st.integers(1, 8)) * 50e9 for _ in range(count)])  # seconds at line rate
    start = np.array([draw(st.integers(0, 6)) / 2 for _ in range(count)])
    outages, at = [], 0.0
    for _ in range(draw(st.integers(0, 4))):
        at += draw(st.integers(1, 8)) / 3
        cables = np.unique(draw(st.lists(st.sampled_from(TRUNK.tolist()), min_size=1, max_size=4)))
        length = draw(st.sampled_from([0.25, 2.0, 7.0]))
        outages.append(Outage(at=at, length=length, cables=cables, what="cut"))
    delay = draw(st.sampled_from([0.0, 0.4, 3.0]))
    policy = draw(st.sampled_from(["ecmp", "ecmp:qps=2", "dmodk", "adaptive"]))
    return Traffic(src=src, dst=dst, size=size, start=start), outages, delay, policy


def striking(outages: list[Outage], delay: float) -> Striking:
    source = Wear(name="quiet") if outages else None
    course = Course(source=source, delay=delay)
    return Striking(fabric=FOUR, course=course, outages=outages, allow_partition=True)


@settings(max_examples=30, deadline=None)
@given(courses())
def test_certificates_and_the_slow_twin(
    course: tuple[Traffic, list[Outage], float, str],
) -> None:
    traffic, outages, delay, text = course
    policy = parse_policy(text, 5)
    with pytest.MonkeyPatch.context() as patch:
        networks: list[Checked] = []

        def make(*args: Any, **given: Any) -> Checked:
            networks.append(Checked(*args, **given))
            return networks[-1]

        patch.setattr("sims.models.fluid.flows.FluidNetwork", make)
        record = Timeline()
        result = run_flows(FOUR, traffic, policy, IDEAL, striking=striking(outages, delay), timeline=record)
    assert networks[0].instants > 0
    expected = twin(FOUR, traffic, policy, outages, delay)
    np.testing.assert_allclose(result.end, expected, rtol=1e-7, atol=1e-7)
    assert record.delivered() == pytest.approx(traffic.size.sum(), rel=1e-9)


def twin(
    fabric: Fabric, traffic: Traffic, policy: Any, outages: list[Outage], delay: float
) -> NDArray[np.float64]:
    """The same, flow by flow in small Python steps: every event recomputes everything."""
    from fabric import carrier

    runs_on = carrier(fabric, policy)
    n, qps = len(traffic), policy.qps
    src, dst = np.tile(traffic.src, qps), np.tile(traffic.dst, qps)
    qp = np.repeat(np.arange(qps), n)
    left, start = np.tile(traffic.size / qps, qps), np.tile(traffic.start, qps)

    def path(on: Fabric, flow: int) -> dict[int, float]:
        one = route(on, src[[flow]], dst[[flow]], policy, qp=qp[[flow]])
        weight = np.ones(len(one.link)) if one.weight is None else one.weight
        return dict(zip(one.link.tolist(), weight.tolist()))

    home = [path(runs_on, flow) for flow in range(n * qps)]
    now_on = list(home)
    links = Links(fabric, runs_on)  # only to map cables onto links

    def dead_links(ranges: list[tuple[float, float, NDArray[np.int64]]], time: float) -> tuple[set, Any]:
        links._outages[:] = 0
        for begin, end, cables in ranges:
            if begin <= time < end:
                links.take(cables)
        return set(np.flatnonzero(links.dead).tolist()), links.capacity.copy()

    physical = [(o.at, o.at + o.length, o.cables) for o in outages]
    seen = [(o.at + delay, o.at + o.length + delay, o.cables) for o in outages if o.length > delay]
    moments = sorted({t for begin, end, _ in physical + seen for t in (begin, end)} | set(start.tolist()))
    end, time = np.full(n * qps, np.nan), 0.0
    while np.isnan(end).any():
        known, _ = dead_links(seen, time)
        _, capacity = dead_links(physical, time)
        for flow in range(n * qps):
            if now_on[flow] is not home[flow] and not known & home[flow].keys():
                now_on[flow] = home[flow]
            elif known & now_on[flow].keys():
                mask = np.zeros(runs_on.n_links, bool)
                mask[list(known)] = True
                damaged, alive = without_links(runs_on, mask)
                try:
                    now_on[flow] = {int(alive[x]): w for x, w in path(damaged, flow).items()}
                except NoRouteError:
                    continue
        active = np.flatnonzero((start <= time) & np.isnan(end))
        ptr = np.cumsum([0, *(len(now_on[f]) for f in active)])
        link = np.array([x for f in active for x in now_on[f]], np.int32)
        weight = np.array([w for f in active for w in now_on[f].values()])
        rate = max_min(Paths(ptr=ptr, link=link, weight=weight), capacity)
        finish = np.full(len(active), np.inf)
        np.divide(left[active], rate, out=finish, where=rate > 0)
        ahead = [t - time for t in moments if t > time]
        step = min([*finish.tolist(), *ahead[:1]])
        left[active] -= np.where(rate > 0, rate * step, 0.0)
        done = finish <= step * (1 + 1e-12)
        time = moments[len(moments) - len(ahead)] if ahead and step == ahead[0] else time + step
        end[active[done]] = time
    return end.reshape(qps, n).max(axis=0)


# --- theorems ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["ecmp", "dmodk"])
def test_an_outage_that_no_flow_uses_changes_nothing(policy: str) -> None:
    who = Traffic(src=np.array([0, 4]), dst=np.array([5, 1]), size=np.full(2, 50e9), start=np.zeros(2))
    paths = route(FOUR, who.src, who.dst, parse_policy(policy))
    used = np.isin(cable_links(FOUR), paths.link).any(axis=1)
    outage = Outage(at=0.1, cables=np.flatnonzero(~used), what="all others")
    plain = run_flows(FOUR, who, parse_policy(policy), IDEAL)
    struck = run_flows(FOUR, who, parse_policy(policy), IDEAL, striking=striking([outage], 0.1))
    assert struck.end.tolist() == plain.end.tolist() and len(struck.faults) == 1


def test_a_flow_stands_moves_and_comes_back() -> None:
    """1 s of bytes at line rate: 0.2 s sent, 0.3 s of standing, then the rest on another way: 1.3 s."""
    who = Traffic(src=np.array([0]), dst=np.array([15]), size=np.array([50e9]), start=np.zeros(1))
    policy = parse_policy("dmodk")
    home = route(FOUR, who.src, who.dst, policy)
    cable = np.flatnonzero(np.isin(cable_links(FOUR), home.link[1:2]).any(axis=1))
    for length, delay, end in ((math.inf, 0.3, 1.3), (0.1, 0.3, 1.1), (0.5, 0.3, 1.3), (5.0, 0.0, 1.0)):
        outage = Outage(at=0.2, length=length, cables=cable, what="cut")
        result = run_flows(FOUR, who, policy, IDEAL, striking=striking([outage], delay))
        assert result.end[0] == pytest.approx(end), (length, delay)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["ecmp", "dmodk", "ecmp:qps=3"]))
def test_only_flows_on_dead_links_move_and_all_come_home(seed: int, text: str) -> None:
    rng = np.random.default_rng(seed)
    src, dst = np.arange(16), rng.permutation(16)
    policy = parse_policy(text, seed)
    home = route(FOUR, src, dst, policy)
    detours = Detours(FOUR, [home], [lambda fabric, rows: route(fabric, src[rows], dst[rows], policy)])
    dead = np.zeros(FOUR.n_links, bool)
    for _ in range(4):
        before = detours.paths[0]
        dead[:] = False
        dead[cable_links(FOUR)[rng.choice(TRUNK, 3)].ravel()] = True
        detours.learn(dead)
        for flow in range(16):
            was, now, first = (
                p.take(np.array([flow])).link.tolist() for p in (before, detours.paths[0], home)
            )
            assert not dead[now].any() or unroutable(src, dst, flow, dead, policy)
            if not dead[first].any():
                assert now == first
            elif not dead[was].any():
                assert now == was
    detours.learn(np.zeros(FOUR.n_links, bool))
    assert detours.at_home and detours.paths[0] is home


def test_a_flow_without_any_way_has_not_moved() -> None:
    """The only cable of endpoint 0 is dead: nobody moves, and nobody has to come home."""
    src, dst, policy = np.array([0, 1]), np.array([15, 14]), parse_policy("dmodk")
    home = route(FOUR, src, dst, policy)
    detours = Detours(FOUR, [home], [lambda fabric, rows: route(fabric, src[rows], dst[rows], policy)])
    dead, none = np.zeros((2, FOUR.n_links), bool)
    dead[home.link[0]] = True
    assert detours.learn(dead) == [] and detours.at_home and detours.standing(dead)
    assert detours.learn(none) == [] and not detours.standing(none)


def unroutable(src: Any, dst: Any, flow: int, dead: NDArray[np.bool_], policy: Any) -> bool:
    try:
        route(without_links(FOUR, dead)[0], src[[flow]], dst[[flow]], policy)
    except NoRouteError:
        return True
    return False


# --- all-reduces -------------------------------------------------------------------------------------------


def job(fabric: Fabric, **given: Any) -> AllReduce:
    return AllReduce(fabric, topology="fat-tree:k=4", digest="", **given)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("routing", ["ecmp", "adaptive"])
def test_bytes_delivered_are_bytes_asked(four: Fabric, algorithm: str, routing: str) -> None:
    settings = {"faults": "quiet:flaps=30/s,flap_time=20ms", "reroute_delay": "5ms", "repeat": "12"}
    run = job(four, seed=3, routing=routing, **settings)
    record = Timeline()
    campaign = run.campaign(algorithm, 10**9, record)
    outcome = campaign.run()
    assert outcome.iterations == 12 and len(outcome.faults) > 3
    assert record.delivered() == pytest.approx(12 * campaign.payload(), rel=1e-9)
    assert outcome.lost == pytest.approx(sum(fault.lost for fault in outcome.faults), abs=1e-9)
    plain = job(four, routing=routing, seed=3).row(algorithm, 10**9).time_s
    assert outcome.undisturbed == plain
    if routing == "adaptive":  # with ECMP another path may collide less
        assert outcome.times.min() >= plain * (1 - 1e-9)


@pytest.mark.parametrize(
    ("flaps", "length", "delay", "gap"),
    [
        ("3/s", "20ms", "5ms", "3ms"),
        ("4/s", "40ms", "60ms", "100ms"),  # begun in a gap, over before routing knows
        ("2/s", "200ms", "150ms", "3ms"),  # repaired, and not forgotten for some all-reduces
    ],
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_many_at_one_step_of_the_clock_are_the_same_as_each_by_itself(
    four: Fabric, algorithm: str, flaps: str, length: str, delay: str, gap: str
) -> None:
    """The run that looks at every all-reduce phase by phase, and the one that steps over those in peace."""
    settings = {"faults": f"quiet:flaps={flaps},flap_time={length}", "reroute_delay": delay, "repeat": "20"}
    run = job(four, seed=1, gap=gap, **settings)
    stepping = run.campaign(algorithm, 10**9).run()
    watched = run.campaign(algorithm, 10**9, Timeline()).run()
    assert len(watched.times) == 20 > len(stepping.times) or len(stepping.faults) > 5
    assert any(fault.lost > 0 for fault in watched.faults)
    assert stepping.duration == pytest.approx(watched.duration, rel=1e-9)
    np.testing.assert_allclose(np.repeat(stepping.times, stepping.counts), watched.times, rtol=1e-7)
    costs = [[fault.lost for fault in outcome.faults] for outcome in (stepping, watched)]
    np.testing.assert_allclose(*costs, atol=1e-8)


def test_a_timeline_of_many_shows_the_mean_of_each(four: Fabric, tmp_path: Path) -> None:
    """Of 30 the fourth stands for 10 ms until its way round is known: three levels, and back home."""
    path, record = tmp_path / "faults.toml", Timeline()
    run = job(four, routing="dmodk", latency_profile="ideal")
    each = run.row("ring", 10**9).time_s
    path.write_text(f'[[fault]]\nat = "{each * 3.5 * 1e3}ms"\nlength = "{each * 1e3}ms"\ncable = "17,24"\n')
    struck = run.changed(faults=str(path), reroute_delay="10ms", repeat="30").campaign("ring", 10**9, record)
    outcome = struck.run()
    assert outcome.duration == pytest.approx(30 * each + 10e-3)
    assert record.delivered() == pytest.approx(30 * struck.payload(), rel=1e-9)
    assert record.times[:3] == pytest.approx([0, 3 * each, 4 * each + 10e-3])
    times = struck.payload() / np.array(record.rates)
    np.testing.assert_allclose(times[:3], [each, each + 10e-3, each])
    np.testing.assert_allclose(times[3:], each)


def test_a_timeline_of_many_spreads_each_over_its_gap(four: Fabric) -> None:
    """Of 30 with pauses as long as they are, half of the rate; all bytes but for the last pause."""
    record = Timeline()
    run = job(four, routing="dmodk", latency_profile="ideal")
    each = run.row("ring", 10**9).time_s
    runs = run.changed(faults="quiet", repeat="30", gap=f"{each!r}s").campaign("ring", 10**9, record)
    runs.run()
    assert record.rates[0] == pytest.approx(runs.payload() / (2 * each))
    assert record.delivered() == pytest.approx((30 - 0.5) * runs.payload(), rel=1e-6)


@pytest.mark.parametrize(("size", "wait"), [(10**9, 10e-3), (10**6, 1e-6)])
def test_a_ring_stands_as_a_whole(four: Fabric, tmp_path: Path, size: int, wait: float) -> None:
    """One cable of a ring fails at a quarter for good: everybody waits for the way round, and goes on."""
    path = tmp_path / "faults.toml"
    plain = job(four, routing="dmodk", latency_profile="ideal").row("ring", size)
    path.write_text(f'[[fault]]\nat = "{plain.time_s / 4 * 1e9}ns"\ncable = "17,24"\n')
    row = job(
        four, routing="dmodk", latency_profile="ideal", faults=str(path), reroute_delay=f"{wait * 1e9}ns"
    ).row("ring", size)
    # Leaf 17's only flow up moves to its other spine, which it shares with nobody.
    assert row.time_s == pytest.approx(plain.time_s + wait)
    assert row.disturbance["run"]["lost_s"] == pytest.approx(wait)
    assert row.disturbance["1: cable 17,24"]["lost_s"] == pytest.approx(wait)
    assert simulate(row.scenario) == row
    # What bounds it is said of the undisturbed run: as many seconds of latency, of a longer mean.
    assert row.latency_share * row.time_s == pytest.approx(plain.latency_share * plain.time_s) != 0


def test_faults_from_the_first_moment_are_static_faults(four: Fabric, tmp_path: Path) -> None:
    schedule, listed = tmp_path / "faults.toml", tmp_path / "faults.txt"
    schedule.write_text('[[fault]]\nat = "0s"\ncable = "16,24"\n')
    listed.write_text("16,24\n")
    for algorithm in ALGORITHMS:
        timed = job(four, routing="dmodk", faults=str(schedule), reroute_delay="0s").row(algorithm, 10**8)
        static = job(four, routing="dmodk", fail=str(listed)).row(algorithm, 10**8)
        assert timed.time_s == pytest.approx(static.time_s, rel=1e-9), algorithm


def test_the_same_seed_gives_the_same_rows_and_another_others(four: Fabric) -> None:
    given = {"faults": "quiet:flaps=5/s,flap_time=100ms", "reroute_delay": "20ms", "repeat": "100"}
    rows = [job(four, routing="dmodk", seed=seed, **given).row("tree", 10**8) for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2] and rows[0].key == rows[1].key != rows[2].key
    assert simulate(rows[2].scenario) == rows[2]
    assert rows[0].disturbance["run"]["faults"] > 0


def test_the_profiles_are_those_published() -> None:
    """0.057% and 0.051% a month; 35 interruptions in 54 days on 16,384 GPUs with three cables each."""
    month = 365.25 / 12 * 86400
    assert month / parse_wear("hpn").link_mtbf == pytest.approx(0.00057)
    assert month / parse_wear("hpn").switch_mtbf == pytest.approx(0.00051)
    assert 54 * 86400 * 3 * 16384 / parse_wear("llama3").link_mtbf == pytest.approx(35)


def test_faults_come_as_often_as_they_should(four: Fabric) -> None:
    """Of 32 cables between switches with an MTBF of 1 h, 32 an hour: 1,600 in 50 h, give or take 5 sigma."""
    wear = parse_wear("quiet:link_mtbf=1h,link_mttr=1min")
    found = []
    for outage in wear.outages(four, 9, allow_partition=False):
        if outage.at > 50 * 3600:
            break
        found.append(outage)
    assert abs(len(found) - 1600) < 5 * 40
    assert np.mean([outage.length for outage in found]) == pytest.approx(60, rel=5 / 40)
    assert set(np.concatenate([outage.cables for outage in found]).tolist()) == set(TRUNK.tolist())
    assert all(a.at < b.at for a, b in pairwise(found))


# --- illegal use -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            '[[fault]]\nat="2ms"\nnode="24"\n[[fault]]\nat="1ms"\nnode="25"\n',
            "fault 2, line ., column .: at = '1ms' lies before",
        ),
        (
            "".join(f'[[fault]]\nat="{at}ms"\nlength="1us"\nnode="24"\n' for at in (1, 3, 2)),
            "fault 3, line 10, column 5: at = '2ms' lies before",
        ),
        (
            '[[fault]]\nat="-2ms"\nnode="24"\n',
            "fault 1, line 2, column 5: at: '-2ms': zero or later: no",
        ),
        ('[[fault]]\nat="2ms"\nlength="-1s"\nnode="24"\n', "length: '-1s': zero or later"),
        ('[[fault]]\nat="2ms"\nlength="0s"\nnode="24"\n', "length: '0s': above zero"),
        ('[[fault]]\nat="2"\nnode="24"\n', "a unit is needed"),
        ('[[fault]]\nat=2\nnode="24"\n', "a text in quotes"),
        ('[[fault]]\nnode="24"\n', "at: not given"),
        ('[[fault]]\nat="2ms"\n', "one of cable, node and fail"),
        ('[[fault]]\nat="2ms"\nnode="24"\ncable="16,24"\n', "one of cable, node and fail"),
        (
            '[[fault]]\nat="2ms"\nfail="cables=900"\n',
            "fault 1, line 3, column 7: fail: 'cables=900': too many",
        ),
        ('[[fault]]\nat="2ms"\nfail="cables=100%"\n', "cut off"),
        ('[[fault]]\nat="2ms"\nnode="leaf 9"\n', "no node is called so"),
        ('[[fault]]\nat="2ms"\ncable="16,32"\n', "no cable between 16 and 32"),
        ('[[fault]]\nat="2ms"\nnode="16"\n', "node 16 at 2 ms: cuts .* off from"),
        ('[[fault]]\nat="2ms"\nwhen="now"\nnode="24"\n', "'when': unknown key"),
        ("fault = 3\n", "tables"),
        ("[[fault]\n", "not TOML"),
    ],
)
def test_bad_schedules(four: Fabric, tmp_path: Path, content: str, rule: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(content)
    with pytest.raises(FabricsimError, match=rule):
        job(four, faults=str(path)).row("ring", 10**9)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"faults": "hnp"}, r"neither a profile nor a schedule .*did you mean 'hpn'"),
        ({"faults": "nowhere.toml"}, "no such file"),
        ({"faults": "hpn:link_mtbf=-5y"}, "no time is negative"),
        ({"faults": "hpn:link_mtbf=0s"}, "a nanosecond at the least"),
        ({"faults": "hpn:mtbf=5y"}, "unknown constant"),
        ({"faults": "hpn:flaps=7"}, "how many a day"),
        ({"faults": "hpn:flaps=1e400/d"}, "a finite number"),
        ({"reroute_delay": "-1s"}, "no time is negative"),
        ({"reroute_delay": "1"}, "a unit is needed"),
        ({"repeat": "0"}, "1 to 1,000,000,000 all-reduces"),
        ({"repeat": "-2"}, "above zero"),
        ({"gap": "-1ms"}, "no time is negative"),
        ({"repeat": "2", "engine": "bound"}, "needs engine flow"),
        ({"faults": "hpn", "routing": "spray"}, "spreads over all ways that are alike"),
    ],
)
def test_bad_settings(four: Fabric, given: dict[str, str], rule: str) -> None:
    with pytest.raises(FabricsimError, match=rule):
        job(four, **given)


def test_a_schedule_draws_numbers_and_names_what_it_names(four: Fabric, tmp_path: Path) -> None:
    path, names = tmp_path / "faults.toml", tmp_path / "names.txt"
    names.write_text("16,24\n")
    for text in (str(names), f"cables=1; {names}"):
        path.write_text(f'[[fault]]\nat = "1ms"\nfail = "{text}"\n')
        with pytest.raises(FabricsimError, match="a number of cables or switches: use cable and node"):
            job(four, faults=str(path))


def test_a_partition_is_waited_out_and_one_for_good_is_an_error(four: Fabric, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nat = "1ms"\nlength = "50ms"\nnode = "16"\n')
    row = job(four, faults=str(path), allow_partition=True, latency_profile="ideal").row("ring", 10**9)
    assert row.disturbance["run"]["lost_s"] == pytest.approx(50e-3)
    path.write_text('[[fault]]\nat = "1ms"\nnode = "16"\n')
    with pytest.raises(FabricsimError, match="faults: node 16: flows wait for a link that nobody repairs"):
        job(four, faults=str(path), allow_partition=True).row("ring", 10**9)


def test_random_faults_never_cut_a_pair_off(four: Fabric) -> None:
    row = job(
        four, faults="quiet:link_mtbf=2s,link_mttr=1s", reroute_delay="1ms", repeat="5s", routing="dmodk"
    ).row("ring", 10**9)
    run = row.disturbance["run"]
    assert run["passed_over"] > 0 and run["worst_s"] < 0.1


def test_too_many_faults(four: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before the run where so many are to be expected; those that are passed over count as well."""
    monkeypatch.setattr("sims.models.fluid.faults.effort.MOST_OUTAGES", 200)
    with pytest.raises(FabricsimError, match="about 3,600 faults are to be expected, at most 200"):
        job(four, faults="quiet:flaps=1/s", repeat="1h").row("ring", 10**9)
    thin = Fabric.from_graph(load("leaf-spine:leaves=2,spines=1,endpoints_per_leaf=2"))
    outages = (Outage(at=1.0 + i, length=0.5, cables=np.array([4]), what="cut") for i in itertools.count())
    striking = Striking(
        fabric=thin, course=Course.of("quiet", "1s", "1", "0s"), outages=outages, allow_partition=False
    )
    process = striking.process(env := simpy.Environment(), Detours(thin, [], []))
    with pytest.raises(ParameterError, match=r"200 within .*: more than 200 faults before the run ends"):
        env.run()  # each would cut a pair
    assert (process.passed_over, process.faults) == (200, [])


def test_what_is_no_cause_is_not_in_the_scenario(four: Fabric) -> None:
    """A gap after the only one, a delay of routing without faults."""
    one, two = (job(four, repeat=n, gap="3ms", reroute_delay="7ms").scenario("ring", 8) for n in ("1", "2"))
    assert (one.gap, two.gap, two.reroute_delay) == ("0s", "3ms", "1s")
    assert one == job(four).scenario("ring", 8)
    assert parse_repeat("1000000000") == (10**9, 0.0)
    with pytest.raises(FabricsimError, match="1 to 1,000,000,000 all-reduces"):
        parse_repeat("1000000001")


def test_a_schedule_draws_where_any_fault_does(tmp_path: Path) -> None:
    path, node = tmp_path / "faults.toml", '[[fault]]\nat="1ms"\nnode="24"\n'
    for more, draws in (("", False), (node.replace('node="24"', 'fail="cables=1"'), True)):
        path.write_text(node + more)
        assert read_schedule(str(path)).draws == draws


def test_keys_of_schedules(four: Fabric, tmp_path: Path) -> None:
    a, b = tmp_path / "a.toml", tmp_path / "b.toml"
    for path in (a, b):
        path.write_text('[[fault]]\nat = "1ms"\nnode = "24"\n')
    rows = [
        job(four, faults=str(path), routing="dmodk", seed=int(path is b)).row("ring", 10**8)
        for path in (a, b)
    ]
    assert rows[0].key == rows[1].key and rows[0].scenario.seed == 0
    a.write_text('[[fault]]\nat = "2ms"\nnode = "24"\n')
    with pytest.raises(FabricsimError, match=r"a\.toml: what its file names changed"):
        simulate(rows[0].scenario)


def test_a_repeated_run_without_faults_is_the_plain_one(four: Fabric) -> None:
    plain = job(four).row("tree", 10**8)
    for repeat, count in (("1000", 1000), (f"{plain.time_s * 2.5 * 1e6}us", 3)):
        row = job(four, repeat=repeat).row("tree", 10**8)
        assert row.time_s == plain.time_s and row.disturbance["run"]["iterations"] == count
        assert row.limit_link == plain.limit_link and row.efficiency == plain.efficiency


def test_explain_says_what_a_day_without_faults_would_save(four: Fabric) -> None:
    from sims.studies.explain.explainer import Explainer

    given = {"faults": "quiet:flaps=5/s,flap_time=20ms", "reroute_delay": "5ms", "repeat": "40"}
    run = job(four, routing="dmodk", seed=1, **given)
    row = run.row("tree", 10**9)
    gains = Explainer(run).explain(row).gains
    assert (
        gains["no faults"] == pytest.approx(row.disturbance["run"]["lost_s"] / 40) and gains["no faults"] > 0
    )


def test_links_of_merged_switches_lose_a_part(four: Fabric) -> None:
    from fabric import carrier

    merged = carrier(four, parse_policy("adaptive"))
    links = Links(four, merged)
    links.take(np.arange(len(cable_links(four)))[TRUNK[:1]])
    part = links.capacity / merged.capacity
    assert sorted(np.unique(part).tolist()) == [0.5, 1.0] and np.sum(part < 1) == 2
    links.give(TRUNK[:1])
    assert links.healthy and links.capacity is merged.capacity


def test_presets_take_faults() -> None:
    fabric = Fabric.from_graph(load("preset:superpod-h100:su=4"))
    run = AllReduce(fabric, faults="hpn:link_mtbf=1d,flaps=100/h", repeat="1h", gap="1s", seed=4)
    row = run.row("hierarchical-tree", 2**30)
    assert row.disturbance["run"]["faults"] > 50


@pytest.mark.parametrize("flaps", ["0.00001/d", "1.23456789012/min", "3/h", "1e6/s", "1e300/d"])
def test_flaps_are_written_as_they_are_run(flaps: str) -> None:
    wear = parse_wear(f"quiet:flaps={flaps}")
    assert parse_wear(wear.spec) == wear


@pytest.mark.parametrize("fault", ['node = ""', 'cable = "16,\\n24"'])
def test_a_fault_that_names_no_node(four: Fabric, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(f'[[fault]]\nat = "1ms"\n{fault}\n')
    with pytest.raises(FabricsimError, match=r"fault 1, line 3, .*a node, or two with a comma between"):
        job(four, faults=str(path)).row("ring", 10**9)
