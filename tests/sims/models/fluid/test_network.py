"""The fluid network: its certificate at every instant, a slow twin that solves everything, and theorems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simpy
from fluid_twin import Batch, paths_of, run, scenarios, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fabric import Ecmp, Fabric, Paths, certify, max_min, route
from sims.models.fluid.flows import run_flows
from sims.models.fluid.network import FluidNetwork, RateMemo
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic, pattern
from topologies import fat_tree

UNLIMITED = 1e300  # bytes/s of a flow without links


class Watched(FluidNetwork):
    """Checks the certificate of all flows under way after every instant, and integrates their rates."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.sent: dict[Any, NDArray[np.float64]] = {}  # bytes of each flow, by the event of its batch
        self.last = 0.0

    def send(self, paths: Paths, size: Any, latency: Any = 0.0) -> simpy.Event:
        event = super().send(paths, size, latency)
        self.sent[event] = np.zeros(len(paths))
        return event

    def _settle(self, event: simpy.Event) -> None:
        for number, batch in enumerate(self._batches):
            mine = self._owner == number
            could = self._rate[mine] * (self.env.now - self.last)
            self.sent[batch.done][self._slot[mine]] += np.minimum(could, self._left[mine])
        super()._settle(event)
        self.last = self.env.now
        if len(self._paths):
            assert np.all(np.isfinite(self._rate)) and np.all(self._rate > 0)
            rate = np.where(self._rate < UNLIMITED, self._rate, np.inf)
            assert certify(self._paths, self.capacity, rate)


@settings(max_examples=250, deadline=None)
@given(scenarios())
def test_certificate_bytes_and_twin(scenario: tuple[NDArray[np.float64], list[Batch]]) -> None:
    capacity, batches = scenario
    network = Watched(simpy.Environment(), capacity)
    received = run(network, batches)
    for got, expected in zip(received, twin(capacity, batches)):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    for event, sent in network.sent.items():
        (batch,) = (b for b in batches if b.event is event)
        limited = batch.paths.length > 0
        np.testing.assert_allclose(sent[limited], batch.size[limited], rtol=1e-8)
    assert not len(network._paths) and not network._batches


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_equal_flows_started_together_end_at_size_over_their_initial_rate(
    scenario: tuple[NDArray[np.float64], list[Batch]],
) -> None:
    capacity, batches = scenario
    paths = batches[0].paths
    network = FluidNetwork(simpy.Environment(), capacity)
    end = network.env.run(network.send(paths, 12.0))
    rate = max_min(paths, capacity)
    np.testing.assert_allclose(end, 12.0 / rate, rtol=1e-12, atol=1e-250)
    assert network.solves == 1  # fastest first: no end disturbs


@pytest.mark.parametrize("seed", range(3))
def test_an_equal_round_lasts_latency_plus_bytes_over_the_fullest_link(seed: int) -> None:
    fabric = Fabric.from_graph(fat_tree(k=8))
    who = pattern("permutation", fabric.n_endpoints, 1.0, seed)
    paths = route(fabric, who.src, who.dst, Ecmp(seed=seed))
    network = FluidNetwork(simpy.Environment(), fabric.capacity)
    network.env.run(network.send(paths, 1e6, 2e-6))
    load = paths.load(1.0, fabric.n_links)
    assert network.env.now == pytest.approx(2e-6 + 1e6 * np.max(load / fabric.capacity), rel=1e-12)


def test_a_lockstep_entity_shares_links_with_flows() -> None:
    # Entity: 2 bytes on link 0 and 1 on link 1 per byte. With a flow on link 0: 2r + r = 3, so r = 1 each.
    entity = Paths.lockstep(np.array([2.0, 1.0]))
    network = FluidNetwork(simpy.Environment(), np.array([3.0, 9.0]))
    both = network.env.all_of([network.send(entity, 10.0), network.send(paths_of([[0]]), 4.0)])
    network.env.run(both)
    # The flow ends at 4; the entity has 6 left and goes on at 3/2.
    assert network.env.now == pytest.approx(4 + 6 / 1.5, rel=1e-12)


def test_a_batch_without_flows_is_done_at_once() -> None:
    network = FluidNetwork(simpy.Environment(), np.ones(1))
    assert network.env.run(network.send(paths_of([]), 1.0)).tolist() == []
    assert network.env.now == 0.0


def test_flows_without_links_take_their_latency_only() -> None:
    network = FluidNetwork(simpy.Environment(), np.ones(1))
    got = network.env.run(network.send(paths_of([[], [0]]), np.array([1e12, 2.0]), np.array([5.0, 0.0])))
    assert got.tolist() == pytest.approx([5.0, 2.0])


def test_a_stale_timeout_is_ignored() -> None:
    # Alone the first flow ends at 10, for which a timeout is set; the second makes it end at 15.
    env = simpy.Environment()
    network = Watched(env, np.array([1.0]))
    first, second = (
        Batch(paths=paths_of([[0]]), size=np.array([s]), latency=np.zeros(1), at=a)
        for s, a in ((10.0, 0.0), (5.0, 5.0))
    )
    assert [r.tolist() for r in run(network, [first, second])] == [[15.0], [15.0]]
    assert network.solves == 1 + 1


