"""What theory says a collective takes, written from the formulas alone: no schedule, no route, no clock.

n ranks, ``size`` bytes, ``rate`` bytes/s of an endpoint, ``step`` s of latency of one step. Sources: Thakur,
Rabenseifner and Gropp 2005; Patarasuk and Yuan 2009; Sanders, Speck and Traff 2009; NCCL 2.30.7,
src/graph/tuning.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

__all__ = [
    "FLAT",
    "OTHERS",
    "chain_tree",
    "crossover",
    "halving_doubling",
    "hierarchical",
    "in_network",
    "nccl_latency",
    "rail",
    "recursive_doubling",
    "ring",
    "ring_over",
    "tree",
]


def ring(n: int, size: float, rate: float, step: float) -> float:
    """2(n-1) steps of S/n."""
    return 2 * (n - 1) * (step + size / n / rate)


def ring_over(steps: Sequence[float], size: float, rate: float) -> float:
    """A ring of unequal steps: the slowest 2(n-1) steps in a row, and 2(n-1) times S/n."""
    n = len(steps)
    around = list(steps) * 3
    slowest = max(sum(around[first : first + 2 * (n - 1)]) for first in range(n))
    return slowest + 2 * (n - 1) * size / n / rate


def recursive_doubling(n: int, size: float, rate: float, step: float) -> float:
    """log2 n exchanges of S; ranks beyond a power of two fold in and out."""
    rounds = n.bit_length() - 1
    folds = 0 if n == 2**rounds else 2
    return (rounds + folds) * (step + size / rate)


def halving_doubling(n: int, size: float, rate: float, step: float) -> float:
    """S/2 + S/4 + ... and back; ranks beyond a power of two fold in and out."""
    rounds = n.bit_length() - 1
    folds = 0 if n == 2**rounds else 2
    return 2 * rounds * step + 2 * (1 - 2.0**-rounds) * size / rate + folds * (step + size / rate)


def tree(n: int, size: float, rate: float, step: float, segment: float = 512 * 1024) -> float:
    """Two binary trees with half the data each, of n = 2^d or 2^d + 1 ranks: 2 d latencies, and segments.

    The first goes up and down alone. A rank with two children takes two segment times for them both ways, the
    one last leaf of a power of two takes one; see ``piped`` for those that follow. An endpoint sends up to
    three segments as an inner rank of one tree, to its parent and two children, and one as a leaf of the
    other. Of four ranks none has all three, of two the only one is a leaf twice.
    """
    depth, (segments, sent) = n.bit_length() - 1, cut(size / 2, segment)
    way, second, load = _tree_units(n)
    return 2 * depth * step + piped(segments, way, second, load) * sent / rate


def cut(size: float, segment: float) -> tuple[float, float]:
    """Segments, of which the last may be a part of one, and the bytes of one."""
    return max(1, size / segment), min(size, segment)


def piped(segments: float, first: float, second: float, full: float) -> float:
    """Units of time of a pipeline: the first segment by itself, the second a stage behind, all others at the
    pace of the fullest link; and never less than that link is busy."""
    return max(first + min(1, segments - 1) * second + max(0, segments - 2) * full, segments * full)


def _tree_units(n: int) -> tuple[int, int, int]:
    """Segment times on a link: of the first segment's way; of two neighbouring stages, and of all, together.

    Three ranks and five are so few that a rank is an inner one while it is a leaf of the other tree.
    """
    depth = n.bit_length() - 1
    way = {2: 2, 3: 4, 5: 7}.get(n, 4 * depth - 3 + (n > 2**depth))
    return way, {3: 3, 5: 3}.get(n, 2), {2: 2, 3: 3, 4: 3}.get(n, 4)


def halves_ring(n: int, size: float, rate: float, step: float) -> float:
    """Reduce-scatter or all-gather round a ring: n-1 steps of S/n."""
    return (n - 1) * (step + size / n / rate)


def halves_rounds(n: int, size: float, rate: float, step: float, times: int = 1) -> float:
    """(n-1)/n S in ceil(log2 n) rounds, for every n: halving, doubling, Bruck, PAT, by halves from a root;
    ``times``: so often."""
    return times * (ceil(log2(n)) * step + (n - 1) / n * size / rate)


def binomial(n: int, size: float, rate: float, step: float) -> float:
    """ceil(log2 n) rounds of S."""
    return ceil(log2(n)) * (step + size / rate)


def chain(n: int, size: float, rate: float, step: float, segment: float = 512 * 1024) -> float:
    """S in p segments over n-1 stages: n - 2 + p segment times and n-1 latencies."""
    segments, sent = cut(size, segment)
    return (n - 1) * step + (n - 2 + segments) * sent / rate


def tree_from_root(n: int, size: float, rate: float, step: float, segment: float = 512 * 1024) -> float:
    """Down two trees over n - 1 = 2^k or 2^k - 1 ranks with half of S each: who sends, sends two segments.

    One leaf of 2^k is by itself below the others.
    """
    stages, (segments, sent) = (n - 1).bit_length(), cut(size / 2, segment)
    way = 2 * stages - (n - 1 == 2 ** (stages - 1) > 1)
    return stages * step + piped(segments, way, 2, 2) * sent / rate


def tree_to_root(n: int, size: float, rate: float, step: float, segment: float = 512 * 1024) -> float:
    """The same backwards, but that the leaf by itself is added while its parent waits for another child."""
    stages, (segments, sent) = (n - 1).bit_length(), cut(size / 2, segment)
    way = 2 * stages - (n - 1 == 2 ** (stages - 1) > 1) - (n - 1 == 2 ** (stages - 1) > 2)
    return stages * step + piped(segments, way, 2, 2) * sent / rate


def at_once(n: int, size: float, rate: float, step: float) -> float:
    """n-1 parts of S/n over the root's link at the same time."""
    return step + (n - 1) / n * size / rate


