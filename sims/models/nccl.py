"""NCCL's cost model: how long it believes that each algorithm takes, and so what it chooses. Knows no fabric.

Constants and formulas are those of NCCL 2.30.7 (src/graph/tuning.cc; NVLink's rates: topo.h; speeds of
channels: search.cc; how many channels a size gets: enqueue.cc), for Intel's CPUs. They are what NCCL believes
and not what a machine does: they choose, and what is chosen is then simulated. Left out: CollNet (switches of
the network that reduce), which NCCL leaves out too where nobody asks for it; tuner plug-ins; fp8.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["COLLECTIVES", "GENERATIONS", "VERSION", "Belief", "Communicator", "beliefs", "chosen"]

VERSION = "2.30.7"
COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "broadcast", "reduce")  # sends are not chosen
GENERATIONS = ("ampere", "hopper", "blackwell")
PROTOCOLS = ("ll", "ll128", "simple")

# Microseconds as LL, LL128, Simple: once, of a step inside a server (NVLink) and of one between (NET).
_BASE = {"tree": (6.8, 14.0, 8.4), "ring": (6.6, 14.0, 8.4), "pat": (8.0, 8.0, 8.0)}
_INTRA = {"tree": (0.6, 1.25, 4.0), "ring": (0.6, 1.9, 3.4), "nvls": (0, 0, 25.0), "nvls-tree": (0, 0, 25.0)}
_NET = {"tree": (5.0, 8.5, 14.0), "ring": (2.7, 4.0, 14.0), "nvls": (0, 0, 18.0), "nvls-tree": (0, 0, 20.9)}
_POST = (1.0, 1.0, 3.0)  # what the network costs each step of a ring over servers
_PLATEAU, _PLATEAU_BYTES = 1.4, 64
_PAT_RANK = 2.8  # of each rank
_PAT_STEP = 14.0 / 3.5

# GB/s. NVLink as NCCL counts it, of each 25 (50 of Blackwell) that a link has.
_NVLINK = {"ampere": 20.0 / 25, "hopper": 20.6 / 25, "blackwell": 40.1 / 50}
_UP_TO = {"ampere": 300e9, "hopper": 450e9, "blackwell": math.inf}  # bytes/s of a GPU's NVLink
_NIC_UP_TO = {"ampere": 25e9, "hopper": 50e9, "blackwell": math.inf}
# What a channel may carry, tried from above, inside one server and between servers.
_INSIDE = {
    "ampere": (40, 30, 20, 18, 15, 12, 10, 9, 7, 6, 5, 4, 3),
    "hopper": (60, 50, 40, 30, 24, 20, 15, 12, 11, 6, 3),
    "blackwell": (90, 80, 70, 60, 50, 45, 40, 30, 24, 20, 19, 18),
}
_BETWEEN = {
    "ampere": (48, 30, 28, 24, 20, 18, 15, 12, 10, 9, 7, 6, 5, 4, 3, 2.4, 1.2, 0.24, 0.12),
    "hopper": (48, 45, 42, 40, 30, 24, 22, 20, 17.5, 15, 12, 6, 3, 2.4, 1.2, 0.24, 0.12),
    "blackwell": (
        *(96, 86, 80, 48, 45.1, 42, 40, 30, 24, 22),
        *(20, 17.5, 15, 12, 6, 3, 2.4, 1.2, 0.24, 0.12),
    ),
}
# At most, on 1, 2, and more servers: LL in all, and each channel.
_LL_ALONE = {"ampere": 87.7, "hopper": 141.0, "blackwell": 282.0}
_LL_MOST = (math.nan, 39.0, 20.4)
_RING_LL128 = {"ampere": (20.0,) * 3, "hopper": (36.7,) * 3, "blackwell": (40.0,) * 3}
_TREE_LL128 = {"ampere": (20.0,) * 3, "hopper": (36.7, 36.7, 29.0), "blackwell": (55.6, 31.67, 20.0)}
_TREE = {"ampere": (24.0, 23.6, 17.8), "hopper": (38.7, 41.4, 36.0), "blackwell": (70.0, 42.8, 24.0)}
_NVLS_TREE = {"ampere": (0.0,) * 3, "hopper": (0.0, 57.7, 45.5), "blackwell": (0.0, 96.0, 80.0)}
_NVLS = {"ampere": 0.0, "hopper": 0.85, "blackwell": 0.74}

# Of a tree's bandwidth, by powers of two from 64 B on: medium sizes do not keep to the model.
_CORRECTION = (
    (
        *(1, 1, 1, 1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.6, 0.5),
        *(0.4, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1, 1, 1, 1),
    ),
    (
        *(1, 1, 1, 1, 1, 0.9, 0.8, 0.8, 0.8, 0.7, 0.6, 0.6),
        *(0.6, 0.6, 0.6, 0.6, 0.8, 0.9, 0.9, 0.9, 0.9, 1, 1, 1),
    ),
    (
        *(0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.7, 0.6, 0.6, 0.5),
        *(0.5, 0.5, 0.5, 0.6, 0.7, 0.8, 0.7, 0.7, 0.8, 0.9, 0.9, 0.9),
    ),
)
_CORRECTED = {"tree": 23, "nvls-tree": 24}  # so many of them; of NVLSTree on Blackwell only
_SLOWEST = 0.49  # of the speed of what was found: the search goes no further down
_MOST_CHANNELS = 32  # that a search finds; each is then doubled
_MOST_HEADS = 32  # of NVLS
_BYTES_A_CHANNEL = (512 * 8, 640 * 8, 512 * 64)  # threads x bytes of each, below which a channel is left out
_NVLS_CHANNELS = 16


@dataclass(frozen=True, kw_only=True)
class Communicator:
    """Ranks as NCCL sees them. ``nodes``: servers (of which NVLink reaches all GPUs); ``nics`` of one server;
    ``nvlink``: bytes/s of a GPU into its server's switch, 0 without; ``nic``: bytes/s of a NIC, 0 without;
    ``generation``: of the GPUs, one of GENERATIONS.
    """

    ranks: int
    nodes: int
    nics: int
    nvlink: float
    nic: float
    generation: str

    @staticmethod
    def generation_of(nvlink: float, nic: float) -> str:
        """The GPUs that have such an NVLink, or without one such a NIC (bytes/s).

        >>> Communicator.generation_of(450e9, 50e9), Communicator.generation_of(0.0, 25e9)
        ('hopper', 'ampere')
        """
        table, rate = (_UP_TO, nvlink) if nvlink else (_NIC_UP_TO, nic)
        return next(name for name, most in table.items() if rate <= most * (1 + 1e-9))

    @property
    def per_node(self) -> float:
        return self.ranks / self.nodes

    @property
    def _where(self) -> int:
        """Which column of what depends on how many servers there are."""
        return min(self.nodes, 3) - 1

    @property
    def _inside(self) -> float:
        """GB/s of a GPU's NVLink, as NCCL counts it."""
        return self.nvlink / 1e9 * _NVLINK[self.generation]

    def search(self) -> tuple[int, float]:
        """Channels of rings and trees and GB/s of each: those that carry most; of equal ones the fewest.

        A ring over servers crosses NVLink in all GPUs of a server but the last.

        >>> def eight(nodes): return Communicator(
        ...     ranks=8 * nodes, nodes=nodes, nics=8, nvlink=450e9, nic=50e9, generation="hopper")
        >>> eight(1).search(), eight(4).search()
        ((12, 30.0), (8, 48.0))
        """
        alone, found = self.nodes == 1, (1, 0.0)
        room = self._inside if alone else self._inside * self.per_node / max(1.0, self.per_node - 1)
        for speed in (_INSIDE if alone else _BETWEEN)[self.generation]:
            if speed <= _SLOWEST * found[1]:
                break
            count = math.inf if alone else self.nics * math.floor(self.nic / 1e9 / speed + 1e-9)
            if self.per_node > 1:
                count = min(count, math.floor(room / speed + 1e-9))
            count = min(count, _MOST_CHANNELS)
            if count * speed > found[0] * found[1]:
                found = int(count), float(speed)
        channels, speed = found
        newer = self.generation != "ampere"
        if speed < 25 or (newer and speed < 50 and channels > 4):
            return max(1, channels), speed or 0.1
        doubled = min(2 * channels, _MOST_CHANNELS)
        return doubled, speed / math.ceil(doubled / channels)

    def heads(self) -> tuple[int, float, float]:
        """Channels of NVLS, and GB/s of each inside a server and between servers."""
        alone = self.nodes == 1
        count = int(min(_MOST_HEADS, self.per_node if alone else self.nics, self.per_node))
        table = (_INSIDE if alone else _BETWEEN)[self.generation]
        inside = next((one for one in table if one * count <= self._inside), table[-1])
        between = [one for one in table if one <= (math.inf if alone else self.nic / 1e9)]
        # The way between servers is made faster alone, step by step, while it is below twice that inside.
        return count, float(inside), float(next((one for one in between if one < 2 * inside), inside))


