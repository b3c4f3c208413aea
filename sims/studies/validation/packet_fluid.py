"""The packet model against the fluid model, on the same paths: what sharing, queues and steps make of them.

The fluid model runs at the goodput of the packets, such as 4096 of 4178 bytes, so that headers make no
difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fabric import Ecmp, Fabric
from fabric.routing.policies import parse_policy
from sims.jobs.allreduce import AllReduce
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.flows import run_flows
from sims.models.packet.settings import PacketSettings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.studies.validation import closed_forms
from sims.studies.validation.case import Case, Point, Rule
from sims.workload.traffic import pattern
from topologies import fat_tree, load

__all__ = [
    "ALONE",
    "ODD",
    "TREES",
    "case",
    "collectives_alone",
    "collectives_with_collisions",
    "ends",
    "flow_by_flow",
    "makespan_points",
    "makespans",
    "mean_ends",
    "mean_points",
    "odd_ranks",
    "other_collectives",
    "rings_of_servers",
    "slices",
    "spread",
    "times",
    "trees",
]

_PACKETS = "roce-400g"
_SIZE = 4e6  # bytes of a flow: a thousand packets
_LONG, _COARSE = 16e6, 16384  # bytes of a flow and of a packet: as many, and control has the time to settle
_LARGE_PART = 2**20  # bytes of parts that go all at once, so that ways of unequal length weigh little
_PER_PACKET = ("spray", "adaptive")  # routing packet by packet: at random, to the shortest queue


def _fluid(mtu: int = 4096) -> str:
    """The profile of the fluid model: of every packet, 82 bytes are header."""
    share = mtu / (mtu + 82)
    return f"{_PACKETS}:bandwidth={share:.9f},scaleup_bandwidth={share:.9f}"


def _degraded() -> Fabric:
    """A tree of k = 4 in which every third cable between switches runs at a quarter."""
    graph = fat_tree(k=4)
    between = [(a, b) for a, b in graph.edges if min(a, b) >= 16]
    for a, b in between[::3]:
        graph.edges[a, b]["rate"] /= 4
    return Fabric.from_graph(graph)


_FABRICS: dict[str, Callable[[], Fabric]] = {
    "k = 4": lambda: Fabric.from_graph(fat_tree(k=4)),
    "k = 8": lambda: Fabric.from_graph(fat_tree(k=8)),
    "64 endpoints, 3:1": lambda: Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,oversubscription=3")),
    "k = 4, slow cables": _degraded,
}
_fabric = cache(lambda name: _FABRICS[name]())


@cache
def ends(name: str, seed: int, control: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(flows,) s: the end of each flow of a random permutation, in the fluid and in the packet model."""
    fabric: Fabric = _fabric(name)
    who, policy = pattern("permutation", fabric.n_endpoints, _LONG, seed), Ecmp(seed=seed)
    settings = PacketSettings(cc=control, mtu=_COARSE)
    fluid = run_flows(fabric, who, policy, latency_profile(_fluid(_COARSE)))
    packets = run_packets(fabric, who, policy, latency_profile(_PACKETS), settings, seed=seed)
    return fluid.end, packets.end


def _runs(full: bool) -> Iterable[tuple[str, int]]:
    """Fabrics and seeds: the larger ones take seconds each."""
    counts = (
        {"k = 4": 8, "k = 8": 2, "64 endpoints, 3:1": 4, "k = 4, slow cables": 8}
        if full
        else {"k = 4": 4, "k = 4, slow cables": 2}
    )
    return [(name, seed) for name, count in counts.items() for seed in range(count)]


def case(
    name: str,
    points: Iterable[Point],
    rule: Rule,
    tolerance: float,
    basis: str,
    note: str = "",
    unit: str = "s",
    against: str = "fluid model, same paths",
) -> Case:
    """A case of the packet model."""
    return Case(
        name=name,
        tested="packet model",
        against=against,
        unit=unit,
        points=tuple(points),
        rule=rule,
        tolerance=tolerance,
        basis=basis,
        note=note,
    )


def mean_ends(control: str, full: bool) -> Case:
    """Mean completion of random permutations under ECMP, one point per fabric and seed."""
    points = mean_points(control, full)
    return _judged(f"permutations, mean end, cc={control}", points, control, 0.1, "mean completion")


def mean_points(control: str, full: bool) -> list[Point]:
    """The mean end of each permutation."""
    points = []
    for name, seed in _runs(full):
        fluid, packets = ends(name, seed, control)
        label = f"{name}, seed {seed}"
        points.append(Point(label=label, expected=float(fluid.mean()), got=float(packets.mean())))
    return points


def makespans(control: str, full: bool) -> Case:
    """Makespan of random permutations under ECMP: the mean over seeds, one point per fabric."""
    points = makespan_points(control, full)
    return _judged(f"permutations, makespan, cc={control}", points, control, 0.02, "makespan")


