"""The packet network held to its promises on random small fabrics, and against a slow second one."""

from __future__ import annotations

import math
import tracemalloc
from collections import defaultdict
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_twin import Twin

from fabric import Ecmp, Fabric, Paths, route
from sims.models.packet.network import PacketNetwork
from sims.models.packet.parts import Flow, Message, Packet, Port
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import PacketSettings
from sims.models.profiles import latency_profile
from topologies import load

ROCE = latency_profile("roce-400g")


class Watched(PacketNetwork):
    """Writes down every crossing: of which packet, over which port, from when to when, ready since when."""

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        if not hasattr(self, "crossings"):
            self.crossings: list[tuple[int, int, Port, float, float, float]] = []
        key = id(packet.flow) * 10**9 + packet.number
        end = start + packet.wire * port.slowness
        self.crossings.append((key, packet.hop, port, ready, start, end))
        super()._launch(packet, flow, port, ready, start, now)


any_network = given(
    seed=st.integers(0, 2**32),
    tiers=st.integers(1, 3),
    slots=st.integers(2, 12),
    cc=st.sampled_from(["none", "window"]),
    spread=st.sampled_from(["", "random", "shortest queue"]),
    switching=st.sampled_from(["cut-through", "store-and-forward"]),
)


def random_tree(draw: np.random.Generator, tiers: int) -> nx.Graph:
    """Two or three tiers of few switches; every cable of a rate and a length of its own."""
    G = nx.Graph(name="random")
    widths = [int(draw.integers(2, 4)) if tiers > 1 else 1, *draw.integers(1, 4, tiers - 1).tolist()]
    endpoints = [("e", i) for i in range(max(2 * widths[0], 4))]
    G.add_nodes_from(endpoints, kind="gpu", tier=0)
    levels = [[(t, i) for i in range(width)] for t, width in enumerate(widths, 1)]
    for tier, level in enumerate(levels, 1):
        G.add_nodes_from(level, kind="switch", tier=tier)
    for i, node in enumerate(endpoints):
        _cable(G, draw, node, levels[0][i % widths[0]])
    for lower, upper in pairwise(levels):
        for a in lower:
            for b in upper:
                _cable(G, draw, a, b)
    return G


def _cable(G: nx.Graph, draw: np.random.Generator, a: object, b: object) -> None:
    G.add_edge(a, b, rate=float(draw.uniform(1e9, 4e9)), delay=float(draw.uniform(1e-8, 2e-6)))


def random_traffic(
    draw: np.random.Generator, endpoints: int, flows: int
) -> tuple[np.ndarray, np.ndarray, list[float], list[float]]:
    src = draw.integers(0, endpoints, flows)
    dst = (src + draw.integers(1, endpoints, flows)) % endpoints
    return src, dst, draw.uniform(1, 60_000, flows).tolist(), draw.uniform(0, 3e-5, flows).tolist()


def links_of(paths: Paths) -> list[list[int]]:
    return [paths.link[a:b].tolist() for a, b in zip(paths.ptr[:-1], paths.ptr[1:])]


def run(
    fabric: Fabric,
    paths: Paths,
    sizes: list[float],
    starts: list[float],
    chosen: PacketSettings,
    spread: str = "",
    seed: int = 0,
) -> tuple[Watched, list[Message]]:
    env = simpy.Environment()
    latencies = Latencies.of(fabric, ROCE)
    trip = latencies.round_trip([paths], chosen.packet)
    network = Watched(env, fabric, latencies, chosen, round_trip=trip, spread=spread, seed=seed)
    messages = [
        network.send(network.open(links), size, start)
        for links, size, start in zip(links_of(paths), sizes, starts)
    ]
    network.run()
    return network, messages


@given(
    seed=st.integers(0, 2**32),
    tiers=st.integers(1, 3),
    slots=st.integers(2, 12),
    switching=st.sampled_from(["cut-through", "store-and-forward"]),
)
@settings(max_examples=40, deadline=None)
def test_agrees_with_a_process_for_every_port(seed: int, tiers: int, slots: int, switching: str) -> None:
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, sizes, starts = random_traffic(draw, fabric.n_endpoints, 8)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    chosen = PacketSettings(buffer=slots * 4178, switching=switching)
    network, messages = run(fabric, paths, sizes, starts, chosen)
    twin = Twin(fabric, Latencies.of(fabric, ROCE), chosen, links_of(paths), sizes, starts)
    assert len(twin.end) == 8
    np.testing.assert_allclose([m.value for m in messages], [twin.end[i] for i in range(8)], rtol=1e-9)
    for link, line in twin.lines.items():
        mine = sorted(c[4] for c in network.crossings if c[2].link == link)
        np.testing.assert_allclose(mine, line.starts, rtol=1e-9, atol=1e-15)
        # An upper bound: a slot whose return is not known yet, when a start is settled, counts as held.
        assert network.ports[link].slots - network.ports[link].fullest >= line.most_held


