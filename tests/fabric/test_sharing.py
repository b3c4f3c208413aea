"""Max-min rates against exact progressive filling, and the certificate against wrong rates."""

from __future__ import annotations

from fractions import Fraction

import fabric_oracles as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Ecmp, Fabric, Paths, certify, max_min, route
from fabric.routing.paths import Shared
from topologies import fat_tree

Flows = list[dict[int, Fraction]]


def compile_paths(flows: Flows, weighted: bool = True) -> Paths:
    ptr = np.cumsum([0] + [len(f) for f in flows])
    link = np.array([link for f in flows for link in f], np.int32)
    weight = np.array([float(w) for f in flows for w in f.values()]) if weighted else None
    return Paths(ptr=ptr, link=link, weight=weight)


@st.composite
def instances(draw: st.DrawFn) -> tuple[Flows, list[Fraction], list[Fraction] | None, bool]:
    n = draw(st.integers(1, 7))
    weighted = draw(st.booleans())
    weight = st.fractions(Fraction(1, 8), 8, max_denominator=8) if weighted else st.just(Fraction(1))
    flows = draw(st.lists(st.dictionaries(st.integers(0, n - 1), weight, max_size=n), max_size=12))
    value = st.fractions(Fraction(1, 20), 20, max_denominator=20)
    capacity = draw(st.lists(value, min_size=n, max_size=n))
    limits = draw(st.none() | st.lists(value, min_size=len(flows), max_size=len(flows)))
    return flows, capacity, limits or None, weighted


@settings(max_examples=300, deadline=None)
@given(instances())
def test_the_rates_are_those_of_progressive_filling(instance: tuple) -> None:
    flows, capacity, limits, weighted = instance
    paths, cap = compile_paths(flows, weighted), np.array(capacity, float)
    most = None if limits is None else np.array(limits, float)
    rates = max_min(paths, cap, most)
    exact = oracle.progressive_filling(flows, capacity, limits)
    np.testing.assert_allclose(rates, [np.inf if r is None else float(r) for r in exact], rtol=1e-9)
    assert certify(paths, cap, rates, most)


@settings(max_examples=100, deadline=None)
@given(instances(), st.data())
def test_the_certificate_refuses_wrong_rates(instance: tuple, data: st.DataObject) -> None:
    flows, capacity, limits, weighted = instance
    flows = [f or {0: Fraction(1)} for f in flows] or [{0: Fraction(1)}]
    limits = limits and limits[: len(flows)]
    paths, cap = compile_paths(flows, weighted), np.array(capacity, float)
    most = None if limits is None else np.array(limits, float)
    rates = max_min(paths, cap, most)
    assert not certify(paths, cap, rates * 1.01, most)
    assert len(certify(paths, cap, rates * 0.99, most).unjustified) == len(flows)
    lower = rates.copy()
    one = data.draw(st.integers(0, len(flows) - 1))
    lower[one] *= 0.9
    assert one in certify(paths, cap, lower, most).unjustified
    for nonsense in (np.nan, np.inf, -1.0, 0.0):
        lower[one] = nonsense
        assert not certify(paths, cap, lower, most)


def test_a_rate_above_its_limit_is_refused() -> None:
    paths = compile_paths([{0: Fraction(1)}, {0: Fraction(1)}])
    cap, limits = np.array([10.0]), np.array([1.0, 20.0])
    assert max_min(paths, cap, limits).tolist() == [1.0, 9.0]
    bad = certify(paths, cap, np.array([2.0, 8.0]), limits)
    assert not bad and bad.overload == 1.0 and bad.unjustified.tolist() == []


def test_flows_without_links() -> None:
    paths = compile_paths([{}, {0: Fraction(1)}, {}])
    cap = np.array([4.0])
    assert max_min(paths, cap).tolist() == [np.inf, 4.0, np.inf]
    assert max_min(paths, cap, np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]
    assert certify(paths, cap, np.array([np.inf, 4.0, np.inf]))
    assert certify(paths, cap, np.array([5.0, 4.0, np.inf])).unjustified.tolist() == [0]


def test_a_dead_link_stops_its_flows_only() -> None:
    paths = compile_paths([{0: Fraction(1), 1: Fraction(1)}, {1: Fraction(1)}])
    cap = np.array([0.0, 6.0])
    rates = max_min(paths, cap)
    assert rates.tolist() == [0.0, 6.0] and certify(paths, cap, rates)
    assert certify(paths, cap, np.array([1.0, 5.0])).overload == 1.0


def test_nothing_to_share() -> None:
    assert len(max_min(compile_paths([]), np.array([1.0]))) == 0
    assert certify(compile_paths([]), np.array([1.0]), np.array([]))


def test_a_chain_of_bottlenecks_takes_one_level_after_the_other() -> None:
    """Link i carries a flow of its own and those of link i + 1: the least first, each frees the next."""
    n = 200
    flows = [{i: Fraction(1), i + 1: Fraction(1)} for i in range(n)]
    capacity = [Fraction(i + 1) for i in range(n + 1)]
    rates = max_min(compile_paths(flows, weighted=False), np.array(capacity, float))
    exact = oracle.progressive_filling(flows, capacity)
    np.testing.assert_allclose(rates, np.array(exact, float), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_permutation_is_certified(seed: int) -> None:
    F = Fabric.from_graph(fat_tree(k=16))
    dst = np.random.default_rng(seed).permutation(1024)
    paths = route(F, np.arange(1024), dst, Ecmp(seed=seed))
    rates = max_min(paths, F.capacity)
    assert certify(paths, F.capacity, rates)
    # Equal flows that start together: the slowest ends when the most loaded link has carried its share.
    assert rates.min() == pytest.approx(50e9 / paths.load(1.0, F.n_links).max())


def test_flows_of_one_link_beside_flows_of_a_bundle_alone() -> None:
    """Flow 0 has its bundle's link alone, 1 one of its own, 2 a bundle of two and one of its own."""
    use = Paths(ptr=np.array([0, 1, 1, 2]), link=np.array([0, 1], np.int32), weight=None)
    bundles = Paths(ptr=np.array([0, 1, 3]), link=np.array([0, 1, 2], np.int32), weight=None)
    own = Paths(
        ptr=np.array([0, 0, 1, 2]),
        link=np.array([3, 3], np.int32),
        weight=None,
        shared=Shared(use=use, bundles=bundles),
    )
    assert max_min(own, np.array([1.0, 8.0, 3.0, 5.0])).tolist() == [1.0, 2.5, 2.5]
    assert max_min(own, np.array([1.0, 8.0, 2.0, 5.0])).tolist() == [1.0, 3.0, 2.0]
