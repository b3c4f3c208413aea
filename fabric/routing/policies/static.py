"""Forwarding tables given by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fabric.routing.policy import Policy, register
from fabric.words.errors import ParameterError
from fabric.words.parameter import PATH, choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["Static"]

_UNROUTED = ("refuse", "dmodk")


@register
@dataclass(frozen=True, kw_only=True)
class Static(Policy):
    """Forwarding tables given by the user, in a CSV file or as InfiniBand's tools dump them;
    fabric.routing.forwarding says what these hold.

    ``file`` is its path. What the tables of a CSV file leave open goes by destination, as D-Mod-K sends it; a
    pair for which a dump has no way is refused. ``unrouted`` says for either what becomes of such a pair:
    ``refuse`` it, or send it as ``dmodk`` does.
    """

    name: ClassVar = "static"
    parts: ClassVar = {"unrouted": choice(*_UNROUTED), "file": PATH}
    place: ClassVar = 5
    by_destination: ClassVar = True
    usage: ClassVar = "static:file=TABLE.csv (switch,destination,next_hop) or a dump of OpenSM"
    stays: ClassVar = "follows tables that stay as they are"
    unrouted: str = ""
    file: str = ""

    def __post_init__(self) -> None:
        if not self.file:
            rule = "the path of a CSV file, as in static:file=TABLE.csv"
            raise ParameterError("routing static: file", None, rule)
        if self.unrouted not in ("", *_UNROUTED):
            raise ParameterError("routing static: unrouted", self.unrouted, "one of a few words", _UNROUTED)

    def check(self, fabric: Fabric) -> None:
        from fabric.routing.forwarding import tables

        tables(fabric, self.file)

    def warning(self, fabric: Fabric, *, packets: bool = False) -> str:
        from fabric.routing.forwarding import tables
        from fabric.routing.gaps import gaps

        found = tables(fabric, self.file)
        lacking = gaps(fabric, found)
        said = [found.passed_over, str(lacking)]
        if lacking.missing and not found.whole and not self.unrouted:
            said.append("what has no entry goes as dmodk sends it (static:unrouted=refuse,... refuses it)")
        return "; ".join(filter(None, said))

    def ways(self, f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray) -> Paths:
        from fabric.routing.forwarding import forwarded

        return forwarded(f, draw, flow, first, last, self.file, self.unrouted)
