"""The ideal of perfect load balancing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fabric.routing.policy import DEFAULT_PATHS, Policy, Uniform, register
from fabric.words.errors import ParameterError
from fabric.words.parameter import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["Adaptive"]


@register
@dataclass(frozen=True, kw_only=True)
class Adaptive(Policy):
    """The ideal of perfect load balancing: traffic runs on the fat tree that each tier's switches merge into.

    Exact on regular wiring; where cables are missing an upper bound (fabric.routing.merge says why). A graph
    without tiers does not merge: there each flow is split evenly over ``paths`` shortest ones drawn by hash,
    some of which may be the same. That is an approximation and no bound: no part of a flow avoids a full
    link.
    """

    name: ClassVar = "adaptive"
    parts: ClassVar = {"qps": WHOLE, "paths": WHOLE}
    place: ClassVar = 3
    usage_untiered: ClassVar = "adaptive:paths=K"
    divides: ClassVar = True
    packets: ClassVar = "shortest queue"
    qps: int = 1
    paths: int = DEFAULT_PATHS

    def __post_init__(self) -> None:
        if self.qps != 1:
            raise ParameterError(
                "routing adaptive: qps", self.qps, "must be 1: traffic is spread perfectly already"
            )
        self.require("paths", 256)

    def carrier(self, fabric: Fabric) -> Fabric:
        from fabric.routing.merge import merged

        return merged(fabric) if fabric.tiered else fabric

    def misfit(self, fabric: Fabric) -> str:
        if fabric.tiered and (fabric.contraction is None or fabric.contraction.by_rate):
            return f"{self} runs on the merged fabric"
        return super().misfit(fabric)

    def check(self, fabric: Fabric) -> None:
        if fabric.tiered and self.paths != DEFAULT_PATHS:
            rule = f"only for graphs without tiers; {fabric.name} has tiers, and all paths count"
            raise ParameterError("routing adaptive: paths", self.paths, rule)

    def warning(self, fabric: Fabric, *, packets: bool = False) -> str:
        from fabric.routing.merge import balanced

        if packets:
            return ""
        if not fabric.tiered:
            return f"{self} is an approximation here, without tiers: even over {self.paths} shortest paths"
        if not balanced(fabric):
            return f"{self} is an upper bound here: switches that share leaves are not cabled alike"
        return ""

    def pieces(self, tiered: bool) -> int:
        return 1 if tiered else self.paths

    def uniform(self, tiered: bool) -> Uniform | None:
        return "by leaf" if tiered else "drawn"

    def across(self, f: Fabric, draw: Draw, flow: NDArray) -> tuple[NDArray, Paths, NDArray]:
        import numpy as np

        from fabric.routing.split import split

        if not f.tiered:
            return self._dealt(f, draw, flow)
        if np.all(f.attached[draw.src[flow]] * f.attached[draw.dst[flow]] <= 1):
            return super().across(f, draw, flow)

        def onward(owner: NDArray, out: NDArray, back: NDArray) -> Paths:
            each = draw.of(draw.src[owner], draw.dst[owner], draw.qp[owner])
            return self.ways(f, each, np.arange(len(owner)), out, back)

        return split(f, draw, flow, onward)

    def _dealt(self, f: Fabric, draw: Draw, flow: NDArray) -> tuple[NDArray, Paths, NDArray]:
        """Evenly over ``paths`` paths, each hashed on its own."""
        import numpy as np

        number = self.paths
        src, dst = np.repeat(draw.src[flow], number), np.repeat(draw.dst[flow], number)
        each = draw.of(src, dst, np.tile(np.arange(number, dtype=np.uint64), len(flow)))
        _, found, lost = super().across(f, each, np.arange(len(src)))
        gone = np.unique(lost // number)
        return np.delete(flow, gone), found.evenly(number), flow[gone]
