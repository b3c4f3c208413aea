"""Routing policies: small values that say how one of several ways is chosen. They route nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError

__all__ = [
    "POLICIES",
    "Adaptive",
    "Dmodk",
    "Ecmp",
    "Policy",
    "Spray",
    "Static",
    "Ugal",
    "Valiant",
    "mix",
    "parse_policy",
    "policy_file",
    "policy_text",
]


DEFAULT_PATHS = 8  # ways over which a flow is split where not all can be counted


class Policy(Protocol):
    """What routing asks of a policy. ``qps``: independent flows into which each transfer is cut; ``drawn``:
    whether ``seed`` matters.
    """

    name: ClassVar[str]
    drawn: ClassVar[bool]

    @property
    def qps(self) -> int: ...

    @property
    def seed(self) -> int: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Ecmp:
    """Equal-cost multi-path: a hash of flow and switch picks among the equal next hops and parallel cables.

    ``qps`` queue pairs a transfer: so many flows of 1/qps of the bytes, each hashed on its own; the transfer
    ends with the last of them. ``salt``: with ``switch`` the salt of each switch enters the hash; with
    ``none`` all switches have one, and hops polarise: who is hashed to port i is hashed to port i everywhere.
    ``seed`` draws the salts.
    """

    name: ClassVar[str] = "ecmp"
    drawn: ClassVar[bool] = True
    qps: int = 1
    salt: str = "switch"
    seed: int = 0

    def __post_init__(self) -> None:
        _check_qps("ecmp", self.qps)
        if self.salt not in ("switch", "none"):
            raise ParameterError("routing ecmp: salt", self.salt, "unknown salt", ("switch", "none"))

    def __str__(self) -> str:
        return f"ecmp:qps={self.qps}" + ("" if self.salt == "switch" else f",salt={self.salt}")


@dataclass(frozen=True, kw_only=True)
class Dmodk:
    """D-Mod-K (Zahavi, "D-Mod-K Routing Providing Non-Blocking Traffic for Shift Permutations", 2010).

    At level L towards destination position d, up-port floor(d / (w_1 ... w_L)) mod (w_(L+1) p_(L+1)); the way
    down is forced. The source never matters. Where that port does not lead there: by destination over those
    that do.
    """

    name: ClassVar[str] = "dmodk"
    drawn: ClassVar[bool] = False
    seed: ClassVar[int] = 0
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

    Exact on regular wiring; where cables are missing an upper bound (fabric.merge says why). A graph without
    tiers does not merge: there each flow is split evenly over ``paths`` shortest ones drawn by hash, some of
    which may be the same. That is an approximation and no bound: no part of a flow avoids a full link.
    """

    name: ClassVar[str] = "adaptive"
    drawn: ClassVar[bool] = False
    seed: ClassVar[int] = 0
    qps: int = 1
    paths: int = DEFAULT_PATHS

    def __post_init__(self) -> None:
        if self.qps != 1:
            raise ParameterError("routing adaptive: qps", self.qps, "1: traffic is spread perfectly already")
        _check_paths("adaptive", self.paths)

    def __str__(self) -> str:
        return "adaptive" if self.paths == DEFAULT_PATHS else f"adaptive:paths={self.paths}"


@dataclass(frozen=True, kw_only=True)
class Spray:
    """Packets dealt evenly over all equal-cost next hops and parallel cables, whatever their load.

    On regular wiring the same as ``adaptive``; where a cable is missing or slow the split stays even, and
    the weakest link bounds the flow. (Dixit et al., "On the Impact of Packet Spraying in Data Center
    Networks", INFOCOM 2013.)
    """

    name: ClassVar[str] = "spray"
    drawn: ClassVar[bool] = False
    seed: ClassVar[int] = 0
    qps: ClassVar[int] = 1

    def __str__(self) -> str:
        return "spray"


@dataclass(frozen=True, kw_only=True)
class Static:
    """Forwarding tables given by the user, in a CSV file; fabric.forwarding says what it holds.

    ``file`` is its path. This value never opens it.
    """

    name: ClassVar[str] = "static"
    drawn: ClassVar[bool] = False
    seed: ClassVar[int] = 0
    qps: ClassVar[int] = 1
    file: str

    def __post_init__(self) -> None:
        if not self.file:
            rule = "the path of a CSV file, as in static:file=TABLE.csv"
            raise ParameterError("routing static: file", None, rule)

    def __str__(self) -> str:
        return f"static:file={self.file}"


@dataclass(frozen=True, kw_only=True)
class Valiant:
    """Minimally to an intermediate switch drawn at random, and minimally on: any traffic becomes uniform.

    For graphs without tiers, such as dragonflies. A fluid approximation of drawing for each packet: every
    flow is split evenly over ``paths`` ways, each with an intermediate of its own (fabric.detour). ``seed``
    draws them. (Valiant, "A scheme for fast parallel communication", SIAM J. Comput. 11(2), 1982; on
    dragonflies: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008,
    4.1.)
    """

    name: ClassVar[str] = "valiant"
    drawn: ClassVar[bool] = True
    qps: ClassVar[int] = 1
    paths: int = DEFAULT_PATHS
    seed: int = 0

    def __post_init__(self) -> None:
        _check_paths("valiant", self.paths)

    def __str__(self) -> str:
        return "valiant" if self.paths == DEFAULT_PATHS else f"valiant:paths={self.paths}"


