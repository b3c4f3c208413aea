"""Slurm's topology.conf: a tree with every host once, of groups that cables join below a tier."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import networkx as nx
import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from topologies import load, star
from topologies.files.exchange import file_format, write_graph


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


TREE = """SwitchName=root Switches=leaf[1-2]
SwitchName=leaf1 Nodes=n[1-4]
SwitchName=leaf2 Nodes=n[5-6] LinkSpeed=9
"""


def test_a_tree_is_read_with_ways_up_as_wide_as_what_is_below(tmp_path):
    path = tmp_path / "topology.conf"
    path.write_text(f"# ours\n{TREE}")
    G = load(f"{path}:gpus_per_server=8,nvlink=450GB/s,oversubscription=2")
    f = Fabric.from_graph(G)
    assert (f.n_endpoints, f.n_switches) == (48, 3) and f.server.tolist()[:48:8] == [0, 1, 2, 3, 4, 5]
    ups = sorted(f.capacity[(f.tier[f.link_src] == 1) & (f.tier[f.link_dst] == 2)].tolist())
    assert ups == [16 * 50e9 / 2, 32 * 50e9 / 2]
    assert "Assumed 8 GPUs in each of 6 hosts" in G.graph["notes"][-1]


def test_what_is_written_is_read_back_in_both_forms(tmp_path):
    G = load("fat-tree:k=4")
    trees = []
    for name in ("topology.conf", "topology.yaml"):
        write_graph(G, tmp_path / name)
        assert file_format(tmp_path / name) == "Slurm"
        H = load(str(tmp_path / name))
        trees.append({(H.nodes[u]["name"], H.nodes[v]["name"]) for u, v in H.edges})
        assert Fabric.from_graph(H).n_endpoints == 16
    assert trees[0] == trees[1] and len(trees[0]) == 16 + 8 + 4


def test_blocks_and_several_topologies(tmp_path):
    (tmp_path / "b").write_text("BlockName=b1 Nodes=n[1-2]\nBlockName=b2 Nodes=n[3-4]\nBlockSizes=2,4\n")
    assert len(load(str(tmp_path / "b"))) == 4 + 3
    text = "- topology: a\n  flat: true\n- topology: b\n  cluster_default: true\n  block:\n"
    text += "    blocks:\n      - block: b1\n        nodes: n[1-2]\n"
    (tmp_path / "y").write_text(text)
    G = load(str(tmp_path / "y"))
    assert len(G) == 3 and G.graph["notes"][0] == "Read topology b, one of 2 in the file."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n[5-6]", "n[4-6]", "line 3, column [0-9]+: n4 is below leaf1 and below leaf2"),
        ("leaf[1-2]", "leaf[1-3]", "line 1, column [0-9]+: switch leaf3 below root is not listed"),
        (
            "SwitchName=leaf2 Nodes=n[5-6]",
            "SwitchName=leaf2 Switches=root",
            "line 1, column [0-9]+: switch root is below itself",
        ),
        ("=leaf2", "=leaf1", "line 3, column [0-9]+: leaf1 is listed twice, first on line 2"),
        ("n[5-6]", "n[6-5]", "line 3, column [0-9]+: names: 'n"),
        (
            "Nodes=n[5-6]",
            "",
            "line 3, column [0-9]+: 'SwitchName=leaf2  LinkSpeed=9': a name and one of Nodes",
        ),
        (
            "Nodes=n[5-6]",
            "nodes n5",
            "line 3, column [0-9]+: 'SwitchName=leaf2 nodes n5 LinkSpeed=9': a line is",
        ),
    ],
)
def test_what_is_no_tree_is_refused(old, new, message, tmp_path):
    (tmp_path / "t").write_text(TREE.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        load(str(tmp_path / "t"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- topology: a\n  tree:\n    switches:\n      - switch: s\n", "line 4, column 9: a name and one of"),
        ("- topology: a\n  flat: true\n", "line 1, column 3: a topology of kind tree or block"),
        ("- topology: &a b\n  tree: *a\n", "line 2, column 9: an alias"),
        ("- topology: a\n  tree: [\n", "line 3, column 1: is not YAML"),
        ("- topology: a\n  topology: b\n", "line 2, column 3: 'topology' stands twice"),
    ],
)
def test_yaml_that_is_no_tree_is_refused_with_its_place(text, message, tmp_path):
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        load(str(tmp_path / "t.yaml"))


def test_nvlink_needs_two_gpus(tmp_path):
    (tmp_path / "t").write_text(TREE)
    with pytest.raises(ParameterError, match=r"nvlink: .*: needs servers of two GPUs"):
        load(f"{tmp_path / 't'}:nvlink=450GB/s")


def test_a_tree_is_found_in_a_time_that_grows_with_its_cables(tmp_path):
    """Looking through all tiers at each cable took a minute of 8,192 endpoints, and days of 100,000."""
    G = load("fat-tree:k=32")
    before = time.process_time()
    write_graph(G, tmp_path / "topology.conf")
    assert time.process_time() - before < 5
    assert len((tmp_path / "topology.conf").read_text().splitlines()) == 1 + 512 + 32 + 1


def test_switches_are_numbered_alike_in_every_process(tmp_path):
    """By the order of the file, not by how texts are hashed, which differs from process to process."""
    write_graph(load("fat-tree:k=8"), tmp_path / "t.conf")
    program = "import sys; from topologies import load; print(list(load(sys.argv[1]).nodes(data='name')))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "t.conf")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert "'s1-0'" in found.pop()
