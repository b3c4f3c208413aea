"""Chain-tree: what each link carries, servers of any size, and the double speed of two servers."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.workload.collectives.chain_tree import chain_tree
from sims.workload.collectives.tree import double_binary_tree
from sims.workload.replay import replay
from topologies import load

B = 50e9  # bytes/s of a NIC of 400 Gbps


@pytest.mark.parametrize("n", range(1, 34))
def test_servers_of_any_size(n: int) -> None:
    draw = np.random.default_rng(n)
    for servers in (draw.integers(-1, 4, n), np.zeros(n, int), np.arange(n) % 3):
        replay(chain_tree(n, servers=servers))
        replay(chain_tree(n, servers=servers, channels=3))


def test_many_ranks_by_fingerprints() -> None:
    replay(chain_tree(400, servers=np.arange(400) // 8))


def test_servers_of_one_are_the_tree() -> None:
    """Without servers the chains are empty, and what is left is the double binary tree."""
    ours, tree = chain_tree(9).phases[0], double_binary_tree(9).phases[0]
    assert {*zip(ours.src.tolist(), ours.dst.tolist(), ours.stage.tolist(), ours.first.tolist())} == {
        *zip(tree.src.tolist(), tree.dst.tolist(), tree.stage.tolist(), tree.first.tolist())
    }


@pytest.mark.parametrize(("servers", "times"), [(2, 2.0), (3, 4 / 3), (4, 4 / 3), (8, 1.0), (32, 1.0)])
def test_how_fast_the_network_is_used(servers: int, times: float) -> None:
    """A ring has the bus bandwidth of the NICs; two trees send 1, 1.5 or 2 S/g over each NIC."""
    text = f"star:endpoints={4 * servers},gpus_per_server=4,rate=400Gbps,nvlink=10TB/s"
    job = AllReduce(Fabric.from_graph(load(text)), latency_profile="ideal:cable_factor=0")
    n, size = 4 * servers, 2**38
    assert job.row("ring", size).busbw_GBps == pytest.approx(4 * B / 1e9, rel=1e-3)
    due = times * (n - 1) / n * 4 * B / 1e9
    assert job.row("chain-tree", size).busbw_GBps == pytest.approx(due, rel=1e-3)


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="segment: 0: bytes above zero"):
        chain_tree(4, segment=0)
    with pytest.raises(ParameterError, match="channels"):
        chain_tree(4, channels=0)
    with pytest.raises(ParameterError, match="ranks: 0"):
        chain_tree(0)
