"""What packets are said to have met: latency, use, waits and buffers, against sums over the crossings."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_packet_network import ROCE, links_of, random_traffic, random_tree

from fabric import Ecmp, Fabric, Paths, route
from fabric.routing.policies import parse_policy
from fabric.words.errors import TooLargeError
from sims.models.packet.control import Window
from sims.models.packet.network import PacketNetwork
from sims.models.packet.parts import Flow, Packet, Port
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import CONTROL, HOP_BY_HOP, PacketSettings
from sims.models.packet.summary import summary
from sims.models.packet.traffic import run_packets
from sims.models.packet.ways import last_leg
from sims.settings.each.engine import PACKET
from sims.show.words.table import packet_settings_line
from sims.workload.traffic import Traffic
from topologies import load

B, HEADER = 50e9, 82


class Noted(PacketNetwork):
    """Writes down of each crossing the end, the time on the line, the wait and the packet.

    ``said``: the largest use that each packet says it met.
    """

    def __init__(self, *args: object, **given: object) -> None:
        super().__init__(*args, **given)  # type: ignore[arg-type]
        self.at: dict[Port, list[tuple[float, float, float, int]]] = defaultdict(list)
        self.said: dict[int, float] = {}

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        key = id(flow) * 10**9 + packet.number
        serial = packet.wire * port.slowness
        self.at[port].append((start + serial, serial, start - ready, key))
        super()._launch(packet, flow, port, ready, start, now)
        if port in flow.lasts:
            self.said[key] = packet.use


@given(seed=st.integers(0, 2**32), tiers=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_use_that_a_packet_met_is_that_of_the_fullest_port(seed: int, tiers: int) -> None:
    """Of a port: the packets before fade with the round trip, and waits count in round trips."""
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, sizes, starts = random_traffic(draw, fabric.n_endpoints, 8)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    chosen, latencies = PacketSettings(cc="window"), Latencies.of(fabric, ROCE)
    trip = latencies.round_trip([paths], chosen.packet)
    network = Noted(simpy.Environment(), fabric, latencies, chosen, round_trip=trip)
    for links, size, start in zip(links_of(paths), sizes, starts):
        network.send(network.open(links), size, start)
    network.run()
    met: dict[int, float] = defaultdict(float)
    for crossings in network.at.values():
        for i, (end, _, wait, key) in enumerate(crossings):
            faded = sum(serial * math.exp((e - end) / trip) for e, serial, _, _ in crossings[: i + 1])
            met[key] = max(met[key], (faded + wait) / trip)
    assert network.said.keys() == met.keys()
    for key, said in network.said.items():
        assert said == pytest.approx(met[key], rel=1e-6)


def flows(*pairs: tuple[int, int], size: float, start: float) -> Traffic:
    src, dst = np.array(pairs, np.int64).T
    return Traffic(src=src, dst=dst, size=np.full(len(pairs), size), start=np.full(len(pairs), start))


@pytest.mark.parametrize("start", [0.0, 1e-3])
def test_latency_is_from_the_first_byte_out_to_the_last_byte_in(start: float) -> None:
    """One packet over an idle switch: two cables, the switch and its bytes once, whenever it sets out."""
    fabric = Fabric.from_graph(load("star:endpoints=2,rate=400Gbps"))
    result = run_packets(fabric, flows((0, 1), size=4096, start=start), parse_policy("ecmp"), ROCE)
    alone = float(fabric.delay[:2].sum()) + ROCE.switch_latency + (4096 + HEADER) / B
    seen = result.packets["all"]
    assert seen["packets"] == 1 and seen["hops"] == 2
    assert (seen["latency_mean_s"], seen["latency_max_s"]) == pytest.approx((alone, alone), rel=1e-9)
    for name in ("latency_p50_s", "latency_p99_s", "latency_p999_s"):
        assert seen[name] == pytest.approx(alone, rel=5.1e-3)


def test_two_packets_that_meet_are_said_to_have_met() -> None:
    """Two reach the port at once: one waits for the other's time on the line, in a buffer of four.

    A third meets nobody.
    """
    fabric = Fabric.from_graph(load("star:endpoints=3,rate=400Gbps"))
    wire = 4096 + HEADER
    chosen = PacketSettings(buffer=4 * wire)
    who = flows((0, 2), (1, 2), (2, 0), size=4096, start=1e-3)
    result = run_packets(fabric, who, parse_policy("ecmp"), ROCE, chosen)
    alone = float(fabric.delay[:2].sum()) + ROCE.switch_latency + wire / B
    seen = result.packets["all"]
    assert seen["latency_mean_s"] == pytest.approx(alone + wire / B / 3)
    assert seen["latency_max_s"] == pytest.approx(alone + wire / B)
    elapsed = float(result.end.max()) - 1e-3
    (down,) = [place for place, to in enumerate(result.ports["to"]) if result.ports["packets"][place] == 2]
    up = result.ports["from"].index(fabric.label(0))
    ports = {name: values[down] for name, values in result.ports.items()}
    assert ports["bytes"] == 2 * wire and ports["use"] == pytest.approx(2 * wire / B / elapsed)
    assert ports["queue_max"] == 1 and ports["queue_mean"] == pytest.approx(wire / B / elapsed)
    assert ports["wait_mean_s"] == pytest.approx(wire / B / 2) and ports["paused_s"] == 0
    assert result.ports["buffer_max"][up] == pytest.approx(1 / 4)
    kind = result.packets[ports["kind"]]
    assert kind["queue_mean"] == pytest.approx(ports["queue_mean"]) and kind["queue_max"] == 1
    assert kind["wait_max_s"] == pytest.approx(wire / B / 2)
    assert kind["paused_max_s"] == kind["paused_mean_s"] == 0
    assert result.packets[result.ports["kind"][up]]["buffer_max"] == pytest.approx(1 / 4)


def test_a_run_lasts_from_the_first_start_and_its_flows_are_counted_beforehand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two flows the second begins 1 ms later; of four queue pairs each, eight have to fit."""
    fabric, wire = Fabric.from_graph(load("star:endpoints=3,rate=400Gbps")), 4096 + HEADER
    one, two = np.array([0, 1]), np.array([2, 2])
    who = Traffic(src=one, dst=two, size=np.full(2, 4096.0), start=np.array([1e-3, 2e-3]))
    result = run_packets(fabric, who, parse_policy("ecmp"), ROCE)
    elapsed = float(result.end.max()) - 1e-3
    down = result.ports["packets"].index(2)
    assert result.ports["use"][down] == pytest.approx(2 * wire / B / elapsed)
    for room, fits in ((8 * 6_000, True), (8 * 6_000 - 1, False)):
        monkeypatch.setattr("sims.models.packet.cost.available_memory", lambda room=room: room)
        if fits:
            run_packets(fabric, who, parse_policy("ecmp:qps=4"), ROCE)
        else:
            with pytest.raises(TooLargeError, match="engine packet: 8 flows"):
                run_packets(fabric, who, parse_policy("ecmp:qps=4"), ROCE)


