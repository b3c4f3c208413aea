"""Servers of GPUs on the leaves of a tree of switches: counted, described and made into a graph.

Knows servers, rails, planes and cables; which switches there are is in ``topologies.parts.tree``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from topologies.parts.assemble import Edges, Nodes, assemble
from topologies.parts.builder import Call
from topologies.parts.memory import Size, require_memory
from topologies.parts.tree import Shape

__all__ = ["TIER_NAMES", "Cluster"]

TIER_NAMES = ("leaf", "spine", "core", *(f"tier-{tier}" for tier in range(4, 100)))


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A tree with endpoints on it, and the ``call`` that asked for it.

    Endpoints g*s .. g*s + g-1 are server s (``gpus`` = g; 0: none). They fill the places of the tree in
    order; with ``rails``, as many servers as a leaf has ports down share a place per GPU of a server, and GPU
    r is on that of rail r. Where the tree is of planes ``apart``, GPU r is on lane r mod (number of lanes):
    one plane, or so many as its NIC is split over; ``lane`` is the attribute that counts lanes. ``scaleup``
    switches, one per server or none, join the GPUs of each. ``radix`` is the ports of every switch, 0 where
    they differ.
    """

    call: Call
    shape: Shape
    gpus: int
    scaleup: int
    rails: bool
    radix: int
    lane: str

    @classmethod
    def of(
        cls, call: Call, shape: Shape, *, radix: int = 0, rails: bool = False, lane: str = "plane"
    ) -> Cluster:
        """The cluster that the checked arguments ``call`` ask for on ``shape``; with ``rails`` or by its own.

        Raises:
            ParameterError: arguments on servers without servers, or planes apart that nothing would join.
        """
        g = call["gpus_per_server"]
        if g == 0:
            for name in ("nvlink", "nvlink_delay", "rails"):
                if call.get(name) and call.is_given(name):
                    raise ParameterError(name, call[name], "needs servers: give gpus_per_server, 1 or more")
        if shape.apart and shape.parents[0] > 1 and not call["nvlink"]:
            rule = f"above zero: only the scale-up switches join the {shape.parents[0]} {lane}s"
            raise ParameterError("nvlink", call["nvlink"], rule)
        scaleup = shape.endpoints // g if g > 1 and call["nvlink"] > 0 else 0
        return cls(
            call=call,
            shape=shape,
            gpus=g,
            scaleup=scaleup,
            rails=rails or call.get("rails", False),
            radix=radix,
            lane=lane,
        )

    @property
    def size(self) -> Size:
        """The size of the graph, in closed form."""
        s, extra = self.shape, self.shape.endpoints if self.scaleup else 0
        return Size(
            nodes=s.nodes + self.scaleup,
            edges=sum(s.edges) + extra,
            endpoints=s.endpoints,
            switches=sum(s.switches),
            places=s.switches[0] if s.apart else s.leaves,
        )

    def graph(self) -> nx.Graph:
        """The graph: endpoints, switches tier by tier, scale-up switches; numbered in this order.

        Raises:
            TooLargeError: before anything is built, where memory would not suffice.
        """
        require_memory(self.call.name, self.size)
        shape, call = self.shape, self.call
        place = self._place()
        columns = self._columns(place)
        nodes = [Nodes(count=shape.endpoints, common={"kind": "gpu", "tier": 0}, columns=columns[0])]
        for tier, count in enumerate(shape.switches, start=1):
            nodes.append(Nodes(count=count, common={"kind": "switch", "tier": tier}, columns=columns[tier]))
        label = {"server": np.arange(self.scaleup)}
        nodes.append(Nodes(count=self.scaleup, common={"kind": "nvswitch", "tier": 1}, columns=label))

        endpoint = np.arange(shape.endpoints, dtype=np.int64)
        pairs = [self._access(endpoint, place)] + [shape.above(tier) for tier in range(1, shape.tiers)]
        rates = [self._rate] + [call.get("trunk_rate") or self._rate] * shape.tiers
        delays = map(call.delay, range(1, shape.tiers + 1))
        edges = []
        for (lower, upper), rate, cables, seconds in zip(pairs, rates, shape.cables, delays):
            common = {"rate": rate, "delay": seconds, **({"cables": cables} if cables > 1 else {})}
            edges.append(Edges(tail=lower, head=upper, common=common))
        if self.scaleup:
            common = {"rate": call["nvlink"], "delay": call["nvlink_delay"]}
            edges.append(Edges(tail=endpoint, head=shape.nodes + endpoint // self.gpus, common=common))
        return assemble(call.about(self.notes()), nodes, edges)

    def notes(self) -> list[str]:
        """What is built, one fact per line; cables count parallel ones, and all planes are counted."""
        s, notes, planes = self.shape, [], self.shape.parents[0]
        ports = [f" of {counted(n, 'port')}" if not self.radix else "" for n in s.ports]
        switches = ", ".join(f"{n:,} {name}{p}" for n, name, p in zip(s.switches, TIER_NAMES, ports))
        of = f"switches of {counted(self.radix, 'port')}" if self.radix else "switches"
        notes.append(f"{counted(s.endpoints, 'endpoint')}; {of}: {switches}.")
        if planes > 1:
            each = "on one of them" if s.apart else f"on all of them, {planes} x {self._rate * 8e-9:g} Gbps"
            trees = f"{planes} {self.lane}s, each a tree of its own"
            if s.apart and s.share > 1:
                trees = f"{s.lanes} {self.lane}s of {s.share} planes, each plane a tree of its own"
                each = f"on the planes of one {self.lane}, {s.share} x {self._rate * 8e-9:g} Gbps"
            notes.append(f"{trees}; every endpoint is {each}.")
        joints = ["endpoint", *TIER_NAMES]
        cables = ", ".join(f"{n:,} {a}-{b}" for n, a, b in zip(s.cable_counts, joints, joints[1:]))
        notes.append(f"Cables: {cables}.")
        notes += self._oversubscribed()
        if s.tiers > 1 and s.cables[-1] > 1:
            top, below = TIER_NAMES[s.tiers - 1], TIER_NAMES[s.tiers - 2]
            notes.append(
                f"Each {below} switch has {s.cables[-1]} parallel cables to each {top} switch of its plane."
            )
        if s.tiers > 2 and s.leaves % s.down[1]:
            here, full = s.leaves % s.down[1] * planes, s.down[1] * planes
            part = f"{here:,} of {counted(full, 'leaf')} and all its {counted(s.planes[1], 'spine')}"
            notes.append(f"The last of {counted(s.subtrees[1], 'pod')} has {part}.")
        if told := self._free():
            notes.append(told)
        if self.gpus and not self.rails and s.down[0] % self._together and s.leaves > 1:
            notes.append(
                f"Some servers straddle two leaves: {self._together} does not divide {s.down[0]} ports."
            )
        return notes

    def _oversubscribed(self) -> Iterator[str]:
        """What each ratio that was asked for came to, and the ports that it leaves free."""
        s, ratios = self.shape, self.call.get("oversubscription", [])
        for tier, ratio in enumerate(ratios[: s.tiers - 1]):
            down, up = s.down[tier] * s.cables[tier], s.parents[tier + 1] * s.cables[tier + 1]
            free = self.radix - down - up
            if ratio != 1:
                free, last = self._spare if not tier else (free, "")
                left = f"; {free:,} of its {self.radix:,} ports {_are(free)} free{last}" * (free > 0)
                each = f"each {TIER_NAMES[tier]} has {counted(down, 'port')} down for {up:,} up"
                yield f"Oversubscription {down / up:.4g}:1: {each}{left}."

    def _free(self) -> str:
        """Which leaves have how many ports free, where what a ratio came to does not say it."""
        (spare, last), (leaves, empty) = self._spare, self._last
        if not spare:
            return f"{counted(empty, 'port')} of {leaves} {_are(empty)} free." if empty else ""
        if self.shape.tiers > 1 and self.call.get("oversubscription", [1])[0] != 1:
            return ""
        return f"{spare:,} of the {self.radix:,} ports of each leaf {_are(spare)} free{last}."

    @property
    def _spare(self) -> tuple[int, str]:
        """Free ports of every leaf, and how many those have that endpoints do not fill, if others do."""
        leaves, empty = self._last
        spare = self.radix - self.shape.ports[0] if self.radix else 0
        if spare and empty and leaves in ("the leaf", "each leaf"):
            return spare + empty, ""
        return spare, f", {spare + empty:,} of {leaves}" if empty else ""

    @property
    def _last(self) -> tuple[str, int]:
        """The leaves that endpoints do not fill, in words, and how many ports of each wait for endpoints."""
        s = self.shape
        count = (self._together if self.rails else 1) * s.parents[0]  # one place, or one for each rail
        empty = (s.leaves * s.down[0] * s.parents[0] - s.edges[0]) * s.cables[0] // count
        if count == s.switches[0]:
            return "each leaf" if count > 1 else "the leaf", empty
        return f"each of the last {count:,} leaves" if count > 1 else "the last leaf", empty

    @property
    def _rate(self) -> float:
        """Bytes/s of the cable from an endpoint to one leaf."""
        shared, s = self.call.get("attach") == "split", self.shape
        return float(self.call["rate"]) / (s.share if s.apart else s.parents[0] if shared else 1)

    @property
    def _together(self) -> int:
        """GPUs of a server on the same lane."""
        return self.gpus // self.shape.lanes

    def _place(self) -> NDArray[np.int64]:
        """(endpoints,): which place of the tree, counted from 0, each endpoint is at."""
        endpoint, ports = np.arange(self.shape.endpoints, dtype=np.int64), self.shape.down[0]
        if not self.gpus:
            return endpoint // ports
        server, rank, together = endpoint // self.gpus, endpoint % self.gpus, self._together
        if self.shape.apart:
            rank //= self.shape.lanes
        return server // ports * together + rank if self.rails else (server * together + rank) // ports

    def _access(
        self, endpoint: NDArray[np.int64], place: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of an endpoint and a leaf of its: (pairs,) node numbers each, endpoint by endpoint."""
        shape = self.shape
        each = shape.parents[0] // shape.lanes
        begin = shape.first(1) + place * shape.parents[0]
        if shape.apart:
            begin += endpoint % self.gpus % shape.lanes * each
        leaf = begin[:, np.newaxis] + np.arange(each, dtype=np.int64)
        return np.repeat(endpoint, each), leaf.ravel()

    def _columns(self, place: NDArray[np.int64]) -> list[dict[str, NDArray[np.int64]]]:
        """The attributes of endpoints, then of the switches of each tier."""
        s, planes = self.shape, self.shape.parents[0]
        columns: list[dict[str, NDArray[np.int64]]] = [{} for _ in range(s.tiers + 1)]
        rank = np.arange(s.endpoints, dtype=np.int64) % max(self.gpus, 1)
        if s.tiers > 2:
            columns[1]["pod"], columns[2]["pod"] = s.subtree_of(1, 2), s.subtree_of(2, 2)
            columns[0]["pod"] = place // s.down[1]
        if self.gpus:
            columns[0]["server"] = np.arange(s.endpoints, dtype=np.int64) // self.gpus
        if self.rails:
            columns[0]["rail"] = rank
            leaf = np.arange(s.switches[0], dtype=np.int64)
            at = leaf // planes % self._together
            columns[1]["rail"] = at * s.lanes + leaf % planes // s.share if s.apart else at
        if planes > 1:
            for tier, count in enumerate(s.switches, start=1):
                plane = np.arange(count, dtype=np.int64) % planes
                columns[tier][self.lane] = plane // s.share
                if s.share > 1:
                    columns[tier]["plane"] = plane % s.share
            if s.apart:
                columns[0][self.lane] = rank % s.lanes
        return columns


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
