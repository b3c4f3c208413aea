"""The packet model against the fluid model whose ranks do not wait (``--sync rank``), on the same paths.

Both let a rank go on when it has received what it needs. What is left between them is sharing: max-min fair
in one, and packets in queues in the other, whose control needs time to come to rest. Without such queues and
such a control: packet_apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from sims.studies.validation.case import Case, Point
from sims.studies.validation.packet_fluid import ALONE, ODD, TREES, case, times

__all__ = ["alone", "collisions", "many_collisions", "odd_ranks", "rings_of_servers", "slices", "trees"]

_AGAINST = "fluid model, sync rank"
_Run = tuple[str, str, str, int, str, str]  # label, fabric, algorithm, bytes, routing, packet


def _judged(name: str, runs: Iterable[_Run], tolerance: float, basis: str, note: str) -> Case:
    points = []
    for label, spec, algorithm, size, routing, packet in runs:
        expected, got = times(spec, algorithm, size, routing, packet, sync="rank")
        points.append(Point(label=f"{label}, {size:,} B", expected=expected, got=got))
    return case(f"{name}, sync rank", points, "equal", tolerance, basis, note, against=_AGAINST)


def alone(full: bool) -> Case:
    """All-reduce where no two transfers share a link, whenever they come."""
    runs = [
        (f"{name}, {n} ranks", spec, name, n * each, "dmodk", "none")
        for spec, n in (TREES if full else TREES[:1])
        for name in ALONE
        for each in (4096, 16384)
    ]
    basis = "exact by theory; half a percent for messages cut into whole packets"
    return _judged("collectives without contention", runs, 0.005, basis, "D-Mod-K, cc=none.")


def collisions(full: bool) -> Case:
    """All-reduce with ECMP's collisions, each rank at its own pace."""
    runs = [
        (f"{name}, {n} ranks", spec, name, n * 16384, "ecmp", "window")
        for spec, n in (TREES[:3] if full else TREES[:1])
        for name in ALONE
    ]
    basis = "what a window that aims at max-min fairness may miss while it comes to rest"
    return _judged("collectives with ECMP's collisions", runs, 0.05, basis, "cc=window.")


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
        "128 ranks with ECMP's collisions, sync rank", points, "shown", 0.0, basis, note, against=_AGAINST
    )


def odd_ranks(full: bool) -> Case:
    """Doubling with ranks that fold in and out, on one switch."""
    runs = [
        (f"{name}, {n} ranks", f"star:endpoints={n}", name, size, "dmodk", "none")
        for n in (ODD if full else ODD[:2])
        for name in ("recursive-doubling", "halving-doubling")
        for size in ((n * 4096, n * 16384, 2**22) if full else (n * 16384,))
    ]
    basis = "queues, first in, first out, where a message meets the one that is still folded in"
    return _judged("ranks that are no power of two", runs, 0.05, basis, "A star, cc=none.")


def slices(full: bool) -> Case:
    """Hierarchical all-reduce in slices whose phases overlap, over four servers of four."""
    across = ("ring", "halving-doubling", "tree")
    runs = [
        (
            f"hierarchical-{name}:pipeline={m}",
            "fat-tree:endpoints=16,radix=64,tiers=1,gpus_per_server=4",
            f"hierarchical-{name}:pipeline={m}",
            size,
            "dmodk",
            "none",
        )
        for name in (across if full else across[:2])
        for m in ((2, 5, 16) if full else (5,))
        for size in ((2**16, 2**22) if full else (2**20,))
    ]
    basis = "both send the slice ahead first; a packet of another one that is on its way is not called back"
    return _judged("slices of hierarchical algorithms", runs, 0.02, basis, "16 endpoints, cc=none.")


def rings_of_servers(full: bool) -> Case:
    """Rings through servers of eight, one per NIC, each at its own pace."""
    spec = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"
    runs = [
        (routing, spec, "ring", size, routing, "none")
        for routing in ("dmodk", "ecmp")
        for size in (2**16, 2**22)
    ]
    basis = "queues, first in, first out, where rings meet"
    return _judged("rings through servers", runs, 0.02, basis, "64 endpoints in 8 servers, 8 channels.")


def trees(full: bool) -> Case:
    """Pipelined trees, which fill and drain segment by segment."""
    sizes = (2**16, 2**20, 2**22, 2**24, 2**26) if full else (2**16, 2**20, 2**22)
    runs = [("16 ranks", "fat-tree:k=4", "tree", size, "dmodk", "none") for size in sizes]
    basis = "queues, first in, first out, where segments of two trees meet: full ones hold up others behind"
    return _judged("pipelined trees", runs, 0.1, basis, "cc=none. The byte term of both tends to 2 S/B.")