def makespan_points(control: str, full: bool) -> list[Point]:
    """The makespan of permutations, the mean over seeds of each fabric."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name, seed in _runs(full):
        fluid, packets = ends(name, seed, control)
        found.setdefault(name, []).append((float(fluid.max()), float(packets.max())))
    points = []
    for name, pairs in found.items():
        expected, got = np.mean(pairs, axis=0).tolist()
        points.append(Point(label=f"{name}, mean of {len(pairs)} seeds", expected=expected, got=got))
    return points


def _judged(name: str, points: list[Point], control: str, tolerance: float, what: str) -> Case:
    if control == "none":
        basis = "lossless queues, first in, first out, are not max-min fair"
        return case(name, points, "shown", 0.0, basis, _FLOWS)
    basis = f"what a window that aims at max-min fairness may miss of the {what}"
    return case(name, points, "equal", tolerance, basis, _FLOWS)


_FLOWS = "Flows of 16 MB in packets of 16 KiB, from all endpoints at once."


def flow_by_flow(control: str, full: bool) -> Case:
    """Every flow of one random permutation: who is slow in one model is slow in the other."""
    name = "k = 8" if full else "k = 4"
    fluid, packets = ends(name, 0, control)
    points = [
        Point(label=f"flow {i}", expected=float(e), got=float(g))
        for i, (e, g) in enumerate(zip(fluid, packets))
    ]
    correlation = float(np.corrcoef(fluid, packets)[0, 1])
    return case(
        f"flow by flow, cc={control}",
        points,
        "shown",
        0.0,
        "max-min fairness is an ideal of sharing, which no control reaches flow by flow",
        note=f"End of each flow, {name}; correlation {correlation:.3f}.",
    )


def spread(full: bool) -> Case:
    """A shift between pods, every packet on a way of its own: near the line rate, as in the ideal."""
    points = []
    for k in (4, 8) if full else (4,):
        fabric = _fabric(f"k = {k}")
        who = pattern("shift", fabric.n_endpoints, _SIZE)
        ideal = run_flows(fabric, who, parse_policy("adaptive"), latency_profile(_fluid())).makespan
        for routing in _PER_PACKET:
            policy = parse_policy(routing, 1)
            got = run_packets(fabric, who, policy, latency_profile(_PACKETS), seed=1).makespan
            points.append(Point(label=f"k = {k}, {routing}", expected=ideal, got=got))
    # On a link up meet N packets of the leaf's N per flow, give or take the square root of N.
    return case(
        "packets spread over all ways",
        points,
        "equal",
        2 * 3 * (4096 / _SIZE) ** 0.5,
        "three standard deviations of chance, sqrt N in N packets of a link, at each of two stages up",
        against="fluid model, routing adaptive",
    )


ALONE = ("ring", "recursive-doubling", "halving-doubling", "hierarchical-ring")
# Whole trees, of which each switch has a power of two of uplinks: there D-Mod-K keeps rounds apart too.
TREES = (
    ("fat-tree:k=4", 16),
    ("leaf-spine:leaves=8,spines=4,endpoints_per_leaf=4", 32),
    ("leaf-spine:leaves=8,spines=8,endpoints_per_leaf=8", 64),
    ("fat-tree:k=8", 128),
)


def times(
    spec: str, algorithm: str, size: int, routing: str, packet: str, sync: str = "phase"
) -> tuple[float, float]:
    """Seconds of an all-reduce by the fluid and by the packet model; ``sync``: of the fluid one."""
    fabric = Fabric.from_graph(load(spec))
    fluid = AllReduce(fabric, routing=routing, latency_profile=_fluid(), seed=1, sync=sync)
    packets = AllReduce(
        fabric, routing=routing, latency_profile=_PACKETS, seed=1, engine="packet", packet=packet
    )
    return fluid.row(algorithm, size).time_s, packets.row(algorithm, size).time_s


def collectives_alone(full: bool) -> Case:
    """All-reduce where no two transfers of a phase share a link: n = 16 to 128 under D-Mod-K."""
    points = []
    for spec, n in TREES if full else TREES[:1]:
        for algorithm in ALONE:
            for size in (n * 4096, n * 16384):
                expected, got = times(spec, algorithm, size, "dmodk", "none")
                points.append(Point(label=f"{algorithm}, {n} ranks, {size:,} B", expected=expected, got=got))
    return case(
        "collectives without contention",
        points,
        "equal",
        0.005,
        "exact by theory; half a percent for messages cut into whole packets",
        note="D-Mod-K, cc=none, steps on receipt.",
    )


def collectives_with_collisions(full: bool) -> Case:
    """All-reduce with ECMP's collisions: at barriers between rounds, as in the fluid model, or on receipt."""
    points = []
    for spec, n in TREES if full else TREES[:1]:
        for algorithm in ALONE:
            for steps in ("barrier", "receipt"):
                expected, got = times(spec, algorithm, n * 16384, "ecmp", f"window:steps={steps}")
                label = f"{algorithm}, {n} ranks, steps={steps}"
                points.append(Point(label=label, expected=expected, got=got))
    return case(
        "collectives with ECMP's collisions",
        points,
        "shown",
        0.0,
        "the fluid model has barriers between rounds and one pace for all rings; packets have neither",
        note="cc=window. steps=barrier: rounds begin together; steps=receipt: each rank goes on by itself.",
    )


