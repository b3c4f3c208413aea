"""The real SimGrid as judge, where its Python bindings are installed: it loads what we write, routes as we do
and shares as we do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from project import ROOT

from fabric import Dmodk, Fabric, Paths, route
from fabric.graph.schema import NVSWITCH
from sims.models.fluid.flows import run_flows
from sims.models.profiles import latency_profile
from sims.workload.traffic import Traffic
from topologies import load
from topologies.files.exchange import write_graph

JUDGE = ROOT / "tests" / "support" / "simgrid_judge.py"
IDEAL = latency_profile("ideal")


def python_with_simgrid() -> str | None:
    """The first Python that has it: a distribution's package is not seen by that of a virtual environment."""
    for name in ("/usr/bin/python3", shutil.which("python3")):
        if name and Path(name).exists():
            tried = subprocess.run([name, "-c", "import simgrid"], capture_output=True)
            if tried.returncode == 0:
                return name
    return None


PYTHON = python_with_simgrid()
pytestmark = pytest.mark.skipif(PYTHON is None, reason="python3-simgrid is not installed")


def drawn(fabric: Fabric, seed: int = 0) -> Traffic:
    """Three flows an endpoint, of any size, to anybody."""
    rng, n = np.random.default_rng(seed), fabric.n_endpoints
    src = rng.integers(n, size=3 * n)
    dst = (src + rng.integers(1, n, size=3 * n)) % n
    size = rng.integers(10**6, 10**8, size=3 * n).astype(float)
    return Traffic(src=src, dst=dst, size=size, start=np.zeros(3 * n))


def judged(text: str, folder: Path, traffic: Traffic | None = None) -> tuple[Fabric, Traffic, Any]:
    """What SimGrid says of the platform of ``text`` under some traffic."""
    G = load(text)
    fabric = Fabric.from_graph(G)
    traffic = traffic or drawn(fabric)
    write_graph(G, folder / "platform.xml")
    flows = [
        (f"gpu-{a}", f"gpu-{b}", size)
        for a, b, size in zip(traffic.src.tolist(), traffic.dst.tolist(), traffic.size.tolist())
    ]
    asked = json.dumps({"platform": str(folder / "platform.xml"), "flows": flows})
    ran = subprocess.run([str(PYTHON), str(JUDGE)], input=asked, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return fabric, traffic, json.loads(ran.stdout)


def together(routes: list[list[Any]]) -> list[list[int]]:
    """For each link, the flows on it: links are called otherwise there, but who meets whom is the same."""
    found = defaultdict(set)
    for flow, links in enumerate(routes):
        for link in links:
            found[link].add(flow)
    return sorted(map(sorted, found.values()))


def lists(paths: Paths) -> list[list[int]]:
    return [one.tolist() for one in np.split(paths.link, paths.ptr[1:-1])]


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4,delay=250ns",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,delay=1us",
        "xgft:m=4/4,w=1/2",
        "fat-tree:k=4,gpus_per_server=2",
        "torus:dims=3/4",
        "dragonfly:p=2",
        "torus:dims=15/15",
        "slim-fly:q=5,endpoints_per_switch=1",
    ],
)
def test_it_loads_with_all_hosts_and_links_and_ways_as_long_as_ours(text, tmp_path):
    fabric, traffic, found = judged(text, tmp_path)
    loops = [name for name, *_ in found["links"] if "loopback" in name]
    scaleup = sum(1 for end in (fabric.link_src, fabric.link_dst) for k in fabric.kind[end] if k == NVSWITCH)
    assert len(found["hosts"]) == fabric.n_endpoints
    assert len(found["links"]) - len(loops) == fabric.n_links - scaleup
    # Its ways cross no scale-up switch.
    inside = fabric.server[traffic.src] == fabric.server[traffic.dst]
    inside &= fabric.server[traffic.src] >= 0
    ours = route(fabric, traffic.src, traffic.dst, Dmodk())
    for i in np.flatnonzero(~inside).tolist():
        assert len(found["routes"][i][0]) == ours.length[i]


@pytest.mark.parametrize(
    "text",
    [
        "fat-tree:k=4,delay=0s",
        "fat-tree:k=6,delay=0s",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,delay=0s",
        "xgft:m=4/4,w=1/2,delay=0s",
        "star:endpoints=8,delay=0s",
    ],
)
def test_it_routes_and_shares_a_fat_tree_as_dmodk_and_max_min_do(text, tmp_path):
    """The same flows meet on the same links, and each ends at the same instant, found by another program."""
    fabric, traffic, found = judged(text, tmp_path)
    ours = route(fabric, traffic.src, traffic.dst, Dmodk())
    assert together([links for links, _ in found["routes"]]) == together(lists(ours))
    assert run_flows(fabric, traffic, Dmodk(), IDEAL).end.tolist() == pytest.approx(found["ends"], rel=1e-9)


@pytest.mark.parametrize(
    "text",
    ["fat-tree:k=4,delay=250ns", "torus:dims=3/4", "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=2"],
)
def test_a_flow_alone_takes_its_bytes_and_the_delays_of_its_cables(text, tmp_path):
    n = Fabric.from_graph(load(text)).n_endpoints
    alone = Traffic(src=np.array([0]), dst=np.array([n - 1]), size=np.array([1e8]), start=np.zeros(1))
    fabric, _, found = judged(text, tmp_path, alone)
    ours = run_flows(fabric, alone, Dmodk(), IDEAL)
    assert found["ends"] == pytest.approx(ours.end.tolist(), rel=1e-9)
