"""Fat trees: the k-ary one of Al-Fares, and the smallest one that holds a number of endpoints.

Knows ports, servers and rails; the arithmetic of the tree itself is in ``topologies.tree``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.errors import ParameterError
from topologies.assemble import Edges, Nodes, assemble
from topologies.memory import require_memory
from topologies.spec import BOOLEAN, RATE, RATE_OR_ZERO, RATIOS, TIME, TIMES, WHOLE, Builder, write_arguments
from topologies.tree import Shape, smallest

__all__ = ["FAT_TREE", "fat_tree", "fat_tree_size"]

_TIER_NAMES = ("leaf", "spine", "core", "tier-4")


def fat_tree(
    *,
    k: int | None = None,
    endpoints: int | None = None,
    radix: int | None = None,
    tiers: int | None = None,
    oversubscription: float | Sequence[float] = 1,
    rate: float = 50e9,
    delay: float | Sequence[float] = (25e-9, 250e-9, 500e-9),
    gpus_per_server: int = 0,
    nvlink: float = 450e9,
    nvlink_delay: float = 5e-9,
    rails: bool = False,
) -> nx.Graph:
    """A fat tree as a graph of the schema, by ``k`` alone or by ``endpoints`` and ``radix``.

    By ``k`` (even): the three-tier tree of Al-Fares et al.: k pods of k/2 leaves and k/2 spines, (k/2)^2
    cores, k^3/4 endpoints. By ``endpoints`` and ``radix`` (ports of a switch, even, 4 or more): the fewest
    ``tiers`` (1 to 4), leaves and pods that hold exactly so many endpoints; the last leaf and the last pod
    may be partly filled, and a partial pod keeps all its spines. The top has, per plane, c switches, the
    smallest divisor of the u uplinks below it for which the ports suffice, each joined to each switch below
    by u/c parallel ``cables``: so all are reached alike.

    ``oversubscription`` is ports down : ports up of the leaf, or a list for leaf, spine, ... (what is not
    said is 1). ``rate`` is in bytes/s per cable; ``delay`` in seconds, for the cables endpoint-leaf,
    leaf-spine, spine-core, ... (the last repeats): 5, 50 and 100 m of fibre at 5 ns/m. ``gpus_per_server`` =
    g > 0 makes endpoints g*s .. g*s + g-1 server s, and with ``nvlink`` (bytes/s per GPU) above zero and
    g > 1 joins them by a scale-up switch. GPUs of a server share a leaf where g divides its ports. With
    ``rails``, as many servers as a leaf has ports down share g leaves, and GPU r is on the leaf of rail r.

    Returns nodes 0 .. N-1 as endpoints, then switches tier by tier, then scale-up switches. Every switch
    below the top uses all its uplinks and none uses more than its ports. With three tiers or more, ``pod`` is
    on the endpoints and switches of each two-tier block; ``graph["params"]`` builds the graph again,
    ``graph["notes"]`` counts it.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, section 3; the partial tree is a PGFT (Zahavi 2010).

    >>> fat_tree(k=4).number_of_nodes()  # 16 endpoints, 8 leaves, 8 spines, 4 cores
    36
    """
    call = _checked(dict(locals()))  # before any other name exists here
    tree = _plan(call)
    shape, name = tree.shape, write_arguments("fat-tree", FAT_TREE.given(call), FAT_TREE.parameters)
    require_memory(name, *tree.size)

    endpoint = np.arange(shape.endpoints, dtype=np.int64)
    leaf, server = tree.leaf_of(endpoint), endpoint // max(tree.gpus, 1)
    columns: list[dict[str, NDArray[np.int64]]] = [{} for _ in range(shape.tiers + 1)]
    if shape.tiers > 2:
        columns[1]["pod"], columns[2]["pod"] = shape.subtree_of(1, 2), shape.subtree_of(2, 2)
        columns[0]["pod"] = columns[1]["pod"][leaf]
    if tree.gpus:
        columns[0]["server"] = server
    if tree.rails:
        columns[0]["rail"] = endpoint % tree.gpus
    nodes = [Nodes(count=shape.endpoints, common={"kind": "gpu", "tier": 0}, columns=columns[0])]
    for tier, count in enumerate(shape.switches, start=1):
        nodes.append(Nodes(count=count, common={"kind": "switch", "tier": tier}, columns=columns[tier]))
    label = {"server": np.arange(tree.scaleup)}
    nodes.append(Nodes(count=tree.scaleup, common={"kind": "nvswitch", "tier": 1}, columns=label))

    pairs = [(endpoint, shape.first(1) + leaf)] + [shape.above(tier) for tier in range(1, shape.tiers)]
    delays = call["delay"] + call["delay"][-1:] * shape.tiers
    edges = []
    for (lower, upper), cables, seconds in zip(pairs, shape.cables, delays):
        common = {"rate": call["rate"], "delay": seconds, **({"cables": cables} if cables > 1 else {})}
        edges.append(Edges(tail=lower, head=upper, common=common))
    if tree.scaleup:
        common = {"rate": call["nvlink"], "delay": call["nvlink_delay"]}
        edges.append(Edges(tail=endpoint, head=shape.nodes + server, common=common))
    params = {key: value for key, value in call.items() if value is not None}
    about = {"name": name, "family": "fat-tree", "params": params, "notes": tree.notes()}
    return assemble(about, nodes, edges)


def fat_tree_size(**arguments: Any) -> tuple[int, int]:
    """(nodes, edges) of ``fat_tree(**arguments)``, in closed form: nothing is built.

    >>> fat_tree_size(k=74)
    (108151, 303918)
    """
    return _plan(_checked({**(fat_tree.__kwdefaults__ or {}), **arguments})).size


@dataclass(frozen=True, kw_only=True)
class _Tree:
    """A shape with its servers, of ``gpus`` each (0: none), and the number of ``scaleup`` switches."""

    shape: Shape
    radix: int
    gpus: int
    scaleup: int
    rails: bool

    @property
    def size(self) -> tuple[int, int]:
        extra = self.shape.endpoints if self.scaleup else 0
        return self.shape.nodes + self.scaleup, sum(self.shape.edges) + extra

    def leaf_of(self, endpoint: NDArray[np.int64]) -> NDArray[np.int64]:
        """(endpoints,): which leaf, counted from 0, each endpoint is on."""
        ports = self.shape.down[0]
        if not self.rails:
            return endpoint // ports
        server, rail = endpoint // self.gpus, endpoint % self.gpus
        return server // ports * self.gpus + rail

    def notes(self) -> list[str]:
        """What was built, one fact per line; cables count parallel ones."""
        s, notes = self.shape, []
        switches = ", ".join(f"{n:,} {name}" for n, name in zip(s.switches, _TIER_NAMES))
        notes.append(f"{s.endpoints:,} endpoints; switches of {self.radix} ports: {switches}.")
        joints = ["endpoint", *_TIER_NAMES]
        cables = ", ".join(f"{n:,} {a}-{b}" for n, a, b in zip(s.cable_counts, joints, joints[1:]))
        notes.append(f"Cables: {cables}.")
        if s.cables[-1] > 1:
            top, below = _TIER_NAMES[s.tiers - 1], _TIER_NAMES[s.tiers - 2]
            notes.append(
                f"Each {below} switch has {s.cables[-1]} parallel cables to each {top} switch of its plane."
            )
        if s.tiers > 2 and s.leaves % s.down[1]:
            part = f"{s.leaves % s.down[1]:,} of {s.down[1]:,} leaves and all its {s.planes[1]:,} spines"
            notes.append(f"The last of {s.subtrees[1]:,} pods has {part}.")
        empty = s.leaves * s.down[0] - s.endpoints
        if empty:
            notes.append(f"{empty:,} ports of the last {'leaves' if self.rails else 'leaf'} are free.")
        if self.gpus and not self.rails and s.down[0] % self.gpus and s.leaves > 1:
            notes.append(f"Some servers straddle two leaves: {self.gpus} does not divide {s.down[0]} ports.")
        return notes


def _checked(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as plain Python values, each legal by itself: whole numbers as int, lists as list."""
    values = dict(call)
    for name, least in (("k", 2), ("endpoints", 1), ("radix", 4), ("tiers", 1), ("gpus_per_server", 0)):
        if call[name] is not None or name == "gpus_per_server":
            values[name] = _whole(name, call[name], least, even=name in ("k", "radix"))
    for name in ("rate", "nvlink", "nvlink_delay"):
        values[name] = _number(name, call[name], positive=name == "rate")
    for name in ("delay", "oversubscription"):
        listed = list(call[name]) if isinstance(call[name], (list, tuple)) else [call[name]]
        values[name] = [_number(name, value, positive=name != "delay") for value in listed or [None]]
    values["oversubscription"] = [int(r) if r == int(r) else r for r in values["oversubscription"]]
    if not isinstance(call["rails"], bool | int) or call["rails"] not in (0, 1):
        raise ParameterError("rails", call["rails"], "True or False")
    values["rails"] = bool(call["rails"])
    return values


