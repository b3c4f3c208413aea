"""A topology graph compiled once into frozen arrays. No time, no workload, no terminal.

Nodes are numbered endpoints first, then switches, then scale-up switches, each in the order of the graph.
An *arc* is an ordered pair of adjacent nodes; a *link* is one direction of one cable, so an arc of p parallel
cables holds p links. The arcs of a node are contiguous: first those that lead down, then those that lead up.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.graph.schema import GPU, NVSWITCH, SWITCH, Columns, Zone, read_columns
from fabric.machine.collector import collector_paused
from fabric.words.card import Card
from fabric.words.errors import NoRouteError, ParameterError
from fabric.words.given import require

__all__ = ["Contraction", "Fabric"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Contraction:
    """How the links of a fabric stand for those of another, whose nodes are joined to classes.

    ``by_rate``: a link stands for cables of one rate only. ``image``: (links of the other,) the link that
    stands for each, -1 for those inside a class; ``members``: (links,) how many each stands for.
    """

    by_rate: bool
    image: NDArray[np.int64]
    members: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Fabric(Card):
    """A compiled topology. All arrays are read-only; int32 indices unless noted.

    Promises: ``link_src``/``link_dst`` of arc a are constant over ``arc_link[a]:arc_link[a+1]``; the arcs of
    node u are ``arc_ptr[u]:arc_ptr[u+1]``, of which ``arc_up[u]:`` lead up; every cable is one link in each
    direction. On a graph in which some cable joins two switches of one tier (``tiered`` is False) all cables
    between switches count as up, so that any shortest path is legal; with tiers, only up*-down* paths are.
    """

    name: str
    disclaimer: str
    ids: tuple[Hashable, ...]  # the graph's node id of each node here
    labels: tuple[str, ...] | None  # the graph's node names, where it has them
    n_endpoints: int
    n_switches: int
    n_scaleup: int
    tiered: bool
    merged_from: str  # "" or what this fabric was contracted from
    kind: NDArray[np.int8]  # (nodes,), index into schema.KINDS
    tier: NDArray[np.int16]  # (nodes,)
    server: NDArray[np.int32]  # (endpoints,), -1 where there is none
    scaleup: NDArray[np.int32]  # (endpoints,), node of the scale-up switch or -1
    arc_ptr: NDArray[np.int64]  # (nodes + 1,)
    arc_up: NDArray[np.int64]  # (nodes,)
    arc_dst: NDArray[np.int32]  # (arcs,)
    arc_link: NDArray[np.int64]  # (arcs + 1,)
    arc_back: NDArray[np.int32]  # (arcs of endpoints,), the arc from the switch back to the endpoint
    link_src: NDArray[np.int32]  # (links,)
    link_dst: NDArray[np.int32]  # (links,)
    capacity: NDArray[np.float64]  # (links,), bytes/s
    delay: NDArray[np.float64]  # (links,), s
    leaves: NDArray[np.int32]  # nodes of the switches with an endpoint, ascending
    leaf_index: NDArray[np.int32]  # (nodes,), position in ``leaves`` or -1
    zones: dict[str, Zone]  # pods, rails and planes, where the graph speaks of them
    port_names: tuple[str, ...] = ()  # of the ports that the graph speaks of
    link_port: NDArray[np.int32] | None = (
        None  # (links,), that at the link's source, -1; None where it speaks of none
    )
    addresses: dict[str, int] = field(default_factory=dict, repr=False)  # nodes as other programs call them
    in_network: str = ""  # whether switches add up and spread, as the graph says: "yes: ..." or "no: ..."
    contraction: Contraction | None = None  # what this fabric stands for, where it is another's contraction
    derived: dict[Any, Any] = field(default_factory=dict, repr=False)  # tables made from this, kept with it

    @classmethod
    def from_graph(cls, graph: nx.Graph, *, allow_partition: bool = False) -> Fabric:
        """Compile ``graph``, or what says its ``columns`` itself (topologies.parts.arrays).

        Raises:
            SchemaError: the graph breaks the attribute schema.
            NoRouteError: endpoints are not connected (unless ``allow_partition``); names a pair and their
                number.
        """
        with collector_paused():
            told = getattr(graph, "columns", None)
            columns = told() if told else read_columns(graph, allow_uncabled=allow_partition)
            fabric = cls.from_columns(columns)
        if not allow_partition:
            fabric._require_connected()
        return fabric

    @classmethod
    def from_columns(cls, c: Columns, *, merged_from: str = "") -> Fabric:
        """Compile checked columns."""
        order = np.argsort(c.kind, kind="stable")  # KINDS stand in the order in which nodes are numbered
        number = np.empty(len(order), np.int32)
        number[order] = np.arange(len(order), dtype=np.int32)
        identity = bool(np.array_equal(order, np.arange(len(order))))
        kind, tier = c.kind[order], c.tier[order]
        n_endpoints, n_switches, n_scaleup = (int(np.sum(kind == k)) for k in (GPU, SWITCH, NVSWITCH))
        tail, head = (c.tail, c.head) if identity else (number[c.tail], number[c.head])

        tiered, arcs, upward = _arcs(kind, tier, tail, head)
        edge = arcs % len(tail)
        src, dst = np.concatenate([tail, head])[arcs], np.concatenate([head, tail])[arcs]
        nodes = len(order)
        arc_ptr = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(src, minlength=nodes), out=arc_ptr[1:])
        arc_up = arc_ptr[1:] - np.bincount(src, weights=upward, minlength=nodes).astype(np.int64)

        cables = c.cables[edge]
        arc_link = np.zeros(len(arcs) + 1, np.int64)
        np.cumsum(cables, out=arc_link[1:])
        single = int(arc_link[-1]) == len(arcs)

        def per_link(values: NDArray) -> NDArray:
            return values if single else np.repeat(values, cables)

        capacity = per_link(c.rate[edge])
        for e, rates in c.cable_rates.items():
            for arc in np.flatnonzero(edge == e):
                capacity[arc_link[arc] : arc_link[arc + 1]] = rates

        of_endpoint = int(arc_ptr[n_endpoints])
        scaleup, leaves = _attached(kind, src[:of_endpoint], dst[:of_endpoint], n_endpoints)
        leaf_index = np.full(nodes, -1, np.int32)
        leaf_index[leaves] = np.arange(len(leaves), dtype=np.int32)
        ids, labels, zones, addresses = c.ids, c.labels, c.zones, c.addresses
        if not identity:
            zones = {name: Zone(of=zone.of[order], names=zone.names) for name, zone in zones.items()}
            ids = tuple(ids[i] for i in order)
            labels = labels and tuple(labels[i] for i in order)
            addresses = {text: int(number[i]) if i >= 0 else -1 for text, i in addresses.items()}
        fabric = cls(
            name=c.name,
            disclaimer=c.disclaimer,
            ids=ids,
            labels=labels,
            n_endpoints=n_endpoints,
            n_switches=n_switches,
            n_scaleup=n_scaleup,
            tiered=tiered,
            merged_from=merged_from,
            kind=kind,
            tier=tier,
            server=c.server[order][:n_endpoints],
            scaleup=scaleup,
            arc_ptr=arc_ptr,
            arc_up=arc_up,
            arc_dst=dst,
            arc_link=arc_link,
            arc_back=_back(kind, src, dst, n_endpoints),
            link_src=per_link(src),
            link_dst=per_link(dst),
            capacity=capacity,
            delay=per_link(c.delay[edge]),
            leaves=leaves,
            leaf_index=leaf_index,
            zones=zones,
            port_names=c.port_names,
            link_port=_ports(c, arcs, edge, arc_link),
            addresses=addresses,
            in_network=c.in_network,
        )
        for value in [*vars(fabric).values(), *(zone.of for zone in zones.values())]:
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        return fabric

    def card(self) -> tuple[str, dict[str, str]]:
        counts = {"endpoints": self.n_endpoints, "switches": self.n_switches, "links": self.n_links}
        return f"Fabric {self.name}", {name: f"{count:,}" for name, count in counts.items()}

    @property
    def n_links(self) -> int:
        return len(self.capacity)

    @cached_property
    def attached(self) -> NDArray[np.int64]:
        """(endpoints,): to how many switches of the fabric (scale-up not counted) each endpoint is cabled."""
        return _read_only(self.arc_ptr[1 : self.n_endpoints + 1] - self.arc_up[: self.n_endpoints])

    @property
    def single(self) -> bool:
        """Whether every two neighbours are joined by one cable."""
        return self.n_links == len(self.arc_dst)

    @cached_property
    def one_way_out(self) -> bool:
        """Whether each endpoint is cabled to one switch of the fabric."""
        return bool(np.all(self.attached == 1))

    @cached_property
    def access(self) -> NDArray[np.bool_]:
        """(links,): which links begin or end at an endpoint."""
        return _read_only((self.link_src < self.n_endpoints) | (self.link_dst < self.n_endpoints))

    @cached_property
    def leaf_of(self) -> NDArray[np.int64]:
        """(endpoints,): the node that the first network cable of each leads to; itself where it has none."""
        leaf, cabled = np.arange(self.n_endpoints), self.attached > 0
        leaf[cabled] = self.arc_dst[self.arc_up[: self.n_endpoints][cabled]]
        return _read_only(leaf)

    @cached_property
    def position(self) -> NDArray[np.int64]:
        """(endpoints,): place of each endpoint counted leaf by leaf, every leaf padded to the fullest.

        The destination number of D-Mod-K (Zahavi 2010): for endpoints numbered leaf after leaf it is their
        number.
        """
        if not len(self.leaves):  # servers alone, which only scale-up switches join
            return _read_only(np.arange(self.n_endpoints))
        leaf = np.where(self.attached > 0, self.leaf_index[self.leaf_of], -1).astype(np.int64)
        order = np.argsort(leaf, kind="stable")
        count = np.bincount(leaf[leaf >= 0], minlength=len(self.leaves))
        start = np.cumsum(count) - count if len(count) else np.zeros(1, np.int64)
        position = np.zeros(self.n_endpoints, np.int64)
        position[order] = np.arange(self.n_endpoints) - int(np.sum(leaf < 0))
        position -= start[leaf]
        return _read_only(leaf * (int(count.max()) if len(count) else 1) + position)

    def renamed(self, name: str) -> Fabric:
        """The same fabric under another name."""
        return replace(self, name=name, derived={})

    def with_capacity(self, capacity: NDArray[np.float64]) -> Fabric:
        """The same cables at other rates: (links,) bytes/s, both directions of a cable alike or not.

        Raises:
            ParameterError: not one finite rate above zero per link.
        """
        rates = np.array(capacity, float)
        if rates.shape != self.capacity.shape or not np.all((rates > 0) & np.isfinite(rates)):
            raise ParameterError("capacity", rates.shape, f"{self.n_links} finite rates above zero")
        return replace(self, capacity=_read_only(rates), derived={})

    def label(self, node: int) -> str:
        """How the graph's owner calls a node: its name, else its id."""
        return self.labels[node] if self.labels else str(self.ids[node])

    def reached_from(self, node: int) -> NDArray[np.bool_]:
        """(nodes,): which nodes a walk over any cables from ``node`` meets."""
        seen = np.zeros(len(self.kind), bool)
        seen[node] = True
        frontier = np.array([node])
        while len(frontier):
            mask = np.zeros_like(seen)
            mask[self.arc_dst[ranges(self.arc_ptr[frontier], self.arc_ptr[frontier + 1])]] = True
            mask &= ~seen
            seen |= mask
            frontier = np.flatnonzero(mask)
        return seen

    def _require_connected(self) -> None:
        seen = self.reached_from(0)[: self.n_endpoints]
        if seen.all():
            return
        other = int(np.argmin(seen))
        root = components(len(self.kind), self.link_src, self.link_dst)
        sizes = np.bincount(root[: self.n_endpoints])
        pairs = (self.n_endpoints**2 - int(np.sum(sizes**2))) // 2
        cut = f"{int((~seen).sum()):,} of {self.n_endpoints:,} endpoints are cut off from the first"
        raise NoRouteError(self.label(0), self.label(other), pairs, f"the graph falls apart: {cut}")


