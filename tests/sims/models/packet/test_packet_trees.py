"""Switches that add up and spread, packet by packet: closed forms, links, beside the fluid model."""

from __future__ import annotations

import pytest

from fabric import Fabric
from sims import collective, simulate
from sims.jobs.allreduce import AllReduce
from topologies import load

B = 50e9  # bytes/s of a NIC of 400 Gbps
MTU, HEADER = 4096, 82
QUIET = "ideal:cable_factor=0"


def job(text: str, **settings: object) -> AllReduce:
    given = {"engine": "packet", "latency_profile": QUIET, **settings}
    return AllReduce(Fabric.from_graph(load(text)), **given)


@pytest.mark.parametrize(("text", "links"), [("star:endpoints=8", 2), ("fat-tree:k=4", 6)])
@pytest.mark.parametrize("placement", ["packed", "random"])
@pytest.mark.parametrize("full", [1, 7, 256])
def test_packets_follow_one_another_over_the_longest_way(
    text: str, links: int, placement: str, full: int
) -> None:
    """Each switch waits for whole packets of all its children, which come at the same times: P packets over
    the first link, and the last one over the ``links`` - 1 others up to the root and down."""
    row = job(text, placement=placement).row("in-network:pipeline=1", full * MTU)
    assert row.time_s == pytest.approx((full + links - 1) * (MTU + HEADER) / B, rel=1e-12)
    ports = {"star:endpoints=8": 16, "fat-tree:k=4": 2 * (16 + 8 + 4)}[text]
    assert row.packets["all"]["hops"] == full * ports  # each link of the tree carries each packet once


def test_latency_up_and_down_is_that_of_the_fluid_model() -> None:
    for text in ("star:endpoints=8", "fat-tree:k=4"):
        flow, packet = (
            job(text, latency_profile="roce-400g", engine=engine).row("in-network:pipeline=1", MTU).time_s
            for engine in ("flow", "packet")
        )
        links = 2 if text.startswith("star") else 6
        assert packet - links * (MTU + HEADER) / B == pytest.approx(flow - MTU / B, rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "star:endpoints=16,gpus_per_server=8",
        "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=8,gpus_per_server=4",
        "multi-plane:planes=2,endpoints=32,radix=16",
    ],
)
@pytest.mark.parametrize("how", ["pipeline=1", "pipeline=8", "pipeline=4,port_rate=100Gbps"])
def test_as_in_the_fluid_model_but_for_headers_and_the_last_packets(text: str, how: str) -> None:
    """Headers take 2% of a line; ``port_rate`` counts payload, so that it hides them."""
    size, name = 2**22, f"in-network:{how}"
    flow, packet = (job(text, engine=engine).row(name, size).time_s for engine in ("flow", "packet"))
    assert flow < packet < 1.04 * flow


def test_the_slowest_child_sets_the_pace() -> None:
    """One NIC at a tenth of its rate: all packets wait for its, at every switch above it."""
    whole = job("fat-tree:k=4")
    capacity = whole.fabric.capacity.copy()
    slow = (whole.fabric.link_src == 5) | (whole.fabric.link_dst == 5)
    capacity[slow] /= 10
    run = whole.on(whole.fabric.with_capacity(capacity))
    full = 64
    # Up at its rate, the last packet over four more links, and down to it at its rate.
    expected = (full * 10 + 4 + 10) * (MTU + HEADER) / B
    assert run.seconds("in-network:pipeline=1", full * MTU) == pytest.approx(expected, rel=1e-9)


def test_groups_share_links_as_in_the_fluid_model() -> None:
    """Two groups of one rank on each leaf: both trees need the one cable up, which takes twice as long."""
    text, size = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=2", 256 * MTU
    shared = {"groups": "mesh:a=2,b=2", "over": "b"}
    for engine, each in (("flow", MTU), ("bound", MTU), ("packet", MTU + HEADER)):
        row = job(text, engine=engine, **shared).row("in-network:pipeline=1", size)
        assert row.time_s == pytest.approx(2 * 256 * each / B, rel=0.02)
        assert row.group_times["slowest"] == pytest.approx(row.time_s, rel=0.01)
        assert row.group_times["alone"] == pytest.approx(256 * each / B, rel=0.02)


@pytest.mark.parametrize("engine", ["flow", "packet"])
def test_groups_that_servers_cut_in_other_ways(engine: str) -> None:
    """Six ranks of two servers, in one group all of one, in others four and two: each has its bytes."""
    text = "star:endpoints=24,gpus_per_server=8"
    row = job(text, engine=engine, groups="mesh:a=6,b=4", over="a").row("in-network:pipeline=1", 2**22)
    assert row.group_times["fastest"] < row.group_times["slowest"] <= row.time_s * (1 + 1e-12)
    assert row.group_times["alone"] == pytest.approx(row.group_times["slowest"], rel=0.02)


@pytest.mark.parametrize("engine", ["flow", "packet"])
def test_a_row_of_groups_runs_again(engine: str) -> None:
    (row,) = collective(
        "all-reduce", "fat-tree:k=4", "in-network", "64K", engine=engine, groups="mesh:a=2,b=8", over="b"
    )
    assert row.group_times and simulate(row.scenario) == row