def message(n: int, size: float, rate: float, step: float) -> float:
    """One message on its own."""
    return step + size / rate


def twice(n: int, size: float, rate: float, step: float) -> float:
    """Scatter and all-gather, or reduce-scatter and gather."""
    return halves_rounds(n, size, rate, step, 2)


def rounds_of_one(n: int, size: float, rate: float, step: float) -> float:
    """n-1 rounds of one part of S/n each."""
    return (n - 1) * (step + size / n / rate)


def all_to_all_bruck(n: int, size: float, rate: float, step: float) -> float:
    """ceil(log2 n) rounds; a part goes once for each one in the number of ranks that it has to go ahead."""
    moves = sum(way.bit_count() for way in range(n))
    return ceil(log2(n)) * step + moves * size / n / rate


_ROOTED = {"binomial": binomial, "chain": chain, "tree": tree_from_root}
_PARTS = {"binomial": halves_rounds, "linear": at_once}
OTHERS = {
    "reduce-scatter": {"ring": halves_ring, "recursive-halving": halves_rounds, "pat": halves_rounds},
    "all-gather": {
        "ring": halves_ring,
        "recursive-doubling": halves_rounds,
        "bruck": halves_rounds,
        "pat": halves_rounds,
    },
    "broadcast": {**_ROOTED, "scatter-allgather": twice},
    "reduce": {**_ROOTED, "tree": tree_to_root, "reduce-scatter-gather": twice},
    "scatter": _PARTS,
    "gather": _PARTS,
    "send-recv": {"ring": message},
    "all-to-all": {"linear": at_once, "pairwise": rounds_of_one, "bruck": all_to_all_bruck},
}


def rail(
    servers: int,
    gpus: int,
    size: float,
    rate: float,
    step: float,
    scaleup_rate: float,
    scaleup_step: float,
) -> float:
    """All-to-all by rails: (g-1)/g of S inside servers of ``gpus``, then (n-g)/n of it along the rails."""
    n = servers * gpus
    inside = scaleup_step + (gpus - 1) / gpus * size / scaleup_rate
    return inside + step + (1 - gpus / n) * size / rate