@dataclass(frozen=True, kw_only=True)
class Belief:
    """``time``: s that NCCL believes that ``algorithm`` (ring, tree, nvls, nvls-tree, pat) takes with
    ``protocol``; ``channels``: on how many it would run.
    """

    algorithm: str
    protocol: str
    time: float
    channels: int


def chosen(of: Communicator, collective: str, size: float) -> Belief:
    """What NCCL chooses: the least it believes, of equal ones the first.

    >>> two = Communicator(ranks=16, nodes=2, nics=8, nvlink=300e9, nic=25e9, generation="ampere")
    >>> [(one.algorithm, one.protocol) for one in (chosen(two, "all-reduce", size) for size in (8, 2**33))]
    [('tree', 'll'), ('ring', 'simple')]
    """
    return min(beliefs(of, collective, size), key=lambda one: one.time)


def beliefs(of: Communicator, collective: str, size: float) -> Iterator[Belief]:
    """What NCCL believes of every algorithm and protocol that ``collective``, one of COLLECTIVES, can have.

    size: bytes as nccl-tests counts them, so the larger of input and output.
    """
    for algorithm in ("tree", "ring", "nvls", "nvls-tree", "pat"):
        for place, protocol in enumerate(PROTOCOLS):
            rate = _algbw(of, collective, algorithm, place)
            if rate <= 0:
                continue
            latency = _latency(of, collective, algorithm, place)
            channels = of.search()[0]
            rate *= _correction(of, algorithm, place, size)
            over = size // (2 * channels * of.ranks) >= _PLATEAU_BYTES
            if (
                (algorithm, protocol, collective) == ("ring", "simple", "all-reduce")
                and of.nodes > 1
                and over
            ):
                latency *= _PLATEAU
            yield Belief(
                algorithm=algorithm,
                protocol=protocol,
                time=latency * 1e-6 + size / (rate * 1e9),
                channels=_channels(of, algorithm, place, size),
            )


