"""The fluid model against closed forms and sharing solved by hand: exact by theory, but for rounding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fabric import Dmodk, Fabric
from sims.jobs.allreduce import AllReduce
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.flows import run_flows
from sims.models.profiles import latency_profile
from sims.studies.validation import closed_forms
from sims.studies.validation.case import Case, Point
from sims.workload.traffic import Traffic, pattern
from topologies import fat_tree

__all__ = [
    "CABLES",
    "RATE",
    "flat",
    "hierarchical",
    "in_network",
    "incast",
    "parking_lot",
    "permutation",
    "rail",
    "ring_links",
    "unequal_ring",
]

RATE = 50e9  # bytes/s of an endpoint: 400 Gb/s, the default of fat_tree
_NVLINK = 450e9
_CABLE, _INSIDE = 25e-9, 5e-9  # s: 5 m from an endpoint to its leaf, 1 m inside a server
CABLES = {2: 2 * 25e-9, 4: 2 * 25e-9 + 2 * 250e-9, 6: 2 * 25e-9 + 2 * 250e-9 + 2 * 500e-9}  # by links
_ROCE = latency_profile("roce-400g")
_STEP = _ROCE.overhead + _ROCE.switch_latency + 2 * _CABLE  # under one switch
_EXACT = 1e-9
_ROUNDING = "exact by theory: rounding of floating point"


def _exact(name: str, tested: str, against: str, points: Sequence[Point], note: str = "") -> Case:
    return Case(
        name=name,
        tested=tested,
        against=against,
        unit="s",
        points=tuple(points),
        rule="equal",
        tolerance=_EXACT,
        basis=_ROUNDING,
        note=note,
    )


def _star(endpoints: int, gpus: int = 1) -> Fabric:
    servers = 0 if gpus == 1 else gpus
    return Fabric.from_graph(fat_tree(endpoints=endpoints, radix=64, tiers=1, gpus_per_server=servers))


def flat(algorithm: str, full: bool) -> Case:
    """One algorithm under one switch, over ranks and sizes."""
    points = []
    for n in [2, 3, 5, 8, 16, 33, 64] if full else [2, 3, 8, 33]:
        job = AllReduce(_star(n), latency_profile=_ROCE.spec)
        for size in (8, 10**6, 2**30):
            expected = closed_forms.FLAT[algorithm](n, size, RATE, _STEP)
            got = job.row(algorithm, size).time_s
            points.append(Point(label=f"{n} ranks, {size:,} B", expected=expected, got=got))
    against = "closed form, n ranks under one switch"
    return _exact(f"fluid {algorithm}", "fluid model, time", against, points)


def hierarchical(across: str, full: bool) -> Case:
    """Reduce-scatter in servers of eight, one of the flat algorithms across, all-gather."""
    points = []
    for servers in [2, 3, 4, 8] if full else [2, 3, 4]:
        job = AllReduce(_star(8 * servers, 8), latency_profile=_ROCE.spec, routing="dmodk")
        for size in (800, 10**6, 2**30):
            inside = _ROCE.scaleup_overhead + 2 * _INSIDE
            expected = closed_forms.hierarchical(
                across, servers, 8, size, RATE, _STEP, scaleup_rate=_NVLINK, scaleup_step=inside
            )
            got = job.row(f"hierarchical-{across}", size).time_s
            points.append(Point(label=f"{servers} servers, {size:,} B", expected=expected, got=got))
    name = f"fluid hierarchical-{across}"
    return _exact(name, "fluid model, time", "closed form, servers of 8 under one switch", points)


def chain_tree(full: bool) -> Case:
    """Chains in servers of eight and two trees between them."""
    points = []
    for servers in [2, 3, 4, 8] if full else [2, 3, 4]:
        job = AllReduce(_star(8 * servers, 8), latency_profile=_ROCE.spec, routing="dmodk")
        for size in (800, 10**7, 2**32):
            inside = _ROCE.scaleup_overhead + 2 * _INSIDE
            expected = closed_forms.chain_tree(servers, 8, size, RATE, _STEP, _NVLINK, inside)
            got = job.row("chain-tree", size).time_s
            points.append(Point(label=f"{servers} servers, {size:,} B", expected=expected, got=got))
    against = "closed form, servers of 8 under one switch"
    return _exact("fluid chain-tree", "fluid model, time", against, points)


def in_network(full: bool) -> Case:
    """Switches that add up, in servers of one, four and eight and between them; phases one after another."""
    points = []
    for servers, gpus in [(1, 8), (2, 1), (3, 4), (4, 8), (33, 1)] if full else [(1, 8), (3, 4), (5, 1)]:
        job = AllReduce(_star(servers * gpus, gpus), latency_profile=_ROCE.spec)
        for size in (800, 10**6, 2**30):
            inside = _ROCE.scaleup_overhead + 2 * _INSIDE
            expected = closed_forms.in_network(servers, gpus, size, RATE, _STEP, _NVLINK, inside)
            got = job.row("in-network:pipeline=1", size).time_s
            points.append(Point(label=f"{servers} x {gpus}, {size:,} B", expected=expected, got=got))
    against = "closed form, servers under one switch"
    return _exact("fluid in-network", "fluid model, time", against, points)


def rail(full: bool) -> Case:
    """All-to-all inside servers of eight to the rail of the destination, then along the rails."""
    points = []
    for servers in [2, 3, 4, 8] if full else [2, 3]:
        job = CollectiveJob(_star(8 * servers, 8), collective="all-to-all", latency_profile=_ROCE.spec)
        for size in (800, 10**6, 2**30):
            inside = _ROCE.scaleup_overhead + 2 * _INSIDE
            expected = closed_forms.rail(servers, 8, size, RATE, _STEP, _NVLINK, inside)
            got = job.row("rail", size).time_s
            points.append(Point(label=f"{servers} servers, {size:,} B", expected=expected, got=got))
    against = "closed form, servers of 8 under one switch"
    return _exact("fluid all-to-all, rail", "fluid model, time", against, points)


def of_collective(collective: str, full: bool) -> Case:
    """Every algorithm of another collective under one switch, over ranks and sizes."""
    points = []
    for n in [2, 3, 5, 8, 16, 33, 64] if full else [2, 3, 8, 33]:
        job = CollectiveJob(_star(n), collective=collective, latency_profile=_ROCE.spec)
        for algorithm, form in closed_forms.OTHERS[collective].items():
            for size in (8, 10**6, 2**30):
                expected, got = form(n, size, RATE, _STEP), job.row(algorithm, size).time_s
                points.append(Point(label=f"{algorithm}, {n} ranks, {size:,} B", expected=expected, got=got))
    against = "closed forms, n ranks under one switch"
    return _exact(f"fluid {collective}", "fluid model, time", against, points)


def unequal_ring(full: bool) -> Case:
    """A ring over a full tree: steps of two, four and six links, no contention under D-Mod-K."""
    points = []
    for k in [4, 6, 8, 10] if full else [4, 8]:
        steps = [_ROCE.overhead + (m - 1) * _ROCE.switch_latency + CABLES[m] for m in ring_links(k)]
        job = AllReduce(Fabric.from_graph(fat_tree(k=k)), routing="dmodk", latency_profile=_ROCE.spec)
        for size in (8, 10**8):
            expected = closed_forms.ring_over(steps, size, RATE)
            got = job.row("ring", size).time_s
            points.append(Point(label=f"k = {k}, {size:,} B", expected=expected, got=got))
    against = "slowest 2(n-1) steps in a row + 2(n-1) S/(nB)"
    return _exact("fluid ring, unequal steps", "fluid model, time", against, points)


def ring_links(k: int) -> list[int]:
    """Links from each endpoint to the next, round and round: k/2 are on a leaf, k^2/4 in a pod."""
    n, leaf, pod = k**3 // 4, k // 2, k**2 // 4
    following = [(i, (i + 1) % n) for i in range(n)]
    return [2 if i // leaf == j // leaf else 4 if i // pod == j // pod else 6 for i, j in following]


def permutation(full: bool) -> Case:
    """Shifts over a full tree under D-Mod-K are free of contention (Zahavi): every flow at line rate."""
    points = []
    for k in [4, 6, 8, 16] if full else [4, 8]:
        fabric, n = Fabric.from_graph(fat_tree(k=k)), k**3 // 4
        for step in (1, k // 2, n // 2, n - 1):
            who = pattern(f"shift:{step}", n, 1e9)
            result = run_flows(fabric, who, Dmodk(), latency_profile("ideal"))
            far = max(CABLES[_links(i, (i + step) % n, k)] for i in range(n))
            points.append(
                Point(label=f"k = {k}, shift {step}", expected=1e9 / RATE + far, got=result.makespan)
            )
    return _exact("fluid shift permutations", "fluid model, makespan", "no contention: S/B + latency", points)


def _links(i: int, j: int, k: int) -> int:
    return 2 if i // (k // 2) == j // (k // 2) else 4 if i // (k * k // 4) == j // (k * k // 4) else 6


def incast(full: bool) -> Case:
    """n senders to one: each gets B/n, all end at n S/B + latency."""
    points = []
    for n in (2, 8, 32, 63) if full else (2, 32):
        result = run_flows(_star(n + 1), pattern("incast", n + 1, 1e8), Dmodk(), latency_profile("ideal"))
        for what, got in (("first end", result.end.min()), ("last end", result.end.max())):
            expected = n * 1e8 / RATE + 2 * _CABLE
            points.append(Point(label=f"{n} senders, {what}", expected=expected, got=float(got)))
    return _exact("fluid incast", "fluid model, end of a flow", "n S/B + latency", points)


def parking_lot(full: bool) -> Case:
    """Max-min by hand: one receiver shared by three of unequal size, and who leaves hands on what he had.

    Sizes 1, 2 and 3 units into one link: they end after 3, 5 and 6 units of time (1/3 each; then 1/2 each;
    then all of it). The sender of the largest has a second flow to an idle receiver: it is limited by its
    sender's link to 2/3 (then 1/2, then what its own end leaves).
    """
    unit = 1e8
    size = np.array([1.0, 2.0, 3.0, 2.0]) * unit
    who = Traffic(src=np.array([0, 1, 2, 2]), dst=np.array([3, 3, 3, 4]), size=size, start=np.zeros(4))
    result = run_flows(_star(5), who, Dmodk(), latency_profile("ideal"))
    # To 3 units: rates 1/3, 1/3, 1/3 and 2/3, so the fourth has moved 2 and ends at 3, with the first.
    ends = np.array([3.0, 5.0, 6.0, 3.0]) * unit / RATE + 2 * _CABLE
    labels = ["size 1", "size 2", "size 3", "size 2, beside"]
    points = [
        Point(label=label, expected=float(e), got=float(g)) for label, e, g in zip(labels, ends, result.end)
    ]
    return _exact("fluid parking lot", "fluid model, end of a flow", "max-min fair shares by hand", points)
