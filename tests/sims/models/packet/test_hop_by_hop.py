"""Flows with queues and credits of their own: a slow twin, max-min fairness, closed forms, no deadlock."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate, pairwise

import numpy as np
import pytest
import simpy
from hop_twin import HopTwin
from hypothesis import given, settings
from hypothesis import strategies as st
from test_packet_flows import HEADER, MTU, B, flows, on_the_wire
from test_packet_network import links_of, random_traffic, random_tree

from fabric import Dmodk, Ecmp, Fabric, max_min, route
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.models.fluid.flows import FlowResult
from sims.models.latency import link_latency
from sims.models.packet.hop_by_hop import HopByHop
from sims.models.packet.parts import Flow, Packet, Port
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic, pattern
from topologies import load

ROCE = latency_profile("roce-400g")
LATENCY = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9  # over one switch
FULL = MTU + HEADER


def run(
    spec: str, who: Traffic, text: str = "hop-by-hop", routing: str = "dmodk", seed: int = 0
) -> FlowResult:
    fabric = Fabric.from_graph(load(spec))
    return run_packets(fabric, who, parse_policy(routing, seed), ROCE, parse_packet_settings(text), seed=seed)


class Watched(HopByHop):
    """Writes down every crossing: of which flow, its hop, over which port, from when to when."""

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        if not hasattr(self, "crossings"):
            self.crossings: list[tuple[Flow, int, int, Port, float, float]] = []
        end = start + packet.wire * port.slowness
        self.crossings.append((flow, packet.number, packet.hop, port, start, end))
        super()._launch(packet, flow, port, ready, start, now)


@given(
    seed=st.integers(0, 2**32),
    tiers=st.integers(1, 3),
    slots=st.integers(2, 12),
    switching=st.sampled_from(["cut-through", "store-and-forward"]),
)
@settings(max_examples=60, deadline=None)
def test_agrees_with_a_process_for_each_flow_and_keeps_its_promises(
    seed: int, tiers: int, slots: int, switching: str
) -> None:
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, _, starts = random_traffic(draw, fabric.n_endpoints, 8)
    payloads = [draw.uniform(1, MTU, int(draw.integers(1, 20))).tolist() for _ in src]
    ways = links_of(route(fabric, src, dst, Ecmp(seed=seed)))
    chosen = PacketSettings(cc="hop-by-hop", buffer=slots * FULL, switching=switching)
    latencies = Latencies.of(fabric, ROCE)
    network = Watched(simpy.Environment(), fabric, latencies, chosen)
    last = []
    for links, sizes, start in zip(ways, payloads, starts):
        flow = network.open(links)
        last.append([network.send(flow, size, start) for size in sizes][-1])
    network.run()
    twin = HopTwin(fabric, latencies, chosen, ways, payloads, starts)
    np.testing.assert_allclose([message.value for message in last], twin.end, rtol=1e-9)
    assert network.delivered == sum(map(len, payloads)) and network.disordered == 0
    by_port: dict[int, list[tuple[float, float]]] = defaultdict(list)
    taken: dict[tuple[Flow, int], list[tuple[float, int]]] = defaultdict(list)
    for flow, _, hop, port, start, end in network.crossings:
        by_port[port.link].append((start, end))
        if port not in flow.lasts:
            taken[flow, hop].append((start, 1))
        if hop:
            taken[flow, hop - 1].append((end + flow.ports[hop - 1].delay, -1))
    for link, used in by_port.items():
        np.testing.assert_allclose([start for start, _ in used], twin.crossed[link], rtol=1e-9, atol=1e-15)
        assert all(start >= end - 1e-15 for (_, end), (start, _) in pairwise(used))
        port = network.ports[link]
        assert 0 <= port.paused <= used[-1][1] - sum(end - start for start, end in used) + 1e-12
        if arrived := twin.arrived[link]:
            waited = sum(twin.crossed[link]) - sum(arrived)
            assert port.waited == pytest.approx(waited, rel=1e-9, abs=1e-12)
            here = [(at, 1) for at in arrived] + [(at, -1) for at in twin.crossed[link]]
            most = max(accumulate(change for _, change in sorted(here, key=lambda one: (one[0], -one[1]))))
            # One that is alone and goes on at once has not waited.
            assert port.deepest == most or (port.deepest == 0 and most == 1)
        elif sum(way[0] == link for way in ways) == 1:
            # Of a NIC's only flow, what keeps the line idle are slots.
            idle = sum(start - end for (_, end), (start, _) in pairwise(used))
            assert port.paused == pytest.approx(idle, rel=1e-9, abs=1e-12)
    for changes in taken.values():
        level = most = 0
        for _, change in sorted((round(at, 15), change) for at, change in changes):
            level += change
            most = max(most, level)
        assert most <= slots and level == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("spec", ["fat-tree:k=4", "fat-tree:endpoints=32,radix=8,oversubscription=3"])
def test_rates_are_max_min_fair(spec: str, seed: int) -> None:
    """Hahne's theorem: with turns, and credits that suffice, each flow that always has something to send."""
    fabric, each = Fabric.from_graph(load(spec)), 4e7
    n = fabric.n_endpoints
    src = np.random.default_rng(seed).integers(0, n, 2 * n)
    dst = (src + 1 + np.random.default_rng(seed + 9).integers(0, n - 1, 2 * n)) % n
    paths, chosen = route(fabric, src, dst, Ecmp(seed=seed)), PacketSettings(cc="hop-by-hop")
    network = HopByHop(simpy.Environment(), fabric, Latencies.of(fabric, ROCE), chosen)
    for links in links_of(paths):
        network.send(network.open(links), each)
    network.env.run(until=3e-4)  # slots fill, from the fullest link back to the NIC
    before = [flow.highest for flow in network.flows]
    fair = max_min(paths, fabric.capacity)
    network.env.run(until=5e-4)
    came = np.array([flow.highest for flow in network.flows]) - before
    # Turns are whole: some packets more or less in the time.
    np.testing.assert_allclose(came, fair * 2e-4 / FULL, atol=3, rtol=0.005)


