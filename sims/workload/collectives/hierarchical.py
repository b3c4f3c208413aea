"""Hierarchical: all-reduce and its halves, inside each group and across the groups on every rail at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_GATHER, ALL_REDUCE, COLLECTIVES, REDUCE_SCATTER
from sims.workload.collectives.algorithm import algorithm
from sims.workload.collectives.doubling import (
    halving_doubling,
    recursive_doubling_all_gather,
    recursive_halving,
)
from sims.workload.collectives.group import by_label
from sims.workload.collectives.parameters import CHANNELS, PIPELINE, SEGMENT
from sims.workload.collectives.ring import ring, ring_all_gather, ring_reduce_scatter
from sims.workload.collectives.tree import double_binary_tree
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

__all__ = ["UnequalGroupsError", "group_ranks", "hierarchical"]

_NAMED = 3  # groups named in the error about unequal sizes
_MOST_CHUNKS = 2**31 - 1


def hierarchical(
    groups: ArrayLike,
    inner: Callable[[int], Schedule],
    name: str,
    *,
    pipeline: int = 1,
) -> Schedule:
    """Reduce-scatter in each group, ``inner`` across the G groups on each of g rails, all-gather in groups.

    The rings of a reduce-scatter have g ranks and leave member i with the sum over its group of shard i + 1
    mod g. The i-th members of all groups are a rail; the rails reduce their shards at the same time. What
    ``inner`` does is what the whole does: where that is a reduce-scatter the groups gather nothing at the
    end, where it is an all-gather they reduce nothing at the beginning.

    Args:
        groups: int [G, g], row a holds the ranks of group a; each rank 0 .. G*g - 1 once
            (:func:`group_ranks`).
        inner: makes the schedule across groups for a number of ranks, e.g. ``recursive_doubling``.
        name: of the schedule.
        pipeline: slices of the data whose phases overlap; 1: the phases run one after another.

    Returns:
        A schedule of g * inner.chunks chunks. Phases that share arrays in ``inner`` share them here. For g =
        1 only the phases of ``inner``, for G = 1 none of them.

    Raises:
        ParameterError: ``groups`` is not such an array.

    >>> from sims.workload.collectives.doubling import recursive_doubling
    >>> hierarchical([[0, 1], [2, 3]], recursive_doubling, "two servers").phases[1]
    <Phase round: 4 transfers of 1 chunk>
    """
    ranks = np.asarray(groups)
    if ranks.ndim != 2 or not ranks.size or (np.sort(ranks, axis=None) != np.arange(ranks.size)).any():
        raise ParameterError("groups", groups, "rows of equal length that hold each rank 0 .. n - 1 once")
    ranks = ranks.astype(np.int32)
    count, g = ranks.shape
    across = inner(count)
    chunks = g * across.chunks
    if chunks > _MOST_CHUNKS:
        raise ParameterError(
            "groups", ranks.shape, f"{chunks:,} chunks, of which there are at most {_MOST_CHUNKS:,}"
        )
    shard = (np.arange(g) + 1) % g  # of member i after the reduce-scatter
    phases = _tiled(across, ranks.T, shard * across.chunks) if count > 1 else ()
    if g > 1:
        scatter, gather = _rings(ranks, shard, across.chunks)
        first = () if across.collective == ALL_GATHER.name else (scatter,)
        phases = (*first, *phases, *(() if across.collective == REDUCE_SCATTER.name else (gather,)))
    notes = [f"{pipeline:,} slices, one behind the other"] if pipeline > 1 and len(phases) > 1 else []
    return Schedule(
        name=name,
        n=ranks.size,
        chunks=chunks,
        phases=phases,
        note="; ".join(notes + ([f"across groups: {across.note}"] if across.note else [])),
        pipeline=pipeline,
        collective=across.collective,
        parts=_parts(across, ranks, shard),
    )


def _parts(across: Schedule, ranks: NDArray[np.int32], shard: NDArray[np.int64]) -> NDArray[np.int32] | None:
    """Whose part each chunk is, where ``across`` has a part for each group."""
    if COLLECTIVES[across.collective].parts(ranks.size) == 1:
        return None
    of = across.parts if across.parts is not None else np.arange(across.n).repeat(across.chunks // across.n)
    return frozen(ranks[of][:, np.argsort(shard)].T.ravel())


def _rings(ranks: NDArray[np.int32], shard: NDArray[np.int64], width: int) -> tuple[Phase, Phase]:
    """Reduce-scatter and all-gather of shards of ``width`` chunks on one ring per row of ``ranks``."""
    count, g = ranks.shape
    src, dst = frozen(ranks.ravel()), frozen(np.roll(ranks, -1, axis=1).ravel())
    scatter, gather = (
        Phase(
            kind="ring",
            src=src,
            dst=dst,
            first=frozen(np.tile(begin * width, count)),
            count=width,
            modulus=g * width,
            shift=-width,
            op=op,
            repeat=g - 1,
            ring_size=g,
        )
        for begin, op in ((np.arange(g), REDUCE), (shard, COPY))
    )
    return scatter, gather


def _tiled(across: Schedule, rails: NDArray[np.int32], base: NDArray[np.int64]) -> tuple[Phase, ...]:
    """``across`` on each rail at once: row i of ``rails`` [g, G] in the chunks from ``base[i]`` on."""
    known: dict[int, NDArray[np.int32]] = {}

    def on_rails(members: NDArray[np.int32]) -> NDArray[np.int32]:
        if id(members) not in known:
            known[id(members)] = frozen(rails[:, members].ravel())
        return known[id(members)]

    g = len(rails)
    return tuple(
        Phase(
            kind=phase.kind,
            src=on_rails(phase.src),
            dst=on_rails(phase.dst),
            first=frozen(np.tile(phase.first, g)),
            count=phase.count,
            modulus=phase.modulus,
            base=frozen((base[:, None] + np.broadcast_to(phase.base, len(phase))).ravel()),
            shift=phase.shift,
            op=frozen(np.tile(phase.op, g), np.int8) if isinstance(phase.op, np.ndarray) else phase.op,
            repeat=phase.repeat,
            copy_from=phase.copy_from,
            ring_size=phase.ring_size,
            stage=None if phase.stage is None else frozen(np.tile(phase.stage, g)),
            segment_bytes=phase.segment_bytes,
            cells=phase.cells_of(g),
        )
        for phase in across.phases
    )


class UnequalGroupsError(ParameterError):
    """Groups of different sizes: how many there are, the usual size, how many differ, and some of those by
    label.

    ``named`` gives the same error with the caller's names for the labels.
    """

    def __init__(
        self,
        count: int,
        usual: int,
        differ: int,
        others: Sequence[tuple[int, int]],
        name: Callable[[int], str] = "group {}".format,
        within: str = "",
    ) -> None:
        self.count, self.usual, self.differ, self.others = count, usual, differ, others
        shown = ", ".join(f"{name(label)} has {size}" for label, size in others)
        more = f" and {differ - len(others):,} more" if differ > len(others) else ""
        sizes = f"{count - differ:,} have {usual}, {differ:,} differ: {shown}{more}{within}"
        super().__init__(
            "groups", f"{count} groups", f"hierarchical algorithms need groups of the same size: {sizes}"
        )
        self.args = (count, usual, differ, others, name, within)  # as pickling passes them on

    def named(self, name: Callable[[int], str], within: str = "") -> UnequalGroupsError:
        return UnequalGroupsError(self.count, self.usual, self.differ, self.others, name, within)


def group_ranks(labels: ArrayLike) -> NDArray[np.int32]:
    """The ranks of each group, the groups in order of first appearance, the ranks of a group ascending.

    Args:
        labels: int [n], the group of each rank; -1: alone.

    Returns:
        int32 [G, g].

    Raises:
        UnequalGroupsError: the groups have different sizes; names up to three that differ from most, with
        their
            sizes.

    >>> group_ranks([5, 2, 5, 2]).tolist()
    [[0, 2], [1, 3]]
    """
    label = np.asarray(labels)
    if label.ndim != 1 or not label.size or label.dtype.kind not in "iu":
        raise ParameterError("groups", labels, "one whole-number label per rank")
    order, sizes = by_label(label)
    known, often = np.unique(sizes, return_counts=True)
    usual = int(known[often == often.max()][-1])
    odd = np.flatnonzero(sizes != usual)
    if len(odd):
        starts = np.cumsum(sizes) - sizes
        others = [(int(label[order[starts[a]]]), int(sizes[a])) for a in odd[:_NAMED]]
        raise UnequalGroupsError(len(sizes), usual, len(odd), others)
    return order.reshape(len(sizes), usual)


def _with(across: str, inner: Callable[..., Schedule]) -> Callable[..., Schedule]:
    """The algorithm with ``inner``, called ``across``, between the groups."""

    def make(n: int, groups: ArrayLike | None = None, *, pipeline: int = 1, **params: Any) -> Schedule:
        name = f"hierarchical-{across}"
        if groups is None or np.shape(groups) != (n,):
            raise ParameterError("groups", groups, f"{name} needs the group of each of the {n} ranks")
        return hierarchical(group_ranks(groups), lambda m: inner(m, **params), name, pipeline=pipeline)

    return make


_GROUPS = "reduce-scatter in each group, {} across groups on each rail, all-gather in groups"
_HALVES = {
    ALL_REDUCE: _GROUPS,
    REDUCE_SCATTER: _GROUPS.rpartition(",")[0],
    ALL_GATHER: "{} across groups on each rail, all-gather in groups",
}


def _enter() -> None:
    for collective, order, across, inner, parameters in (
        (ALL_REDUCE, 5, "ring", ring, {"channels": CHANNELS}),
        (ALL_REDUCE, 6, "tree", double_binary_tree, {"segment": SEGMENT}),
        (ALL_REDUCE, 7, "halving-doubling", halving_doubling, {}),
        (REDUCE_SCATTER, 5, "ring", ring_reduce_scatter, {"channels": CHANNELS}),
        (REDUCE_SCATTER, 6, "recursive-halving", recursive_halving, {}),
        (ALL_GATHER, 5, "ring", ring_all_gather, {"channels": CHANNELS}),
        (ALL_GATHER, 6, "recursive-doubling", recursive_doubling_all_gather, {}),
    ):
        entry = algorithm(
            collective,
            f"hierarchical-{across}",
            _HALVES[collective].format(across),
            # Rounds that share links with other phases have a rate each, so that slices take long to run.
            in_slices=inner in (ring, double_binary_tree, ring_reduce_scatter, ring_all_gather),
            order=order,
            usual=inner is not halving_doubling,
            asked=False,
            nccl="nvls-tree" if inner is double_binary_tree else "",
            pipeline=PIPELINE,
            **parameters,
        )
        entry(_with(across, inner))


_enter()
