"""The switches by which flows leave and reach their endpoints. Knows distances and draws; no paths.

An endpoint may be cabled to several switches. Of all pairs of an attachment of the source and one of the
destination the nearest count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, ranges
from fabric.routing.distance import NO_PATH, distances
from fabric.routing.draw import Draw

__all__ = ["attached", "nearest", "shortest", "ways"]

_PAIRS = 2**20  # looked at together, to bound memory: a flow has 64 where both ends are on eight planes


def attached(
    f: Fabric, draw: Draw, flow: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each of ``flow`` the arc by which it leaves, the arc by which it arrives; and which have none.

    Of the nearest pairs of attachments one by the policy.
    """
    src, dst = draw.src[flow], draw.dst[flow]
    if f.one_way_out or (np.all(f.attached[src] == 1) and np.all(f.attached[dst] == 1)):
        out, into = f.arc_up[src], f.arc_up[dst]
        back, table = f.arc_back[into].astype(np.int64), distances(f)
        if table.joined:
            return out, back, np.empty(0, np.int64)
        length = table.between(f.arc_dst[out], f.leaf_index[f.arc_dst[into]])
        return out, back, np.flatnonzero(length == NO_PATH)
    chosen = np.full((2, len(flow)), -1)
    for part, out, into, count in shortest(f, src, dst):
        some = count > 0
        pair = np.cumsum(count) - count + draw.attachment(flow[part], np.maximum(count, 1))
        chosen[:, part][:, some] = out[pair[some]], f.arc_back[into[pair[some]]]
    return chosen[0], chosen[1], np.flatnonzero(chosen[0] < 0)


def shortest(
    f: Fabric, src: NDArray, dst: NDArray
) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """The nearest pairs of attachments, for one part of the flows after another.

    The part; the arc from each end up to its switch, (pairs,) each; how many pairs each flow has, (flows,).
    """
    each = max(1, _PAIRS // int(f.attached.max(initial=1)) ** 2)
    for start in range(0, max(1, len(src)), each):
        part = slice(start, start + each)
        owner, out, into, length = ways(f, src[part], dst[part])
        good, _, count = nearest(owner, length, len(src[part]))
        yield part, out[good], into[good], count


def ways(
    f: Fabric, src: NDArray, dst: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of an attachment of ``src[i]`` and one of ``dst[i]``.

    Four arrays (pairs,): i, ascending; the arc from each end up to its switch; the links between the switches
    or NO_PATH.
    """
    number = f.attached[src] * f.attached[dst]
    owner = np.repeat(np.arange(len(src)), number)
    each = ranges(np.zeros(len(number), np.int64), number)
    other = f.attached[dst[owner]]
    out, into = f.arc_up[src[owner]] + each // other, f.arc_up[dst[owner]] + each % other
    return owner, out, into, distances(f).between(f.arc_dst[out], f.leaf_index[f.arc_dst[into]])


def nearest(
    owner: NDArray, length: NDArray, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The options that are their owner's shortest; owner i has ``number[i]`` of them from ``first[i]`` on."""
    best = np.full(count, NO_PATH)
    np.minimum.at(best, owner, length)
    good = np.flatnonzero((length < NO_PATH) & (length == best[owner]))
    number = np.bincount(owner[good], minlength=count)
    return good, np.cumsum(number) - number, number
