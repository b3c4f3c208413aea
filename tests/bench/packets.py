"""The packet model: packet-hops per bare SimPy callback, measured in one process, taking turns.

The floor is a callback that asks SimPy for the next one, with as many pending as the fabric has links; so the
clock of a packet network has. A packet-hop is one packet crossing one link. Times are of the processor, as
machines are shared. The compiled loop gives the same ends, asserted here, and has to be twice as quick.
"""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median

import simpy

from fabric import Fabric, route
from fabric.routing.policies import parse_policy
from sims.models.packet.compiled import CompiledNetwork
from sims.models.packet.hop_by_hop import HopByHop
from sims.models.packet.network import PacketNetwork
from sims.models.packet.parts import Message
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.sending import Sending
from sims.models.packet.settings import parse_packet_settings
from sims.models.profiles import latency_profile
from sims.workload.traffic import pattern
from tests.bench.measured import Measured
from topologies import load

ROUNDS = 5
# packet-hops per bare callback
LEAST: dict[type[Sending], float] = {PacketNetwork: 0.2, HopByHop: 0.1, CompiledNetwork: 0.7}

# traffic, routing, settings, bytes of each flow, most events per packet-hop
CASES = [
    ("shift", "dmodk", "none", 1_000_000, 1.05),
    ("permutation", "ecmp", "window", 1_000_000, 1.1),
    ("permutation", "adaptive", "none", 1_000_000, 1.1),
    ("permutation", "ecmp", "none", 1_000_000, 1.4),
    ("incast", "ecmp", "none", 200_000, 2.0),
    ("permutation", "ecmp", "hop-by-hop", 1_000_000, 2.6),
]


def bare(callbacks: int, pending: int) -> float:
    """Callbacks a second of SimPy alone."""
    env = simpy.Environment()
    left = callbacks + pending

    def again(_: object) -> None:
        nonlocal left
        left -= 1
        if left > 0:
            env.timeout(1.0).callbacks.append(again)

    for _ in range(pending):
        again(None)
    return callbacks / seconds(env.run)


def prepared(
    kind: type[Sending], fabric: Fabric, traffic: str, routing: str, text: str, size: float
) -> tuple[Sending, list[Message]]:
    profile, settings, policy = (
        latency_profile("roce-400g"),
        parse_packet_settings(text),
        parse_policy(routing, 1),
    )
    who = pattern(traffic, fabric.n_endpoints, size, seed=1)
    paths = route(fabric, who.src, who.dst, single_path(policy, 1))
    latencies = Latencies.of(fabric, profile)
    network = kind(
        simpy.Environment(),
        fabric,
        latencies,
        settings,
        round_trip=latencies.round_trip([paths], settings.packet),
        spread=policy.packets or "",
        seed=1,
    )
    ends = zip(paths.ptr[:-1], paths.ptr[1:])
    messages = [network.send(network.open(paths.link[a:b].tolist()), size) for a, b in ends]
    return network, messages


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure() -> Iterator[Measured]:
    fabric = Fabric.from_graph(load("fat-tree:k=8"))
    for traffic, routing, text, size, most in CASES:
        name, packets, answers = f"{traffic}, {routing}, cc {text}", math.ceil(size / 4096), []
        for kind in (HopByHop if text == "hop-by-hop" else PacketNetwork, CompiledNetwork):
            rates, bares = [], []
            prepared(kind, fabric, traffic, routing, text, 1.0)[
                0
            ].run()  # compiles, if nothing is compiled yet
            for _ in range(ROUNDS):
                bares.append(bare(200_000, fabric.n_links))
                network, messages = prepared(kind, fabric, traffic, routing, text, size)
                took = seconds(network.run)
                rates.append(network.hops / took)
                assert all(message.processed for message in messages)
                assert network.delivered == packets * len(messages)
                assert abs(network.received / (size * len(messages)) - 1) < 1e-9
            answers.append([message.value for message in messages])
            ratio = median(r / b for r, b in zip(rates, bares))
            took, floor = network.hops / median(rates), network.hops / median(bares)
            case = f"{name}: compiled" if kind is CompiledNetwork else name
            yield Measured(case=case, value=ratio, target=LEAST[kind], least=True, seconds=took, floor=floor)
            if kind is not CompiledNetwork:
                events = (next(network.env._eid) - len(messages)) / network.hops
                yield Measured(case=f"{name}: events", value=events, unit="a hop", target=most)
        assert answers[0] == answers[1]
    few = Fabric.from_graph(load("fat-tree:k=4"))
    small, large = (peak(few, size) for size in (2_000_000, 16_000_000))
    yield Measured(
        case="memory of 16 MB a flow over 2 MB", value=large / small, target=1.2, peak_mb=large / 1e6
    )


def peak(fabric: Fabric, size: float) -> int:
    """The most bytes that a run has taken at once, besides what is there before it begins."""
    network, _ = prepared(PacketNetwork, fabric, "permutation", "ecmp", "window", size)
    tracemalloc.start()
    network.run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most