def _whole(name: str, value: Any, least: int, *, even: bool) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < least:
        raise ParameterError(name, value, f"{'an even' if even else 'a whole'} number, at least {least}")
    number = int(value)
    if even and number % 2:
        near = f"{number - 1} and {number + 1}" if number > least else f"{least}"
        raise ParameterError(name, value, f"an even number: the nearest legal are {near}")
    return number


def _number(name: str, value: Any, *, positive: bool) -> float:
    fine = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not fine or value < 0 or (positive and value == 0):
        raise ParameterError(name, value, f"a finite number, {'above zero' if positive else 'zero or more'}")
    return float(value)


def _plan(call: Mapping[str, Any]) -> _Tree:
    """The tree that the checked arguments ask for."""
    k, n, radix, g, rails = (call[name] for name in ("k", "endpoints", "radix", "gpus_per_server", "rails"))
    given = FAT_TREE.given(call)

    def refuse(names: Sequence[str], rule: str) -> None:
        for name in names:
            if call[name] and name in given:
                raise ParameterError(name, call[name], rule)

    if g == 0:
        refuse(("nvlink", "nvlink_delay", "rails"), "needs servers: give gpus_per_server, 1 or more")
    if k is not None:
        alone = "k stands alone: leave this out, or give endpoints and radix without k"
        refuse(("endpoints", "radix", "tiers", "oversubscription"), alone)
        _require_servers_of_k(k, g, rails)
        shape = Shape.k_ary(k)
    else:
        for name in ("endpoints", "radix"):
            if call[name] is None:
                raise ParameterError(name, None, "needed: give k alone, or endpoints and radix")
        if g and n % g:
            near = f"{n // g * g} and {n // g * g + g}" if n > g else f"{g}"
            raise ParameterError("endpoints", n, f"servers of {g} GPUs: the nearest legal are {near}")
        shape = smallest(n, radix, call["tiers"], call["oversubscription"], g if rails else 0)
    scaleup = shape.endpoints // g if g > 1 and call["nvlink"] > 0 else 0
    return _Tree(shape=shape, radix=k or radix, gpus=g, scaleup=scaleup, rails=rails)


