"""Loads of an exchange without a list of flows, against the list: all policies, groups, weights, relays."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric, carrier, route
from fabric.routing import exchange, fans, towards
from fabric.routing.cells import Exchange
from fabric.routing.exchange import exchanged, listed
from fabric.routing.policies import Policy, parse_policy
from fabric.words.errors import NoRouteError, ParameterError
from sims.models.latency import transfer_latency
from sims.models.profiles import latency_profile
from topologies import load

FABRICS = [
    "fat-tree:k=8",
    "fat-tree:k=8,gpus_per_server=4",
    "fat-tree:endpoints=100,radix=8,gpus_per_server=5",
    "rail-optimized:radix=8,servers=8,gpus_per_server=4",
    "rail-optimized:radix=8,servers=40,gpus_per_server=2",
    "leaf-spine:leaves=6,spines=3,endpoints_per_leaf=4,cables=2",
    "pgft:m=4/3/2,w=1/2/2,p=1/2/1,gpus_per_server=3",
    "rail-only:radix=8,servers=8,gpus_per_server=4",
    "rail-only:radix=8,servers=6,gpus_per_server=6,rails_per_server=3,servers_per_group=2",
    "multi-plane:planes=2,endpoints=48,radix=8,gpus_per_server=6",
    "multi-plane:planes=2,endpoints=48,radix=8,gpus_per_server=4,attach=one",
    "torus:dims=4/4",
    "torus:dims=4/3,endpoints_per_switch=2",
    "star:endpoints=9,gpus_per_server=3",
]


def brute(on: Fabric, demand: Exchange, policy: Policy) -> np.ndarray:
    """Every pair, routed at once."""
    src, dst = demand.targets(np.arange(len(demand.group)))
    paths = route(on, demand.endpoint[src], demand.endpoint[dst], policy)
    return paths.load(demand.weight[dst], on.n_links)


def demands(n: int, seed: int) -> list[Exchange]:
    draw = np.random.default_rng(seed)
    some = draw.permutation(n)[: max(2, 2 * n // 3)]
    return [
        Exchange.of(np.arange(n)),
        Exchange.of(np.arange(n), np.arange(n) % 3, draw.uniform(0.5, 2, n)),
        Exchange.of(np.arange(n), np.arange(n) * 4 // n),
        Exchange.of(some, draw.integers(0, 4, len(some)), draw.integers(0, 3, len(some))),
    ]


@pytest.mark.parametrize("routing", ["dmodk", "adaptive", "spray"])
@pytest.mark.parametrize("text", FABRICS)
def test_loads_are_those_of_the_list(text: str, routing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fabric, policy = Fabric.from_graph(load(text)), parse_policy(routing)
    on = carrier(fabric, policy)
    if policy.uniform(on.tiered) == "drawn":
        pytest.skip("hashed there")
    for k, demand in enumerate(demands(fabric.n_endpoints, 7)):
        wanted = brute(on, demand, policy)
        if k == 1:
            for module in (exchange, fans, towards):  # in many parts
                monkeypatch.setattr(module, "_AT_ONCE", 50)
        assert listed(on, demand, policy).carried == pytest.approx(wanted, abs=1e-9)
        if routing == "dmodk" and "planes=2" in text and "attach" not in text:
            with pytest.raises(ParameterError, match="on several planes needs a list"):
                exchanged(on, demand, policy)
            continue
        found = exchanged(on, demand, policy)
        assert found.carried == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("routing", ["dmodk", "adaptive", "spray"])
def test_loads_of_a_fabric_with_faults(routing: str) -> None:
    """Kinds of leaves fall apart where cables are missing or slow."""
    graph = load("fat-tree:k=8,gpus_per_server=4")
    for u, v in [(128, 160), (129, 161), (170, 192), (150, 182)]:
        if graph.has_edge(u, v):
            graph.remove_edge(u, v)
    edge = next(e for e in graph.edges if set(e) & {140} and min(e) >= 128)
    graph.edges[edge]["rate"] /= 2
    fabric, policy = Fabric.from_graph(graph), parse_policy(routing)
    on = carrier(fabric, policy)
    for demand in demands(128, 3):
        wanted = brute(on, demand, policy)
        assert exchanged(on, demand, policy).carried == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("text", FABRICS)
def test_the_longest_flow_is_among_those_told(text: str) -> None:
    fabric, policy, profile = Fabric.from_graph(load(text)), parse_policy("spray"), latency_profile("ib-ndr")
    on = carrier(fabric, policy)
    for demand in demands(fabric.n_endpoints, 5):
        src, dst = demand.targets(np.arange(len(demand.group)))
        ends = demand.endpoint[src], demand.endpoint[dst]
        longest = transfer_latency(route(on, *ends, policy), on, profile).max()
        for found in (exchanged(on, demand, policy), listed(on, demand, policy)):
            told = transfer_latency(route(on, found.src, found.dst, policy), on, profile)
            assert told.max() == pytest.approx(longest)


def test_hashed_loads_of_unequal_weights_spread_as_listed_ones() -> None:
    """Standard deviation over links around the even split, within a quarter of that of the list."""
    fabric, policy = Fabric.from_graph(load("fat-tree:k=8")), parse_policy("ecmp")
    weight = np.where(np.arange(128) % 4 == 0, 8.0, 1.0)
    demand, trunk = Exchange.of(np.arange(128), None, weight), ~fabric.access
    even = exchanged(carrier(fabric, parse_policy("spray")), demand, parse_policy("spray")).carried
    known = carrier(fabric, parse_policy("spray")).contraction
    assert known is not None
    mean = (even / known.members)[known.image][trunk]
    drawn, hashed = exchanged(fabric, demand, policy), listed(fabric, demand, policy)
    spread = [np.std(one.carried[trunk] - mean) for one in (drawn, hashed)]
    assert spread[0] == pytest.approx(spread[1], rel=0.25) and drawn.note
    assert drawn.carried[fabric.access] == pytest.approx(hashed.carried[fabric.access])


def test_what_needs_a_list_is_refused() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    with pytest.raises(ParameterError, match="routing: 'ecmp:qps=1,salt=none': loads are not known without"):
        exchanged(fabric, Exchange.of(np.arange(16)), parse_policy("ecmp:salt=none"))


@pytest.mark.parametrize("gpus", [0, 2])
def test_pairs_without_a_path_are_named(gpus: int) -> None:
    graph = load(
        "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=2" + f",gpus_per_server={gpus}" * bool(gpus)
    )
    graph.remove_edges_from([(4, 6), (5, 6)])
    fabric = Fabric.from_graph(graph, allow_partition=True)
    with pytest.raises(NoRouteError, match="no relay in the source's server"):
        exchanged(fabric, Exchange.of(np.arange(4)), parse_policy("dmodk"))


def test_relays_of_a_server_share_a_leaf_evenly() -> None:
    """Six GPUs on three rails: two of each server reach each rail, and each carries half of it."""
    text = "rail-only:radix=16,servers=4,gpus_per_server=6,rails_per_server=3,servers_per_group=2"
    fabric, policy = Fabric.from_graph(load(text)), parse_policy("dmodk")
    load_of = exchanged(fabric, Exchange.of(np.arange(24)), policy).carried
    uplinks = (fabric.link_src < 24) & (fabric.link_dst >= 24) & (fabric.link_dst < 24 + fabric.n_switches)
    assert load_of[uplinks] == pytest.approx(np.full(24, 6 * 18 / 6))
