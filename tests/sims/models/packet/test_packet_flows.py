"""Packets of plain flows, on fabrics so idle or so simple that the answer can be written down."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from fabric import Dmodk, Ecmp, Fabric, Valiant, max_min, route
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.models.fluid.flows import FlowResult, run_flows
from sims.models.latency import link_latency
from sims.models.packet.deadlock import DeadlockError
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic, pattern
from topologies import load

pytestmark = pytest.mark.usefixtures("both")

B = 50e9
ROCE = latency_profile("roce-400g")
HEADER, MTU = 82, 4096


def flows(*pairs: tuple[int, int], size: float, start: float = 0.0) -> Traffic:
    src, dst = np.array(pairs, np.int64).T
    return Traffic(src=src, dst=dst, size=np.full(len(pairs), size), start=np.full(len(pairs), start))


def run(spec: str, who: Traffic, text: str = "", routing: str = "dmodk", seed: int = 0) -> FlowResult:
    fabric = Fabric.from_graph(load(spec))
    return run_packets(fabric, who, parse_policy(routing, seed), ROCE, parse_packet_settings(text), seed=seed)


def chain(rates: list[float], delay: float) -> nx.Graph:
    """gpu - switch - ... - switch - gpu, the cables of these rates (bytes/s), each of this delay (s)."""
    G = nx.Graph(name="chain")
    last = len(rates)
    for node in range(last + 1):
        end = node in (0, last)
        G.add_node(node, kind="gpu" if end else "switch", tier=0 if end else min(node, last - node))
    for node, rate in enumerate(rates):
        G.add_edge(node, node + 1, rate=rate, delay=delay)
    return G


def on_the_wire(size: float, mtu: int = MTU) -> float:
    return size + HEADER * np.ceil(size / mtu)


# --- one flow -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cc", ["none", "window"])
@pytest.mark.parametrize(
    ("dst", "switches", "cables"), [(1, 1, 2 * 25e-9), (3, 3, 2 * 25e-9 + 2 * 250e-9), (12, 5, None)]
)
def test_cut_through_takes_the_bytes_once_and_every_latency(cc: str, dst: int, switches: int, cables: float):
    size = 1e6
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    paths = route(fabric, np.array([0]), np.array([dst]), Dmodk())
    delay = float(paths.total(fabric.delay)[0])
    if cables is not None:
        assert delay == pytest.approx(cables)
    result = run("fat-tree:k=4", flows((0, dst), size=size), cc)
    expected = ROCE.overhead + switches * ROCE.switch_latency + delay + on_the_wire(size) / B
    assert result.end[0] == pytest.approx(expected, rel=1e-12)
    assert result.packets["all"]["out_of_order"] == 0


@pytest.mark.parametrize("size", [1.0, 4096.0, 4097.0, 1e6])
def test_store_and_forward_takes_a_packet_more_for_each_switch(size: float) -> None:
    # All packets but the last are full, so the last one is never behind a slower one: each switch adds the
    # time of the last packet, and of a full one where the last waits behind it.
    result = run("fat-tree:k=4", flows((0, 12), size=size), ":switching=store-and-forward")
    packets = int(np.ceil(size / MTU))
    last = size - MTU * (packets - 1) + HEADER
    full = (MTU + HEADER) if packets > 1 else 0
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    paths = route(fabric, np.array([0]), np.array([12]), Dmodk())
    latency = float(paths.total(link_latency(fabric, ROCE))[0])
    # The last full packet is always ahead of the last one: it reaches the end after 5 more of its own.
    expected = latency + ((packets - 1) * (MTU + HEADER) + 5 * max(full, last) + last) / B
    assert result.end[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("mtu", "goodput"), [(4096, 0.9804), (1024, 0.9259), (256, 0.7574)])
def test_goodput_of_roce(mtu: int, goodput: float) -> None:
    size = mtu * 4000.0
    latency = run("star:endpoints=2", flows((0, 1), size=1), f":mtu={mtu}").end[0] - (1 + HEADER) / B
    took = run("star:endpoints=2", flows((0, 1), size=size), f":mtu={mtu}").end[0] - latency
    assert size / took / B == pytest.approx(goodput, abs=5e-5)
    assert PacketSettings(mtu=mtu).goodput == pytest.approx(goodput, abs=5e-5)


@pytest.mark.parametrize(
    "rates", [[1e9, 4e9, 1e9], [4e9, 1e9, 4e9], [4e9, 2e9, 1e9], [1e9, 2e9, 4e9], [1e9, 1e9, 1e9]]
)
def test_unequal_links_end_with_the_slowest(rates: list[float]) -> None:
    # A packet leaves a fast link after a slow one only so late that its last byte is there in time.
    delay, size = 1e-6, 100 * float(MTU)
    fabric = Fabric.from_graph(chain(rates, delay))
    result = run_packets(fabric, flows((0, 1), size=size), Ecmp(), latency_profile("ideal"))
    full = MTU + HEADER
    slowest = max(i for i, rate in enumerate(rates) if rate == min(rates))
    # The first packet reaches the slowest link after what earlier ones hold it up; then that link is busy.
    before = sum(max(full / a - full / b, 0.0) for a, b in pairwise(rates[: slowest + 1]))
    expected = 3 * delay + before + 100 * full / min(rates)
    # After it, links are no slower: their last byte follows at once.
    assert result.end[0] == pytest.approx(expected, rel=1e-12)


# --- several flows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cc", ["none", "window"])
@pytest.mark.parametrize("senders", [2, 5, 9])
def test_incast_takes_the_receivers_line(cc: str, senders: int) -> None:
    size = 256 * 1024.0
    result = run("star:endpoints=10", flows(*((i, 0) for i in range(1, senders + 1)), size=size), cc)
    latency = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9
    assert result.makespan == pytest.approx(latency + senders * on_the_wire(size) / B, rel=5e-3)
    # Equals among equals: all end in the last tenth or so.
    assert result.end.min() > 0.85 * result.makespan


def test_a_nic_gives_its_flows_turns() -> None:
    size = 256 * 1024.0
    result = run("star:endpoints=10", flows(*((0, i) for i in range(1, 6)), size=size))
    latency = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9
    each = (MTU + HEADER) / B
    np.testing.assert_allclose(
        np.sort(result.end), latency + 5 * on_the_wire(size) / B - each * np.arange(4, -1, -1), rtol=1e-9
    )


@pytest.mark.parametrize("routing", ["ecmp:qps=4", "dmodk"])
def test_flows_start_when_they_say(routing: str) -> None:
    early = run("fat-tree:k=4", flows((0, 12), (5, 9), size=1e5), routing=routing)
    late = run("fat-tree:k=4", flows((0, 12), (5, 9), size=1e5, start=1e-3), routing=routing)
    np.testing.assert_allclose(late.end - early.end, 1e-3, rtol=1e-9)
    np.testing.assert_allclose(late.rate, early.rate, rtol=1e-6)


@pytest.mark.parametrize("step", [1, 4, 37, 64])
@pytest.mark.parametrize("cc", ["none", "window"])
def test_a_shift_with_dmodk_runs_at_line_rate(step: int, cc: str) -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=8"))
    who = pattern(f"shift:{step}", 128, 1e5)
    packets = run_packets(fabric, who, Dmodk(), ROCE, parse_packet_settings(cc))
    fluid = run_flows(fabric, who, Dmodk(), ROCE)
    np.testing.assert_allclose(packets.end - fluid.end, (on_the_wire(1e5) - 1e5) / B, rtol=1e-9)


# --- spreading ----------------------------------------------------------------------------------------------


def test_adaptive_packets_come_near_line_rate_and_out_of_order() -> None:
    who = pattern("permutation", 16, 1e6, seed=1)
    result = run("fat-tree:k=4", who, routing="adaptive", seed=1)
    fluid = run_flows(Fabric.from_graph(load("fat-tree:k=4")), who, parse_policy("adaptive"), ROCE)
    assert 1 / 0.9805 < result.makespan / fluid.makespan < 1.2
    assert 0 < result.packets["all"]["out_of_order"] < 1
    again = run("fat-tree:k=4", who, routing="adaptive", seed=1)
    np.testing.assert_array_equal(again.end, result.end)
    other = run("fat-tree:k=4", who, routing="adaptive", seed=2)
    assert not np.array_equal(other.end, result.end)


# --- control ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_with_windows_a_permutation_ends_as_fluid(seed: int) -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    who = pattern("permutation", 16, 16e6, seed)
    settings = PacketSettings(cc="window")
    result = run_packets(fabric, who, Ecmp(seed=seed), ROCE, settings)
    paths = route(fabric, who.src, who.dst, Ecmp(seed=seed))
    fluid = 16e6 / max_min(paths, fabric.capacity * settings.goodput)
    fluid += paths.total(link_latency(fabric, ROCE))
    assert result.end.mean() == pytest.approx(fluid.mean(), rel=0.1)
    assert result.makespan == pytest.approx(fluid.max(), rel=0.02)


# --- deadlock -----------------------------------------------------------------------------------------------


def test_a_ring_of_switches_with_small_buffers_deadlocks_and_says_where() -> None:
    with pytest.raises(DeadlockError, match=r"6 -> 7; 7 -> 8; 8 -> 9; 9 -> 10; 10 -> 11; 11 -> 6") as caught:
        run("torus:dims=6", pattern("shift:2", 6, 1e6), ":buffer=20KiB", "ecmp")
    assert caught.value.lost == 6 and caught.value.at < 1e-4
    # The same with buffers that hold all that is under way.
    assert run("torus:dims=6", pattern("shift:2", 6, 1e6), ":buffer=4MiB", "ecmp").makespan > 0


# --- illegal use --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dctcp", "packet: cc: 'dctcp': unknown"),
        (":mtu=0", "packet: mtu: 0: whole bytes, 1 to"),
        (":mtu=4KiB,mtu=1KiB", "packet: mtu: '1KiB': given twice"),
        (":buffer=4KiB", "packet: buffer: 4096: whole bytes, 8,356 to"),
        (":switching=fast", "switching: 'fast': unknown"),
        (":steps=never", "steps: 'never': unknown"),
        (":colour=red", "name=value is needed, of these names"),
        (":mtu", "name=value is needed"),
        (":header=-1", "packet: header"),
    ],
)
def test_illegal_settings(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_packet_settings(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", "none"),
        ("window", "window"),
        (":cc=window", "window"),
        ("none:mtu=4096,header=82", "none"),
        (":mtu=1KiB,header=0", "none:header=0,mtu=1024"),
        (":steps=barrier,switching=store-and-forward", "none:steps=barrier,switching=store-and-forward"),
    ],
)
def test_settings_have_one_spelling(text: str, canonical: str) -> None:
    assert str(parse_packet_settings(text)) == canonical
    assert parse_packet_settings(canonical) == parse_packet_settings(text)


def test_what_takes_too_long_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"about .* packet-hops take about .*; at most 1 h is tried: ask for"
    ):
        run("fat-tree:k=8", pattern("permutation", 128, 1e12))


def test_unknown_policies_are_refused() -> None:
    fabric = Fabric.from_graph(load("star:endpoints=2"))
    with pytest.raises(ParameterError, match=r"routing: 'valiant': the packet engine has no such routing"):
        run_packets(fabric, flows((0, 1), size=1), Valiant(), ROCE)


def test_ports_tell_what_they_saw() -> None:
    # Three senders to one receiver: the port to it is busy all the time, and the two that arrive ahead wait.
    size = 64 * 4096.0
    result = run("star:endpoints=4", flows((1, 0), (2, 0), (3, 0), size=size))
    ports = {(a, b): i for i, (a, b) in enumerate(zip(result.ports["from"], result.ports["to"]))}
    assert len(ports) == 4
    last = ports["4", "0"]
    assert result.ports["packets"][last] == 192 and result.ports["bytes"][last] == 192 * (MTU + HEADER)
    assert result.ports["use"][last] == pytest.approx(192 * (MTU + HEADER) / B / result.makespan)
    # At the end of the senders' bursts two thirds of what came wait; what has left is a third.
    assert result.ports["queue_max"][last] == pytest.approx(2 * 64, abs=2)
    assert result.packets["leaf -> endpoint"]["queue_max"] == result.ports["queue_max"][last]
    # Little's law: the mean queue is the sum of all waits over the time.
    mean = result.ports["wait_mean_s"][last] * 192 / result.makespan
    assert result.ports["queue_mean"][last] == pytest.approx(mean)
    assert result.ports["paused_s"] == [0.0] * 4


def test_back_pressure_pauses_the_senders() -> None:
    # Two slots behind the sender's link, and a receiver at half its rate: it must wait half of the time.
    G = nx.Graph(name="slow receiver")
    G.add_nodes_from(range(2), kind="gpu", tier=0)
    G.add_node("s", kind="switch", tier=1)
    G.add_edge(0, "s", rate=2e9, delay=1e-8)
    G.add_edge(1, "s", rate=1e9, delay=1e-8)
    fabric = Fabric.from_graph(G)
    size = 1000.0 * MTU
    ideal = latency_profile("ideal")
    result = run_packets(
        fabric, flows((0, 1), size=size), Ecmp(), ideal, parse_packet_settings(":buffer=9KB")
    )
    assert result.makespan == pytest.approx(2e-8 + on_the_wire(size) / 1e9, rel=1e-9)
    sender = result.ports["from"].index("0")
    assert result.ports["paused_s"][sender] == pytest.approx(result.makespan / 2, rel=0.01)
    assert result.packets["endpoint -> leaf"]["buffer_max"] == 1
    # The packet that lacks a slot waits in the sender's port, alone: half of the time.
    assert result.ports["queue_max"][sender] == 1
    assert result.ports["queue_mean"][sender] == pytest.approx(0.5, rel=0.01)
