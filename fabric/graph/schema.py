"""A graph's attributes read into columns and checked. Knows the schema; no routing, no time, no workload.

A topology is a plain ``networkx.Graph`` whose nodes carry ``kind`` and ``tier`` (and where they apply
``server``, ``pod``, ``rail``, ``plane``, ``name``) and whose edges carry ``rate``, ``delay`` and, for
parallel cables, ``cables`` and ``rates``. This is the only place that reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from numbers import Integral, Real
from operator import contains
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.graph.column import Column
from fabric.graph.ports import port_violations
from fabric.words.counted import counted
from fabric.words.errors import SchemaError
from fabric.words.units import DELAYS, RATES, legal_delay, legal_rate

__all__ = ["GPU", "KINDS", "NVSWITCH", "SWITCH", "ZONES", "Columns", "Zone", "read_columns"]

KINDS = ("gpu", "switch", "nvswitch")
GPU, SWITCH, NVSWITCH = range(3)
ZONES = ("pod", "rail", "plane")
_MOST_TIER, _MOST_SERVER, _MOST_CABLES = 1_000, 2**31 - 1, 4_096


@dataclass(frozen=True, kw_only=True, eq=False)
class Zone:
    """Which pod (rail, plane) each node stands in: (nodes,) an index into ``names``, or -1 where in none."""

    of: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The nodes and edges of a graph as arrays, nodes and edges in the order of the graph.

    ``kind`` indexes KINDS; ``server`` is -1 where a node has none; ``tail`` and ``head`` index ``ids``, each
    edge once; ``rate`` (bytes/s) and ``delay`` (s) are those of one cable; ``cable_rates`` holds, for the few
    edges whose parallel cables differ, the rate of each; ``zones`` those of ZONES that the graph speaks of.
    ``cable_ports``: (2, cables of all edges in turn), the port of each at ``tail`` and at ``head`` as an
    index into ``port_names``, -1 where unknown; None where the graph speaks of none. ``addresses``: the node
    of each text by which other programs call one; -1: of several. ``in_network``: "yes" or "no", with the
    reason behind a colon, where the graph says whether its switches can add up and spread; else "".
    """

    name: str
    disclaimer: str
    ids: tuple[Hashable, ...]
    labels: tuple[str, ...] | None
    kind: NDArray[np.int8]
    tier: NDArray[np.int16]
    server: NDArray[np.int32]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    rate: NDArray[np.float64]
    delay: NDArray[np.float64]
    cables: NDArray[np.int32]
    cable_rates: dict[int, list[float]]
    zones: dict[str, Zone] = field(default_factory=dict)
    port_names: tuple[str, ...] = ()
    cable_ports: NDArray[np.int32] | None = None
    addresses: dict[str, int] = field(default_factory=dict)
    in_network: str = ""


