"""Hierarchical: an all-reduce over any grid of groups with any algorithm across; bytes; unequal groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.collectives.circulant import bruck
from sims.workload.collectives.doubling import halving_doubling, recursive_doubling
from sims.workload.collectives.group import by_label
from sims.workload.collectives.hierarchical import group_ranks, hierarchical
from sims.workload.collectives.pat import pat, pat_reduce_scatter
from sims.workload.collectives.ring import ring, ring_all_gather, ring_reduce_scatter
from sims.workload.collectives.tree import double_binary_tree
from sims.workload.replay import replay
from sims.workload.schedule import COPY, REDUCE, Schedule

SIZE = 2.0**20
Make = Callable[[int], Schedule]


def two_rings(n: int) -> Schedule:
    return ring(n, channels=2)


INNER: dict[str, Make] = {
    "ring": ring,
    "two-rings": two_rings,
    "recursive-doubling": recursive_doubling,
    "halving-doubling": halving_doubling,
    "tree": double_binary_tree,
}


def shuffled(count: int, g: int) -> np.ndarray:
    return np.random.default_rng(count * 100 + g).permutation(count * g).reshape(count, g)


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("g", [1, 2, 3, 4, 8])
def test_all_reduce(inner: str, g: int) -> None:
    for count in (1, 2, 3, 4, 5, 8, 11):
        replay(hierarchical(shuffled(count, g), INNER[inner], "grid"))


@pytest.mark.parametrize("inner", INNER)
def test_all_reduce_of_many(inner: str) -> None:
    replay(hierarchical(shuffled(33, 8), INNER[inner], "grid"))


@pytest.mark.parametrize("inner", [bruck, pat, pat_reduce_scatter, ring_reduce_scatter, ring_all_gather])
@pytest.mark.parametrize("g", [1, 2, 3, 4])
def test_halves_of_an_all_reduce(inner: Make, g: int) -> None:
    """With ranks whose parts stand in their order across, and with others."""
    for count in (2, 3, 4, 5, 8):
        replay(hierarchical(shuffled(count, g), inner, "grid"))


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize(("count", "g"), [(1, 4), (4, 1), (5, 3), (8, 8)])
def test_bytes_are_those_of_the_rings_and_of_the_shard_across(inner: str, count: int, g: int) -> None:
    """A member sends 2(g-1)/g of the message inside its group and what ``inner`` sends for a g-th across."""
    groups = shuffled(count, g)
    sent = hierarchical(groups, INNER[inner], "grid").sent(SIZE)
    across = INNER[inner](count).sent(SIZE / g)
    for a in range(count):
        assert sent[groups[a]] == pytest.approx(2 * (g - 1) / g * SIZE + across[a])


def test_phases() -> None:
    groups = np.arange(12).reshape(3, 4)
    scatter, across, gather = hierarchical(groups, ring, "grid").phases
    for phase, op in ((scatter, REDUCE), (gather, COPY)):
        assert (phase.kind, phase.op, phase.repeat, phase.ring_size) == ("ring", op, 3, 4)
        assert (phase.src // 4 == phase.dst // 4).all()  # stays in its group
    assert scatter.src is gather.src
    assert (across.kind, across.ring_size, len(across), across.repeat) == ("ring", 3, 12, 4)
    assert (across.src % 4 == across.dst % 4).all()  # stays on its rail
    assert isinstance(across.base, np.ndarray)
    assert across.base.reshape(4, 3).tolist() == [[3] * 3, [6] * 3, [9] * 3, [0] * 3]


def test_shared_arrays_stay_shared() -> None:
    phases = hierarchical(np.arange(32).reshape(8, 4), halving_doubling, "grid").phases[1:-1]
    assert len({id(p.src) for p in phases}) == 1
    assert phases[0].dst is phases[-1].dst


def test_one_group_or_groups_of_one() -> None:
    assert [p.kind for p in hierarchical([[0, 1, 2]], double_binary_tree, "one").phases] == ["ring", "ring"]
    assert [p.kind for p in hierarchical([[0], [1], [2]], double_binary_tree, "flat").phases] == ["pipeline"]
    assert hierarchical([[0]], ring, "alone").phases == ()


def test_name_note_and_pipeline() -> None:
    schedule = hierarchical(np.arange(12).reshape(6, 2), recursive_doubling, "grid", pipeline=4)
    assert (schedule.name, schedule.n, schedule.pipeline) == ("grid", 12, 4)
    assert schedule.note.startswith(
        "4 slices, one behind the other; across groups: n = 6 = 2^2 + 2: 2 ranks fold"
    )


@pytest.mark.parametrize(
    "groups",
    [[[0, 1], [1, 2]], [[0, 1], [2, 4]], [0, 1, 2], np.zeros((0, 4))],
    ids=["twice", "gap", "flat", "none"],
)
def test_illegal_groups(groups: object) -> None:
    with pytest.raises(ParameterError, match=r"groups: .*each rank 0 \.\. n - 1 once"):
        hierarchical(groups, ring, "grid")


def test_group_ranks_are_in_order_of_first_appearance() -> None:
    assert group_ranks([9, 9, 4, 7, 4, 7]).tolist() == [[0, 1], [2, 4], [3, 5]]
    assert group_ranks([-1, -1, -1]).tolist() == [[0], [1], [2]]
    order, sizes = by_label([1, 0, 1, -1, -1, 0, 1])
    assert (order.tolist(), sizes.tolist()) == ([0, 2, 6, 1, 5, 3, 4], [3, 2, 1, 1])
    assert by_label([3, 2, 1, 0, -1, -1, -1])[1].tolist() == [1] * 7


def test_unequal_groups_are_named() -> None:
    labels = np.repeat([10, 11, 12, 13, 14, 15, 16, 17, 18], [8, 8, 7, 8, 8, 5, 9, 3, 8])
    message = (
        "groups: '9 groups': hierarchical algorithms need groups of the same size: 5 have 8, "
        "4 differ: group 12 has 7, group 15 has 5, group 16 has 9 and 1 more"
    )
    with pytest.raises(ParameterError) as caught:
        group_ranks(labels)
    assert str(caught.value) == message
    with pytest.raises(ParameterError, match=r"3 differ: group 12 has 7, group 15 has 5, group 16 has 9$"):
        group_ranks(labels[labels != 17])


@pytest.mark.parametrize("labels", [[], [[0, 1]], [0.5, 1.5]])
def test_illegal_labels(labels: object) -> None:
    with pytest.raises(ParameterError, match=r"groups: .*one whole-number label per rank"):
        group_ranks(labels)
