"""Jellyfish: switches joined at random, all alike in their ports.

Knows the seed; does not grow a network switch by switch.
"""

from __future__ import annotations

import random
from typing import Annotated

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.machine.collector import collector_paused
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Call, family
from topologies.parts.hosts import Hosts

__all__ = ["random_regular"]


@family("random-regular", "Jellyfish: a random regular graph of switches, seeded (Singla et al.)", place=130)
def random_regular(
    call: Call,
    *,
    switches: Annotated[int, count("switches in all", 4)],
    radix: Annotated[int, count("ports of a switch", 4)],
    endpoints_per_switch: Annotated[int, count("ports of a switch with an endpoint; 3 or more are left")],
    seed: Annotated[int, count("the seed that the cables are drawn from", 0)] = 0,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """A Jellyfish: ``switches`` of ``radix`` ports, ``endpoints_per_switch`` of them down, others at random.

    The radix - endpoints_per_switch = d ports that remain, 3 or more, form a random d-regular graph of the
    switches, drawn from ``seed`` and drawn again until it is connected. The same seed gives the same graph
    with the same release of NetworkX. ``rate`` is in bytes/s per cable; ``delay`` in seconds, for the
    cables endpoint-switch and switch-switch. ``gpus_per_server``, ``nvlink`` and ``nvlink_delay`` as in
    ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, switch by switch, then switches, all of tier 1, then scale-up
    switches. Every port is used. The graph has no tiers, so any shortest path is legal.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Singla, Hong, Popa, Godfrey, "Jellyfish: networking data centers randomly", NSDI 2012, section 3;
    drawn as Steger and Wormald do (``networkx.random_regular_graph``).

    >>> random_regular(switches=10, radix=5, endpoints_per_switch=2).number_of_edges()  # 20 + 10 * 3 / 2
    35
    """
    n, p = switches, endpoints_per_switch
    _require_regular(n, radix, p)
    hosts = Hosts.of(call, n * p)
    hosts.require_memory(call.name, n, n * (radix - p) // 2)

    tail, head = _drawn(n, radix - p, seed)
    common = {"rate": rate, "delay": call.delay(2)}
    on = np.arange(hosts.count, dtype=np.int64) // p
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {counted(n, 'switch')} of {counted(radix, 'port')}, "
        f"{radix - p:,} of them to switches.",
        f"Cables: {hosts.count:,} endpoint-switch, {len(tail):,} switch-switch at random.",
        *hosts.notes(on),
    ]
    block = Nodes(count=n, common={"kind": "switch", "tier": 1})
    return hosts.graph(call.about(notes), on, [block], [Edges(tail=tail, head=head, common=common)])


def _require_regular(n: int, radix: int, p: int) -> None:
    """Refuse what is no connected regular graph of n switches with radix - p cables each."""
    if radix - p < 3:
        rule = "3 ports or more lead to switches, as with fewer hardly a draw is connected: "
        raise ParameterError("radix", radix, f"{rule}the nearest legal is {p + 3}")
    if radix - p > n - 1:
        others = f"there {'is' if n == 2 else 'are'} {counted(n - 1, 'other')}"
        rule = f"{radix - p} ports lead to different switches, and {others}: "
        raise ParameterError("radix", radix, f"{rule}the nearest legal is {n - 1 + p}")
    if n * (radix - p) % 2:
        rule = f"an even number where {radix - p} ports of each lead to others, or one port is left: "
        raise ParameterError("switches", n, f"{rule}the nearest legal are {n - 1} and {n + 1}")


def _drawn(n: int, degree: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(tail, head) of a connected random regular graph.

    Where most pairs are joined, those that are not are drawn: they are the fewer, and pairing succeeds
    sooner.
    """
    draw = random.Random(seed)
    dense = 2 * degree > n - 1
    with collector_paused():
        while True:
            G = nx.random_regular_graph(n - 1 - degree if dense else degree, n, seed=draw)
            if dense or nx.is_connected(G):
                break
    pairs = np.array(list(G.edges), np.int64).reshape(-1, 2)
    if dense:
        other = np.ones((n, n), bool)
        other[pairs[:, 0], pairs[:, 1]] = other[pairs[:, 1], pairs[:, 0]] = False
        tail, head = np.nonzero(np.triu(other, 1))
        return tail.astype(np.int64), head.astype(np.int64)
    pairs = np.sort(pairs, axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order, 0], pairs[order, 1]