def read_columns(graph: nx.Graph, *, allow_uncabled: bool = False) -> Columns:
    """The columns of ``graph``; an endpoint without a cable is a violation unless ``allow_uncabled``.

    Raises:
        SchemaError: naming node or edge, attribute, value and rule of every violation (ten shown, the rest
        counted).
    """
    name = _name_of_plain(graph)
    ids, node_data = tuple(graph), [data for _, data in graph.nodes(data=True)]
    adjacency = [neighbours for _, neighbours in graph.adjacency()]
    tail, head, edge_data = _edges(ids, adjacency)

    problems: list[str] = []

    def node(i: int) -> str:
        return f"node {ids[i]!r}"

    def edge(i: int) -> str:
        return f"edge {ids[tail[i]]!r} - {ids[head[i]]!r}"

    kinds, tiers = Column.of(node_data, "kind"), Column.of(node_data, "tier")
    code = {kind: i for i, kind in enumerate(KINDS)}
    problems += kinds.violations(node, f"one of {', '.join(KINDS)}", lambda v: v in code)
    rule = f"a whole number, 0 for endpoints, 1 or more for switches, up to {_MOST_TIER:,}"
    problems += tiers.violations(node, rule, lambda v: _natural(v) and v <= _MOST_TIER)
    rates, delays = Column.of(edge_data, "rate"), Column.of(edge_data, "delay")
    # Most graphs say nothing else of their edges: then no edge need be asked for it.
    plain = sum(map(len, edge_data)) == 2 * len(edge_data) and not rates.lacking and not delays.lacking
    more = [] if plain else edge_data
    cables = Column.of(more, "cables", 1) if more else Column.alike("cables", 1, len(edge_data))
    problems += rates.violations(edge, f"a finite number of bytes/s above zero, {RATES}", _rate)
    problems += delays.violations(edge, f"a finite number of seconds, zero or more: {DELAYS}", _delay)
    rule = f"a whole number from 1 to {_MOST_CABLES:,}"
    problems += cables.violations(edge, rule, lambda v: _natural(v) and 0 < v <= _MOST_CABLES)
    servers = Column.of(node_data, "server", -1)
    rule = f"a whole number up to {_MOST_SERVER:,}"
    problems += servers.violations(node, rule, lambda v: v == -1 or (_natural(v) and v <= _MOST_SERVER))
    zones = {
        zone: Column.of(node_data, zone) for zone in ZONES if any(map(contains, node_data, repeat(zone)))
    }
    for values in zones.values():
        problems += values.violations(node, "a whole number or a text", _names_a_zone)
    called = _rare(node_data, "addresses")
    problems += [
        f"{node(i)}: addresses = {texts!r}: a list of texts"
        for i, texts in called.items()
        if not _texts(texts)
    ]
    cable_rates = _rare(more, "rates")
    problems += _rate_violations(cable_rates, cables.values, edge)
    ports = {i: values for i, values in _rare(more, "ports").items() if values is not None}
    if ports and not problems:
        problems += port_violations(ids, tail, head, cables.values, edge_data, edge)
    problems += _claim_violations(graph.graph.get("in_network"))
    if problems:
        raise SchemaError(name, problems)

    port_names, cable_ports = _cable_ports(ports, cables.values)
    columns = Columns(
        name=name,
        disclaimer=str(graph.graph.get("disclaimer") or ""),
        ids=ids,
        labels=tuple(str(data.get("name", i)) for i, data in zip(ids, node_data))
        if "name" in node_data[0]
        else None,
        kind=kinds.array(np.int8, code.__getitem__),
        tier=tiers.array(np.int16),
        server=servers.array(np.int32),
        tail=tail,
        head=head,
        rate=rates.array(np.float64),
        delay=delays.array(np.float64),
        cables=cables.array(np.int32),
        cable_rates={i: list(map(float, values)) for i, values in cable_rates.items()},
        zones={zone: _zone(values) for zone, values in zones.items()},
        port_names=port_names,
        cable_ports=cable_ports,
        addresses=_addresses(called),
        in_network=graph.graph.get("in_network") or "",
    )
    problems = list(_misplaced(columns, allow_uncabled))
    if problems:
        raise SchemaError(name, problems)
    return columns


def _claim_violations(said: Any) -> Iterator[str]:
    """``said``: whether switches add up and spread; nothing is legal, too."""
    told = isinstance(said, str) and said.isprintable() and said.partition(":")[0] in ("", "yes", "no")
    if said is not None and not told:
        yield f"graph: in_network = {said!r}: yes or no, and the reason behind a colon"


def _name_of_plain(graph: nx.Graph) -> str:
    """What the graph is called, if it is of the one class that is read and holds a node."""
    if not isinstance(graph, nx.Graph):
        raise SchemaError(
            " ".join(repr(graph).split())[:60], [f"type = {type(graph).__name__}: a networkx.Graph is needed"]
        )
    name = str(graph.graph.get("name") or "(unnamed)")
    if graph.is_directed() or graph.is_multigraph():
        rule = "an undirected networkx.Graph; parallel cables are the edge attribute cables"
        raise SchemaError(name, [f"type = {type(graph).__name__}: {rule}"])
    if graph.number_of_nodes() == 0:
        raise SchemaError(name, ["the graph has no nodes"])
    return name


def _edges(
    ids: tuple[Hashable, ...], adjacency: list[dict[Hashable, dict[str, Any]]]
) -> tuple[NDArray[np.int32], NDArray[np.int32], list[dict[str, Any]]]:
    """Each edge once, as (tail index, head index, attributes)."""
    count = len(ids)
    degree = np.fromiter(map(len, adjacency), np.int64, count)
    neighbours: Iterable[Any] = chain.from_iterable(adjacency)
    if ids != tuple(range(count)):
        index = {node: i for i, node in enumerate(ids)}
        neighbours = map(index.__getitem__, neighbours)
    head = np.fromiter(neighbours, np.int32, int(degree.sum()))
    tail = np.repeat(np.arange(count, dtype=np.int32), degree)
    once = tail <= head
    data = chain.from_iterable(around.values() for around in adjacency)
    return tail[once], head[once], list(compress(data, once.tolist()))