def _arcs(
    kind: NDArray[np.int8], tier: NDArray[np.int16], tail: NDArray[np.int32], head: NDArray[np.int32]
) -> tuple[bool, NDArray[np.int64], NDArray[np.bool_]]:
    """Whether no cable stays within a tier, the order of the arcs, and which of them, so ordered, lead up.

    The arcs to be ordered are those from ``tail`` to ``head`` and after them those the other way.
    """
    between = (kind[tail] == SWITCH) & (kind[head] == SWITCH)
    tiered = not np.any(between & (tier[tail] == tier[head]))
    src, dst = np.concatenate([tail, head]), np.concatenate([head, tail])
    upward = kind[dst] == SWITCH
    upward &= (kind[src] == GPU) | (tier[src] < tier[dst]) if tiered else True
    key = (src.astype(np.int64) * 2 + upward) * len(kind) + dst
    arcs = np.argsort(key, kind="stable")  # merges runs, ten times as fast: edges mostly come in order
    return tiered, arcs, upward[arcs]


def _back(
    kind: NDArray[np.int8], src: NDArray[np.int32], dst: NDArray[np.int32], endpoints: int
) -> NDArray[np.int32]:
    """(arcs of endpoints,): the arc the other way; ``src``, ``dst``: of all arcs.

    Both sides, sorted by endpoint and then by other endpoints, scale-up switch and switches, pair off.
    """
    back = np.flatnonzero(dst < endpoints)
    order = (dst[back].astype(np.int64) * 2 + (kind[src[back]] == SWITCH)) * len(kind) + src[back]
    return back[np.argsort(order, kind="stable")].astype(np.int32)


