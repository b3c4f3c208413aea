"""Slurm's topology.yaml before a second reader, that judges as slurmctld does: it misses nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from slurm_judge import complaints, hostlist

from fabric import Fabric
from topologies import load
from topologies.files.slurm import write_slurm, write_slurm_yaml

FABRICS = (
    *("fat-tree:k=4", "fat-tree:k=8,gpus_per_server=4", "star:endpoints=1", "star:endpoints=120"),
    *("rail-only:servers=4,gpus_per_server=4,radix=16", "multi-plane:planes=2,endpoints=16,radix=8"),
    *(
        "torus:dims=2/3",
        "dragonfly:p=2",
        "slim-fly:q=5",
        "rail-optimized:servers=8,gpus_per_server=4,radix=16",
    ),
    *(
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
        "preset:superpod-h100:su=1",
        "preset:hpn-pod:segments=1",
    ),
    "random-regular:switches=10,radix=6,endpoints_per_switch=2",
)
SMALL = """- topology: fabric
  cluster_default: true
  tree:
    switches:
      - switch: s1-0
        nodes: a[1-2]
      - switch: s1-1
        nodes: a[3-4],b07
      - switch: s2-0
        children: s1-[0-1]
"""
NODES = ("a1", "a2", "a3", "a4", "b07")


def nodes_of(path: Path) -> list[str]:
    """Hosts in the same tree as ``topology.conf``, which the real slurmctld reads in the tests."""
    lines = (line.partition(" Nodes=")[2] for line in path.read_text().splitlines())
    return [name for line in lines if line for name in hostlist(line)]


@pytest.mark.parametrize("spec", FABRICS)
def test_slurm_has_nothing_to_complain_of(spec: str, tmp_path: Path) -> None:
    G = load(spec)
    write_slurm_yaml(G, tmp_path / "topology.yaml")
    write_slurm(G, tmp_path / "topology.conf")
    nodes = nodes_of(tmp_path / "topology.conf")
    server = Fabric.from_graph(G).server
    assert len(nodes) == len(set(server[server >= 0].tolist())) + int((server < 0).sum())
    assert list(complaints((tmp_path / "topology.yaml").read_text(), nodes)) == []


@pytest.mark.parametrize("spec", FABRICS)
def test_both_readers_see_the_same_tree(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    write_slurm_yaml(load(spec), path)
    G = load(str(path))
    ours = {frozenset((G.nodes[u]["name"], G.nodes[v]["name"])) for u, v in G.edges}
    theirs = set()
    for one in yaml.safe_load(path.read_text())[0]["tree"]["switches"]:
        below = hostlist(one.get("nodes") or one["children"])
        theirs |= {frozenset((one["switch"], name)) for name in below}
    assert ours == theirs


def test_the_small_tree_is_one() -> None:
    assert list(complaints(SMALL, NODES)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("a[3-4]", "a[2-4]"), "a2 is on 2 leaves"),
        (lambda text: text.replace(",b07", ""), "b07 is on no switch"),
        (lambda text: text.replace("b07", "b7"), "b7 is no node"),
        (lambda text: text.replace("s1-[0-1]", "s1-[0-2]"), "s2-0 has an invalid child s1-2"),
        (lambda text: text.replace("s1-[0-1]", "s1-[0-1],s2-0"), "s2-0 has an invalid child s2-0"),
        (lambda text: text.replace("s1-[0-1]", "s1-0"), "no switch can reach all nodes"),
        (lambda text: text.replace("switch: s1-1", "switch: s1-0"), "s1-0 has already been defined"),
        (lambda text: text.replace("switch: s1-1", "switch: " + "s" * 65), "a name of 1 to 64 characters"),
        (lambda text: text + "        nodes: a1\n", "either children or nodes"),
        (lambda text: text.replace("        nodes: a[1-2]\n", ""), "either children or nodes"),
        (lambda text: text.replace("  cluster_default: true\n", ""), "no cluster_default"),
        (lambda text: text.replace("default: true", "default: maybe"), "cluster_default is true or false"),
        (lambda text: text + "  flat: true\n", "one kind and no other field"),
        (lambda text: text.replace("nodes: a[1-2]", "Nodes: a[1-2]"), "switch, children and nodes are texts"),
        (
            lambda text: (
                text + "      - switch: s3-0\n        children: s3-1,s2-0\n"
                "      - switch: s3-1\n        children: s3-0\n"
            ),
            "not a tree",
        ),
        (lambda text: text + "      - switch: s3-0\n        children: s1-0\n", "s1-0 is below 2 switches"),
        (lambda text: text + text, "a topology twice"),
    ],
)
def test_the_second_reader_misses_nothing(change: Callable[[str], str], said: str) -> None:
    """Each of the things that slurmctld refuses or warns of."""
    assert any(said in one for one in complaints(change(SMALL), NODES))
