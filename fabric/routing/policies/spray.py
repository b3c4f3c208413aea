"""Packet spraying: evenly over all equal-cost next hops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fabric.routing.policy import Policy, Uniform, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["Spray"]


@register
@dataclass(frozen=True, kw_only=True)
class Spray(Policy):
    """Packets dealt evenly over all equal-cost next hops and parallel cables, whatever their load.

    On regular wiring the same as ``adaptive``; where a cable is missing or slow the split stays even, and
    the weakest link bounds the flow. (Dixit et al., "On the Impact of Packet Spraying in Data Center
    Networks", INFOCOM 2013.)
    """

    name: ClassVar = "spray"
    place: ClassVar = 4
    divides: ClassVar = True
    stays: ClassVar = "spreads over all ways that are alike, and a fault makes them unlike"
    packets: ClassVar = "random"

    def carrier(self, fabric: Fabric) -> Fabric:
        from fabric.routing.quotient import quotient

        return quotient(fabric)

    def misfit(self, fabric: Fabric) -> str:
        return ""

    def uniform(self, tiered: bool) -> Uniform | None:
        return "by leaf"

    def across(self, f: Fabric, draw: Draw, flow: NDArray) -> tuple[NDArray, Paths, NDArray]:
        from fabric.routing.split import split
        from fabric.routing.spread import spread

        return split(f, draw, flow, lambda owner, out, back: spread(f, out, back))
