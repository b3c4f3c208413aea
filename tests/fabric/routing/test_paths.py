"""The incidence of flows and links, against dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric import Paths

Rows = list[list[tuple[int, float]]]
rows = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.5, 1.0, 2.0])), max_size=4), max_size=6
)


def make(flows: Rows, weighted: bool = True) -> Paths:
    link = np.array([link for f in flows for link, _ in f], np.int32)
    weight = np.array([w for f in flows for _, w in f]) if weighted else None
    return Paths(ptr=np.cumsum([0] + [len(f) for f in flows]), link=link, weight=weight)


def read(paths: Paths) -> Rows:
    weight = np.ones(len(paths.link)) if paths.weight is None else paths.weight
    ends = zip(paths.ptr[:-1], paths.ptr[1:])
    return [list(zip(paths.link[a:b].tolist(), weight[a:b].tolist())) for a, b in ends]


@given(rows)
def test_loads_and_totals(flows: Rows) -> None:
    paths, amount = make(flows), np.arange(1.0, len(flows) + 1)
    load, value = np.zeros(6), np.arange(6) + 0.25
    for x, flow in zip(amount, flows):
        for link, weight in flow:
            load[link] += x * weight
    assert paths.load(amount, 6).tolist() == load.tolist()
    assert paths.load(2.0, 6).tolist() == paths.load(np.full(len(flows), 2.0), 6).tolist()
    assert paths.total(value).tolist() == [sum(value[link] * w for link, w in flow) for flow in flows]
    plain = make(flows, weighted=False).total(value)
    assert plain.tolist() == [sum(value[link] for link, _ in flow) for flow in flows]
    assert make(flows, weighted=False).load(1.0, 6).dtype == float


@given(rows, st.data())
def test_take_stack_join(flows: Rows, data: st.DataObject) -> None:
    paths, n = make(flows), len(flows)
    order = data.draw(st.lists(st.integers(0, n - 1), max_size=8)) if n else []
    assert read(paths.take(np.array(order, int))) == [flows[i] for i in order]
    assert read(Paths.stack([paths, paths, paths])) == flows * 3
    assert read(Paths.join(paths, paths)) == [flow + flow for flow in flows]
    plain = make(flows, weighted=False)
    assert read(Paths.stack([plain, paths])) == [[(link, 1.0) for link, _ in flow] for flow in flows] + flows
    assert Paths.stack([plain, plain]).weight is None


def test_columns_of_hops() -> None:
    hops = [np.array([4, -1, 2], np.int32), np.array([5, -1, -1], np.int32)]
    assert read(Paths.from_columns(hops)) == [[(4, 1.0), (5, 1.0)], [], [(2, 1.0)]]
    assert len(Paths.from_columns([])) == 0


def test_a_lockstep_phase_is_one_flow() -> None:
    paths = Paths.lockstep(np.array([0.0, 2.0, 0.0, 1.0]))
    assert len(paths) == 1 and paths.length.tolist() == [2]
    assert paths.load(3.0, 4) == pytest.approx([0, 6, 0, 3])


@given(rows, rows, st.integers(0, 99))
def test_parts_are_merged_in_any_order_with_and_without_weights(one: Rows, two: Rows, seed: int) -> None:
    """And flows of no part have no links."""
    place = np.random.default_rng(seed).permutation(len(one) + len(two) + 2)
    first, second = np.split(place[:-2], [len(one)])
    flat = make(two, weighted=False)
    merged = Paths.merged([(first, make(one)), (second, flat)], len(place))
    want: Rows = [[] for _ in place]
    for flow, row in [*zip(first.tolist(), one), *zip(second.tolist(), read(flat))]:
        want[flow] = row
    assert read(merged) == want
