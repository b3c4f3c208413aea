"""Forwarding tables given by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fabric.routing.policy import Policy, register
from fabric.words.errors import ParameterError
from fabric.words.parameter import PATH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["Static"]


@register
@dataclass(frozen=True, kw_only=True)
class Static(Policy):
    """Forwarding tables given by the user, in a CSV file; fabric.routing.forwarding says what it holds.

    ``file`` is its path. What the tables leave open goes by destination, as D-Mod-K sends it.
    """

    name: ClassVar = "static"
    parts: ClassVar = {"file": PATH}
    place: ClassVar = 5
    by_destination: ClassVar = True
    usage: ClassVar = "static:file=TABLE.csv (switch,destination,next_hop)"
    stays: ClassVar = "follows tables that stay as they are"
    file: str = ""

    def __post_init__(self) -> None:
        if not self.file:
            rule = "the path of a CSV file, as in static:file=TABLE.csv"
            raise ParameterError("routing static: file", None, rule)

    def check(self, fabric: Fabric) -> None:
        from fabric.routing.forwarding import tables

        tables(fabric, self.file)

    def ways(self, f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray) -> Paths:
        from fabric.routing.forwarding import forwarded

        return forwarded(f, draw, flow, first, last, self.file)
