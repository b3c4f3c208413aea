"""How nodes are called in files of others: devices of servers in dumps, ranks of switches in drawings."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from topologies import load, write_graph


def test_devices_of_a_server_are_numbered_from_zero_and_names_are_of_one_length(tmp_path: Path) -> None:
    G = load("fat-tree:endpoints=24,radix=8,gpus_per_server=2")
    for node in (4, 5):  # of two endpoints nobody says the server
        G.nodes[node].pop("server", None)
    path = tmp_path / "g.ibnetdiscover"
    write_graph(G, str(path))
    text = path.read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:server|gpu)-\d+) (mlx5_\d+)"', text))
    devices: dict[str, set[str]] = defaultdict(set)
    for host, device in names:
        devices[host].add(device)
    servers = [host for host in devices if host.startswith("server-")]
    assert len(servers) == 11 and all(devices[host] == {"mlx5_0", "mlx5_1"} for host in servers)
    alone = sorted(host for host in devices if host.startswith("gpu-"))
    assert [int(host.removeprefix("gpu-")) for host in alone] == [4, 5]
    assert all(devices[host] == {"mlx5_0"} for host in alone)
    assert len(np.unique([len(host.partition("-")[2]) for host in devices])) == 1


def test_nodes_of_a_tier_are_a_rank_of_a_drawing_and_scale_up_switches_one_of_their_own(
    tmp_path: Path,
) -> None:
    G = load("rail-optimized:servers=4,radix=8,gpus_per_server=2")
    path = tmp_path / "g.dot"
    write_graph(G, str(path))
    text = path.read_text(encoding="utf-8")
    ranks = {frozenset(row.split("; ")) for row in re.findall(r"rank=same; (.*?); }", text)}
    name = {node: data.get("name", str(node)) for node, data in G.nodes(data=True)}
    level: dict[object, set[str]] = defaultdict(set)
    for node, data in G.nodes(data=True):
        level["inside" if data["kind"] == "nvswitch" else data["tier"]].add(f'"{name[node]}"')
    assert ranks == {frozenset(members) for members in level.values()} and len(ranks) >= 3
