"""The models against what others publish: NCCL's cost model, definitions and measurements of others."""

from __future__ import annotations

from functools import cache

from fabric import Fabric
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.engine import bound_time
from sims.models.fluid.program import Program
from sims.studies.nccl_log import FACTORS
from sims.studies.validation.case import Case, Point
from sims.studies.validation.closed_forms import crossover, nccl_latency
from topologies import fat_tree

__all__ = ["bus_bandwidth", "nccl_ring", "nccl_tree", "nvlink_efficiency", "ring_or_tree", "trees_at_summit"]

_GPUS = 8
_ENDLESS = 1e18  # bytes/s: NCCL's tree passes through servers in a pipeline, at no cost of bytes
_NVLINK = {"8 x A100, ring, 16 GiB": (300e9, 234.9), "8 x H200, ring, 16 GiB": (450e9, 367.6)}


def _servers(nodes: int, gpus: int = _GPUS, nvlink: float = 450e9) -> Fabric:
    """A non-blocking tree of servers."""
    graph = fat_tree(endpoints=nodes * gpus, radix=128, gpus_per_server=gpus, nvlink=nvlink)
    return Fabric.from_graph(graph)


@cache
def _program(nodes: int, algorithm: str, profile: str, gpus: int = _GPUS, nvlink: float = 450e9) -> Program:
    job = AllReduce(_servers(nodes, gpus, nvlink), routing="adaptive", latency_profile=profile)
    return job.program(algorithm)


def _latency(program: Program) -> float:
    """What a message of next to no bytes takes."""
    return bound_time(program, 1e-6)


def _nodes(full: bool) -> list[int]:
    return [1, 2, 3, 8, 32, 128, 512, 2048] if full else [1, 2, 8, 32]


def nccl_ring(protocol: str, full: bool) -> Case:
    """Latency of a ring with NCCL's constants, over servers of eight."""
    points, most = [], 1e-9
    for nodes in _nodes(full):
        expected = nccl_latency("ring", protocol, nodes, _GPUS)
        got = _latency(_program(nodes, "ring", f"nccl-ring-{protocol}"))
        points.append(Point(label=f"{nodes} x {_GPUS} GPUs", expected=expected, got=got))
        # Two steps over the network more, two inside less: what that is, from NCCL's own sum for one hop.
        if nodes > 1:
            one_server = nccl_latency("ring", protocol, nodes, 1) - nccl_latency("ring", protocol, 1, 1)
            net = one_server / (2 * (nodes - 1))
            longer = nccl_latency("ring", protocol, nodes, _GPUS + 1)
            inside = (longer - expected) / (2 * nodes)
            most = max(most, 2 * (net - inside) / expected * (1 + 1e-9))
    return Case(
        name=f"NCCL's latency, ring {protocol}",
        tested=f"bound model, profile nccl-ring-{protocol}",
        against="NCCL 2.30.7, src/graph/tuning.cc",
        unit="s",
        points=tuple(points),
        rule="equal",
        tolerance=most,
        basis="two steps: the slowest chunk passes between servers 2 nodes times, NCCL counts 2 (nodes - 1)",
    )


def nccl_tree(protocol: str, full: bool) -> Case:
    """Latency of a hierarchical tree with NCCL's constants: the same steps, so no difference."""
    algorithm = "nvlstree" if protocol == "nvls" else "tree"
    profile = "nccl-nvlstree" if protocol == "nvls" else f"nccl-tree-{protocol}"
    points = [
        Point(
            label=f"{nodes} x {_GPUS} GPUs",
            expected=nccl_latency(algorithm, "simple" if protocol == "nvls" else protocol, nodes, _GPUS),
            got=_latency(_program(nodes, "hierarchical-tree", profile)),
        )
        for nodes in _nodes(full)
    ]
    return Case(
        name=f"NCCL's latency, {'NVLS tree' if protocol == 'nvls' else f'tree {protocol}'}",
        tested=f"bound model, profile {profile}",
        against="NCCL 2.30.7, src/graph/tuning.cc",
        unit="s",
        points=tuple(points),
        rule="equal",
        tolerance=1e-9,
        basis="the same steps: rounding of floating point",
        note="Algorithm hierarchical-tree: a ring in each server, double binary trees between them.",
    )


