"""One phase of a schedule on a fabric: the path of each transfer, its latency, and how long a byte takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.graph.nic import busiest_nic, planes, planes_used
from fabric.measures.link_kind import link_kinds
from fabric.routing.policies import Policy
from sims.models.fluid.filling import NONE, Filling, filling
from sims.models.latency import abroad, transfer_latency
from sims.models.profiles import LatencyProfile
from sims.workload.schedule import Phase
from sims.workload.total_exchange import TotalExchange

if TYPE_CHECKING:
    from sims.models.fluid.crowd import Crowd

__all__ = [
    "Pace",
    "Stage",
    "chains",
    "counted_stage",
    "filled",
    "pace_of",
    "routed_phase",
    "shares",
    "staged",
    "usage_of",
    "waits",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """One phase on the fabric.

    ``routed``: the path of each transfer and queue pair; ``paths``: these, or for a lockstep phase one entity
    with weighted links;
    ``share``: bytes of each flow per byte of a transfer, one for all or per flow; ``latency`` in s, per flow
    or for the whole phase;
    ``peak``: seconds that one byte of every transfer takes on the fullest link, which is ``hot``; ``ideal``:
    the same if only the links of the endpoints bound it, and each used all of its own (fabric.nic).
    ``planes``: over how many of its planes an endpoint sends, in the mean. ``crosses``: some transfer leaves
    its server. ``crowd``: of an exchange that is counted, whose ``routed`` are only some flows, the longest
    among them. ``filling``: of a pipeline, how it fills and drains. ``trees``: of a switched phase, makes a
    rank of each tree and a row for it, with the bytes on its links of one byte of a transfer.
    """

    phase: Phase
    routed: Paths
    paths: Paths
    share: NDArray[np.float64] | float
    latency: NDArray[np.float64] | float
    peak: float
    ideal: float
    hot: int
    planes: float
    crosses: bool
    crowd: Crowd | None = None
    filling: Filling = NONE
    trees: Callable[[], tuple[NDArray[np.int32], Paths]] | None = None

    @property
    def worst_latency(self) -> float:
        return float(np.max(self.latency))

    def bytes_of(self, size: float, chunks: int) -> tuple[float, float]:
        """As of the phase, in full steps: a pipeline is not full while it fills."""
        steps, amount = self.phase.bytes_of(size, chunks)
        if self.phase.stage is None:
            return steps, amount
        return self.filling.steps(steps - self.phase.stages + 1, self.peak), amount

    def last_rate(self, capacity: NDArray[np.float64]) -> float:
        """Bytes/s of flows that cross a link as full as any, where these are equally large as all others and
        one is among those with the longest latency; else 0. ``capacity``: (links,) in bytes/s.
        """
        if self.phase.lockstep or np.ndim(self.share) or self.paths.weight is not None or self.paths.shared:
            return 0.0
        latency = np.broadcast_to(self.latency, len(self.paths))
        slow = latency == self.worst_latency
        hot = np.flatnonzero(self.paths.link == self.hot)
        if not np.any(slow[np.searchsorted(self.paths.ptr, hot, side="right") - 1]):
            one = int(np.argmax(slow))  # most often its own cables are as full
            if any(self._is_full(link, capacity) for link in self.paths.take(np.array([one])).link.tolist()):
                return float(capacity[self.hot]) / len(hot)
            load = self.paths.load(self.share, len(capacity))
            full = (load > 0) & (load >= self.peak * capacity * (1 - 1e-12))
            if not np.any(full[self.paths.take(np.flatnonzero(slow)).link]):
                return 0.0
        return float(capacity[self.hot]) / len(hot)

    def _is_full(self, link: int, capacity: NDArray[np.float64]) -> bool:
        """Whether a link is as full as any, where flows are equally large."""
        carried = np.count_nonzero(self.paths.link == link) * float(self.share)
        return bool(carried > 0 and carried >= self.peak * capacity[link] * (1 - 1e-12))

    def segments(self, size: float, chunks: int) -> float:
        """How often a transfer sends: the steps of ``bytes_of`` without those that fill and drain."""
        return self.phase.bytes_of(size, chunks)[0] - self.phase.stages + 1


class Pace(TypedDict):
    """What the load of the links says, as in Stage: how long a byte takes, where, and how far it goes."""

    peak: float
    ideal: float
    hot: int
    planes: float
    crosses: bool


def routed_phase(
    phase: Phase,
    fabric: Fabric,
    placement: NDArray[np.int64],
    policy: Policy,
    rows: NDArray[np.int64] | None = None,
) -> Paths:
    """The path of every transfer and queue pair, all of the first queue pair before those of the second.

    ``rows``: only of these.

    Raises:
        NoRouteError: a pair has no path.
    """
    count = policy.qps * len(phase) if rows is None else len(rows)
    qp: NDArray[np.int64] = np.broadcast_to(0, count)
    transfer: NDArray[np.int64] | slice = slice(None)  # of one queue pair all, in their order
    if rows is not None or policy.qps > 1:
        qp, transfer = np.divmod(np.arange(count) if rows is None else rows, len(phase))
    src, dst = placement[phase.src[transfer]], placement[phase.dst[transfer]]
    if phase.via is None or not np.any(phase.via >= 0):
        return route(fabric, src, dst, policy, qp=qp)
    via = phase.via[transfer]
    near, far = np.flatnonzero(via < 0), np.flatnonzero(via >= 0)
    relay = placement[via[far]]
    legs = ((src[far], relay), (relay, dst[far]))
    bent = Paths.join(*(route(fabric, start, end, policy, qp=qp[far]) for start, end in legs))
    straight = route(fabric, src[near], dst[near], policy, qp=qp[near])
    return Paths.merged([(near, straight), (far, bent)], count)


def staged(
    phase: Phase,
    paths: Paths,
    load: NDArray[np.float64],
    each: NDArray[np.float64],
    pace: Pace,
    qps: int,
    chunks: int,
    capacity: NDArray[np.float64],
) -> Stage:
    """``load``: (links,) bytes of one byte of every transfer; ``each``: (flows,) s of latency."""
    return Stage(
        phase=phase,
        routed=paths,
        paths=Paths.lockstep(load) if phase.lockstep else paths,
        share=1.0 if phase.lockstep else shares(phase, qps),
        latency=waits(phase, each, qps, chunks),
        filling=filled(phase, paths, qps, chunks, capacity),
        **pace,
    )


def filled(
    phase: Phase,
    paths: Paths,
    qps: int,
    chunks: int,
    capacity: NDArray[np.float64],
) -> Filling:
    """How a pipeline fills and drains; of other phases nothing. Arguments as of ``staged``."""
    if phase.stage is None:
        return NONE
    return filling(phase, paths, capacity, shares(phase, qps), chunks)


def shares(phase: Phase, qps: int) -> NDArray[np.float64] | float:
    """What each flow carries per byte of a transfer: one for all, or (flows,) where transfers differ."""
    return 1.0 / qps if phase.weight is None else np.tile(phase.weight, qps) / qps


def counted_stage(
    crowd: Crowd, profile: LatencyProfile, link_seconds: NDArray[np.float64]
) -> tuple[Stage, NDArray[np.float64], str]:
    """The stage of a counted phase; the load of the links; and what has to be said of it, or nothing.

    ``link_seconds``: what crossing each link adds to latency. The latency is that of the longest flow.
    """
    found, on = crowd.loads(), crowd.fabric
    paths = route(on, found.src, found.dst, crowd.policy)
    each = transfer_latency(paths, on, profile, link_seconds)
    stage = Stage(
        phase=crowd.phase,
        routed=paths,
        paths=Paths.lockstep(found.carried),
        share=1.0,
        latency=float(each.max(initial=0.0)),
        crowd=crowd,
        **pace_of(found.carried, on),
    )
    return stage, found.carried, found.note


def pace_of(load: NDArray[np.float64], fabric: Fabric) -> Pace:
    """How long one byte of every transfer takes on the fullest links; ``load``: (links,) bytes of them."""
    seconds = load / fabric.capacity
    hot_access = _fullest(seconds, fabric)
    hot = int(np.argmax(seconds))
    if seconds[hot] <= seconds[hot_access] * (1 + 1e-9):
        hot = hot_access  # of links that are equally full the endpoints' are to blame: they can't be avoided
    peak, ideal = float(seconds[hot]), busiest_nic(fabric, load)
    used = planes_used(fabric, load) if planes(fabric) > 1 else 1.0
    crosses = bool(np.any((load > 0) & abroad(fabric)))
    return {"peak": peak, "ideal": min(ideal, peak), "hot": hot, "planes": used, "crosses": crosses}


def _fullest(seconds: NDArray[np.float64], fabric: Fabric) -> int:
    """The first of the endpoints' links that are busy longest, ``seconds`` (links,); 0 where none is."""
    if "access_links" not in fabric.derived:  # as a fabric of other rates shares it
        fabric.derived["access_links"] = np.flatnonzero(fabric.access)
    link = fabric.derived["access_links"]
    most = int(np.argmax(seconds[link])) if len(link) else -1
    return int(link[most]) if most >= 0 and seconds[link[most]] > 0 else 0


