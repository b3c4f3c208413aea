"""Histogram, Window, Ways: the small parts, each against its definition."""

from __future__ import annotations

import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest

from fabric import Ecmp, Fabric, route
from sims.models.packet.control import GAIN, STEP, Window
from sims.models.packet.histogram import Histogram
from sims.models.packet.ways import Ways, cables, last_leg, targets
from topologies import load


@pytest.mark.parametrize("seed", range(3))
def test_percentiles_are_within_half_a_percent(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(-12, 2, 20_000)
    seen = Histogram()
    for value in values.tolist():
        seen.add(value)
    for percent in (1, 50, 90, 99, 99.9, 100):
        exact = np.sort(values)[math.ceil(Fraction(str(percent)) * len(values) / 100) - 1]
        assert seen.percentile(percent) == pytest.approx(exact, rel=5.1e-3)
    assert seen.worst == values.max() and seen.mean == pytest.approx(values.mean())
    assert len(seen.counts) < 232 * np.log10(values.max() / values.min()) + 2


def test_an_empty_histogram_has_no_values() -> None:
    assert Histogram().percentile(99) == Histogram().mean == 0.0


@pytest.mark.parametrize("flows", [1, 2, 5, 20])
def test_windows_that_share_a_port_come_to_rest_with_step_packets_waiting_each(flows: int) -> None:
    """All equal: use = windows / line, in packets a round trip; at rest window (1 - 1 / use) = STEP."""
    line = 100.0
    window = Window(line + 1)
    for _ in range(20_000):
        window.flying += 1
        window.acknowledged(max(flows * window.size / line, 1.0) if flows > 1 else 1.0)
    assert window.flying == 0
    if flows == 1:
        assert window.size == window.most
    else:
        use = flows * window.size / line
        assert window.size * (1 - 1 / use) == pytest.approx(STEP, rel=1e-6)
        assert window.pace == pytest.approx(window.size / use)
        assert flows * window.pace == pytest.approx(line)
    assert 0 < GAIN <= 1


@pytest.mark.parametrize("spec", ["fat-tree:k=4", "dragonfly:p=2,a=4,h=2", "torus:dims=4/4"])
def test_ways_are_the_shortest_paths(spec: str) -> None:
    """Followed to the end from any endpoint, all ways have the length that NetworkX finds."""
    fabric = Fabric.from_graph(load(spec))
    graph = nx.Graph(zip(fabric.link_src.tolist(), fabric.link_dst.tolist()))
    n = fabric.n_endpoints
    for dst in (0, n // 2, n - 1):
        leaf = next(iter(graph[dst]))
        ways = Ways(fabric, (leaf,))
        last = int(np.flatnonzero((fabric.link_src == leaf) & (fabric.link_dst == dst))[0])
        for src in (1, n - 2):
            assert targets(fabric, src, dst) == (leaf,)
            (first,) = ways.out_of(src)
            paths, done = [[first]], []
            while paths:
                path = paths.pop()
                options = ways.after(path[-1])
                done += [] if options else [[*path, last]]
                paths += [[*path, option] for option in options]
            lengths = {len(path) for path in done}
            assert lengths == {nx.shortest_path_length(graph, src, dst)}
            assert len(done) == len(list(nx.all_shortest_paths(graph, src, dst)))
            assert last_leg(fabric, done[0]) == 0


def test_a_way_inside_a_server_leads_to_its_switch() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2"))
    inside = int(fabric.scaleup[0])
    assert targets(fabric, 0, 1) == (inside,)
    ways = Ways(fabric, (inside,))
    assert ways.out_of(0) == cables(fabric, 0, inside) and ways.after(ways.out_of(0)[0]) == []


def test_ways_on_planes_are_all_shortest_paths_from_nic_to_nic() -> None:
    """Out of all eight ports, and into any leaf of the destination: as many paths as NetworkX lists."""
    fabric = Fabric.from_graph(load("multi-plane:planes=4,endpoints=16,radix=8"))
    graph = nx.Graph(zip(fabric.link_src.tolist(), fabric.link_dst.tolist()))
    ways = Ways(fabric, targets(fabric, 0, 15))
    paths, done = [[link] for link in ways.out_of(0)], set()
    while paths:
        path = paths.pop()
        options = ways.after(path[-1])
        if not options:
            done.add(tuple(fabric.link_dst[path].tolist()))
        paths += [[*path, option] for option in options]
    assert done == {tuple(path[1:-1]) for path in nx.all_shortest_paths(graph, 0, 15)}


def test_a_path_by_a_relay_is_given_up_to_the_relay() -> None:
    fabric = Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8,attach=one,gpus_per_server=4"))
    path = route(fabric, np.array([0]), np.array([5]), Ecmp()).link.tolist()
    first = last_leg(fabric, path)
    assert first == 2 and int(fabric.link_src[path[first]]) in (1, 3)  # whoever is on the plane of GPU 5
