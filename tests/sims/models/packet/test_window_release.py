"""What a window loses when those that share its fullest line have ended: some round trips of that line."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric, route
from fabric.routing.policies import parse_policy
from sims.models.fluid.flows import run_flows
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import parse_packet_settings
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic
from topologies import load

FABRIC = Fabric.from_graph(load("fat-tree:k=4"))
DMODK = parse_policy("dmodk", 1)
pytestmark = pytest.mark.usefixtures("both")

ROCE, GOODPUT = (latency_profile(f"roce-400g{more}") for more in ("", f":bandwidth={4096 / 4178}"))


def excess(flows: int, packets: int, control: str) -> float:
    """Round trips by which packets end later than max-min fair fluids, of which one is four times as long."""
    src, dst = np.arange(15, 15 - flows, -1), np.zeros(flows, np.int64)
    size = np.array([packets] + [packets // 4] * (flows - 1)) * 4096.0
    traffic = Traffic(src=src, dst=dst, size=size, start=np.zeros(flows))
    fluid = run_flows(FABRIC, traffic, DMODK, GOODPUT).makespan
    found = run_packets(FABRIC, traffic, DMODK, ROCE, parse_packet_settings(control)).makespan
    trip = Latencies.of(FABRIC, ROCE).round_trip([route(FABRIC, src, dst, DMODK)], 4178)
    return (found - fluid) / trip


@pytest.mark.parametrize("flows", [2, 4])
@pytest.mark.parametrize("packets", [128, 512, 2048])
def test_a_line_that_is_never_empty_loses_nothing(flows: int, packets: int) -> None:
    assert excess(flows, packets, "none") == pytest.approx(0, abs=0.02)


def test_nor_does_a_flow_that_is_within_its_first_window() -> None:
    assert excess(2, 128, "window") == pytest.approx(0, abs=0.02)


def test_a_window_takes_round_trips_to_open() -> None:
    """By a quarter of the way in each: from a half of the line nearly two of them are lost, from a quarter
    some three, however much follows."""
    lost = {(m, n): excess(m, n, "window") for m in (2, 4) for n in (2048, 4096)}
    assert 1 < lost[2, 2048] < 2 < lost[4, 2048] < 3.5
    for flows in (2, 4):
        assert lost[flows, 4096] == pytest.approx(lost[flows, 2048], rel=0.25)
