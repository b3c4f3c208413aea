"""Valiant's detours: by an intermediate switch drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fabric.routing.policy import DEFAULT_PATHS, Policy, register
from fabric.words.parameter import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["Valiant"]


@register
@dataclass(frozen=True, kw_only=True)
class Valiant(Policy):
    """Minimally to an intermediate switch drawn at random, and minimally on: any traffic becomes uniform.

    For graphs without tiers, such as dragonflies. A fluid approximation of drawing for each packet: every
    flow is split evenly over ``paths`` ways, each with an intermediate of its own (fabric.routing.detour).
    ``seed`` draws them. (Valiant, "A scheme for fast parallel communication", SIAM J. Comput. 11(2), 1982; on
    dragonflies: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008,
    4.1.)
    """

    name: ClassVar = "valiant"
    parts: ClassVar = {"paths": WHOLE}
    place: ClassVar = 6
    drawn: ClassVar = True
    detours: ClassVar = True
    forbids_tiers: ClassVar = "a detour would turn up again"
    packets: ClassVar = None
    paths: int = DEFAULT_PATHS
    seed: int = 0

    def __post_init__(self) -> None:
        self.require("paths", 256)

    def warning(self, fabric: Fabric, *, packets: bool = False) -> str:
        said = f"{self} is a fluid approximation: each flow is cut into {self.paths} parts, not packets"
        return "" if packets else said

    def pieces(self, tiered: bool) -> int:
        return self.paths

    def ways(self, f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray) -> Paths:
        from fabric.routing.detour import detoured

        return detoured(f, draw, flow, first, last, self.paths, weigh=self.weighs)
