"""Broadcast, reduce, scatter, gather and send-recv on a star, by closed form; the root is a setting."""

from __future__ import annotations

import math

import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims import collective, simulate
from sims.jobs.collective import CollectiveJob
from sims.studies.validation.closed_forms import tree_from_root, tree_to_root
from topologies import load

B = 50e9  # bytes/s of a link of 400 Gbps
BOTH_WAYS = ("broadcast", "reduce")


def job(of: str, n: int, **settings: object) -> CollectiveJob:
    text = f"star:endpoints={n},rate=400Gbps"
    return CollectiveJob(Fabric.from_graph(load(text)), topology=text, digest="", collective=of, **settings)


def hop(run: CollectiveJob, algorithm: str) -> float:
    """Latency of one transfer, which on a star is that of every other."""
    stage = run.program(algorithm).stages[0]
    return float(stage.worst_latency) / stage.phase.stages


@pytest.mark.parametrize("n", [2, 3, 5, 8, 13, 33])
@pytest.mark.parametrize("size", [1000, 3_000_000, 2**30])
@pytest.mark.parametrize("of", BOTH_WAYS)
def test_closed_forms(of: str, n: int, size: int) -> None:
    """Reduce is broadcast backwards, and links are alike both ways: the same times."""
    run, segment, rounds = (
        job(of, n),
        2**19,
        math.ceil(math.log2(n)),
    )
    time = {name: run.row(name, size).time_s for name in ("binomial", "chain", "tree")}
    a = hop(run, "binomial")
    assert time["binomial"] == pytest.approx(rounds * (a + size / B), rel=1e-12)
    sent = (n - 2) * min(size, segment) + size  # by the last but one, since the first segment set out
    assert time["chain"] == pytest.approx((n - 1) * a + sent / B, rel=1e-12)
    if n != 13:  # of which no closed form is known
        tree = {"broadcast": tree_from_root, "reduce": tree_to_root}[of]
        assert time["tree"] == pytest.approx(tree(n, size, B, a), rel=1e-12)
    parts = {"broadcast": "scatter-allgather", "reduce": "reduce-scatter-gather"}[of]
    due = 2 * rounds * a + 2 * (n - 1) / n * size / B
    assert run.row(parts, size).time_s == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("of", ["scatter", "gather"])
@pytest.mark.parametrize("n", [2, 7, 16])
def test_parts_to_and_from_the_root(of: str, n: int) -> None:
    run, size = job(of, n), 2**26
    a, moved = hop(run, "linear"), (n - 1) / n * size / B
    assert run.row("linear", size).time_s == pytest.approx(a + moved, rel=1e-12)
    assert run.row("binomial", size).time_s == pytest.approx(math.ceil(math.log2(n)) * a + moved, rel=1e-12)


def test_send_and_receive() -> None:
    run, size = job("send-recv", 9), 2**26
    row = run.row("ring", size)
    assert row.time_s == pytest.approx(hop(run, "ring") + size / B, rel=1e-12)
    assert row.busbw_GBps == row.algbw_GBps


def test_the_root_is_a_setting() -> None:
    """Two leaves with a slow cable between them: what sits where decides how often it is crossed."""
    text = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=4"
    rows = {
        root: collective("broadcast", load(text), "binomial", 2**20, topology=text, digest="", root=root)[0]
        for root in (0, 3)
    }
    assert rows[0].scenario.root == 0 and rows[3].scenario.root == 3
    assert rows[0].key != rows[3].key and simulate(rows[3].scenario) == rows[3]
    assert "root" not in rows[0].scenario.canonical() and '"root":3' in rows[3].scenario.canonical()


def test_what_cannot_be_the_root() -> None:
    with pytest.raises(ParameterError, match=r"root: 4: a rank from 0 to 3"):
        job("broadcast", 4, root=4)
    with pytest.raises(
        ParameterError, match=r"root: 1: all-gather has no root: those that have .legal: .*gather"
    ):
        job("all-gather", 4, root=1)
    with pytest.raises(ParameterError, match="root: '-1': a rank, from 0"):
        job("reduce", 4, root="-1")


@pytest.mark.parametrize("of", [*BOTH_WAYS, "scatter", "gather", "send-recv"])
def test_packets_agree_on_a_star(of: str) -> None:
    fluid, packets = job(of, 8), job(of, 8, engine="packet", packet="none:header=0,steps=barrier")
    for name in fluid.contenders("auto"):
        if name not in ("chain", "tree"):  # whose pipelines fill as they come, and not in equal steps
            assert packets.row(name, 2**22).time_s == pytest.approx(fluid.row(name, 2**22).time_s, rel=0.06)


@pytest.mark.parametrize("of", BOTH_WAYS)
def test_a_chain_uses_every_nic_of_a_server(of: str) -> None:
    """Four channels on servers of four: the message leaves a server in quarters, on a NIC each."""
    text = "star:endpoints=16,rate=400Gbps,gpus_per_server=4"
    run = CollectiveJob(Fabric.from_graph(load(text)), collective=of, latency_profile="ideal:cable_factor=0")
    size = 2**34
    filled = 1 + 14 * 2**19 * 4 / size
    assert run.row("chain", size).time_s == pytest.approx(size / (4 * B) * filled, rel=1e-3)
    assert run.row("chain:channels=1", size).time_s == pytest.approx(size / B * filled, rel=1e-2)
