"""Double binary tree: two trees, each for half the data, in which no rank is an inner node twice.

Source: Sanders, Speck and Traff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan",
Parallel Computing 35 (2009). The trees here are shaped like a heap (all levels full but the last, which is
filled from the left), so their depth is floor(log2 n), the least possible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import check_ranks
from sims.workload.collectives.parameters import SEGMENT as SEGMENT_PARAMETER
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = ["SEGMENT", "double_binary_tree", "two_trees"]

SEGMENT = 512 * 1024  # bytes


@algorithm(
    ALL_REDUCE,
    "tree",
    "up and down two binary trees with half the data each, pipelined in segments",
    order=3,
    segment=SEGMENT_PARAMETER,
)
def double_binary_tree(n: int, *, segment: int = SEGMENT) -> Schedule:
    """All-reduce up and down two binary trees at once, pipelined in segments.

    Each tree reduces its half of the message towards the root and sends the sum down again. A segment takes
    2d stages, d = floor(log2 n): the edge above a rank of depth j goes up in stage d - j and down in stage d
    + j - 1. A rank sends at most 4 times half the message: 3 as an inner rank of one tree, 1 as a leaf of the
    other.

    Args:
        n: ranks.
        segment: bytes of a segment.

    Returns:
        A schedule of two chunks, one per tree, and one pipeline of 4(n-1) transfers: up and down tree A, up
        and down tree B (none for n = 1).

    Raises:
        ParameterError: ``segment`` is not above zero.

    >>> phase = double_binary_tree(3).phases[0]
    >>> list(zip(phase.src.tolist(), phase.dst.tolist(), phase.stage.tolist()))[:4]
    [(0, 1, 0), (2, 1, 0), (1, 0, 1), (1, 2, 1)]
    """
    check_ranks(n)
    if segment <= 0:
        raise ParameterError("segment", segment, "bytes above zero")
    if n == 1:
        return Schedule(name="tree", n=1, chunks=2, phases=())
    parents, depths = two_trees(n)
    d = int(n).bit_length() - 1
    src, dst, stage = [], [], []
    for parent, depth in zip(parents, depths):
        child = np.flatnonzero(parent >= 0)
        above, j = parent[child], depth[child]
        src += [child, above]
        dst += [above, child]
        stage += [d - j, d + j - 1]
    ops, trees = np.array([REDUCE, COPY, REDUCE, COPY]), np.array([0, 0, 1, 1])
    phase = Phase(
        kind="pipeline",
        src=frozen(np.concatenate(src)),
        dst=frozen(np.concatenate(dst)),
        first=frozen(np.repeat(trees, n - 1)),
        count=1,
        modulus=2,
        op=frozen(np.repeat(ops, n - 1), np.int8),
        stage=frozen(np.concatenate(stage)),
        segment_bytes=segment,
    )
    return Schedule(name="tree", n=n, chunks=2, phases=(phase,))


def two_trees(n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Parents and depths of the ranks in the two trees.

    Positions are numbered in-order, so in a full tree inner nodes have the odd positions and leaves the even
    ones. Rank i has position i in tree A. In tree B it has position i + 1 mod n for odd n, and the mirrored n
    - 1 - i for even n: inner ranks of B are even.

    Args:
        n: ranks, at least 2.

    Returns:
        int32 [2, n] parent of each rank in tree A and in tree B (-1: the root), and int32 [2, n] its depth.
        Depths reach exactly floor(log2 n), and no rank is a parent in both trees.

    >>> two_trees(5)[0].tolist()
    [[1, 3, 1, -1, 3], [2, 0, -1, 2, 0]]
    """
    parent, depth = _tree(n)
    rank = np.arange(n, dtype=np.int32)
    if n % 2:
        position, who = (rank + 1) % n, (rank - 1) % n
    else:
        position = who = n - 1 - rank
    above = parent[position]
    mirrored = np.where(above >= 0, who[above], -1)
    return frozen(np.stack([parent, mirrored])), frozen(np.stack([depth, depth[position]]))


def _tree(n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Parent and depth of each position: a heap in-order; for even n the last one is above the last leaf."""
    odd = n - 1 + n % 2
    position = _heap_positions(odd)
    heap = np.arange(1, odd + 1)
    parent = np.full(n, -1, dtype=np.int32)
    depth = np.zeros(n, dtype=np.int32)
    parent[position[1:]] = position[heap[1:] // 2 - 1]
    depth[position] = np.frexp(heap)[1] - 1  # floor(log2)
    if odd < n:
        parent[n - 1], depth[n - 1] = parent[n - 2], depth[n - 2]
        parent[n - 2], depth[n - 2] = n - 1, depth[n - 2] + 1
    return parent, depth


def _heap_positions(n: int) -> NDArray[np.int64]:
    """int64 [n], n odd: at v - 1 the in-order position of heap node v (root 1, children 2v, 2v + 1)."""
    size = np.ones(2 * n + 2, dtype=np.int64)
    size[n + 1 :] = 0
    levels = [np.arange(2**k, min(2 ** (k + 1), n + 1)) for k in range(n.bit_length())]
    for v in levels[::-1]:
        size[v] += size[2 * v] + size[2 * v + 1]
    start, position = np.zeros_like(size), np.zeros_like(size)
    for v in levels:
        position[v] = start[v] + size[2 * v]
        start[2 * v], start[2 * v + 1] = start[v], position[v] + 1
    return position[1 : n + 1]
