"""Recursive doubling and halving-doubling: all-reduce for every n, and the bytes of their closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.collectives.doubling import halving_doubling, recursive_doubling
from sims.workload.replay import replay
from sims.workload.schedule import COPY, REDUCE, Schedule

SIZE = 2.0**20
BOTH = pytest.mark.parametrize("make", [recursive_doubling, halving_doubling])
Make = Callable[[int], Schedule]


def split(n: int) -> tuple[int, int]:
    """m and r with n = 2^m + r."""
    m = max(k for k in range(n) if 2**k <= n) if n > 1 else 0
    return m, n - 2**m


@BOTH
@pytest.mark.parametrize("n", [*range(1, 34), 64, 257, 300])
def test_all_reduce(make: Make, n: int) -> None:
    replay(make(n))


def test_all_reduce_of_a_thousand() -> None:
    replay(recursive_doubling(1000))
    replay(halving_doubling(1000))


@pytest.mark.parametrize("n", [*range(1, 34), 1000])
def test_bytes_of_recursive_doubling(n: int) -> None:
    """log2 n times the message; of the folded pairs 2i sends it once, and 2i + 1 once more."""
    m, r = split(n)
    wanted = np.full(n, m * SIZE)
    wanted[0 : 2 * r : 2] = SIZE
    wanted[1 : 2 * r : 2] = (m + 1) * SIZE
    assert recursive_doubling(n).sent(SIZE) == pytest.approx(wanted)
    assert recursive_doubling(n).chunks == 1
    assert len(recursive_doubling(n).phases) == m + 2 * (r > 0)


@pytest.mark.parametrize("n", [*range(1, 34), 1000])
def test_bytes_of_halving_doubling(n: int) -> None:
    """2(p-1)/p times the message for the p = 2^m that take part; the folded pairs as above."""
    m, r = split(n)
    p = 2**m
    wanted = np.full(n, 2 * (p - 1) / p * SIZE)
    wanted[0 : 2 * r : 2] = SIZE
    wanted[1 : 2 * r : 2] += SIZE
    schedule = halving_doubling(n)
    assert schedule.sent(SIZE) == pytest.approx(wanted)
    assert schedule.chunks == p
    assert len(schedule.phases) == 2 * m + 2 * (r > 0)


@BOTH
@pytest.mark.parametrize("n", [2, 8, 32])
def test_rounds_are_exchanges_at_doubling_distance(make: Make, n: int) -> None:
    m = n.bit_length() - 1
    schedule = make(n)
    distance = [np.unique(p.src ^ p.dst).tolist() for p in schedule.phases]
    there = [[2**k] for k in range(m)]
    assert distance == (there if make is recursive_doubling else there + there[::-1])
    assert all(p.kind == "round" and len(p) == n for p in schedule.phases)


def test_halving_doubling_sends_most_to_the_neighbour() -> None:
    phases = halving_doubling(16).phases
    assert [p.count for p in phases] == [8, 4, 2, 1, 1, 2, 4, 8]
    assert [p.op for p in phases] == [REDUCE] * 4 + [COPY] * 4


def test_phases_with_the_same_transfers_share_their_arrays() -> None:
    phases = halving_doubling(12).phases[1:-1]
    for there, back in zip(phases, phases[::-1]):
        assert there.src is back.src
        assert there.dst is back.dst
    assert len({id(p.src) for p in phases}) == 1
    assert len({id(p.src) for p in recursive_doubling(16).phases}) == 1


@BOTH
def test_the_fold_by_hand(make: Make) -> None:
    """6 = 4 + 2: 0 and 2 fold into 1 and 3; 1, 3, 4, 5 take part."""
    phases = make(6).phases
    fold, first, last, unfold = phases[0], phases[1], phases[-2], phases[-1]
    assert (fold.src.tolist(), fold.dst.tolist(), fold.op) == ([0, 2], [1, 3], REDUCE)
    assert (unfold.src.tolist(), unfold.dst.tolist(), unfold.op) == ([1, 3], [0, 2], COPY)
    assert fold.bytes_of(SIZE, make(6).chunks) == unfold.bytes_of(SIZE, make(6).chunks) == (1.0, SIZE)
    assert (first.src.tolist(), first.dst.tolist()) == ([1, 3, 4, 5], [3, 1, 5, 4])
    assert last.src.tolist() == [1, 3, 4, 5]


@BOTH
def test_the_note_says_what_the_fold_costs(make: Make) -> None:
    assert make(16).note == ""
    assert make(19).note == "n = 19 = 2^4 + 3: 3 ranks fold in and out, which costs 2 (a + S/B)"


@BOTH
def test_illegal(make: Make) -> None:
    with pytest.raises(ParameterError, match="ranks: 0: a whole number, at least 1"):
        make(0)