@any_network
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_no_buffer_is_over_its_size(
    seed: int, tiers: int, slots: int, cc: str, spread: str, switching: str
) -> None:
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, sizes, starts = random_traffic(draw, fabric.n_endpoints, 12)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    chosen = PacketSettings(cc=cc, buffer=slots * 4178, switching=switching)
    network, messages = run(fabric, paths, sizes, starts, chosen, spread, seed)

    # Everything arrives, once; in order where there is one way.
    assert all(message.processed for message in messages)
    packets = [math.ceil(size / 4096) for size in sizes]
    assert network.delivered == sum(packets)
    assert network.received == pytest.approx(sum(sizes), rel=1e-9)
    assert spread or network.disordered == 0
    ways: dict[int, list[tuple[int, Port, float, float, float]]] = defaultdict(list)
    for key, hop, port, ready, start, end in network.crossings:
        ways[key].append((hop, port, ready, start, end))
    assert len(ways) == sum(packets)
    assert (
        sum(map(len, ways.values()))
        == network.hops
        == sum(n * length for n, length in zip(packets, paths.length.tolist()))
    )

    held: dict[Port, list[tuple[float, int]]] = defaultdict(list)
    for crossings in ways.values():
        assert [c[0] for c in crossings] == list(range(len(crossings)))
        for (_, port, _, start, end), (_, after, _, start_2, end_2) in pairwise(crossings):
            # Links join, and neither the first byte nor the last leaves before it has come.
            assert fabric.link_dst[port.link] == fabric.link_src[after.link]
            first_in = end if switching == "store-and-forward" else start
            assert start_2 >= first_in + port.latency - 1e-15
            assert end_2 >= end + port.latency - 1e-15
            held[port] += [(start, 1), (end_2 + port.delay, -1)]
    for port, changes in held.items():
        # A slot is taken from the moment when the packet sets out to when its return is known.
        level = most = 0
        for _, change in sorted((round(at, 15), change) for at, change in changes):
            level += change
            most = max(most, level)
        assert most <= port.slots
        assert level == 0

    by_port: dict[Port, list[tuple[float, float, float]]] = defaultdict(list)
    for _, _, port, ready, start, end in network.crossings:
        assert start >= ready - 1e-15
        by_port[port].append((start, end, ready))
    for port, used in by_port.items():
        # One packet at a time on each line.
        for (_, end, _), (start, _, _) in pairwise(used):
            assert start >= end - 1e-15
        assert port.packets == len(used)
        assert port.bytes == pytest.approx(sum(e - s for s, e, _ in used) / port.slowness, rel=1e-9)
        assert port.waited == pytest.approx(sum(s - r for s, _, r in used), abs=1e-12)
        idle = sum(end - start for start, end, _ in used)
        assert 0 <= port.paused <= max(end for _, end, _ in used) - idle + 1e-12


def test_memory_does_not_grow_with_the_packets_that_have_arrived() -> None:
    fabric = Fabric.from_graph(load("star:endpoints=4"))

    def peak(size: float) -> int:
        paths = route(fabric, np.array([0, 1, 2]), np.array([3, 3, 0]), Ecmp())
        env = simpy.Environment()
        latencies = Latencies.of(fabric, ROCE)
        network = PacketNetwork(env, fabric, latencies, PacketSettings())
        for links in links_of(paths):
            network.send(network.open(links), size)
        tracemalloc.start()
        env.run()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert network.delivered == 3 * math.ceil(size / 4096)
        return most

    peak(1e6)
    assert peak(3.2e7) < 1.2 * peak(4e6)


def test_messages_of_a_flow_arrive_in_order_though_packets_do_not() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    paths = route(fabric, np.array([0, 1]), np.array([12, 13]), Ecmp())
    env = simpy.Environment()
    latencies = Latencies.of(fabric, ROCE)
    network = PacketNetwork(env, fabric, latencies, PacketSettings(), spread="random", seed=3)
    one, two = (network.open(links) for links in links_of(paths))
    messages = [network.send(one, 9000) for _ in range(50)]
    network.send(two, 50 * 9000)
    env.run()
    assert network.disordered > 0
    times = [message.value for message in messages]
    assert times == sorted(times) and all(message.processed for message in messages)


@pytest.mark.parametrize("spec", ["fat-tree:k=4", "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4"])
@pytest.mark.parametrize("spread", ["", "random", "shortest queue"])
def test_trees_never_deadlock_however_small_the_buffers(spec: str, spread: str) -> None:
    fabric = Fabric.from_graph(load(spec))
    n = fabric.n_endpoints
    src, dst = (a.ravel() for a in np.divmod(np.arange(n * n), n))
    src, dst = src[src != dst], dst[src != dst]
    paths = route(fabric, src, dst, Ecmp(seed=1))
    _, messages = run(
        fabric, paths, [20_000.0] * len(src), [0.0] * len(src), PacketSettings(buffer=2 * 4178), spread
    )
    assert all(message.processed for message in messages)
