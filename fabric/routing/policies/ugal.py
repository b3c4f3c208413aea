"""UGAL: minimally or by an intermediate switch, as the loads tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fabric.routing.policies.valiant import Valiant
from fabric.routing.policy import register

__all__ = ["Ugal"]


@register
@dataclass(frozen=True, kw_only=True)
class Ugal(Valiant):
    """Each of ``paths`` equal parts of a flow minimally or by an intermediate switch, as the loads tell.

    For graphs without tiers. A fluid approximation of UGAL-G (Kim, Dally, Scott, Abts, ISCA 2008, 4.2), which
    compares queues: fabric.routing.detour says how. ``seed`` draws the candidates.
    """

    name: ClassVar = "ugal"
    place: ClassVar = 7
    weighs: ClassVar = True
