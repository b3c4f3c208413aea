"""Slurm's topology.conf: a tree with every host once, of groups that cables join below a tier."""

from __future__ import annotations

import networkx as nx
import pytest

from fabric.words.errors import ParameterError
from topologies import load, star
from topologies.files.exchange import write_graph


def tree(text: str, folder) -> list[str]:
    write_graph(load(text) if isinstance(text, str) else text, folder / "topology.conf")
    return (folder / "topology.conf").read_text().splitlines()[1:]


def test_a_fat_tree_has_leaves_pods_and_a_root(tmp_path):
    assert tree("fat-tree:k=4", tmp_path) == [
        *(f"SwitchName=s1-{i} Nodes=gpu-[{2 * i:02}-{2 * i + 1:02}]" for i in range(8)),
        *(f"SwitchName=s2-{i} Switches=s1-[{2 * i}-{2 * i + 1}]" for i in range(4)),
        "SwitchName=s3-0 Switches=s2-[0-3]",
    ]


def test_leaves_that_share_hosts_are_one(tmp_path):
    """Four servers of a GPU on each of four rails: each leaf has all four servers."""
    assert tree("rail-only:servers=4,gpus_per_server=4,radix=16", tmp_path) == [
        "SwitchName=s1-0 Nodes=server-[00-03]"
    ]
    assert (
        tree("multi-plane:planes=2,endpoints=16,radix=8", tmp_path)[-1] == "SwitchName=s2-0 Switches=s1-[0-3]"
    )


def test_without_tiers_there_is_one_root(tmp_path):
    found = tree("torus:dims=2/3", tmp_path)
    assert len(found) == 7 and found[-1] == "SwitchName=s2-0 Switches=s1-[0-5]"


def test_what_slurm_could_not_read_is_refused(tmp_path):
    G = star(endpoints=2)
    for i in range(2):
        G.nodes[i]["name"] = f"the host {i}a mlx5_0"
    with pytest.raises(ParameterError, match="host: 'the host 0a': a name that Slurm reads"):
        tree(G, tmp_path)
    with pytest.raises(ParameterError, match="undirected"):
        tree(nx.DiGraph(G), tmp_path)
