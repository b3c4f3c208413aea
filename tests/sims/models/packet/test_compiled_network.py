"""Packets moved by the compiled loop, to the last bit as by SimPy: ends, tallies, ports, deadlocks, rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_packet_network import ROCE, any_network, links_of, random_traffic, random_tree

from fabric import Ecmp, Fabric, Paths, route
from fabric.routing.policies import parse_policy
from sims.jobs.allreduce import AllReduce
from sims.models.packet import choice as module
from sims.models.packet.deadlock import DeadlockError
from sims.models.packet.hop_by_hop import HopByHop
from sims.models.packet.network import PacketNetwork
from sims.models.packet.routes import Latencies
from sims.models.packet.sending import Sending
from sims.models.packet.settings import PacketSettings, parse_packet_settings
from sims.models.packet.traffic import run_packets
from sims.workload.traffic import pattern
from topologies import load

pytest.importorskip("numba", reason="the extra [fast] is not installed")
from sims.models.packet import compiled, loop
from sims.models.packet.compiled import CompiledNetwork

SEEN = ("busy", "bytes", "waited", "paused", "load", "free", "fullest", "deepest", "packets")


def seen(kind: type[Sending], fabric: Fabric, paths: Paths, draw: np.random.Generator, **given: Any) -> Any:
    """All that a run tells. Of every message that arrives, another one follows 2 us later, 3 per flow."""
    env, chosen = simpy.Environment(), given.pop("chosen")
    latencies = Latencies.of(fabric, ROCE)
    trip = latencies.round_trip([paths], chosen.packet)
    network = kind(env, fabric, latencies, chosen, round_trip=trip, **given)
    sizes = draw.uniform(1, 60_000, (len(paths), 3))
    starts = np.where(draw.integers(0, 2, len(paths)), draw.uniform(0, 3e-5, len(paths)), 0.0)
    ends: list[tuple[int, float, float]] = []

    def follow(flow: Any, number: int, left: list[float], message: simpy.Event) -> None:
        ends.append((number, message.value, env.now))
        if left:
            pause = env.timeout(2e-6 * (number % 3))
            pause.callbacks.append(lambda _: begin(flow, number, left, 1e-6 * (number % 2)))

    def begin(flow: Any, number: int, left: list[float], delay: float) -> None:
        message = network.send(flow, left[0], delay)
        message.callbacks.append(lambda event: follow(flow, number, left[1:], event))

    flows = [network.open(links, order=number % 3) for number, links in enumerate(links_of(paths))]
    for number, (flow, start) in enumerate(zip(flows, starts.tolist())):
        begin(flow, number, sizes[number].tolist(), start)
    network.run()
    ports = [(link, *(getattr(port, name) for name in SEEN)) for link, port in network.ports.items()]
    latency = network.latencies
    tallies = (network.delivered, network.disordered, network.hops, network.received, env.now)
    return ends, ports, tallies, latency.counts, latency.number, latency.total, latency.worst


@any_network
@settings(max_examples=100, deadline=None)
def test_every_number_is_that_of_simpy(
    seed: int, tiers: int, slots: int, cc: str, spread: str, switching: str
) -> None:
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, _, _ = random_traffic(draw, fabric.n_endpoints, 12)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    chosen = PacketSettings(cc=cc, buffer=slots * 4178, switching=switching)
    one, other = (
        seen(kind, fabric, paths, np.random.default_rng(seed), chosen=chosen, spread=spread, seed=seed)
        for kind in (PacketNetwork, CompiledNetwork)
    )
    assert len(one[0]) == 36 and one == other


@given(
    seed=st.integers(0, 2**32),
    tiers=st.integers(1, 3),
    slots=st.integers(2, 12),
    switching=st.sampled_from(["cut-through", "store-and-forward"]),
)
@settings(max_examples=100, deadline=None)
def test_every_number_of_flows_that_are_kept_apart_is_that_of_simpy(
    seed: int, tiers: int, slots: int, switching: str
) -> None:
    draw = np.random.default_rng(seed)
    fabric = Fabric.from_graph(random_tree(draw, tiers))
    src, dst, _, _ = random_traffic(draw, fabric.n_endpoints, 12)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    chosen = PacketSettings(cc="hop-by-hop", buffer=slots * 4178, switching=switching)
    one, other = (
        seen(kind, fabric, paths, np.random.default_rng(seed), chosen=chosen)
        for kind in (HopByHop, CompiledNetwork)
    )
    assert len(one[0]) == 36 and one == other


@pytest.mark.parametrize("spread", ["", "random", "shortest queue"])
def test_room_grows_while_packets_are_under_way(spread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_ROOM", 4)
    monkeypatch.setattr(compiled, "_DRAWS", 3)
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    src, dst, _, _ = random_traffic(np.random.default_rng(3), fabric.n_endpoints, 60)
    paths = route(fabric, src, dst, Ecmp(seed=3))
    one, other = (
        seen(kind, fabric, paths, np.random.default_rng(3), chosen=PacketSettings(), spread=spread)
        for kind in (PacketNetwork, CompiledNetwork)
    )
    assert len(one[0]) == 180 and one == other


@pytest.mark.parametrize("spread", ["", "random"])
def test_a_loop_that_pauses_after_every_event_gives_the_same(
    spread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit: between two events nothing is remembered but what is in the records."""
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    src, dst, _, _ = random_traffic(np.random.default_rng(5), fabric.n_endpoints, 40)
    paths, ended = route(fabric, src, dst, Ecmp(seed=5)), []

    def counted(*given: Any) -> int:
        ended.append(loop.run(*given))
        return ended[-1]

    monkeypatch.setattr(compiled, "run", counted)
    found = []
    for patience in (10**9, 1):
        monkeypatch.setattr(compiled, "_PATIENCE", patience)
        draw = np.random.default_rng(5)
        found.append(seen(CompiledNetwork, fabric, paths, draw, chosen=PacketSettings(), spread=spread))
        assert (ended.count(loop.PAUSED) > 1000) == (patience == 1)
    assert found[0] == found[1]