def bus_bandwidth(full: bool) -> Case:
    """busbw over algbw in rows, and the factor in nccl-tests' document."""
    points = []
    for nodes in _nodes(full):
        row = AllReduce(_servers(nodes), routing="adaptive").row("ring", 2**30)
        n = nodes * _GPUS
        expected, got = FACTORS["all_reduce"](n), row.busbw_GBps / row.algbw_GBps
        points.append(Point(label=f"{n} ranks, factor", expected=expected, got=got))
    # The definition's purpose: without latency and contention busbw is the links' bandwidth, whatever n is.
    for nodes in [n for n in _nodes(full) if n > 1]:
        job = AllReduce(_servers(nodes), routing="adaptive", latency_profile="ideal:cable_factor=0")
        row = job.row("ring", 2**30)
        points.append(Point(label=f"{nodes} servers of 8 x 50 GB/s", expected=400, got=row.busbw_GBps))
    return Case(
        name="bus bandwidth",
        tested="rows of the fluid model",
        against="nccl-tests, doc/PERFORMANCE.md",
        unit="1 or GB/s",
        points=tuple(points),
        rule="equal",
        tolerance=1e-9,
        basis="a definition: rounding of floating point",
    )


def nvlink_efficiency(full: bool) -> Case:
    """One constant, the share of NVLink that a ring gets, from one machine; it foretells the other."""
    (reference, (rate, measured)), (other, (other_rate, other_measured)) = reversed(_NVLINK.items())
    share = measured * 1e9 / rate
    points = []
    for label, link, expected in ((reference, rate, measured), (other, other_rate, other_measured)):
        fabric = _servers(1, nvlink=link)
        job = AllReduce(fabric, latency_profile=f"ideal:scaleup_bandwidth={share:.4f}")
        points.append(Point(label=label, expected=expected, got=job.row("ring", 2**34).busbw_GBps))
    return Case(
        name="NVLink in one server",
        tested=f"fluid model, scaleup_bandwidth={share:.3f}",
        against="stas00/ml-engineering, measured",
        unit="GB/s",
        points=tuple(points),
        rule="equal",
        tolerance=0.1,
        basis="a constant of one machine used for another: a tenth is what one may ask of it",
        note=f"The constant is calibrated on {reference}, so only the other point says something.",
    )


def ring_or_tree(full: bool) -> Case:
    """The size at which a ring overtakes a tree, by bisection on the model and by NCCL's formula."""
    points = []
    for nodes in [8, 32, 128, 512] if full else [8, 32]:
        n = nodes * _GPUS
        ring = _program(nodes, "ring", "nccl-ring-simple", nvlink=_ENDLESS)
        tree = _program(nodes, "hierarchical-tree", "nccl-tree-simple", nvlink=_ENDLESS)
        low, high = 1.0, 1e13
        while high / low > 1 + 1e-6:
            middle = (low * high) ** 0.5
            ahead = bound_time(ring, middle) < bound_time(tree, middle)
            low, high = (low, middle) if ahead else (middle, high)
        # NCCL: algbw = busbw n/(2(n-1)) for a ring, 0.92 busbw/2 for a tree; busbw = 8 NICs of 50 GB/s.
        bus = _GPUS * 50e9
        latency = 1.4 * nccl_latency("ring", "simple", nodes, _GPUS)
        expected = crossover(
            (latency, bus * n / (2 * (n - 1))),
            (nccl_latency("tree", "simple", nodes, _GPUS), 0.92 * bus / 2),
        )
        points.append(Point(label=f"{nodes} x {_GPUS} GPUs", expected=expected, got=high))
    return Case(
        name="ring overtakes tree",
        tested="bound model, profiles nccl-ring-simple, nccl-tree-simple",
        against="NCCL 2.30.7, src/graph/tuning.cc",
        unit="B",
        points=tuple(points),
        rule="within a factor",
        tolerance=1.5,
        basis="NCCL counts no time in which the tree's pipeline fills; half a step of a x2 sweep",
        note="Bytes inside servers are free here, as NCCL's tree passes through them in a pipeline.",
    )


def trees_at_summit(full: bool) -> Case:
    """Latency of a ring over that of a tree on 4,096 servers of six GPUs; NCCL's blog: up to 180 times."""
    nodes, gpus = 4096, 6
    ring = _latency(_program(nodes, "ring", "nccl-ring-ll", gpus))
    tree = _latency(_program(nodes, "hierarchical-tree", "nccl-tree-ll", gpus))
    return Case(
        name="trees at 24,576 GPUs",
        tested="bound model, ring over tree, NCCL's constants",
        against="NCCL 2.4 blog: up to 180x on Summit",
        unit="times",
        points=(Point(label="4,096 x 6 GPUs", expected=180.0, got=ring / tree),),
        rule="within a factor",
        tolerance=10**0.5,
        basis="an order of magnitude: half a decade each way",
        note="Today's constants; Summit ran NCCL 2.4 on other links.",
    )
