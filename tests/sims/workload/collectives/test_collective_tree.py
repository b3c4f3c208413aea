"""Double binary tree: least depth, no rank inner twice, and an all-reduce for every n."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.collectives import build
from sims.workload.collectives.tree import double_binary_tree, two_trees
from sims.workload.replay import replay
from sims.workload.schedule import COPY, REDUCE

SIZE = 2.0**20


@pytest.mark.parametrize("numbers", [range(2, 301), range(301, 601), [99_999, 100_000, 2**16, 2**17 - 1]])
def test_the_two_trees(numbers: range | list[int]) -> None:
    for n in numbers:
        parents, depths = two_trees(n)
        d = math.floor(math.log2(n))
        inner = []
        for parent, depth in zip(parents, depths):
            child = np.flatnonzero(parent >= 0)
            assert len(child) == n - 1  # one root
            assert (depth[child] == depth[parent[child]] + 1).all()  # so no cycle
            assert depth[parent < 0] == 0
            assert depth.max() == d
            children = np.bincount(parent[child], minlength=n)
            assert children.max() <= 2
            inner.append(children > 0)
        assert not (inner[0] & inner[1]).any(), n


def test_a_tree_by_hand() -> None:
    r"""n = 6: the heap of five in-order, and 5 above the last leaf 4; tree B is its mirror image.

            3                2
          /   \            /   \
         1     5          0     4
        / \   /            \   / \
       0   2 4              1 3   5
    """
    (a, b), depths = two_trees(6)
    assert a.tolist() == [1, 3, 1, -1, 5, 3]
    assert b.tolist() == [2, 0, -1, 4, 2, 4]
    assert depths.tolist() == [[2, 1, 2, 0, 2, 1], [1, 2, 0, 2, 1, 2]]


@pytest.mark.parametrize("n", [*range(1, 34), 257, 1000])
def test_all_reduce(n: int) -> None:
    replay(double_binary_tree(n))


@pytest.mark.parametrize("n", [*range(2, 34), 1000])
def test_phase(n: int) -> None:
    schedule = double_binary_tree(n, segment=100)
    (phase,) = schedule.phases
    assert (phase.kind, len(phase), phase.segment_bytes, schedule.chunks) == ("pipeline", 4 * (n - 1), 100, 2)
    assert phase.stages == 2 * math.floor(math.log2(n))
    assert isinstance(phase.op, np.ndarray)
    assert phase.stage is not None
    up = phase.op == REDUCE
    assert (phase.stage[up] < phase.stages // 2).all()
    assert (phase.stage[phase.op == COPY] >= phase.stages // 2).all()


@pytest.mark.parametrize("n", range(2, 34))
def test_bytes(n: int) -> None:
    """A rank sends half the message over each of its edges: to 2 children and a parent, and to a parent."""
    sent = double_binary_tree(n).sent(SIZE)
    degree = np.zeros(n)
    for parent in two_trees(n)[0]:
        for child in np.flatnonzero(parent >= 0):
            degree[child] += 1
            degree[parent[child]] += 1
    assert sent == pytest.approx(degree * SIZE / 2)
    assert sent.sum() == pytest.approx(2 * (n - 1) * SIZE)
    assert sent.max() <= 2 * SIZE
    if n >= 6:  # some inner rank has a parent and two children
        assert sent.max() == 2 * SIZE


def test_nothing_to_do_alone() -> None:
    assert double_binary_tree(1).phases == ()


def test_illegal() -> None:
    with pytest.raises(ParameterError, match="segment: 0: bytes above zero"):
        double_binary_tree(4, segment=0)
    with pytest.raises(ParameterError, match="ranks: 0"):
        double_binary_tree(0)


def test_a_segment_is_512_KiB_where_none_is_given() -> None:
    assert {phase.segment_bytes for phase in build("tree", {}, 8).phases} == {2**19}