@dataclass(frozen=True, kw_only=True)
class Ugal:
    """Each of ``paths`` equal parts of a flow minimally or by an intermediate switch, as the loads tell.

    For graphs without tiers. A fluid approximation of UGAL-G (Kim, Dally, Scott, Abts, ISCA 2008, 4.2), which
    compares queues: fabric.detour says how. ``seed`` draws the candidates.
    """

    name: ClassVar[str] = "ugal"
    drawn: ClassVar[bool] = True
    qps: ClassVar[int] = 1
    paths: int = DEFAULT_PATHS
    seed: int = 0

    def __post_init__(self) -> None:
        _check_paths("ugal", self.paths)

    def __str__(self) -> str:
        return "ugal" if self.paths == DEFAULT_PATHS else f"ugal:paths={self.paths}"


POLICIES: dict[str, type[Ecmp | Dmodk | Adaptive | Spray | Static | Valiant | Ugal]] = {
    kind.name: kind for kind in (Ecmp, Dmodk, Adaptive, Spray, Static, Valiant, Ugal)
}


def parse_policy(text: str, seed: int = 0, planes: int = 1) -> Policy:
    """The policy that ``text`` names: ``ecmp``, ``ecmp:qps=4``, ``ecmp:qps=4,salt=none``, ``dmodk``,
    ``adaptive``, ``adaptive:paths=16``, ``spray``, ``static:file=TABLE.csv``, ``valiant:paths=16``, ``ugal``.

    What follows ``file=`` is the path, commas and all. ``planes``: the queue pairs of an ``ecmp`` that names
    none, one for each plane of an endpoint (fabric.nic.planes), as NICs deal transfers over their ports.

    Raises:
        ParameterError: an unknown policy or parameter (with the known ones), a value out of its range, a
            parameter given twice, a file that is not there.

    >>> str(parse_policy("ecmp:qps=4"))
    'ecmp:qps=4'
    """
    name, _, rest = text.partition(":")
    if name not in POLICIES:
        raise ParameterError("routing", name, "unknown policy", POLICIES)
    kind = POLICIES[name]
    known = {f.name: f.type for f in fields(kind) if f.name != "seed"}
    given: dict[str, Any] = {"seed": seed} if kind.drawn else {}
    usual = {"qps": planes} if kind is Ecmp else {}
    for item in [rest] if kind is Static else filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key in given and key in known:
            raise ParameterError(f"routing {name}: {key}", value, "given twice")
        if key not in known and item:
            rule = "unknown parameter" if known else f"{name} takes no parameter"
            raise ParameterError(f"routing {name}", key, rule, known)
        if known.get(key) == "int" and not value.isdecimal():
            raise ParameterError(f"routing {name}: {key}", value, "a whole number")
        given[key or "file"] = _int(key, value) if known.get(key) == "int" else value
    policy: Policy = kind(**{**usual, **given})
    if isinstance(policy, Static) and not os.path.isfile(policy.file):
        raise ParameterError("routing static: file", policy.file, "no such file")
    return policy


def _int(name: str, text: str) -> int:
    if len(text) > 18:
        raise ParameterError(f"routing: {name}", text, "a whole number of at most 18 digits")
    return int(text)


def policy_text(text: str) -> str:
    """The one spelling of a policy's text. Queue pairs that it does not name are left to the fabric.

    >>> policy_text("ecmp:salt=switch"), policy_text("ecmp:salt=none,qps=4")
    ('ecmp', 'ecmp:qps=4,salt=none')
    """
    policy = parse_policy(text)
    if isinstance(policy, Ecmp) and "qps=" not in text:
        return policy.name if policy.salt == "switch" else f"{policy.name}:salt={policy.salt}"
    return str(policy)


def policy_file(routing: str) -> Path | None:
    """The file that a routing text names, or None: what counts for a result is its contents, not its path.

    >>> policy_file("static:file=tables.csv"), policy_file("ecmp")
    (PosixPath('tables.csv'), None)
    """
    name, _, rest = routing.partition(":")
    key, _, file = rest.partition("=")
    return Path(file) if name == Static.name and key == "file" and file else None


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each value (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _check_qps(name: str, qps: object) -> None:
    if not isinstance(qps, (int, np.integer)) or not 1 <= qps <= 1024:
        raise ParameterError(f"routing {name}: qps", qps, "a whole number from 1 to 1024")


def _check_paths(name: str, paths: object) -> None:
    if not isinstance(paths, (int, np.integer)) or not 1 <= paths <= 256:
        raise ParameterError(f"routing {name}: paths", paths, "a whole number from 1 to 256")
