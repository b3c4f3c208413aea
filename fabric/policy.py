"""Routing policies: small values that say how one of several equal paths is chosen. They route nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fabric.errors import ParameterError

__all__ = ["POLICIES", "Adaptive", "Dmodk", "Ecmp", "Policy", "mix", "parse_policy"]


class Policy(Protocol):
    """What routing asks of a policy. ``qps``: independent flows into which each transfer is cut."""

    name: ClassVar[str]
    merges: ClassVar[bool]

    @property
    def qps(self) -> int: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Ecmp:
    """Equal-cost multi-path: a hash of flow and switch picks among the equal next hops and parallel cables.

    ``qps`` queue pairs a transfer: so many flows of 1/qps of the bytes, each hashed on its own; the transfer
    ends with the last of them. The salt of each switch enters the hash: without it, hops polarise. ``seed``
    draws the salts.
    """

    name: ClassVar[str] = "ecmp"
    merges: ClassVar[bool] = False
    qps: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.qps, Integral) or not 1 <= self.qps <= 1024:
            raise ParameterError("routing ecmp: qps", self.qps, "a whole number from 1 to 1024")

    def __str__(self) -> str:
        return f"ecmp:qps={self.qps}"


@dataclass(frozen=True, kw_only=True)
class Dmodk:
    """D-Mod-K (Zahavi, "D-Mod-K Routing Providing Non-Blocking Traffic for Shift Permutations", 2010).

    At level L towards destination position d, up-port floor(d / (w_1 ... w_L)) mod (w_(L+1) p_(L+1)); the way
    down is forced. The source never matters. Where that port does not lead there: by destination over those
    that do.
    """

    name: ClassVar[str] = "dmodk"
    merges: ClassVar[bool] = False
    qps: int = 1

    def __post_init__(self) -> None:
        if self.qps != 1:
            rule = "1: the source and the queue pair never matter"
            raise ParameterError("routing dmodk: qps", self.qps, rule)

    def __str__(self) -> str:
        return "dmodk"


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """The ideal of perfect load balancing: traffic runs on the fat tree that each tier's switches merge into.

    Exact on regular wiring; where cables are missing an upper bound (fabric.merge says why).
    """

    name: ClassVar[str] = "adaptive"
    merges: ClassVar[bool] = True
    qps: int = 1

    def __post_init__(self) -> None:
        if self.qps != 1:
            raise ParameterError("routing adaptive: qps", self.qps, "1: traffic is spread perfectly already")

    def __str__(self) -> str:
        return "adaptive"


POLICIES: dict[str, type[Ecmp] | type[Dmodk] | type[Adaptive]] = {
    "ecmp": Ecmp,
    "dmodk": Dmodk,
    "adaptive": Adaptive,
}


def parse_policy(text: str, seed: int = 0) -> Ecmp | Dmodk | Adaptive:
    """The policy that ``text`` names: ``ecmp``, ``ecmp:qps=4``, ``dmodk``, ``adaptive``.

    >>> str(parse_policy("ecmp:qps=4"))
    'ecmp:qps=4'
    """
    name, _, rest = text.partition(":")
    if name not in POLICIES:
        raise ParameterError("routing", name, "unknown policy", POLICIES)
    kind = POLICIES[name]
    known = [f.name for f in fields(kind) if f.name != "seed"]
    given: dict[str, int] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in known:
            raise ParameterError(f"routing {name}", key, "unknown parameter", known)
        if not value.isdecimal():
            raise ParameterError(f"routing {name}: {key}", value, "a whole number")
        given[key] = int(value)
    return Ecmp(**given, seed=seed) if kind is Ecmp else kind(**given)


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each value (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