def test_tiny_intervals_late_on_the_clock_come_to_an_end() -> None:
    env = simpy.Environment()
    network = FluidNetwork(env, np.array([1e9, 3e9]))
    size = 1.0 + np.arange(200) / 7  # nanoseconds, where the clock's grain is 0.1 ns
    seen: list[float] = []

    def late() -> Any:
        yield env.timeout(1e6)
        for _ in range(3):
            received = yield network.send(paths_of([[i % 2] for i in range(200)]), size)
            seen.append(float(received.max()))

    env.run(env.process(late()))
    alone = size[::2].sum() / 1e9
    assert seen == sorted(seen)
    assert env.now - 1e6 == pytest.approx(3 * alone, abs=3 * 200 * 2e-10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=12), st.floats(0, 1e6))
def test_the_clock_never_goes_back(sizes: list[float], start: float) -> None:
    env = simpy.Environment()
    network = FluidNetwork(env, np.array([7.0]))
    seen = [0.0]
    step = env.step

    def late() -> Any:
        yield env.timeout(start)
        for size in sizes:
            yield network.send(paths_of([[0], [0]]), np.array([size, size / 3]))

    process = env.process(late())
    while not process.processed:
        step()
        assert env.now >= seen[-1]
        seen.append(env.now)


def test_the_memo_returns_the_same_rates_and_solves_once() -> None:
    capacity, paths = np.array([4.0, 6.0]), paths_of([[0], [0, 1], [1]])
    memo = RateMemo()
    ends, solves = [], []
    for used in (memo, memo, None):
        network = FluidNetwork(simpy.Environment(), capacity, memo=used)
        ends.append(network.env.run(network.send(paths, np.array([1.0, 2.0, 3.0]))).tolist())
        solves.append(network.solves)
    assert ends[0] == ends[1] == ends[2]
    assert solves[1] == solves[0] - 1 and solves[2] == solves[0]


def test_the_memo_forgets_when_it_is_full() -> None:
    memo = RateMemo()
    for i in range(300):
        assert memo.get((paths_of([[0]]),), lambda i=i: np.array([float(i)])).tolist() == [i]
    assert len(memo._rates) <= 256


def test_finished_batches_are_forgotten_while_others_go_on() -> None:
    env = simpy.Environment()
    network = FluidNetwork(env, np.array([1.0, 1.0]))
    network.send(paths_of([[0]]), 1e6)

    def many() -> Any:
        for _ in range(50):
            yield network.send(paths_of([[1]]), 1.0)

    env.run(env.process(many()))
    assert env.now == pytest.approx(50.0)
    assert len(network._batches) <= 2


# --- resolution --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=30), st.sampled_from([0.001, 0.01, 0.1]))
def test_one_link_is_late_by_at_most_a_harmonic_number_of_windows(
    sizes: list[float], resolution: float
) -> None:
    # A window in which m of n flows end wastes m/n of the link; m/n <= 1/n + 1/(n-1) + ... + 1/(n-m+1).
    network = FluidNetwork(simpy.Environment(), np.array([1.0]), resolution=resolution)
    network.env.run(network.send(paths_of([[0]] * len(sizes)), np.array(sizes)))
    exact = sum(sizes)  # a link that is never idle
    harmonic = sum(1 / i for i in range(2, len(sizes) + 1))
    assert exact * (1 - 1e-9) <= network.env.now <= exact * (1 + harmonic * resolution) + 1e-9


def test_one_elephant_does_not_stretch_the_window() -> None:
    # At its first rate the elephant would take 1,000 times the makespan: no measure for a window.
    size = np.array([1.0 + i / 999 for i in range(999)] + [1000.0])
    network = FluidNetwork(simpy.Environment(), np.array([1.0]), resolution=0.002)
    network.env.run(network.send(paths_of([[0]] * 1000), size))
    assert network.env.now == pytest.approx(size.sum(), rel=0.01)
    assert network.solves < 200


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(fat_tree(k=8))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", ["uniform", "lognormal", "pareto"])
def test_resolution_is_off_by_less_than_two_windows_and_solves_less(
    eight: Fabric, shape: str, seed: int
) -> None:
    n, draw, ideal = eight.n_endpoints, np.random.default_rng(seed), latency_profile("ideal")
    size = {
        "uniform": draw.uniform(1e6, 1e9, n),
        "lognormal": draw.lognormal(15, 2, n),
        "pareto": 1e6 * (1 + draw.pareto(1.1, n)),
    }[shape]
    who = pattern("permutation", n, 1.0, seed)
    who = Traffic(src=who.src, dst=who.dst, size=size, start=who.start)
    exact = run_flows(eight, who, Ecmp(seed=seed), ideal)
    solves = [exact.solves]
    for resolution in (0.002, 0.01, 0.05):
        coarse = run_flows(eight, who, Ecmp(seed=seed), ideal, resolution=resolution)
        window = resolution * exact.makespan
        assert np.abs(coarse.end - exact.end).max() < 2 * window
        assert abs(coarse.makespan - exact.makespan) < 2 * window
        assert abs(coarse.end.mean() - exact.end.mean()) < 0.25 * window
        solves.append(coarse.solves)
    assert solves == sorted(solves, reverse=True) and solves[-1] < solves[0] / 5
