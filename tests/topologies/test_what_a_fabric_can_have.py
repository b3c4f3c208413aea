"""One range of rates and one of delays, in every way in which they come in, said in the error.

A value on either end of a range is taken and runs; beside the ends, and at the ends of what a float can say,
the error is ours and names the range.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from fabric import Ecmp, Fabric
from fabric.words.errors import FabricsimError
from fabric.words.units import DELAYS, RATES
from sims.models.fluid.flows import run_flows
from sims.models.profiles import latency_profile
from sims.workload.traffic import pattern
from topologies import fat_tree, leaf_spine, load
from topologies.files.lift import from_networkx

LEGAL_RATES, LEGAL_DELAYS = [1e-3, 1.0, 50e9, 1e18], [0.0, 5e-324, 1e-9, 1e3]
WRONG_RATES = [5e-324, 1e-320, 1e-300, 9.99e-4, 1.01e18, 1e60, 1e308, 1.7e308]
WRONG_DELAYS = [1e3 * (1 + 1e-12), 1e18, 1e300, 1e308]
Way = Callable[[float, Path], nx.Graph]


def cabled(**said: Any) -> nx.Graph:
    G = nx.Graph(name="two")
    G.add_nodes_from([0, 1], kind="gpu", tier=0)
    G.add_node("s", kind="switch", tier=1)
    for node in (0, 1):
        G.add_edge(node, "s", **({"rate": 50e9, "delay": 1e-9} | said))
    return G


def by_json(folder: Path, **said: Any) -> nx.Graph:
    path = folder / "g.json"
    path.write_text(json.dumps(nx.node_link_data(cabled(**said), edges="edges")))
    return load(str(path))


def by_graphml(folder: Path, **said: Any) -> nx.Graph:
    G = cabled(**said)
    nx.write_graphml(G, folder / "g.graphml")
    return load(str(folder / "g.graphml"))


def by_csv(folder: Path, rate: str = "50e9B/s", delay: str = "25ns") -> nx.Graph:
    lines = ["source,destination,rate,delay", *[f"host-{i},leaf-0,{rate},{delay}" for i in range(2)]]
    (folder / "g.csv").write_text("\n".join(lines))
    return load(f"{folder / 'g.csv'}:hosts=host*")


def told(rate: float) -> nx.Graph:
    G = nx.path_graph(3)
    nx.set_edge_attributes(G, rate, "c")
    return G


RATE_WAYS: dict[str, Way] = {
    "a builder": lambda rate, _: fat_tree(k=4, rate=rate),
    "a builder's trunk": lambda rate, _: leaf_spine(
        leaves=2, spines=1, endpoints_per_leaf=2, trunk_rate=rate
    ),
    "a builder's NVLink": lambda rate, _: fat_tree(k=4, gpus_per_server=2, nvlink=rate),
    "a text": lambda rate, _: load(f"fat-tree:k=4,rate={rate!r}B/s"),
    "a graph": lambda rate, _: cabled(rate=rate),
    "one of parallel cables": lambda rate, _: cabled(cables=2, rates=[50e9, rate]),
    "a graph to lift": lambda rate, _: from_networkx(nx.path_graph(3), rate=rate),
    "an edge to lift": lambda rate, _: from_networkx(told(rate), rate_attribute="c"),
    "JSON": lambda rate, folder: by_json(folder, rate=rate),
    "GraphML": lambda rate, folder: by_graphml(folder, rate=rate),
    "a list of links": lambda rate, folder: by_csv(folder, rate=f"{rate!r}B/s"),
}
DELAY_WAYS: dict[str, Way] = {
    "a builder": lambda delay, _: fat_tree(k=4, delay=delay),
    "a builder's tiers": lambda delay, _: fat_tree(k=4, delay=(0.0, delay)),
    "a builder's NVLink": lambda delay, _: fat_tree(k=4, gpus_per_server=2, nvlink_delay=delay),
    "a text": lambda delay, _: load(f"fat-tree:k=4,delay={delay!r}s"),
    "a graph": lambda delay, _: cabled(delay=delay),
    "a graph to lift": lambda delay, _: from_networkx(nx.path_graph(3), delay=delay),
    "JSON": lambda delay, folder: by_json(folder, delay=delay),
    "GraphML": lambda delay, folder: by_graphml(folder, delay=delay),
    "a list of links": lambda delay, folder: by_csv(folder, delay=f"{delay!r}s"),
}


def time_on(G: nx.Graph) -> float:
    F = Fabric.from_graph(G)
    traffic = pattern("shift:1", F.n_endpoints, 1e6)
    return run_flows(F, traffic, Ecmp(), latency_profile("roce-400g")).makespan


@pytest.mark.parametrize("way", RATE_WAYS)
def test_rates(way: str, tmp_path: Path) -> None:
    for rate in LEGAL_RATES:
        assert 0 < time_on(RATE_WAYS[way](rate, tmp_path)) < 1e12
    for rate in WRONG_RATES:
        with pytest.raises(FabricsimError, match=RATES):
            time_on(RATE_WAYS[way](rate, tmp_path))


@pytest.mark.parametrize("way", DELAY_WAYS)
def test_delays(way: str, tmp_path: Path) -> None:
    for delay in LEGAL_DELAYS:
        assert delay <= time_on(DELAY_WAYS[way](delay, tmp_path)) < 1e6
    for delay in WRONG_DELAYS:
        with pytest.raises(FabricsimError, match=DELAYS):
            time_on(DELAY_WAYS[way](delay, tmp_path))


@pytest.mark.parametrize(
    "text, rule",
    [
        ("bandwidth=1e-300", "at least 1e-06"),
        ("injection=1e-7", "at least 1e-06"),
        ("overhead=1e300s", "a time of at most 1e\\+18 s"),
        ("switch_latency=1001s", "seconds, zero or more, at most 1000"),
        ("plateau=1e300", "a factor, zero or more, at most 1e\\+06"),
        ("eager=1e300", "at most 1e\\+18 bytes"),
    ],
)
def test_constants_of_a_latency_profile(text: str, rule: str) -> None:
    with pytest.raises(FabricsimError, match=rule):
        latency_profile(f"ib-ndr:{text}")


@pytest.mark.parametrize("size", [5e-324, 9e-10, 1.1e18, 1e308])
def test_sizes_of_a_pattern(size: float) -> None:
    with pytest.raises(FabricsimError, match=r"size: .*: 1e-9 to 1e18 bytes"):
        pattern("incast", 4, size)
    assert np.all(pattern("incast", 4, 1e18).size == 1e18)