def _correction(of: Communicator, algorithm: str, place: int, size: float) -> float:
    step = math.floor(math.log2(size / 64)) if size >= 64 else -1
    most = _CORRECTED.get(algorithm, 0) if algorithm == "tree" or of.generation == "blackwell" else 0
    return _CORRECTION[place][step] if 0 <= step < most else 1.0


def _algbw(of: Communicator, collective: str, algorithm: str, place: int) -> float:
    """GB/s of the collective's bytes over time; 0 where NCCL does not run it so."""
    if not _possible(of, collective, algorithm, place):
        return 0.0
    if algorithm.startswith("nvls"):
        bus = _nvls(of, collective, algorithm)
    else:
        bus = _bus(of, collective, algorithm, place)
    if algorithm == "tree":
        return bus / 2
    if algorithm == "ring" or collective == "all-reduce":
        return bus * of.ranks / _steps(of, collective)
    return bus  # as NCCL has it for these halves of an all-reduce


def _possible(of: Communicator, collective: str, algorithm: str, place: int) -> bool:
    if algorithm == "ring":
        return True
    if algorithm == "tree":
        return collective == "all-reduce"
    if PROTOCOLS[place] != "simple":
        return False
    if algorithm == "pat":
        return collective in ("all-gather", "reduce-scatter") and of.nodes == of.ranks
    if not of.nvlink or of.per_node < 2 or of.heads()[0] < 2 or collective in ("broadcast", "reduce"):
        return False
    if algorithm == "nvls-tree":
        return collective == "all-reduce" and of.nodes > 1
    return of.nodes == 1 and (collective == "all-reduce" or of.per_node <= _MOST_HEADS)


