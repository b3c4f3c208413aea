"""One idle flow, by fluid, packets and the bound: all use the same planes, on every family, for every policy.

The flow is of whole packets, as many on every plane, without headers, so nothing is left but which way the
last of them happens to take: a share of a path's latency in the time of 2,400 packets.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.graph.nic import planes
from fabric.routing.policies import parse_policy
from sims import all_reduce
from sims.models.fluid.flows import FlowResult, run_flows
from sims.models.packet.settings import parse_packet_settings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic
from topologies import load

FABRICS = [
    "star:endpoints=4",
    "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
    "fat-tree:k=4,gpus_per_server=4",
    "xgft:m=4/4,w=1/2",
    "pgft:m=4/4,w=1/2,p=1/2",
    "rail-optimized:servers=8,radix=16,gpus_per_server=4",
    "rail-only:servers=4,radix=8,gpus_per_server=4",
    "multi-plane:planes=8,endpoints=16,radix=8",
    "multi-plane:planes=2,endpoints=32,radix=8,gpus_per_server=4,oversubscription=3",
    "multi-plane:planes=2,endpoints=32,radix=8,attach=one,gpus_per_server=4",
    "dragonfly:p=2",
    "dragonfly-plus:leaves=2,spines=2,endpoints_per_leaf=2,global_ports=1",
    "torus:dims=4/4",
    "slim-fly:q=5",
    "random-regular:switches=10,radix=8,endpoints_per_switch=2",
    "preset:colossus-100k:servers=16",
    "preset:superpod-h100:su=1",
    "preset:meta-24k:pods=1",
    "preset:hpn-pod:segments=2",
    "preset:multiplane-131k:endpoints=1024",
]
POLICIES = ["ecmp", "ecmp:qps=1", "ecmp:qps=3", "dmodk", "spray", "adaptive"]
pytestmark = pytest.mark.usefixtures("both")

ROCE = latency_profile("roce-400g")
SIZE = 2_400 * 4_096.0  # whole packets on each of 1, 2, 3 and 8 planes
TOLERANCE = 2e-3


@cache
def compiled(spec: str) -> Fabric:
    return Fabric.from_graph(load(spec))


def one(src: int, dst: int) -> Traffic:
    return Traffic(src=np.array([src]), dst=np.array([dst]), size=np.array([SIZE]), start=np.zeros(1))


def both(F: Fabric, src: int, dst: int, routing: str, cc: str = "none") -> tuple[FlowResult, FlowResult]:
    policy = parse_policy(routing, 0, planes(F))
    fluid = run_flows(F, one(src, dst), policy, ROCE)
    settings = parse_packet_settings(f"{cc}:header=0")
    return fluid, run_packets(F, one(src, dst), policy, ROCE, settings)


@pytest.mark.parametrize("routing", POLICIES)
@pytest.mark.parametrize("spec", FABRICS)
def test_an_idle_flow_is_as_fast_in_packets(spec: str, routing: str) -> None:
    F = compiled(spec)
    for dst in (1, F.n_endpoints // 2 + 1, F.n_endpoints - 1):
        fluid, packets = both(F, 0, dst, routing)
        assert packets.end[0] == pytest.approx(fluid.end[0], rel=TOLERANCE)


@pytest.mark.parametrize("cc", ["none", "window"])
@pytest.mark.parametrize("routing", ["ecmp", "spray", "adaptive"])
def test_a_split_nic_sends_on_all_planes(routing: str, cc: str) -> None:
    """0 -> 5 on eight planes of 6.25 GB/s: the bytes at 50 GB/s, evenly over all, then a path's latency.

    One plane alone would take eight times as long. A path's latency is some microseconds.
    """
    F = compiled("multi-plane:planes=8,endpoints=16,radix=8")
    fluid, packets = both(F, 0, 5, routing, cc)
    for result in (fluid, packets):
        assert SIZE / 50e9 < result.end[0] < SIZE / 50e9 + 10e-6
    out = [row for row in range(len(packets.ports["from"])) if packets.ports["kind"][row].startswith("end")]
    assert [packets.ports["packets"][row] for row in out] == [300] * 8


@pytest.mark.parametrize("routing", ["ecmp", "spray", "adaptive"])
def test_parallel_cables_of_a_nic_are_used(routing: str) -> None:
    """Two cables from each endpoint to its leaf: spread policies use both, a hash one for each flow."""
    G = nx.Graph()
    G.add_nodes_from([0, 1], kind="gpu", tier=0)
    G.add_nodes_from("a", kind="switch", tier=1)
    G.add_edges_from([(0, "a"), (1, "a")], rate=50e9, delay=1e-7, cables=2)
    F = Fabric.from_graph(G)
    fluid, packets = both(F, 0, 1, routing)
    # At the leaf sprayed packets are drawn: of 2,400 a cable gets half, give or take sqrt(600) = 24.
    tolerance = 3 * 24 / 1_200 if routing == "spray" else TOLERANCE
    assert packets.end[0] == pytest.approx(fluid.end[0], rel=tolerance)
    rate = float(F.capacity[0]) * (1 if routing == "ecmp" else 2)
    assert fluid.end[0] == pytest.approx(SIZE / rate, rel=0.2)


@pytest.mark.parametrize("routing", ["ecmp", "spray", "adaptive"])
@pytest.mark.parametrize("spec", ["multi-plane:planes=8,endpoints=16,radix=8", "preset:hpn-pod:segments=2"])
def test_a_ring_of_two_takes_the_bound_in_all_engines(spec: str, routing: str, tmp_path: Path) -> None:
    """Two ranks in two servers exchange halves: bound, fluid and packets are one, near the bandwidth."""
    F = compiled(spec)
    ends = tmp_path / "ends.txt"
    ends.write_text(f"0\n{F.n_endpoints - 1}\n")
    settings = {"placement": str(ends), "routing": routing}
    size = int(2 * SIZE)
    times = [
        all_reduce(F, "ring", size, engine=engine, packet=packet, **settings)[0]
        for engine, packet in (("bound", ""), ("flow", ""), ("packet", "none:header=0"))
    ]
    assert [row.time_s for row in times] == pytest.approx([times[0].time_s] * 3, rel=TOLERANCE)
    nic = float(F.capacity[F.link_src == 0].sum()) if F.scaleup[0] < 0 else 50e9
    for row in times:
        assert row.efficiency == pytest.approx(2 * SIZE / nic / row.time_s, rel=1e-9)
        assert row.efficiency > 0.9 and row.planes_used == row.planes == planes(F)