def _rate_violations(
    cable_rates: dict[int, Any], cables: list[int], where: Callable[[int], str]
) -> Iterator[str]:
    for i, values in cable_rates.items():
        count = cables[i]
        if not isinstance(values, (list, tuple)) or len(values) != count or not all(map(_rate, values)):
            rule = f"{counted(count, 'rate')} above zero, one per cable, {RATES}"
            yield f"{where(i)}: rates = {values!r}: {rule}"


def _rare(data: Sequence[dict[str, Any]], key: str) -> dict[int, Any]:
    """The values of ``key`` by index, of those that have it; C speed where none does."""
    return {i: data[i][key] for i in compress(range(len(data)), map(contains, data, repeat(key)))}


def _names_a_zone(value: Any) -> bool:
    return value is None or _natural(value) or isinstance(value, str)


def _zone(values: Column) -> Zone:
    named = set(values.heads) - {None}
    order = sorted(named, key=lambda value: (isinstance(value, str), value))
    index = {value: i for i, value in enumerate(order)} | {None: -1}
    return Zone(of=values.array(np.int32, index.__getitem__), names=tuple(map(str, order)))


def _cable_ports(
    ports: dict[int, Any], cables: list[int]
) -> tuple[tuple[str, ...], NDArray[np.int32] | None]:
    """The names of all ports, and (2, cables) which one each cable is in at its two ends."""
    if not ports:
        return (), None
    start = np.concatenate([[0], np.cumsum(np.fromiter(cables, np.int64, len(cables)))])
    number: dict[str, int] = {}
    found = np.full((2, int(start[-1])), -1, np.int32)
    for i, pairs in ports.items():
        for at, pair in enumerate(pairs, int(start[i])):
            for end, port in enumerate(pair):
                if port is not None:
                    found[end, at] = number.setdefault(str(port), len(number))
    return tuple(number), found


def _addresses(called: dict[int, list[str]]) -> dict[str, int]:
    """The node of each text, -1 where several are called so."""
    found: dict[str, int] = {}
    for i, texts in called.items():
        for text in texts:
            found[text] = i if found.get(text, i) == i else -1
    return found


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


def _natural(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _rate(value: Any) -> bool:
    return _number(value) and legal_rate(value)


def _delay(value: Any) -> bool:
    return _number(value) and legal_delay(value)


def _misplaced(c: Columns, allow_uncabled: bool) -> Iterator[str]:
    """Violations that concern a node and its neighbours together."""
    kind_a, kind_b = c.kind[c.tail], c.kind[c.head]

    def edge(i: int) -> str:
        return f"edge {c.ids[c.tail[i]]!r} - {c.ids[c.head[i]]!r}"

    for i in np.flatnonzero((c.kind == GPU) != (c.tier == 0)).tolist():
        found = f"kind = {KINDS[c.kind[i]]!r} with tier = {c.tier[i]}"
        yield f"node {c.ids[i]!r}: {found}: tier 0 is for gpu, and only for it"
    for i in np.flatnonzero(c.tail == c.head).tolist():
        yield f"{edge(i)}: a cable joins two different nodes"
    scale_up = (kind_a == NVSWITCH) | (kind_b == NVSWITCH)
    for i in np.flatnonzero(scale_up & (kind_a != GPU) & (kind_b != GPU) & (c.tail != c.head)).tolist():
        yield f"{edge(i)}: a scale-up switch (nvswitch) is cabled to endpoints only"
    if not np.any(c.kind == GPU):
        yield "no node of kind 'gpu': at least one endpoint is needed"
    count = len(c.ids)
    degree = np.bincount(c.tail, minlength=count) + np.bincount(c.head, minlength=count)
    uncabled = (c.kind == GPU) & (degree == 0)
    for i in np.flatnonzero(uncabled & (not allow_uncabled)).tolist():
        yield f"node {c.ids[i]!r}: an endpoint without a cable"
    endpoint = np.where(kind_a == GPU, c.tail, c.head)
    domains = np.bincount(endpoint[scale_up], minlength=count)
    for i in np.flatnonzero(domains > 1).tolist():
        yield f"node {c.ids[i]!r}: {domains[i]} scale-up switches: an endpoint is cabled to one at most"
