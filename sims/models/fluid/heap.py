"""A binary heap of numbered items, each with a key that can change: compiled, no objects, no clock.

``heap``: items, a parent never after its children in the order of ``key``; ``place``: of each item, where in
``heap`` it is, -1 where it is not. Functions that put in or take out return how many are left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sims.models.kernel import kernel

__all__ = ["build", "pop", "put"]

Ints = NDArray[np.int32]
Keys = NDArray[np.float64]


@kernel
def _up(heap: Ints, place: Ints, key: Keys, at: int) -> int:
    item = heap[at]
    while at > 0:
        parent = (at - 1) >> 1
        other = heap[parent]
        if key[other] <= key[item]:
            break
        heap[at] = other
        place[other] = at
        at = parent
    heap[at] = item
    place[item] = at
    return at


@kernel
def _down(heap: Ints, place: Ints, key: Keys, count: int, at: int) -> None:
    item = heap[at]
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        other = heap[child]
        if key[item] <= key[other]:
            break
        heap[at] = other
        place[other] = at
        at = child
    heap[at] = item
    place[item] = at


@kernel
def build(heap: Ints, place: Ints, key: Keys, count: int) -> None:
    """Put the first ``count`` items of ``heap``, in any order, in order."""
    for at in range(count):
        place[heap[at]] = at
    for at in range(count // 2 - 1, -1, -1):
        _down(heap, place, key, count, at)


@kernel
def put(heap: Ints, place: Ints, key: Keys, count: int, item: int) -> int:
    """Put ``item`` in, or where it belongs after its key has changed."""
    if place[item] < 0:
        heap[count] = item
        place[item] = count
        count += 1
    _down(heap, place, key, count, _up(heap, place, key, place[item]))
    return count


@kernel
def pop(heap: Ints, place: Ints, key: Keys, count: int) -> int:
    """Take the first item out."""
    place[heap[0]] = -1
    count -= 1
    if count:
        heap[0] = heap[count]
        place[heap[0]] = 0
        _down(heap, place, key, count, 0)
    return count