def _attached(
    kind: NDArray[np.int8], src: NDArray[np.int32], dst: NDArray[np.int32], endpoints: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(endpoints,): the scale-up switch of each, -1 without; and the switches that endpoints are cabled to.

    ``src``, ``dst``: of the arcs out of endpoints.
    """
    scaleup = np.full(endpoints, -1, np.int32)
    domestic = kind[dst] == NVSWITCH
    scaleup[src[domestic]] = dst[domestic]
    return scaleup, distinct(dst[kind[dst] == SWITCH], len(kind)).astype(np.int32)


def _ports(
    c: Columns, arcs: NDArray[np.int64], edge: NDArray[np.int64], arc_link: NDArray[np.int64]
) -> NDArray[np.int32] | None:
    """(links,): the port at each link's source, -1 where none is named; None where the graph names none.

    ``arcs``: (arcs,) where each stood among the edges one way and then the other; ``edge``: (arcs,) of which
    edge it is; ``arc_link``: (arcs + 1,) the first link of each.
    """
    if c.cable_ports is None:
        return None
    start = np.cumsum(c.cables, dtype=np.int64) - c.cables
    cables = c.cables[edge]
    place = np.repeat(start[edge] - arc_link[:-1], cables) + np.arange(int(arc_link[-1]))
    ports: NDArray[np.int32] = c.cable_ports[np.repeat((arcs >= len(c.tail)).astype(np.int64), cables), place]
    return ports


def require_fabric(value: object) -> None:
    """Raise ParameterError unless ``value`` is a Fabric."""
    require("fabric", value, Fabric, "a Fabric: Fabric.from_graph makes one of a graph")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenation of arange(start[i], stop[i]) over i.

    >>> ranges(np.array([3, 9]), np.array([5, 10])).tolist()
    [3, 4, 9]
    """
    count = stop - start
    end = np.cumsum(count)
    return np.arange(int(end[-1]) if len(end) else 0) + np.repeat(start - (end - count), count)


def distinct(values: NDArray[Any], below: int) -> NDArray[np.int64]:
    """The different ``values``, ascending, of whole numbers from 0 to ``below`` - 1: sorts nothing.

    >>> distinct(np.array([4, 1, 4]), 5).tolist()
    [1, 4]
    """
    met = np.zeros(below, bool)
    met[values] = True
    return np.flatnonzero(met)


def components(nodes: int, tail: NDArray, head: NDArray) -> NDArray[np.int64]:
    """(nodes,): the least node that each can be reached from, over cables between ``tail`` and ``head``.

    >>> components(5, np.array([0, 4]), np.array([3, 1])).tolist()
    [0, 1, 2, 0, 1]
    """
    root = np.arange(nodes)
    while True:
        a, b = root[tail], root[head]
        low, high = np.minimum(a, b), np.maximum(a, b)
        if np.array_equal(low, high):
            return root
        np.minimum.at(root, high, low)
        while not np.array_equal(root, root[root]):
            root = root[root]