def other_collectives(full: bool) -> Case:
    """Every collective but all-reduce at barriers, on one switch and on a tree under D-Mod-K."""
    points = []
    for spec, n in (("star:endpoints=7", 7), *TREES[:1]) if full else (("star:endpoints=7", 7),):
        for collective, forms in closed_forms.OTHERS.items():
            fluid, packets = (
                CollectiveJob(Fabric.from_graph(load(spec)), collective=collective, routing="dmodk", **of)
                for of in (
                    {"latency_profile": _fluid()},
                    {"latency_profile": _PACKETS, "engine": "packet", "packet": "none:steps=barrier"},
                )
            )
            for name in forms:
                if name not in ("chain", "tree"):  # whose pipelines fill as they come: see trees
                    part = _LARGE_PART if name == "linear" else 65536
                    expected, got = (job.row(name, n * part).time_s for job in (fluid, packets))
                    points.append(Point(label=f"{collective}, {name}, {n} ranks", expected=expected, got=got))
    basis = (
        "exact by theory; two percent for messages cut into whole packets, for queues at a root, and for "
        "parts sent all at once, of which packets let the near ones begin and the far ones end"
    )
    return case("other collectives, steps=barrier", points, "equal", 0.02, basis, note="cc=none.")


ODD = (3, 7, 5, 6, 9, 12, 15, 24)  # ranks, none a power of two


def odd_ranks(steps: str, full: bool) -> Case:
    """Doubling with ranks that fold in and out, on one switch: the same at barriers, another on receipt."""
    points = []
    for n in ODD if full else ODD[:2]:
        for algorithm in ("recursive-doubling", "halving-doubling"):
            for size in (n * 4096, n * 16384, 2**22) if full else (n * 16384,):
                packet = f"none:steps={steps}"
                expected, got = times(f"star:endpoints={n}", algorithm, size, "dmodk", packet)
                points.append(Point(label=f"{algorithm}, {n} ranks, {size:,} B", expected=expected, got=got))
    name = f"ranks that are no power of two, steps={steps}"
    if steps == "barrier":
        basis = "exact by theory; half a percent for messages cut into whole packets"
        return case(name, points, "equal", 0.005, basis, note="A star, cc=none.")
    return case(
        name,
        points,
        "shown",
        0.0,
        "a rank that folds nobody in begins at once, and its message meets at the receiver's link the one "
        "that is still folded in there; the fluid model has no such meeting, as rounds begin together",
        note="A star, cc=none. The fluid model has barriers between rounds.",
    )


def slices(full: bool) -> Case:
    """Hierarchical all-reduce in slices whose phases overlap, over four servers of four."""
    points = []
    across = ("ring", "halving-doubling", "tree")
    for name in across if full else across[:2]:
        for m in (2, 5, 16) if full else (5,):
            for size in (2**16, 2**22) if full else (2**20,):
                spec = "fat-tree:endpoints=16,radix=64,tiers=1,gpus_per_server=4"
                algorithm = f"hierarchical-{name}:pipeline={m}"
                expected, got = times(spec, algorithm, size, "dmodk", "none")
                points.append(Point(label=f"{algorithm}, {size:,} B", expected=expected, got=got))
    return case(
        "slices of hierarchical algorithms",
        points,
        "at most",
        0.2,
        "rings and trees: lockstep bounds them from above; rounds of different slices share links max-min "
        "fairly in the fluid model, first in, first out between packets (up to 13% measured)",
        note="16 endpoints in 4 servers, cc=none. NICs send the slice ahead first.",
    )


def rings_of_servers(full: bool) -> Case:
    """Rings through servers of eight, one per NIC: lockstep holds all rings at the pace of the slowest."""
    points = []
    for routing in ("dmodk", "ecmp"):
        for size in (2**16, 2**22):
            expected, got = times(
                "fat-tree:endpoints=64,radix=16,gpus_per_server=8", "ring", size, routing, "none"
            )
            points.append(Point(label=f"{routing}, {size:,} B", expected=expected, got=got))
    return case(
        "rings through servers",
        points,
        "at most",
        0.02,
        "lockstep bounds it from above: in the packet model a ring waits for its own slowest link only",
        note="64 endpoints in 8 servers, 8 channels.",
    )


def trees(full: bool) -> Case:
    """Pipelined trees, which fill and drain: the first segments go by themselves in the fluid model too."""
    points = []
    sizes = (2**16, 2**20, 2**22, 2**24, 2**26) if full else (2**16, 2**20, 2**22)
    for size in sizes:
        expected, got = times("fat-tree:k=4", "tree", size, "dmodk", "none")
        points.append(Point(label=f"16 ranks, {size:,} B", expected=expected, got=got))
    return case(
        "pipelined trees",
        points,
        "equal",
        0.1,
        "segments share links with those ahead in step in the fluid model, and as they come between packets; "
        "the gap closes as they grow in number",
        note="The byte term of both tends to 2 S/B.",
    )
