"""Leonardo, held against its host map (where that lies beside the checkout) and its published counts."""

from collections import Counter

import networkx as nx
import pytest
from project import ROOT

from fabric import Fabric
from sims.workload.placement import place
from topologies import load

MAP = ROOT.parent / "shared" / "measured" / "pico" / "leonardo.txt"


@pytest.fixture(scope="module")
def hosts() -> nx.Graph:
    return load("preset:leonardo:per_node=1")


def leaf(G: nx.Graph, endpoint: int) -> int:
    return next(other for other in G[endpoint] if G.nodes[other]["kind"] == "switch")


def test_published_counts(hosts: nx.Graph) -> None:
    kinds = Counter((data["kind"], data["tier"]) for _, data in hosts.nodes(data=True))
    assert kinds == {("gpu", 0): 3456 + 1536, ("switch", 1): 20 * 18 + 2 * 16, ("switch", 2): 22 * 18}
    assert len({data["pod"] for _, data in hosts.nodes(data=True)}) == 22
    spines = [n for n, data in hosts.nodes(data=True) if data["tier"] == 2]
    assert {sum(hosts.nodes[m]["tier"] == 2 for m in hosts[n]) for n in spines} == {21}
    assert nx.shortest_path_length(hosts, 0, 3419) == 5  # leaf, spine, spine, leaf


def test_four_gpus_share_a_server_and_a_leaf() -> None:
    G = load("preset:leonardo")
    assert sum(data["kind"] == "gpu" for _, data in G.nodes(data=True)) == 4 * 3456 + 1536
    assert [G.nodes[n]["name"] for n in range(3, 5)] == ["lrdn0001 gpu3", "lrdn0002 gpu0"]
    assert len({leaf(G, n) for n in range(32)}) == 1 and leaf(G, 32) != leaf(G, 0)
    assert G.nodes[4 * 3456]["name"] == "lrdn3457"
    assert place(Fabric.from_graph(G), None, "hostlist:lrdn[0002-0003]").tolist() == list(range(4, 12))


@pytest.mark.skipif(not MAP.exists(), reason="the host map is not beside the checkout")
def test_each_host_is_on_its_leaf_and_in_its_cell(hosts: nx.Graph) -> None:
    seen: dict[tuple[str, str], int] = {}
    lines = [line.split() for line in MAP.read_text().splitlines() if line.strip()]
    assert len(lines) == 4992
    for words in lines:
        of = dict(zip(words[::2], words[1::2]))
        endpoint = int(of["NODE"]) - 1
        assert hosts.nodes[endpoint]["name"] == f"lrdn{of['NODE']}"
        assert hosts.nodes[endpoint]["pod"] == int(of["CELL"]) - 1
        mine = leaf(hosts, endpoint)
        assert seen.setdefault((of["CELL"], of["SWITCH"]), mine) == mine
    assert len(set(seen.values())) == len(seen) == 392