def test_a_round_trip_is_there_and_back_with_the_bytes_on_the_slowest_link() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    paths: Paths = route(fabric, np.array([0, 0]), np.array([1, 12]), Ecmp())
    latencies = Latencies.of(fabric, ROCE)
    far = paths.take(np.array([1]))
    one_way = float(far.total(fabric.delay)[0]) * ROCE.cable_factor + 5 * ROCE.switch_latency
    assert latencies.round_trip([paths], 4178.0) == pytest.approx(2 * one_way + 4178.0 / B)


def test_percentiles_stand_under_their_names() -> None:
    """1,000 latencies, each 5% above the one before: rank r of them is 1.05 ** r."""
    fabric = Fabric.from_graph(load("star:endpoints=2"))
    network = PacketNetwork(simpy.Environment(), fabric, Latencies.of(fabric, ROCE), PacketSettings())
    for rank in range(1, 1001):
        network.latencies.add(1e-6 * 1.05**rank)
    network.delivered, network.disordered, network.hops = 1000, 250, 4000
    seen = summary(network, 1.0)["all"]
    for name, rank in {"p50": 500, "p99": 990, "p999": 999, "max": 1000}.items():
        assert seen[f"latency_{name}_s"] == pytest.approx(1e-6 * 1.05**rank, rel=5.1e-3)
    assert (seen["packets"], seen["hops"], seen["out_of_order"]) == (1000, 4000, 0.25)


@pytest.mark.parametrize("use", [0.5, 1.0, 3.0])
def test_a_window_is_never_above_the_line_s_worth(use: float) -> None:
    window = Window(1.5)
    window.flying = 1
    window.acknowledged(use)
    assert window.size == 1.5 and window.pace == 1.5 / max(use, 1.0) and window.flying == 0


def test_packets_choose_behind_the_last_endpoint_that_sends_them_on() -> None:
    """0 - switch - 1 - switch - 2: until 1, which relays, the path is given."""
    fabric = Fabric.from_graph(load("star:endpoints=3"))
    switch = fabric.n_endpoints
    hops = [(0, switch), (switch, 1), (1, switch), (switch, 2)]
    links = [int(np.flatnonzero((fabric.link_src == a) & (fabric.link_dst == b))[0]) for a, b in hops]
    assert last_leg(fabric, links) == 2
    assert last_leg(fabric, [links[0], links[3]]) == 0


def test_behind_a_link_is_room_for_its_round_trip_and_64_packets_more() -> None:
    usual = PacketSettings()
    assert [usual.slots(loop) for loop in (0.0, 0.5, 2.0, 2.75)] == [65, 65, 67, 67]
    own = PacketSettings(mtu=1000, header=24, buffer=10 * 1024 + 1023)
    assert {own.slots(loop) for loop in (0.0, 50.0)} == {10}


def test_words_and_help_say_the_room_behind_a_link() -> None:
    for cc in CONTROL:
        chosen = PacketSettings(cc=cc)
        assert chosen.slots(0.0) == chosen.room + 1
        assert f"{chosen.room} packets and the round trip behind each link" in packet_settings_line(chosen)
    buffer = next(option for option in PACKET.part_options if option.part == "buffer")
    usual, apart = PacketSettings().room, PacketSettings(cc=HOP_BY_HOP).room
    assert f"{usual} packets, {apart} with hop-by-hop, and the link's round trip" in buffer.help
