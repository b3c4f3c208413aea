"""D-Mod-K: by destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fabric.routing.policy import Policy, Uniform, register
from fabric.words.errors import ParameterError
from fabric.words.parameter import WHOLE

__all__ = ["Dmodk"]


@register
@dataclass(frozen=True, kw_only=True)
class Dmodk(Policy):
    """D-Mod-K (Zahavi, "D-Mod-K Routing Providing Non-Blocking Traffic for Shift Permutations", 2010).

    At level L towards destination position d, up-port floor(d / (w_1 ... w_L)) mod (w_(L+1) p_(L+1)); the way
    down is forced. The source never matters. Where that port does not lead there: by destination over those
    that do.
    """

    name: ClassVar = "dmodk"
    parts: ClassVar = {"qps": WHOLE}
    place: ClassVar = 2
    by_destination: ClassVar = True
    qps: int = 1

    def __post_init__(self) -> None:
        if self.qps != 1:
            rule = "must be 1: the source and the queue pair never matter"
            raise ParameterError("routing dmodk: qps", self.qps, rule)

    def uniform(self, tiered: bool) -> Uniform | None:
        return "by destination"
