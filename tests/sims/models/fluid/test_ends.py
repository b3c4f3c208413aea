"""Ends computed ahead of the clock: the slow twin, the form without numba, certificates, closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simpy
from fluid_twin import Batch, paths_of, run, scenarios, twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fabric import Ecmp, Fabric, Paths, certify, max_min, route
from fabric.routing.policies import parse_policy
from sims.models.fluid import network as module
from sims.models.fluid.network import FluidNetwork
from sims.workload.traffic import pattern
from topologies import fat_tree

pytest.importorskip("numba", reason="the extra [fast] is not installed: compiled ends are not tested")
from sims.models.fluid import ends as module_of_ends
from sims.models.fluid.ends import ahead
from sims.models.fluid.heap import build, pop, put

REUSED = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel runs however few flows there are."""
    monkeypatch.setattr(module, "_MANY", 1)


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(fat_tree(k=8))


def four_each(fabric: Fabric, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sources and destinations: each endpoint sends to four others."""
    n, draw = fabric.n_endpoints, np.random.default_rng(seed)
    src = np.repeat(np.arange(n), 4)
    dst = draw.integers(0, n - 1, 4 * n)
    return src, dst + (dst >= src)


def both(fabric_capacity: NDArray[np.float64], paths: Paths, size: NDArray[np.float64]) -> list[Any]:
    """When each flow ends: by the kernel, and without it."""
    kernel = ahead(
        paths, fabric_capacity, size, max_min(paths, fabric_capacity), np.zeros(len(size), int), 0.0
    )
    network = FluidNetwork(simpy.Environment(), fabric_capacity, watch=lambda _: None)
    return [kernel.end, network.env.run(network.send(paths, size))]


@REUSED
@given(scenarios())
def test_batches_that_come_and_go_agree_with_the_twin(
    always: None, scenario: tuple[NDArray[np.float64], list[Batch]]
) -> None:
    capacity, batches = scenario
    network = FluidNetwork(simpy.Environment(), capacity)
    for got, expected in zip(run(network, batches), twin(capacity, batches)):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    assert not len(network._paths) and not network._batches


@pytest.mark.parametrize("policy", ["ecmp", "ecmp:qps=4", "valiant", "dmodk"])
@pytest.mark.parametrize("seed", range(2))
def test_both_forms_agree_on_a_fat_tree(eight: Fabric, policy: str, seed: int) -> None:
    if policy == "valiant":
        from topologies import dragonfly

        eight = Fabric.from_graph(dragonfly(p=2))
    src, dst = four_each(eight, seed)
    by = parse_policy(policy, seed)
    paths = Paths.stack([route(eight, src, dst, by, qp=qp) for qp in range(by.qps)])
    draw = np.random.default_rng(seed)
    for size in (draw.uniform(1e6, 1e9, len(paths)), 1e6 * draw.integers(1, 4, len(paths))):
        kernel, plain = both(eight.capacity, paths, size)
        np.testing.assert_allclose(kernel, plain, rtol=1e-11)


def test_both_forms_agree_where_capacities_differ(eight: Fabric) -> None:
    src, dst = four_each(eight, 5)
    draw = np.random.default_rng(5)
    capacity = draw.uniform(1e9, 1e11, eight.n_links)
    kernel, plain = both(capacity, route(eight, src, dst, Ecmp()), draw.lognormal(15, 2, len(src)))
    np.testing.assert_allclose(kernel, plain, rtol=1e-11)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.8, 0.99])
def test_rates_are_certified_on_the_way(eight: Fabric, share: float) -> None:
    src, dst = four_each(eight, 1)
    paths, size = route(eight, src, dst, Ecmp()), np.random.default_rng(1).uniform(1e6, 1e9, len(src))
    rate, batch = max_min(paths, eight.capacity), np.zeros(len(src), int)
    whole = ahead(paths, eight.capacity, size, rate, batch, 0.0)
    part = ahead(paths, eight.capacity, size, rate, batch, 0.0, until=share * whole.time)
    going = np.flatnonzero(np.isnan(part.end))
    assert len(going) and np.all(part.end[~np.isnan(part.end)] <= part.time)
    assert certify(paths.take(going), eight.capacity, part.rate[going])
    # What is left, run on, ends when the whole does.
    rest = ahead(
        paths.take(going), eight.capacity, part.left[going], part.rate[going], batch[going], part.time
    )
    np.testing.assert_allclose(rest.end, whole.end[going], rtol=1e-11)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40))
def test_flows_on_one_link_end_as_by_processor_sharing(sizes: list[float]) -> None:
    # The i-th to end, of n, has seen the link shared by n, n - 1, ... n - i + 1.
    size = np.sort(sizes)
    expected = np.cumsum(np.diff(size, prepend=0.0) * np.arange(len(size), 0, -1))
    run = ahead(
        paths_of([[0]] * len(size)),
        np.ones(1),
        size,
        np.full(len(size), 1 / len(size)),
        0 * size.astype(int),
        0.0,
    )
    np.testing.assert_allclose(run.end, expected, rtol=1e-9)


def test_rates_that_are_not_fair_are_found_anew() -> None:
    run = ahead(
        paths_of([[0], [0, 1]]),
        np.array([4.0, 1.0]),
        np.array([6.0, 2.0]),
        np.zeros(2),
        np.zeros(2, int),
        0.0,
    )
    assert run.end.tolist() == [2.0, 2.0]


def test_a_link_that_carries_nothing_stops_its_flows_for_ever() -> None:
    paths, batch = paths_of([[0], [1], [0, 1]]), np.zeros(3, int)
    capacity, size = np.array([0.0, 1.0]), np.array([1.0, 2.0, 3.0])
    run = ahead(paths, capacity, size, max_min(paths, capacity), batch, 5.0)
    assert run.time == 7.0 and run.end[1] == 7.0 and np.isnan(run.end[[0, 2]]).all()
    still = np.array([0, 2])
    run = ahead(paths.take(still), capacity, size[still], np.zeros(2), batch[still], 7.0)
    assert run.time == np.inf and np.isnan(run.end).all() and run.left.tolist() == [1.0, 3.0]


def test_links_change_and_flows_move_under_way(always: None) -> None:
    # Flows of 4 and 8 at 1/2 each; at 2 the link stops, at 5 it carries 2; at 6 the second goes elsewhere.
    env = simpy.Environment()
    network = FluidNetwork(env, np.array([1.0, 1.0]))
    done = network.send(paths_of([[0], [0]]), np.array([4.0, 8.0]), tag="x")

    def events() -> Any:
        yield env.timeout(2)
        network.change(np.array([0.0, 1.0]))
        yield env.timeout(3)
        network.change(np.array([2.0, 1.0]))
        yield env.timeout(1)
        network.reroute("x", paths_of([[0], [1]]), 0.0)

    env.process(events())
    assert env.run(done).tolist() == [7.0, 12.0]


def test_a_run_that_pauses_after_every_end_gives_the_same(
    eight: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit: between two ends nothing is remembered but what is in the arrays."""
    who = pattern("permutation", eight.n_endpoints, 1.0, 0)
    paths, size = route(eight, who.src, who.dst, Ecmp()), np.random.default_rng(0).uniform(1, 9, len(who))
    rate, batch = max_min(paths, eight.capacity), np.arange(len(who)) % 3
    for until in (np.inf, 3e-11):
        found = []
        for patience in (10**9, 1):
            monkeypatch.setattr(module_of_ends, "_PATIENCE", patience)
            found.append(ahead(paths, eight.capacity, size, rate, batch, 0.0, until))
        assert found[0].time == found[1].time
        for name in ("end", "left", "rate"):
            np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_who_waits_goes_on_at_the_last_end(always: None, scale: float) -> None:
    """The clock stands there, whatever the unit of the sizes; what is sent next begins there."""
    network = FluidNetwork(simpy.Environment(), np.ones(1))
    for last in (3.0, 6.0):
        network.env.run(network.send(paths_of([[0], [0]]), scale * np.array([1.0, 2.0])))
        assert network.env.now == pytest.approx(scale * last, rel=1e-12)


def test_somebody_who_acts_by_surprise_is_heeded(always: None) -> None:
    # Handed over between two steps of the clock, while the network has already run ahead.
    env = simpy.Environment()
    network = FluidNetwork(env, np.ones(1))
    first = network.send(paths_of([[0], [0]]), np.array([1.0, 9.0]))
    while env.peek() == 0.0:
        env.step()
    second = network.send(paths_of([[0]]), 3.0)
    env.run(env.all_of([first, second]))
    assert first.value.tolist() == [3.0, 13.0] and second.value.tolist() == [7.0]


def test_without_numba_nothing_is_imported(monkeypatch: pytest.MonkeyPatch, always: None) -> None:
    monkeypatch.setattr(module, "at_hand", lambda: False)
    monkeypatch.setattr(FluidNetwork, "_run_ahead", None)
    network = FluidNetwork(simpy.Environment(), np.ones(1))
    assert network.env.run(network.send(paths_of([[0], [0]]), np.array([1.0, 2.0]))).tolist() == [2.0, 3.0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), min_size=1, max_size=60))
def test_a_heap_hands_out_the_least(changes: list[tuple[int, int]]) -> None:
    heap, place, key = np.zeros(10, np.int32), np.full(10, -1, np.int32), np.zeros(10)
    count = 0
    for item, value in changes:
        key[item] = value
        count = put(heap, place, key, count, item)
    items = heap[:count].tolist()
    assert sorted(items) == sorted({item for item, _ in changes})
    for anew in (False, True):
        heap[:count] = heap[:count][::-1] if anew else heap[:count]
        if anew:
            build(heap, place, key, count)
        out, left, order, where = [], count, heap.copy(), place.copy()
        while left:
            out.append(key[order[0]])
            left = pop(order, where, key, left)
        assert out == sorted(key[items].tolist())


def test_a_permutation_of_random_sizes_runs_ahead(eight: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 100)
    who = pattern("permutation", eight.n_endpoints, 1.0, 0)
    paths, size = route(eight, who.src, who.dst, Ecmp()), np.random.default_rng(0).uniform(1, 9, len(who))
    network = FluidNetwork(simpy.Environment(), eight.capacity)
    network.env.run(network.send(paths, size))
    assert network.solves == 1  # the kernel finds all others
