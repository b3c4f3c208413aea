"""Deadlock: ports that wait for each other in a circle, found when the clock has stopped. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from fabric import Fabric
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError
from fabric.words.units import format_time
from sims.models.packet.parts import Port

__all__ = ["DeadlockError", "circle"]


class DeadlockError(FabricsimError):
    """Back-pressure has closed a circle: ``DeadlockError(ports, lost, at)``.

    ``ports``: "a -> b" for each port of the circle, each of which waits for the next; ``lost``: messages that
    cannot arrive any more; ``at``: s, of the last thing that moved.
    """

    def __init__(self, ports: Iterable[str], lost: int, at: float) -> None:
        self.ports, self.lost, self.at = tuple(ports), lost, at
        super().__init__(self.ports, lost, at)

    def __str__(self) -> str:
        messages = counted(self.lost, "message")
        return (
            f"deadlock after {format_time(self.at)}: {messages} cannot arrive, as each of these ports waits "
            f"for a slot that the next one holds: {'; '.join(self.ports)}; routes on a graph with tiers "
            "cannot close such a circle, nor can --cc hop-by-hop; larger buffers or --cc window may avoid it"
        )


def circle(fabric: Fabric, ports: Iterable[Port]) -> list[str]:
    """The ports of one circle, as "a -> b", each waiting for the next; none where no port waits.

    A port whose first packet waits needs a slot behind its link; when the clock has stopped, all of those are
    held by packets that wait in the ports of the switch there.
    """
    held: dict[Port, Port] = {}  # the port that waits, a port that holds its slots
    for port in ports:
        for packet in port.waiting:
            if packet.hop:
                held.setdefault(packet.came, port)
    stuck = {port: held[port] for port in held if port.waiting}
    if not stuck:
        return []
    here = next(iter(stuck))
    seen: dict[Port, None] = {}
    while here not in seen and here in stuck:
        seen[here] = None
        here = stuck[here]
    order = list(seen)
    found = order[order.index(here) :] if here in seen else order
    link_src, link_dst = fabric.link_src, fabric.link_dst
    return [f"{fabric.label(int(link_src[p.link]))} -> {fabric.label(int(link_dst[p.link]))}" for p in found]
