"""Any graph that NetworkX builds, lifted to a topology: its nodes become switches, with endpoints on them.

Knows graphs and multigraphs; guesses no rate, no delay and no tier from what their attributes are called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Builder
from topologies.parts.checks import rate as checked_rate
from topologies.parts.checks import whole
from topologies.parts.hosts import Hosts

__all__ = ["HostsPerSwitch", "from_networkx"]

HostsPerSwitch = int | str | Mapping[Hashable, int] | Callable[[Any], int]


def from_networkx(
    G: nx.Graph,
    *,
    hosts_per_switch: HostsPerSwitch = 1,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
    rate_attribute: str | None = None,
    name: str | None = None,
) -> nx.Graph:
    """``G`` as a topology: each node a switch under its name, each edge a cable; ``G`` itself stays as it is.

    ``hosts_per_switch`` says how many endpoints each node gets, 0 or more: one number for all, the name of a
    node attribute, a mapping from nodes (0 for those not in it), or a function of the node. ``rate`` is in
    bytes/s per cable; ``delay`` in seconds, for the cables endpoint-switch and switch-switch.
    ``rate_attribute`` names the edge attribute that holds the rate, in bytes/s, of each cable between
    switches; without it no attribute is read, whatever it is called. ``gpus_per_server``, ``nvlink`` and
    ``nvlink_delay`` as in ``fat_tree``. ``name`` is the new graph's, else that of G.

    Returns nodes 0 .. N-1 as endpoints, named "SWITCH.0", "SWITCH.1", ... and numbered switch by switch, then
    the nodes of G in their order as switches, all of tier 1, with ``str(node)`` as their ``name``, then
    scale-up switches. Parallel edges of a multigraph are parallel ``cables``, with ``rates`` where they
    differ. A directed graph is taken where it has each edge both ways, alike: the two are one cable. The
    result has no tiers, so any shortest path is legal.

    Raises:
        ParameterError: G is directed and not symmetric, an edge joins a node to itself or lacks the
            ``rate_attribute``, or an argument is illegal; names the node or edge.
        TooLargeError: before anything is built, where memory would not suffice.

    >>> import networkx as nx
    >>> from_networkx(nx.petersen_graph(), hosts_per_switch=2).number_of_edges()  # 15 + 20
    35
    """
    if not isinstance(G, nx.Graph):  # of which the directed and the multigraphs are kinds
        raise ParameterError("G", type(G).__name__, "a networkx graph")
    call = _LIFT.call(
        {
            "rate": rate,
            "delay": delay,
            "gpus_per_server": gpus_per_server,
            "nvlink": nvlink,
            "nvlink_delay": nvlink_delay,
        }
    )
    nodes = list(G)
    hosts_of = np.fromiter(_hosts(G, hosts_per_switch), np.int64, len(nodes))
    if not hosts_of.sum():
        raise ParameterError("hosts_per_switch", hosts_per_switch, "one endpoint or more is needed in all")
    hosts = Hosts.of(call, int(hosts_of.sum()))
    title = name or str(G.graph.get("name") or "") or "from networkx"
    hosts.require_memory(title, len(nodes), G.number_of_edges())

    cables = _cables(G, rate_attribute, call["rate"])
    switch = np.repeat(np.arange(len(nodes), dtype=np.int64), hosts_of)
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {counted(len(nodes), 'switch')}, "
        "the nodes of a graph by NetworkX.",
        f"Cables: {hosts.count:,} endpoint-switch, {sum(map(len, cables.values())):,} switch-switch.",
        *hosts.notes(switch),
    ]
    about = {"name": title, "family": "networkx", "notes": notes}
    block = Nodes(count=len(nodes), common={"kind": "switch", "tier": 1})
    lifted = hosts.graph(about, switch, [block], _runs(cables, call.delay(2)))
    labels = list(map(str, nodes))
    lifted.add_nodes_from((hosts.count + i, {"name": label}) for i, label in enumerate(labels))
    place = np.arange(hosts.count) - (np.cumsum(hosts_of) - hosts_of)[switch]
    names = (f"{labels[s]}.{i}" for s, i in zip(switch.tolist(), place.tolist()))
    lifted.add_nodes_from((endpoint, {"name": label}) for endpoint, label in enumerate(names))
    first = hosts.count + len(nodes)
    lifted.add_nodes_from((first + s, {"name": f"server {s}"}) for s in range(hosts.scaleup))
    return lifted


def _hosts(G: nx.Graph, per_switch: HostsPerSwitch) -> Iterator[int]:
    """How many endpoints each node gets."""
    if isinstance(per_switch, Mapping) and (strange := [node for node in per_switch if node not in G]):
        raise ParameterError("hosts_per_switch", strange[0], "no such node")
    for node, data in G.nodes(data=True):
        if isinstance(per_switch, str):
            if per_switch not in data:
                raise ParameterError("hosts_per_switch", per_switch, f"no such attribute on node {node!r}")
            value = data[per_switch]
        elif isinstance(per_switch, Mapping):
            value = per_switch.get(node, 0)
        else:
            value = per_switch(node) if callable(per_switch) else per_switch
        yield whole(f"hosts_per_switch of node {node!r}", value, 0)


def _cables(G: nx.Graph, attribute: str | None, rate: float) -> dict[tuple[int, int], tuple[float, ...]]:
    """(tail, head), counted from 0: the rate of each cable between the two, ascending."""
    index = {node: i for i, node in enumerate(G)}
    ways: dict[tuple[int, int], list[float]] = defaultdict(list)
    for u, v, value in _rates(G, attribute, rate):
        if u == v:
            raise ParameterError("G", f"{u!r} - {v!r}", "a cable joins two different nodes")
        ways[index[u], index[v]].append(value)
    if not G.is_directed():
        joined: dict[tuple[int, int], list[float]] = defaultdict(list)
        for (u, v), rates in ways.items():  # one pair of a multigraph may come in both orders
            joined[min(u, v), max(u, v)] += rates
        return {pair: tuple(sorted(rates)) for pair, rates in joined.items()}
    both = {pair: tuple(sorted(rates)) for pair, rates in ways.items()}
    nodes = list(G)
    for (u, v), there in both.items():
        back = both.get((v, u), ())
        if there != back:
            ways_out, ways_in = (_worded(rates, attribute) for rates in (there, back))
            rule = f"a cable is both directions, and back there are {ways_in}: see G.to_undirected()"
            raise ParameterError("G", f"{nodes[u]!r} -> {nodes[v]!r}: {ways_out}", rule)
    return {(u, v): rates for (u, v), rates in both.items() if u < v}


def _worded(rates: Sequence[float], attribute: str | None) -> str:
    total = counted(len(rates), "edge")
    return f"{total} of {', '.join(map(str, rates))} bytes/s" if attribute and rates else total


def _rates(G: nx.Graph, attribute: str | None, rate: float) -> Iterator[tuple[Hashable, Hashable, float]]:
    """Each edge with the rate of its cable."""
    for u, v, data in G.edges(data=True):
        if attribute is None:
            yield u, v, rate
        elif attribute in data:
            yield u, v, checked_rate(f"{attribute} of edge {u!r} - {v!r}", data[attribute])
        else:
            raise ParameterError("rate_attribute", attribute, f"no such attribute on edge {u!r} - {v!r}")


def _runs(cables: Mapping[tuple[int, int], tuple[float, ...]], delay: float) -> list[Edges]:
    """The cables as edges, those of equal rates together."""
    alike: dict[tuple[float, ...], list[tuple[int, int]]] = defaultdict(list)
    for pair, rates in cables.items():
        alike[rates].append(pair)
    runs = []
    for rates, pairs in alike.items():
        common: dict[str, Any] = {"rate": rates[0], "delay": delay}
        if len(rates) > 1:
            common["cables"] = len(rates)
        if len(set(rates)) > 1:
            common["rates"] = rates  # a tuple, as all these edges share it
        ends: NDArray[np.int64] = np.array(pairs, np.int64)
        runs.append(Edges(tail=ends[:, 0], head=ends[:, 1], common=common))
    return runs


_LIFT = Builder(name="networkx", function=from_networkx)