def _require_servers_of_k(k: int, g: int, rails: bool) -> None:
    """A full k-ary tree is full of whole servers, and with rails of whole groups of g leaves."""

    def fits(k: int) -> bool:
        return (k**2 // 2 if rails else k**3 // 4) % g == 0

    if g == 0 or fits(k):
        return
    below, above = range(k - 2, 1, -2), range(k + 2, k + 4 * g, 2)
    near = [str(next(filter(fits, way))) for way in (below, above) if any(map(fits, way))]
    whole = (
        f"{k**2 // 2:,} leaves in groups of {g}" if rails else f"{k**3 // 4:,} endpoints in servers of {g}"
    )
    rule = f"{whole} do not come out even: the nearest legal k are {' and '.join(near)}"
    raise ParameterError("k", k, rule)


FAT_TREE = Builder(
    function=fat_tree,
    parameters={
        "k": WHOLE,
        "endpoints": WHOLE,
        "radix": WHOLE,
        "tiers": WHOLE,
        "oversubscription": RATIOS,
        "rate": RATE,
        "delay": TIMES,
        "gpus_per_server": WHOLE,
        "nvlink": RATE_OR_ZERO,
        "nvlink_delay": TIME,
        "rails": BOOLEAN,
    },
    summary="k-ary fat tree (k), or the smallest tree of radix-port switches for so many endpoints",
)