def _bus(of: Communicator, collective: str, algorithm: str, place: int) -> float:
    channels, speed = of.search()
    where, kind = of._where, of.generation
    most_ll = _LL_ALONE[kind] if of.nodes == 1 else _LL_MOST[where]
    if algorithm == "pat":
        return 0.75 * channels * speed
    if algorithm == "ring":
        bus = channels * speed
        by_protocol = min(most_ll, bus * 0.5), min(bus * 0.92, channels * _RING_LL128[kind][where]), bus
        return by_protocol[place]
    if of.nodes == 2 and of.per_node > 1:  # where NVLink leaves room for more than the NICs
        room = of._inside * of.per_node / (of.per_node - 1) / channels
        speed = max(speed, next(one for one in _BETWEEN[kind] if one <= min(room, 2 * speed)))
    bus = min(channels * speed * 0.92, channels * _TREE[kind][where])
    ll128 = min(bus * (7 / 9 if of.nodes == 1 else 120 / 128), channels * _TREE_LL128[kind][where])
    return (min(bus / 3.8, most_ll), ll128, bus)[place]


def _nvls(of: Communicator, collective: str, algorithm: str) -> float:
    count, inside, between = of.heads()
    inside *= _NVLS[of.generation] * (count - 1) / count
    inside *= 2 if collective == "all-reduce" else (of.per_node - 1) / of.per_node
    if algorithm == "nvls-tree":
        between *= 2 if of.nodes <= 2 else 1
        return count * min(inside, between, _NVLS_TREE[of.generation][of._where])
    return count * min(inside, between)


def _steps(of: Communicator, collective: str) -> int:
    whole = {"all-reduce": 2 * (of.ranks - 1), "broadcast": of.ranks, "reduce": of.ranks}
    return whole.get(collective, of.ranks - 1)


def _latency(of: Communicator, collective: str, algorithm: str, place: int) -> float:
    """Microseconds."""
    depth, alone = math.floor(math.log2(of.nodes)), of.nodes == 1
    if algorithm == "pat":
        return _BASE["pat"][place] + depth * _PAT_STEP + of.ranks * _PAT_RANK
    # One rank a server hides none of the network's latency.
    net = _NET["tree" if of.per_node == 1 else algorithm][place]
    inside = _INTRA[algorithm][place]
    if algorithm == "tree":
        return _BASE["tree"][place] + 2 * ((of.ranks // of.nodes - 1) * inside + depth * net)
    if algorithm == "nvls":
        return inside
    if algorithm == "nvls-tree":
        return inside + 2 * depth * net
    base, steps = _BASE["ring"][place], _steps(of, collective)
    if collective in ("broadcast", "reduce"):
        if alone:  # every channel is the same ring
            return base + inside
        return base + steps * _NET["tree" if PROTOCOLS[place] == "simple" else "ring"][place]
    if alone:
        return base + steps * inside
    between = steps // (of.ranks - 1) * (of.nodes - 1)
    return base + (steps - between) * max(inside, _POST[place]) + between * net


def _channels(of: Communicator, algorithm: str, place: int, size: float) -> int:
    """Those that a size is worth, of all."""
    if algorithm.startswith("nvls"):
        return _NVLS_CHANNELS
    each = _BYTES_A_CHANNEL[place] * (of.ranks if (algorithm, place) == ("ring", 0) else 1)
    return max(1, min(2 * of.search()[0], int(size // each)))
