"""The packet model against the fluid model whose ranks do not wait (``--sync rank``), on the same paths.

Both let a rank go on when it has received what it needs. What is left between them is sharing: max-min fair
in one, and packets in queues in the other, whose control needs time to come to rest. Without such queues and
such a control: packet_apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sims.studies.validation.case import Case, Point, Rule
from sims.studies.validation.packet_fluid import ALONE, ODD, TREES, case, times

__all__ = [
    "ACROSS",
    "AGAINST",
    "Run",
    "alone",
    "collision_runs",
    "collisions",
    "judged",
    "many_collisions",
    "odd_ranks",
    "odd_runs",
    "ring_runs",
    "rings_of_servers",
    "slice_runs",
    "slices",
    "tree_runs",
    "trees",
    "trees_in_queues",
]

AGAINST = "fluid model, sync rank"
ACROSS = ("ring", "halving-doubling", "tree")  # what hierarchical algorithms do between servers
Run = tuple[str, str, str, int, str]  # label, fabric, algorithm, bytes, routing


def judged(
    name: str,
    packet: str,
    runs: Iterable[Run],
    tolerance: float,
    basis: str,
    note: str = "",
    *,
    rule: Rule = "equal",
) -> Case:
    """A case of all-reduces, each at its own pace in both models; ``packet``: the settings of that one."""
    points = []
    for label, spec, algorithm, size, routing in runs:
        expected, got = times(spec, algorithm, size, routing, packet, sync="rank")
        points.append(Point(label=f"{label}, {size:,} B", expected=expected, got=got))
    return case(name, points, rule, tolerance, basis, note, against=AGAINST)


def collision_runs(trees: Iterable[tuple[str, int]]) -> Iterator[Run]:
    """All-reduces that ECMP lets collide, on trees of so many ranks."""
    for spec, n in trees:
        for name in ALONE:
            yield f"{name}, {n} ranks", spec, name, n * 16384, "ecmp"


def odd_runs(full: bool) -> Iterator[Run]:
    """Doubling with ranks that fold in and out, on one switch."""
    for n in ODD if full else ODD[:2]:
        for name in ("recursive-doubling", "halving-doubling"):
            for size in (n * 4096, n * 16384, 2**22) if full else (n * 16384,):
                yield f"{name}, {n} ranks", f"star:endpoints={n}", name, size, "dmodk"


def slice_runs(across: Iterable[str], full: bool) -> Iterator[Run]:
    """Hierarchical all-reduces in slices, over four servers of four."""
    spec = "fat-tree:endpoints=16,radix=64,tiers=1,gpus_per_server=4"
    for between in across:
        for m in (2, 5, 16) if full else (5,):
            for size in (2**16, 2**22) if full else (2**20,):
                name = f"hierarchical-{between}:pipeline={m}"
                yield name, spec, name, size, "dmodk"


def ring_runs() -> Iterator[Run]:
    """Rings through servers of eight, one per NIC."""
    for routing in ("dmodk", "ecmp"):
        for size in (2**16, 2**22):
            yield routing, "fat-tree:endpoints=64,radix=16,gpus_per_server=8", "ring", size, routing


def tree_runs(sizes: Iterable[int]) -> Iterator[Run]:
    """Pipelined trees of 16 ranks."""
    for size in sizes:
        yield "16 ranks", "fat-tree:k=4", "tree", size, "dmodk"


def alone(full: bool) -> Case:
    """All-reduce where no two transfers share a link, whenever they come."""
    runs = [
        (f"{name}, {n} ranks", spec, name, n * each, "dmodk")
        for spec, n in (TREES if full else TREES[:1])
        for name in ALONE
        for each in (4096, 16384)
    ]
    name = "collectives without contention, sync rank"
    basis = "exact by theory; half a percent for messages cut into whole packets"
    return judged(name, "none", runs, 0.005, basis, "D-Mod-K, cc=none.")


def collisions(full: bool) -> Case:
    """All-reduce with ECMP's collisions, each rank at its own pace."""
    runs = collision_runs(TREES[:3] if full else TREES[:1])
    name = "collectives with ECMP's collisions, sync rank"
    basis = "what a window that aims at max-min fairness may miss while it comes to rest"
    return judged(name, "window", runs, 0.05, basis, "cc=window.")


def many_collisions(full: bool) -> Case:
    """The same with 128 ranks, which meet more often than queues and windows come to rest."""
    spec, n = TREES[-1]
    points = []
    for packet in ("none", "window"):
        for name in ("recursive-doubling", "halving-doubling"):
            expected, got = times(spec, name, n * 16384, "ecmp", packet, sync="rank")
            points.append(Point(label=f"{name}, cc={packet}", expected=expected, got=got))
    basis = (
        "first in, first out gives less to flows that have met others before, and a window hears of room a "
        "round trip later; which rank is last, and by how much, differs with each draw of the paths"
    )
    note = f"{n} ranks. With flows kept apart (cc=hop-by-hop) the models agree here too."
    return case(
        "128 ranks with ECMP's collisions, sync rank", points, "shown", 0.0, basis, note, against=AGAINST
    )


def odd_ranks(full: bool) -> Case:
    """Doubling with ranks that fold in and out, on one switch."""
    name = "ranks that are no power of two, sync rank"
    basis = "queues, first in, first out, where a message meets the one that is still folded in"
    return judged(name, "none", odd_runs(full), 0.05, basis, "A star, cc=none.")


def slices(full: bool) -> Case:
    """Hierarchical all-reduce in slices whose phases overlap, over four servers of four."""
    runs = slice_runs(ACROSS if full else ACROSS[:2], full)
    name = "slices of hierarchical algorithms, sync rank"
    basis = "both send the slice ahead first; a packet of another one that is on its way is not called back"
    return judged(name, "none", runs, 0.02, basis, "16 endpoints, cc=none.")


def rings_of_servers(full: bool) -> Case:
    """Rings through servers of eight, one per NIC, each at its own pace."""
    name = "rings through servers, sync rank"
    basis = "queues, first in, first out, where rings meet"
    return judged(name, "none", ring_runs(), 0.02, basis, "64 endpoints in 8 servers, 8 channels.")


def trees(full: bool) -> Case:
    """Pipelined trees, which fill and drain segment by segment."""
    name = "pipelined trees, sync rank"
    basis = "what a window that aims at max-min fairness may miss; bytes under way have left their links"
    note = "cc=window. The byte term of both tends to 2 S/B."
    return judged(name, "window", tree_runs(_tree_sizes(full)), 0.05, basis, note)


def trees_in_queues(full: bool) -> Case:
    """The same without a control: a full queue holds up segments of the other tree."""
    name = "pipelined trees in queues, sync rank"
    basis = "first in, first out, where segments of two trees meet: full buffers hold up others behind"
    return judged(name, "none", tree_runs(_tree_sizes(full)), 0.0, basis, "16 ranks, cc=none.", rule="shown")


def _tree_sizes(full: bool) -> tuple[int, ...]:
    return (2**16, 2**20, 2**22, 2**24, 2**26) if full else (2**16, 2**20, 2**22)
