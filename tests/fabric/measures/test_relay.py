"""Relays: the peer of the source's server that takes a flow on, where several are as near."""

from __future__ import annotations

import networkx as nx
import numpy as np

from fabric import Dmodk, Fabric, route


def two_rails() -> nx.Graph:
    """Two servers of four; 0, 1 and 4, 5 on rail r0, 2, 3 and 6, 7 on rail r1; only servers join the rails.

    n0: 0 1 | 2 3        n1: 4 5 | 6 7
        r0    r1             r0    r1
    """
    G = nx.Graph(name="two rails")
    G.add_nodes_from(range(8), kind="gpu", tier=0)
    G.add_nodes_from(["r0", "r1"], kind="switch", tier=1)
    G.add_nodes_from(["n0", "n1"], kind="nvswitch", tier=1)
    for gpu in range(8):
        for other in (f"n{gpu // 4}", f"r{gpu % 4 // 2}"):
            G.add_edge(gpu, other, rate=1.0, delay=1e-7)
    return G


def test_a_relay_is_of_the_source_s_server_and_chosen_by_the_destination() -> None:
    """Of the peers on the destination's rail, all as near, that whose place is the destination modulo two."""
    fabric = Fabric.from_graph(two_rails())
    pairs = [(s, d) for s in range(8) for d in range(8) if s // 4 != d // 4 and s % 4 // 2 != d % 4 // 2]
    pairs = [
        pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))
    ]  # neighbours of other servers
    src, dst = np.array(pairs).T
    paths = route(fabric, src, dst, Dmodk())
    for flow, (s, d) in enumerate(pairs):
        links = paths.take(np.array([flow])).link
        nodes = [fabric.label(int(fabric.link_src[links[0]]))]
        nodes += [fabric.label(int(node)) for node in fabric.link_dst[links]]
        peers = [peer for peer in range(8) if peer // 4 == s // 4 and peer % 4 // 2 == d % 4 // 2]
        assert nodes == [str(s), f"n{s // 4}", str(peers[d % 2]), f"r{d % 4 // 2}", str(d)]
