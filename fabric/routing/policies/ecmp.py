"""Equal-cost multi-path: by a hash of flow and switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fabric.routing.policy import Policy, Uniform, register
from fabric.words.errors import ParameterError
from fabric.words.parameter import WHOLE, choice

__all__ = ["Ecmp"]

_SALTS = ("switch", "none")


@register
@dataclass(frozen=True, kw_only=True)
class Ecmp(Policy):
    """Equal-cost multi-path: a hash of flow and switch picks among the equal next hops and parallel cables.

    ``qps`` queue pairs a transfer: so many flows of 1/qps of the bytes, each hashed on its own; the transfer
    ends with the last of them. ``salt``: with ``switch`` the salt of each switch enters the hash; with
    ``none`` all switches have one, and hops polarise: who is hashed to port i is hashed to port i everywhere.
    ``seed`` draws the salts.
    """

    name: ClassVar = "ecmp"
    parts: ClassVar = {"qps": WHOLE, "salt": choice(*_SALTS)}
    per_plane: ClassVar = ("qps",)
    place: ClassVar = 1
    usage: ClassVar = "ecmp[:qps=Q,salt=none]"
    drawn: ClassVar = True
    qps: int = 1
    salt: str = "switch"
    seed: int = 0

    def __post_init__(self) -> None:
        self.require("qps", 1024)
        if self.salt not in _SALTS:
            raise ParameterError("routing ecmp: salt", self.salt, "unknown salt", _SALTS)

    def uniform(self, tiered: bool) -> Uniform | None:
        return "drawn" if self.salt == "switch" else None  # without salts a hash is no even split
