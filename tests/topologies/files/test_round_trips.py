"""Every format that is written and read: what it keeps is the same graph again, what it drops is listed here.

The page on formats says the same in words. Slurm's trees keep hosts alone: test_slurm.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from topologies import load
from topologies.files.exchange import WRITERS, write_graph

ALL = {"scaleup", "tier", "server", "rate", "delay", "name"}
KEEPS: dict[str, set[str]] = {
    ".json": ALL,
    ".graphml": ALL,
    ".csv": ALL,
    ".dot": ALL - {"server"},
    ".plan.dot": ALL - {"server"},
    ".ibnetdiscover": {"tier", "rate"},
    ".txt": {"scaleup", "tier", "server", "rate", "delay"},
    ".plan.csv": {"tier", "rate"},
    ".topo": {"tier", "rate", "delay"},
}
WRITTEN_ONLY = {".xml", ".yml"}
SLURM = {".conf", ".yaml"}
ARGUMENTS = {".plan.csv": ":hosts=gpu-*"}
FABRICS = (
    "fat-tree:k=4",
    "fat-tree:k=4,gpus_per_server=2,nvlink=900GB/s",
    "leaf-spine:leaves=3,spines=2,endpoints_per_leaf=4,cables=2,trunk_rate=800Gbps,delay=1us",
    "multi-plane:planes=2,endpoints=16,radix=8",
    "torus:dims=3/4",
    "dragonfly:p=2",
)


def shape(G: nx.Graph, kept: set[str]) -> str:
    """A hash of the graph up to the numbers of its nodes, of what a format keeps."""
    H: Any = nx.Graph()
    for node, d in G.nodes(data=True):
        if d["kind"] == "nvswitch" and "scaleup" not in kept:
            continue
        about = [d["kind"], *(str(d.get(key)) for key in ("tier", "name") if key in kept)]
        H.add_node(node, about=" ".join(about))
    for u, v, d in G.edges(data=True):
        if u in H and v in H:
            # A format may hold a rate of 0.1 + 0.2 as decimals.
            numbers = [f"{d[key]:.9g}" for key in ("rate", "delay") if key in kept]
            H.add_edge(u, v, about=" ".join([str(d.get("cables", 1)), *numbers]))
    found: str = nx.weisfeiler_lehman_graph_hash(H, edge_attr="about", node_attr="about", iterations=5)
    if "server" in kept:
        servers: dict[Any, list[str]] = {}
        for node, d in G.nodes(data=True):
            if d["kind"] == "gpu" and d.get("server") is not None:
                servers.setdefault(d["server"], []).append(str(sorted(map(G.degree, [node]))))
        found += str(sorted(map(sorted, servers.values())))
    return found


def test_every_format_is_in_the_table() -> None:
    assert set(WRITERS) == set(KEEPS) | WRITTEN_ONLY | SLURM


@pytest.mark.parametrize("text", FABRICS)
@pytest.mark.parametrize("ending", KEEPS)
def test_what_a_format_keeps_is_the_same_again(ending: str, text: str, tmp_path: Path) -> None:
    G = load(text)
    if ending == ".topo" and (not text.startswith("fat-tree") or "gpus" in text):
        pytest.skip("htsim has whole fat trees alone: test_other_simulators.py")
    if ending == ".plan.csv" and "nvlink" in text:
        pytest.skip("kinds have no place in a cable plan: a scale-up switch comes back as a switch")
    kept = KEEPS[ending]
    if text.startswith(("torus", "dragonfly")):  # tiers that a file does not say are inferred: of trees
        kept = kept if "name" in kept else kept - {"tier"}
    write_graph(G, tmp_path / f"g{ending}")
    H = load(f"{tmp_path / f'g{ending}'}{ARGUMENTS.get(ending, '')}")
    assert shape(H, kept) == shape(G, kept)


def test_the_hash_sees_what_it_is_asked_for() -> None:
    G = load("fat-tree:k=4,gpus_per_server=2")
    for key, value in (("rate", 1e9), ("delay", 1e-6)):
        H = G.copy()
        u, v = next(iter(H.edges))
        H.edges[u, v][key] = value
        assert shape(H, ALL) != shape(G, ALL) and shape(H, ALL - {key}) == shape(G, ALL - {key})
    H = G.copy()
    H.remove_edge(*next(iter(H.edges)))
    assert shape(H, {"rate"}) != shape(G, {"rate"})
