"""Ring: all-reduce and its halves, on channels that enter and leave each server on different NICs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_GATHER, ALL_REDUCE, REDUCE_SCATTER, Collective
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.group import by_label, check_ranks
from sims.workload.collectives.parameters import CHANNELS
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = ["ring", "ring_all_gather", "ring_reduce_scatter", "rings_of"]

_MOST_CHUNKS = 2**31 - 1  # chunk indices are int32


_CHANNELS = "round one ring per channel: all bandwidth, most steps"


@algorithm(ALL_REDUCE, "ring", f"2(n-1) steps of S/n {_CHANNELS}", order=1, nccl="ring", channels=CHANNELS)
def ring(
    n: int,
    *,
    order: ArrayLike | None = None,
    servers: ArrayLike | None = None,
    channels: int | None = None,
) -> Schedule:
    """All-reduce in 2(n-1) repeats of one ring phase: n-1 that reduce and scatter, n-1 that gather.

    On each of the c channels a ring of n transfers handles a c-th of the data in n chunks; in repeat t the
    rank at position i sends chunk i - t mod n of its channel to the next, so each rank sends 2(n-1)/n of the
    message.

    With ``servers`` the ring goes server by server, in order of first appearance. In a server of m ranks,
    ring j starts at member j mod m and goes round to member j-1; what leaves the server goes to member j mod
    m' of the next server, and the NIC of member j mod m carries it (``via``), as NCCL's PXN does: with g
    channels all g NICs of a server are in use, one ring alone would use one. Inside one single server nothing
    is relayed.

    Args:
        n: ranks.
        order: int [n], a permutation of the ranks: the order of the ring (and of appearance); default 0 ..
            n-1.
        servers: int [n], the scale-up domain of each rank (by rank, not by position); -1: alone.
        channels: rings; default the size of the largest server, or 1 without servers or where a single server
            holds all ranks (its rings would all be the same).

    Returns:
        A schedule of ``channels * n`` chunks with one phase (none for n = 1).

    Raises:
        ParameterError: an argument is not of this shape, or has more than 2^31 - 1 chunks.

    Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", JPDC
    2009.

    >>> phase = ring(3).phases[0]
    >>> phase.src.tolist(), phase.dst.tolist(), phase.repeat
    ([0, 1, 2], [1, 2, 0], 4)
    """
    ranks, via = rings_of(n, order, servers, channels)
    return _schedule(ALL_REDUCE, ranks, via, repeat=2 * (n - 1), op=REDUCE, copy_from=n - 1)


@algorithm(REDUCE_SCATTER, "ring", f"n-1 steps of S/n {_CHANNELS}", order=1, nccl="ring", channels=CHANNELS)
def ring_reduce_scatter(
    n: int,
    *,
    order: ArrayLike | None = None,
    servers: ArrayLike | None = None,
    channels: int | None = None,
) -> Schedule:
    """Reduce-scatter: the first n-1 repeats of :func:`ring`, after which each rank has the sum of one chunk
    of each channel, which is its own part. Arguments and errors as there.

    >>> ring_reduce_scatter(3).parts.tolist()  # rank 1 ends with chunk 2, after it has begun with chunk 1
    [2, 0, 1]
    """
    ranks, via = rings_of(n, order, servers, channels)
    return _schedule(REDUCE_SCATTER, ranks, via, repeat=n - 1, op=REDUCE, parts=np.roll(ranks, 1, axis=1))


@algorithm(ALL_GATHER, "ring", f"n-1 steps of S/n {_CHANNELS}", order=1, nccl="ring", channels=CHANNELS)
def ring_all_gather(
    n: int,
    *,
    order: ArrayLike | None = None,
    servers: ArrayLike | None = None,
    channels: int | None = None,
) -> Schedule:
    """All-gather: the last n-1 repeats of :func:`ring`. Arguments and errors as there.

    >>> ring_all_gather(4).phases[0].repeat
    3
    """
    ranks, via = rings_of(n, order, servers, channels)
    return _schedule(ALL_GATHER, ranks, via, repeat=n - 1, op=COPY, parts=ranks)


def rings_of(
    n: int, order: ArrayLike | None, servers: ArrayLike | None, channels: int | None
) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """int32 [channels, n]: the ranks round each ring; [channels * n]: via what each sends, as in Phase."""
    check_ranks(n)
    ranks = _order(n, order)
    if servers is None:
        sizes = np.ones(n, dtype=np.int64)
    else:
        label = np.asarray(servers)
        if label.shape != (n,) or label.dtype.kind not in "iu":
            raise ParameterError("servers", servers, f"one whole-number label for each of {n} ranks")
        positions, sizes = by_label(label[ranks])
        ranks = ranks[positions]
    if channels is None:
        channels = int(sizes.max()) if len(sizes) > 1 else 1
    _check_channels(n, channels)
    size = np.repeat(sizes, sizes)  # of the server at each position
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)  # the position of its first member
    member = np.arange(n) - start
    channel = np.arange(channels)[:, None]
    rings = ranks[start + (channel + member) % size]
    if servers is None:
        return rings, None
    relayed = (member == size - 1) & (size > 1) & (len(sizes) > 1)
    return rings, np.where(relayed, ranks[start + channel % size], -1).astype(np.int32).ravel()


def _schedule(
    collective: Collective,
    rings: NDArray[np.int32],
    via: NDArray[np.int32] | None,
    *,
    repeat: int,
    op: int,
    copy_from: int | None = None,
    parts: NDArray[np.int32] | None = None,
) -> Schedule:
    """One phase round all ``rings`` at once. ``parts``: [channels, n], the part of each chunk."""
    channels, n = rings.shape
    phase = (
        Phase(
            kind="ring",
            src=frozen(rings.ravel()),
            dst=frozen(np.roll(rings, -1, axis=1).ravel()),
            first=frozen(np.tile(np.arange(n, dtype=np.int32), channels)),
            count=1,
            modulus=n,
            base=frozen(np.repeat(np.arange(channels) * n, n)) if channels > 1 else 0,
            shift=-1,
            op=op,
            repeat=repeat,
            copy_from=copy_from,
            ring_size=n,
            via=None if via is None else frozen(via),
        )
        if n > 1
        else None
    )
    return Schedule(
        name="ring",
        n=n,
        chunks=channels * n,
        phases=(phase,) if phase else (),
        collective=collective.name,
        parts=None if parts is None else frozen(parts.ravel()),
    )


def _check_channels(n: int, channels: int) -> None:
    """Raise ParameterError unless ``channels`` rings of ``n`` ranks can be numbered."""
    if isinstance(channels, bool) or not isinstance(channels, int | np.integer) or channels < 1:
        raise ParameterError("channels", channels, "a whole number, at least 1")
    if channels * n > _MOST_CHUNKS:
        raise ParameterError(
            "channels", channels, f"channels * ranks is at most {_MOST_CHUNKS:,} (ranks = {n:,})"
        )


def _order(n: int, order: ArrayLike | None) -> NDArray[np.int32]:
    if order is None:
        return np.arange(n, dtype=np.int32)
    ranks = np.asarray(order)
    if ranks.shape != (n,) or ranks.dtype.kind not in "iu" or (np.sort(ranks) != np.arange(n)).any():
        raise ParameterError("order", order, f"each rank 0 .. {n - 1} once")
    return ranks.astype(np.int32)