def in_network(
    servers: int,
    gpus: int,
    size: float,
    rate: float,
    step: float,
    scaleup_rate: float,
    scaleup_step: float,
) -> float:
    """S into each server's switch and S/g out, S/g over the tree of each rail, S/g in and S out again, one
    after another; S over one tree where servers have one GPU, nothing over trees where there is one server.
    """
    inside = 2 * (scaleup_step + size / scaleup_rate) if gpus > 1 else 0.0
    return inside + (step + size / gpus / rate if servers > 1 else 0.0)


def chain_tree(
    servers: int,
    gpus: int,
    size: float,
    rate: float,
    step: float,
    scaleup_rate: float,
    scaleup_step: float,
    segment: float = 512 * 1024,
) -> float:
    """Chains of ``gpus`` and two trees over ``servers``, on as many channels: the slower of both kinds of
    link sets the pace of segments, of which each of the 2 g pieces of S has p. A rank of a chain sends in one
    stage for two trees, in two stages for twice as many."""
    depth = servers.bit_length() - 1
    segments, sent = cut(size / 2 / gpus, segment)
    out, inside = sent / rate, sent / scaleup_rate
    way, second, full = _tree_units(servers)
    latency = 2 * (gpus - 1) * scaleup_step + 2 * depth * step
    first = way * out + 2 * (gpus - 1) * 2 * inside
    # All of it: up and down, on g - 1 channels, for both trees.
    return latency + piped(
        segments, first, max(second * out, 4 * inside), max(full * out, 4 * (gpus - 1) * inside)
    )


FLAT = {
    "ring": ring,
    "recursive-doubling": recursive_doubling,
    "halving-doubling": halving_doubling,
    "tree": tree,
}


def hierarchical(
    across: str,
    servers: int,
    gpus: int,
    size: float,
    rate: float,
    step: float,
    scaleup_rate: float,
    scaleup_step: float,
) -> float:
    """Reduce-scatter over ``gpus`` in a server, ``across`` the servers on S/g a rail, all-gather."""
    inside = 2 * (gpus - 1) * (scaleup_step + size / gpus / scaleup_rate)
    return inside + FLAT[across](servers, size / gpus, rate, step)


# base, NVLink step, network step, network overhead in a ring; us. Typed in from NCCL's source, not imported.
_NCCL = {
    ("ring", "ll"): (6.6, 0.6, 2.7, 1.0),
    ("ring", "ll128"): (14.0, 1.9, 4.0, 1.0),
    ("ring", "simple"): (8.4, 3.4, 14.0, 3.0),
    ("tree", "ll"): (6.8, 0.6, 5.0, 0.0),
    ("tree", "ll128"): (14.0, 1.25, 8.5, 0.0),
    ("tree", "simple"): (8.4, 4.0, 14.0, 0.0),
    ("nvlstree", "simple"): (0.0, 25.0, 20.9, 0.0),
}


def nccl_latency(algorithm: str, protocol: str, nodes: int, gpus: int) -> float:
    """Seconds that NCCL's cost model adds to an all-reduce over ``nodes`` servers of ``gpus``, but for the
    plateau of a ring.

    >>> round(nccl_latency("ring", "ll", 2, 8) * 1e6, 3)
    40.0
    """
    base, intra, net, overhead = _NCCL[algorithm, protocol]
    depth = int(log2(nodes))
    if algorithm == "ring":
        steps, inter = 2 * (nodes * gpus - 1), 2 * (nodes - 1)
        inside = max(intra, overhead) if nodes > 1 else intra
        return (base + (steps - inter) * inside + inter * net) * 1e-6
    if algorithm == "tree":
        return (base + 2 * ((gpus - 1) * intra + depth * net)) * 1e-6
    return (intra + 2 * depth * net) * 1e-6


def crossover(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Bytes at which two algorithms take the same time; each is (latency in s, algbw in bytes/s).

    >>> crossover((3.0, 2.0), (1.0, 1.0))
    4.0
    """
    (latency, rate), (other_latency, other_rate) = first, second
    return (latency - other_latency) / (1 / other_rate - 1 / rate)