def test_first_in_first_out_is_not_fair_where_turns_are() -> None:
    """Two flows share a cable, then one of them meets a third: half of the second link, or a third of it."""
    fabric, size = Fabric.from_graph(load("leaf-spine:leaves=3,spines=1,endpoints_per_leaf=2")), 4e6
    who = Traffic(src=np.array([0, 1, 2]), dst=np.array([4, 3, 4]), size=np.full(3, size), start=np.zeros(3))
    paths = route(fabric, who.src, who.dst, Dmodk())
    fair = max_min(paths, fabric.capacity) * PacketSettings().goodput
    got = run_packets(fabric, who, Dmodk(), ROCE, PacketSettings(cc="hop-by-hop"))
    assert fair[0] == fair[2]
    latency = paths.total(link_latency(fabric, ROCE))
    np.testing.assert_allclose(got.end[[0, 2]], size / fair[[0, 2]] + latency[[0, 2]], rtol=5e-3)


def test_a_flow_waits_for_no_other_flow_that_is_slow_further_on() -> None:
    """Nine flows to one endpoint take a ninth of its link each; the bystander has the rest of its NIC's."""
    size, n = 4e6, 10
    incast = [(i, 0) for i in range(1, n)]
    got = run(f"star:endpoints={n + 1}", flows(*incast, (1, n), size=size))
    assert got.end[-1] == pytest.approx(LATENCY + on_the_wire(size) / B * (n - 1) / (n - 2), rel=0.01)
    # First in, first out, what is under way to the incast's endpoint fills the buffer that both share.
    held = run(f"star:endpoints={n + 1}", flows(*incast, (1, n), size=size), "none")
    assert held.end[-1] > 4 * got.end[-1]
    assert got.makespan == pytest.approx(LATENCY + (n - 1) * on_the_wire(size) / B, rel=1e-3)


@pytest.mark.parametrize("dst", [1, 3, 12])
def test_a_flow_alone_takes_its_bytes_once_and_every_latency(dst: int) -> None:
    """The slots of each link suffice for its rate, on cables of 5 m and of 50 m."""
    size = 1e6
    got, plain = (run("fat-tree:k=4", flows((0, dst), size=size), text) for text in ("hop-by-hop", "none"))
    assert got.end[0] == pytest.approx(plain.end[0], rel=1e-12)


def test_a_shift_with_dmodk_runs_at_line_rate() -> None:
    who = pattern("shift:37", 128, 1e5)
    got, plain = (run("fat-tree:k=8", who, text) for text in ("hop-by-hop", "none"))
    np.testing.assert_allclose(got.end, plain.end, rtol=1e-9)


@pytest.mark.parametrize("buffer", ["20KiB", "9KB"])
def test_no_circle_can_close(buffer: str) -> None:
    """Where back-pressure for all of a link deadlocks (test_packet_flows), that for each flow does not."""
    who = pattern("shift:2", 6, 1e6)
    got = run("torus:dims=6", who, f"hop-by-hop:buffer={buffer}", "ecmp")
    assert got.makespan >= 2 * on_the_wire(1e6) / B
    job = AllReduce(
        Fabric.from_graph(load("torus:dims=8")),
        engine="packet",
        packet=f"hop-by-hop:buffer={buffer}",
        placement="strided:3",
    )
    assert job.row("ring", 2**20).time_s > 0


@pytest.mark.parametrize("algorithm", ["in-network", "hierarchical-tree:pipeline=3", "ring"])
def test_whole_collectives_run_as_plain_ones_where_nothing_is_shared(algorithm: str) -> None:
    fabric = Fabric.from_graph(load("fat-tree:endpoints=16,radix=16,tiers=1,gpus_per_server=4"))
    rows = [
        AllReduce(fabric, engine="packet", routing="dmodk", packet=text).row(algorithm, 2**20)
        for text in ("hop-by-hop", "none")
    ]
    assert rows[0].time_s == pytest.approx(rows[1].time_s, rel=0.02)
    assert rows[0].scenario.packet == "hop-by-hop" and rows[0].key != rows[1].key


@pytest.mark.parametrize("routing", ["spray", "adaptive"])
def test_packets_that_go_by_themselves_have_no_queue_of_their_flow(routing: str) -> None:
    with pytest.raises(ParameterError, match="packet: cc: 'hop-by-hop': a flow keeps to one way"):
        run("fat-tree:k=4", flows((0, 12), size=1e5), routing=routing)
