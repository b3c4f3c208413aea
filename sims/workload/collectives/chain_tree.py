"""Chain-tree: a chain in each server, a double binary tree between servers, in one pipeline, as NCCL's Tree.

Sources: NCCL 2.30, src/graph/trees.cc and connect.cc; Jeaugey, "Massively scale your deep learning training
with NCCL 2.4", NVIDIA 2019. There as here each server is an inner node of one tree and a leaf of the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import by_label, check_ranks
from sims.workload.collectives.parameters import CHANNELS
from sims.workload.collectives.parameters import SEGMENT as SEGMENT_PARAMETER
from sims.workload.collectives.ring import rings_of
from sims.workload.collectives.tree import SEGMENT, two_trees
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule

__all__ = ["chain_tree"]


@algorithm(
    ALL_REDUCE,
    "chain-tree",
    "chains in servers and two binary trees between them in one pipeline, as NCCL's Tree",
    order=8,
    usual=False,
    nccl="tree",
    channels=CHANNELS,
    segment=SEGMENT_PARAMETER,
)
def chain_tree(
    n: int,
    *,
    servers: ArrayLike | None = None,
    channels: int | None = None,
    segment: int = SEGMENT,
) -> Schedule:
    """All-reduce up and down chains in servers and two trees between servers, pipelined in segments.

    On channel j the head of a server is its member j (of m: j mod m); the others stand behind it in cyclic
    order. A segment goes along the chain to the head, up the tree of heads, down again and along the chain
    back: 2(c - 1) + 2 floor(log2 G) stages for G servers, the largest of c ranks. On c channels, each with
    both trees, a server sends at most 2 S over its network, as an inner node of one tree and a leaf of the
    other. Two servers send S only, half in each tree: up to twice the bus bandwidth of a ring.

    Args:
        n: ranks.
        servers: int [n], the scale-up domain of each rank, -1 alone; without them each rank is a server.
        channels: default the size of the largest server.
        segment: bytes of a segment.

    Returns:
        A schedule of two chunks per channel and one pipeline (none for n = 1).

    Raises:
        ParameterError: ``servers`` or ``channels`` are not as those of ``ring``, ``segment`` is not above 0.

    >>> phase = chain_tree(4, servers=[0, 0, 1, 1], channels=1).phases[0]
    >>> list(zip(phase.src.tolist(), phase.dst.tolist(), phase.stage.tolist()))[:4]
    [(1, 0, 0), (3, 2, 0), (0, 2, 1), (1, 0, 0)]
    """
    check_ranks(n)
    if segment <= 0:
        raise ParameterError("segment", segment, "bytes above zero")
    sizes = np.ones(n, dtype=np.int64) if servers is None else by_label(servers)[1]
    rings, _ = rings_of(n, None, servers, int(sizes.max()) if channels is None else channels)
    if n == 1:
        return Schedule(name="chain-tree", n=1, chunks=2 * len(rings), phases=())
    start = np.cumsum(sizes) - sizes
    place = (np.arange(n) - np.repeat(start, sizes)).astype(np.int32)  # in the chain, the head's is 0
    parents, depths = two_trees(len(sizes))
    longest, deepest = int(sizes.max()) - 1, int(depths.max())
    behind = np.flatnonzero(place)
    lows, highs, ups, chunks = [], [], [], []
    for tree, (parent, depth) in enumerate(zip(parents, depths)):
        child = np.flatnonzero(parent >= 0)
        for below, above, up in (
            (behind, behind - 1, longest - place[behind]),
            (start[child], start[parent[child]], longest + deepest - depth[child]),
        ):
            lows.append(rings[:, below].ravel())
            highs.append(rings[:, above].ravel())
            ups.append(np.tile(up.astype(np.int32), len(rings)))
            chunks.append(np.repeat(2 * np.arange(len(rings), dtype=np.int32) + tree, len(below)))
    low, high, up, chunk = (np.concatenate(one) for one in (lows, highs, ups, chunks))
    last = 2 * (longest + deepest) - 1  # the stage in which what went up first comes down
    phase = Phase(
        kind="pipeline",
        src=np.concatenate([low, high]),
        dst=np.concatenate([high, low]),
        first=np.concatenate([chunk, chunk]),
        count=1,
        modulus=2 * len(rings),
        op=np.repeat(np.array([REDUCE, COPY], np.int8), len(low)),
        stage=np.concatenate([up, last - up]),
        segment_bytes=segment,
    )
    return Schedule(name="chain-tree", n=n, chunks=2 * len(rings), phases=(phase,))
