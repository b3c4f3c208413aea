"""Which faults stop a job and what others cost, against what is derived by hand for small fabrics."""

import math

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.damage.degraded import cable_links
from sims.jobs.collective import CollectiveJob
from sims.jobs.goodput.elements import elements, isolated, nic
from sims.jobs.goodput.network import hosts_of, network_classes
from sims.models.goodput.hazards import parse_hazards
from topologies import load

EVERYTHING = parse_hazards("quiet:nic_mtbf=1y,link_mtbf=1y,switch_mtbf=1y")
BIG = 2**34


def classes(text, hazards=EVERYTHING, **settings):
    fabric = Fabric.from_graph(load(text))
    job = CollectiveJob(fabric, topology=text, latency_profile="ideal", **settings)
    return {one.name: one for one in network_classes(job, "ring", BIG, hazards)}


def test_one_cable_to_one_leaf_stops_the_job_and_a_trunk_costs_its_share():
    # Two leaves with four endpoints each and two spines: half of the two trunk cables' rate is left for the
    # ring's one flow each way, which needs a half of it. With shift 4 all four flows need both.
    found = classes(
        "leaf-spine:leaves=2,spines=2,endpoints_per_leaf=4",
        routing="adaptive",
        placement="strided-endpoints:4",
    )
    assert found["NIC"].stretch == found["cable endpoint-leaf"].stretch == 0
    assert (found["NIC"].count, found["cable endpoint-leaf"].count) == (8, 8)
    assert found["cable leaf-spine"].count in (4, 8)
    assert found["switch leaf"].stretch == 0 and found["switch leaf"].count == 2
    assert found["switch spine"].stretch >= found["cable leaf-spine"].stretch >= 1


def test_of_a_nic_in_two_planes_one_cable_halves_the_rate():
    # A NIC with a cable into each of two planes: without one the flow has half the rate; without both, none.
    found = classes("multi-plane:planes=2,endpoints=16,radix=8", routing="ecmp:qps=2")
    assert found["NIC"].stretch == 0 and found["NIC"].hosts == 1
    assert found["cable endpoint-leaf"].stretch == pytest.approx(2.0, rel=1e-4)
    assert found["cable endpoint-leaf"].hosts == 0
    # A dead leaf takes one plane of its endpoints: it slows them, and stops nobody.
    assert found["switch leaf"].stretch == pytest.approx(2.0, rel=1e-4)


def test_a_dead_leaf_takes_the_hosts_below_it():
    found = classes("fat-tree:endpoints=64,radix=16,gpus_per_server=8")
    assert found["switch leaf"].stretch == 0
    fabric = Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,gpus_per_server=8"))
    leaves = [one for one in elements(fabric, np.arange(64), 0) if one.name == "switch leaf"]
    below = isolated(fabric, leaves[0].cables, np.arange(64))
    assert found["switch leaf"].hosts == len(np.unique(fabric.server[below]))


def test_only_what_carries_the_job_counts():
    # 4 of the 16 endpoints of a fat tree of k = 4 are one pod: 2 leaves with 2 spines each, and those spines
    # lead to all 4 cores.
    found = classes("fat-tree:k=4", ranks=4)
    counts = {name: one.count for name, one in found.items()}
    assert counts == {
        "NIC": 4,
        "cable endpoint-leaf": 4,
        "cable leaf-spine": 4,
        "cable spine-core": 4,
        "switch leaf": 2,
        "switch spine": 2,
        "switch core": 4,
    }


def test_without_tiers_all_cables_count():
    fabric = Fabric.from_graph(load("torus:dims=4/4"))
    names = {one.name: one.count for one in elements(fabric, np.arange(2), 0)}
    assert names["cable switch-switch"] == 32 and names["switch"] == 16


def test_what_cannot_fail_is_not_solved():
    assert classes("fat-tree:k=4", parse_hazards("rsc-1")) == {}
    told = []
    job = CollectiveJob(Fabric.from_graph(load("fat-tree:k=4")))
    list(network_classes(job, "ring", BIG, parse_hazards("llama3"), told.append))
    assert told == [
        f"without one {name}"
        for name in ("NIC", "cable endpoint-leaf", "cable leaf-spine", "cable spine-core")
    ]


def test_hosts():
    servers = Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,gpus_per_server=8"))
    assert hosts_of(CollectiveJob(servers)) == 8
    assert hosts_of(CollectiveJob(servers, ranks=12)) == 2
    bare = Fabric.from_graph(load("fat-tree:k=4"))
    assert hosts_of(CollectiveJob(bare, ranks=12)) == 12 / 8


def test_the_traffic_of_groups_counts():
    # All ranks of a group of 4 share a leaf-pair; a fault elsewhere costs their collective nothing.
    found = classes("fat-tree:k=4", groups="tp=4,dp=rest", over="tp")
    assert found["switch core"].stretch == 1.0


def test_a_cable_without_another_way_stops_the_job_for_good():
    graph = nx.Graph(name="bridge")
    for name, kind, tier in (("a", "gpu", 0), ("b", "gpu", 0), ("x", "switch", 1), ("y", "switch", 1)):
        graph.add_node(name, kind=kind, tier=tier)
    for one, other in (("a", "x"), ("b", "y"), ("x", "y")):
        graph.add_edge(one, other, rate=1e9, delay=0.0)
    fabric = Fabric.from_graph(graph)
    job = CollectiveJob(fabric)
    found = {one.name: one for one in network_classes(job, "ring", BIG, EVERYTHING)}
    bridge = next(one for name, one in found.items() if name.startswith("cable") and "endpoint" not in name)
    assert bridge.stretch == 0 and math.isinf(bridge.hosts)


def test_nics_are_of_endpoints_with_cables():
    fabric = Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8"))
    own = nic(fabric, np.arange(5))
    assert own is not None and own.count == 5 and len(own.cables) == 2
    assert len(cable_links(fabric)) > 2
