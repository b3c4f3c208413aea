"""The packet model whose flows are kept apart (``cc=hop-by-hop``) against the fluid model, on the same paths.

Turns and credits of each flow give max-min fair rates within a link's round trip. So neither queues in which
flows stand behind each other nor a control from end to end are in what differs, only what the fluid model
takes for granted: that shares are fair at once, and that bytes can be cut at will. Without delays, and with
small packets, nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fabric import Fabric
from sims.jobs.allreduce import AllReduce
from sims.models.packet.settings import HEADER
from sims.studies.validation.case import Case, Point
from sims.studies.validation.packet_fluid import TREES, case, ends, makespan_points, mean_points
from sims.studies.validation.packet_rank import (
    ACROSS,
    AGAINST,
    Run,
    collision_runs,
    judged,
    odd_runs,
    ring_runs,
    slice_runs,
    tree_runs,
)
from topologies import load

__all__ = [
    "collisions",
    "flow_by_flow",
    "limit",
    "makespans",
    "mean_ends",
    "odd_ranks",
    "rings_of_servers",
    "slices",
    "trees",
]

_APART = "hop-by-hop"
_FAIR = "turns and credits of each flow are max-min fair; packets are whole, and slots fill before they block"
_FLOWS = "Flows of 16 MB in packets of 16 KiB, from all endpoints at once."
_SMALL = 256  # bytes of payload of a packet
_NO_DELAY = "ideal:cable_factor=0"


def mean_ends(full: bool) -> Case:
    """Mean completion of random permutations under ECMP, one point per fabric and seed."""
    name = f"permutations, mean end, cc={_APART}"
    return case(name, mean_points(_APART, full), "equal", 0.01, _FAIR, _FLOWS)


def makespans(full: bool) -> Case:
    """Makespan of random permutations under ECMP: the mean over seeds, one point per fabric."""
    name = f"permutations, makespan, cc={_APART}"
    return case(name, makespan_points(_APART, full), "equal", 0.01, _FAIR, _FLOWS)


def flow_by_flow(full: bool) -> Case:
    """Every flow of one random permutation ends when the fluid says."""
    name = "k = 8" if full else "k = 4"
    fluid, packets = ends(name, 0, _APART)
    points = [
        Point(label=f"flow {i}", expected=float(e), got=float(g))
        for i, (e, g) in enumerate(zip(fluid, packets))
    ]
    note = f"End of each flow, {name}; correlation {float(np.corrcoef(fluid, packets)[0, 1]):.5f}."
    return case(f"flow by flow, cc={_APART}", points, "equal", 0.03, _FAIR, note)


def _ranks(name: str, runs: Iterable[Run], tolerance: float, note: str = "") -> Case:
    return judged(f"{name}, sync rank, cc={_APART}", _APART, runs, tolerance, _FAIR, note)


def limit(full: bool) -> Case:
    """Small packets over cables and switches that take no time: the fluid is what they tend to."""
    star, tree, servers = "star:endpoints=7", "fat-tree:k=4", "fat-tree:endpoints=16,radix=64,tiers=1"
    runs = [
        ("recursive-doubling, 7 ranks", star, "recursive-doubling", 2**20, "dmodk"),
        ("halving-doubling, 7 ranks", star, "halving-doubling", 2**20, "dmodk"),
        ("tree, 16 ranks", tree, "tree", 2**18, "dmodk"),
        ("halving-doubling, 16 ranks", tree, "halving-doubling", 2**18, "ecmp"),
    ]
    if full:
        sliced = "hierarchical-tree:pipeline=5"
        runs += [
            ("tree, 15 ranks", "star:endpoints=15", "tree", 2**22, "dmodk"),
            (f"{sliced}, 16 ranks", f"{servers},gpus_per_server=4", sliced, 2**20, "dmodk"),
        ]
        runs += [
            (f"{name}, {n} ranks", spec, name, n * 16384, "ecmp")
            for (spec, n), name in (
                (TREES[0], "recursive-doubling"),
                (TREES[1], "recursive-doubling"),
                (TREES[1], "halving-doubling"),
            )
        ]
    points = []
    for label, spec, algorithm, size, routing in runs:
        fabric, share = Fabric.from_graph(load(spec)), _SMALL / (_SMALL + HEADER)
        at_goodput = f"{_NO_DELAY},bandwidth={share!r},scaleup_bandwidth={share!r}"
        packet = f"{_APART}:mtu={_SMALL}"
        expected, got = (
            AllReduce(fabric, routing=routing, seed=1, **own).row(algorithm, size).time_s
            for own in (
                {"latency_profile": at_goodput, "sync": "rank"},
                {"latency_profile": _NO_DELAY, "engine": "packet", "packet": packet},
            )
        )
        points.append(Point(label=f"{label}, {size:,} B", expected=expected, got=got))
    basis = "in proportion to the MTU: a quarter of it leaves a quarter"
    note = f"MTU of {_SMALL}, profile {_NO_DELAY}."
    return case("the limit of small packets", points, "equal", 0.005, basis, note, against=AGAINST)


def collisions(full: bool) -> Case:
    """All-reduce with ECMP's collisions, each rank at its own pace, up to 128 ranks."""
    return _ranks("collectives with ECMP's collisions", collision_runs(TREES if full else TREES[:1]), 0.05)


def odd_ranks(full: bool) -> Case:
    """Doubling with ranks that fold in and out, on one switch."""
    return _ranks("ranks that are no power of two", odd_runs(full), 0.05, "A star.")


def slices(full: bool) -> Case:
    """Hierarchical all-reduce in slices whose phases overlap, over four servers of four."""
    runs = slice_runs(ACROSS, full)
    return _ranks("slices of hierarchical algorithms", runs, 0.02, "16 endpoints in 4 servers.")


def rings_of_servers(full: bool) -> Case:
    """Rings through servers of eight, one per NIC, each at its own pace."""
    return _ranks("rings through servers", ring_runs(), 0.02, "64 endpoints in 8 servers, 8 channels.")


def trees(full: bool) -> Case:
    """Pipelined trees, which fill and drain segment by segment."""
    sizes = (2**16, 2**18, 2**20, 2**22, 2**24, 2**26) if full else (2**16, 2**20, 2**22)
    runs = list(tree_runs(sizes))
    if full:
        servers = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"
        runs += [("15 ranks, a star", "star:endpoints=15", "tree", size, "dmodk") for size in (2**22, 2**24)]
        runs += [("128 ranks", "fat-tree:k=8", "tree", size, "dmodk") for size in (2**20, 2**22)]
        runs += [("chain-tree, 64 ranks", servers, "chain-tree", size, "dmodk") for size in (2**16, 2**23)]
    return _ranks("pipelined trees", runs, 0.05)
