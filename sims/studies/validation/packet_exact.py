"""The packet model against closed forms on idle fabrics: latency, goodput, incast, rings of unequal steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fabric import Dmodk, Fabric
from sims.jobs.allreduce import AllReduce
from sims.models.packet.settings import PacketSettings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.studies.validation import closed_forms
from sims.studies.validation.case import Case, Point
from sims.studies.validation.fluid import CABLES, RATE, ring_links
from sims.workload.traffic import Traffic, pattern
from topologies import fat_tree

__all__ = ["goodput", "incast", "ring", "single_flow"]

_ROCE = latency_profile("roce-400g")
_HEADER = 82  # bytes a packet: RoCEv2 over IPv4, preamble and gap included
_IDLE = "exact by theory; half a percent for messages cut into whole packets"


def _wire(size: float, mtu: int = 4096) -> float:
    """Bytes on the wire of a message."""
    return size + _HEADER * max(1, -(-size // mtu))


def _case(name: str, tested: str, against: str, unit: str, points: Sequence[Point], note: str = "") -> Case:
    return Case(
        name=name,
        tested=tested,
        against=against,
        unit=unit,
        points=tuple(points),
        rule="equal",
        tolerance=0.005,
        basis=_IDLE,
        note=note,
    )


def _one(fabric: Fabric, dst: int, size: float, settings: PacketSettings, profile: str) -> float:
    """Seconds of one message from endpoint 0."""
    who = Traffic(src=np.array([0]), dst=np.array([dst]), size=np.array([float(size)]), start=np.zeros(1))
    return float(run_packets(fabric, who, Dmodk(), latency_profile(profile), settings).end[0])


def single_flow(full: bool) -> Case:
    """One message over two, four and six links, cut through and stored whole at every switch."""
    fabric = Fabric.from_graph(fat_tree(k=4))
    points = []
    for dst, links in ((1, 2), (2, 4), (8, 6)):
        latency = _ROCE.overhead + (links - 1) * _ROCE.switch_latency + CABLES[links]
        for size in (1, 4096, 10**5, *((10**7,) if full else ())):
            for switching in ("cut-through", "store-and-forward"):
                packets = max(1, -(-size // 4096))
                whole = (4096 if packets > 1 else size) + _HEADER
                again = (links - 1) * whole if switching == "store-and-forward" else 0
                expected = latency + (_wire(size) + again) / RATE
                got = _one(fabric, dst, size, PacketSettings(switching=switching), _ROCE.spec)
                points.append(
                    Point(label=f"{links} links, {size:,} B, {switching}", expected=expected, got=got)
                )
    return _case(
        "packet, one message", "packet model, time", "latency + bytes on the wire / rate", "s", points
    )


def goodput(full: bool) -> Case:
    """Payload per second of one long flow: what headers leave of 400 Gb/s."""
    fabric = Fabric.from_graph(fat_tree(k=4))
    # 4096 of 4178 bytes; 1024 of 1106. Published: perftest reports 392 Gb/s on a 400G NIC at an MTU of 4096.
    points = []
    for mtu, share in ((4096, 0.9804), (1024, 0.9259)):
        size = 4e7 if full else 1e7
        time = _one(fabric, 1, size, PacketSettings(mtu=mtu), "ideal")
        points.append(Point(label=f"MTU {mtu}", expected=400 * share, got=size * 8 / time / 1e9))
    return _case(
        "RoCE goodput", "packet model", "header sizes (linux, ib_pack.h); perftest: 392", "Gb/s", points
    )


def incast(full: bool) -> Case:
    """n senders to one: the receiver's link never idles, so the last byte comes after all bytes of all."""
    points = []
    for n in (2, 8, 32) if full else (2, 8):
        fabric = Fabric.from_graph(fat_tree(endpoints=n + 1, radix=64, tiers=1))
        result = run_packets(fabric, pattern("incast", n + 1, 1e6), Dmodk(), latency_profile("ideal"))
        expected = n * _wire(1e6) / RATE + CABLES[2]
        points.append(Point(label=f"{n} senders", expected=expected, got=result.makespan))
    return _case(
        "packet, incast", "packet model, last end", "n times the bytes / rate + latency", "s", points
    )


def ring(full: bool) -> Case:
    """A ring over a full tree, steps of two, four and six links, each sent on receipt of the one before."""
    points = []
    for k in (4, 6, 8) if full else (4, 6):
        n = k**3 // 4
        steps = [_ROCE.overhead + (m - 1) * _ROCE.switch_latency + CABLES[m] for m in ring_links(k)]
        job = AllReduce(
            Fabric.from_graph(fat_tree(k=k)), routing="dmodk", latency_profile=_ROCE.spec, engine="packet"
        )
        for size in (n * 256, n * 8192):
            expected = closed_forms.ring_over(steps, n * _wire(size / n), RATE)
            got = job.row("ring", size).time_s
            points.append(Point(label=f"{n} ranks, {size:,} B", expected=expected, got=got))
    against = "slowest 2(n-1) steps in a row + 2(n-1) bytes on the wire / rate"
    return _case("packet ring, unequal steps", "packet model, time", against, "s", points)