def usage_of(fabric: Fabric, carried: NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    """Per kind of link, seconds at full rate of the ``carried`` bytes (links,): in the mean, weighted by
    capacity, and on the fullest.
    """
    names, kind = link_kinds(fabric)
    if (
        fabric.derived.get("kind_rates", (None,))[0] is not fabric.capacity
    ):  # a derated fabric shares the tables
        total = np.bincount(kind, weights=fabric.capacity, minlength=len(names))
        fabric.derived["kind_rates"] = fabric.capacity, total
    capacity = fabric.derived["kind_rates"][1]
    mean = np.bincount(kind, weights=carried, minlength=len(names)) / capacity
    seconds = carried / fabric.capacity
    peak = np.array([seconds[kind == k].max(initial=0.0) for k in range(len(names))])
    return dict(zip(names, zip(mean.tolist(), peak.tolist())))


def waits(phase: Phase, each: NDArray[np.float64], qps: int, chunks: int) -> NDArray[np.float64] | float:
    """The latency of each flow, or for a lockstep phase that of the whole."""
    if phase.kind == "switched" or (isinstance(phase, TotalExchange) and phase.lockstep):
        return float(each.max(initial=0.0))
    if phase.lockstep:
        return float(chains(phase, each, qps, chunks)[1].max())
    return each * phase.repeat if phase.repeat > 1 else each


def chains(
    phase: Phase, each: NDArray[np.float64], qps: int, chunks: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The longest chain of latencies that each part of a lockstep phase has to wait for, and a rank of each.

    Ring: of each ring the largest sum over ``repeat`` consecutive hops, round and round. Pipeline: of each
    rank, the longest way of one segment through the stages to it. ``each``: (flows,) their latencies.
    """
    each = each.reshape(qps, -1).max(axis=0)
    if phase.kind == "exchange":
        return phase.src, each * phase.repeat
    if phase.kind == "ring":
        rings = each.reshape(-1, phase.ring_size)
        turns, rest = divmod(phase.repeat, phase.ring_size)
        total = rings.sum(axis=1) * turns
        if rest:
            hops = np.concatenate([np.zeros((len(rings), 1)), rings, rings[:, :rest]], axis=1)
            running = np.cumsum(hops, axis=1)
            total += (running[:, rest:] - running[:, :-rest])[:, : phase.ring_size].max(axis=1)
        return phase.src[:: phase.ring_size], total
    ranks = int(max(phase.src.max(), phase.dst.max())) + 1
    chunk = (phase.first + phase.base) % chunks
    ready = np.zeros(ranks * chunks)
    start, end = phase.src.astype(np.int64) * chunks + chunk, phase.dst.astype(np.int64) * chunks + chunk
    order, cuts = phase.by_stage
    for now in np.split(order, cuts[1:-1]):
        arrival = ready[start[now]] + each[now]
        np.maximum.at(ready, end[now], arrival)
    return np.arange(ranks, dtype=np.int32), ready.reshape(ranks, chunks).max(axis=1)