def both_ways(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> tuple[Any, Any]:
    monkeypatch.setattr(module, "_MANY", np.inf)
    one = work()
    monkeypatch.setattr(module, "_MANY", 0)
    return one, work()


def test_a_deadlock_is_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fabric = Fabric.from_graph(load("torus:dims=6"))
    who, chosen = pattern("shift:2", 6, 1e6), parse_packet_settings(":buffer=20KiB")

    def run() -> tuple[Any, ...]:
        with pytest.raises(DeadlockError) as caught:
            run_packets(fabric, who, parse_policy("ecmp"), ROCE, chosen)
        return caught.value.ports, caught.value.lost, caught.value.at

    one, other = both_ways(monkeypatch, run)
    assert one == other


@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [
        ("ring:channels=3", {"routing": "ecmp:qps=2"}),
        ("ring", {"routing": "adaptive", "latency_profile": "roce-400g:reduction=0.01ns"}),
        ("tree:segment=16384", {"packet": "window"}),
        ("halving-doubling", {"routing": "spray", "packet": "none:steps=barrier"}),
        ("hierarchical-tree:pipeline=3", {"packet": "none:buffer=20KiB"}),
        ("in-network", {"routing": "adaptive"}),
        ("in-network", {"packet": "hop-by-hop"}),
        ("hierarchical-tree:pipeline=3", {"packet": "hop-by-hop"}),
        ("halving-doubling", {"routing": "ecmp:qps=2", "packet": "hop-by-hop:switching=store-and-forward"}),
    ],
)
def test_rows_of_collectives_are_the_same(
    algorithm: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2"))

    def row() -> Any:
        return AllReduce(fabric, engine="packet", **settings).row(algorithm, 300_000)

    one, other = both_ways(monkeypatch, row)
    assert one == other


def test_only_long_runs_import_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, apart = PacketSettings(), PacketSettings(cc="hop-by-hop")
    assert module.network_kind(module._MANY - 1, usual) is PacketNetwork
    assert module.network_kind(module._MANY, usual) is CompiledNetwork
    monkeypatch.setattr(module, "at_hand", lambda: False)
    assert module.network_kind(1e9, usual) is PacketNetwork
    assert module.network_kind(1e9, apart) is HopByHop
