"""Ranks that do not wait: a slow twin, the default where nobody waits in vain, closed forms, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from rank_twin import twin_ends

from fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from sims.jobs.collective import CollectiveJob
from sims.models.fluid import rank_clock, ranks
from sims.models.fluid.ranks import rank_ends, rank_time
from sims.models.kernel import at_hand
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms
from sims.workload.collectives.tree import double_binary_tree
from topologies import load

# The kernel is plain Python without numba, and gives the same.
pytestmark = pytest.mark.skipif(
    not at_hand(), reason="the extra [fast] is not installed: it would take minutes"
)


def job(spec: str, **settings: object) -> CollectiveJob:
    return CollectiveJob(Fabric.from_graph(load(spec)), **{"seed": 1, "sync": "rank", **settings})


def agree(spec: str, algorithm: str, size: float, **settings: object) -> None:
    of = job(spec, **settings)
    program = of.program(algorithm)
    got = rank_ends(program, size) - program.base(size)
    np.testing.assert_allclose(got, twin_ends(program, size), rtol=1e-7)


# Switches that reduce send no messages from rank to rank.
EVERY = [(of, name) for of in COLLECTIVES for name in algorithms(of) if name != "in-network"]


@pytest.mark.parametrize("collective, algorithm", EVERY)
@pytest.mark.parametrize("size", [20e3, 3e6])
def test_every_algorithm_agrees_with_the_twin(collective: str, algorithm: str, size: float) -> None:
    agree("fat-tree:k=4,gpus_per_server=2", algorithm, size, collective=collective)


@pytest.mark.parametrize("routing", ["ecmp:qps=3", "dmodk", "adaptive", "spray"])
@pytest.mark.parametrize("algorithm", ["halving-doubling", "hierarchical-tree:pipeline=3", "ring"])
def test_every_policy_agrees_with_the_twin(routing: str, algorithm: str) -> None:
    agree("fat-tree:k=4,gpus_per_server=4", algorithm, 2e6, routing=routing)


def test_a_clock_that_pauses_after_every_instant_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit: between two instants nothing is remembered but what is in the arrays."""
    program = job("fat-tree:k=4", routing="ecmp").program("chain-tree")
    whole = rank_ends(program, 1e6)
    plain: Any = rank_clock.run
    pauses: list[int] = []

    def by_instants(*given: Any) -> int:
        pauses.append(plain.py_func(*given))
        return pauses[-1]

    monkeypatch.setattr(rank_clock, "_PAUSE", 1)
    monkeypatch.setattr(rank_clock, "run", by_instants)
    assert rank_ends(program, 1e6).tolist() == whole.tolist()
    assert pauses.count(rank_clock.PAUSED) > 20 and pauses[-1] == rank_clock.DONE


@pytest.mark.parametrize("routing", ["valiant", "ugal", "adaptive:paths=4"])
def test_policies_with_detours_agree_with_the_twin(routing: str) -> None:
    agree("dragonfly:p=1", "recursive-doubling", 1e6, routing=routing)


@pytest.mark.parametrize("n", [2, 3, 5, 7, 12])
@pytest.mark.parametrize("algorithm", ["recursive-doubling", "halving-doubling", "tree", "ring"])
def test_any_number_of_ranks_agrees_with_the_twin(n: int, algorithm: str) -> None:
    agree(f"star:endpoints={n}", algorithm, 1e6)


def test_cut_cables_and_additions_agree_with_the_twin() -> None:
    # In a tree two messages come to be added at one instant, and which one is first is left open.
    profile = "roce-400g:reduction=0.01ns"
    agree("fat-tree:k=4", "halving-doubling", 4e6, fail="cables=10%", latency_profile=profile)
    agree("fat-tree:k=4", "ring", 4e6, routing="spray", fail="cables=10%", latency_profile=profile)
    agree("fat-tree:k=4", "tree", 4e6, routing="spray", fail="cables=10%")


@pytest.mark.parametrize(
    "algorithm", ["ring", "recursive-doubling", "halving-doubling", "hierarchical-ring:pipeline=1"]
)
@pytest.mark.parametrize("size", [2.0**12, 2.0**22])
def test_where_nothing_is_shared_and_all_are_alike_nobody_would_wait(algorithm: str, size: float) -> None:
    of = job("leaf-spine:leaves=1,spines=1,endpoints_per_leaf=16", routing="dmodk")
    program, phase = of.program(algorithm), job("star:endpoints=16", routing="dmodk", sync="phase")
    expected = phase.time(phase.program(algorithm), size)
    assert rank_time(program, size) == pytest.approx(expected, rel=1e-9)


def test_a_chain_of_segments_in_closed_form() -> None:
    # Each rank passes p segments on: the last one has crossed n - 1 hops when p - 1 others have gone before.
    n, p, segment = 5, 8, 2**17
    of = job(f"star:endpoints={n}", collective="broadcast", routing="dmodk")
    program = of.program("chain:segment=128KiB")
    hop = program.stages[0].worst_latency / (n - 1)
    expected = (p + n - 2) * segment / 50e9 + (n - 1) * hop
    assert rank_time(program, p * segment) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "spec, algorithm, size, routing",
    [
        ("star:endpoints=7", "halving-doubling", 2**20, "dmodk"),
        ("star:endpoints=7", "recursive-doubling", 2**20, "dmodk"),
        ("fat-tree:k=4", "recursive-doubling", 2**18, "ecmp"),
        ("fat-tree:k=4", "tree", 2**18, "dmodk"),
    ],
)
def test_it_is_what_packets_tend_to_where_flows_are_kept_apart(
    spec: str, algorithm: str, size: int, routing: str
) -> None:
    """Without delays packets differ in proportion to their size: a quarter of it leaves a quarter."""
    left, said = [], {"routing": routing, "sync": "phase", "engine": "packet"}
    for mtu in (4096, 1024, 256):
        share, plain = mtu / (mtu + 82), "ideal:cable_factor=0"
        fluid = job(spec, routing=routing, latency_profile=f"{plain},bandwidth={share!r}")
        packets = job(spec, latency_profile=plain, packet=f"hop-by-hop:mtu={mtu}", **said)
        left.append(packets.row(algorithm, size).time_s / fluid.row(algorithm, size).time_s - 1)
    assert abs(left[0]) < 0.013
    assert left[1] == pytest.approx(left[0] / 4, rel=0.1) and left[2] == pytest.approx(left[1] / 4, rel=0.1)


def test_without_latency_only_bytes_take_time() -> None:
    of = job("star:endpoints=8", routing="dmodk")
    got = rank_time(of.program("ring"), 8e6, latency=False)
    assert got == pytest.approx(2 * 7 / 8 * 8e6 / 50e9, rel=1e-9)


def test_never_faster_than_the_bytes_of_a_link() -> None:
    for algorithm in ("recursive-doubling", "halving-doubling", "tree", "hierarchical-ring"):
        row = job("fat-tree:k=4,gpus_per_server=4", latency_profile="ideal").row(algorithm, 2**20)
        assert row.efficiency * row.contention <= 1 + 1e-9, algorithm
        assert 0 <= row.latency_share <= 1


def test_groups_go_on_by_themselves() -> None:
    spec, size = "fat-tree:k=4,gpus_per_server=2", 2**20
    row = job(spec, groups="tp=2,dp=rest", over="dp").row("halving-doubling", size)
    assert row.group_times["fastest"] < row.group_times["slowest"] == pytest.approx(row.time_s)
    exact = job(spec, groups="tp=2,dp=rest", over="dp", sync="phase", drift="0").row("halving-doubling", size)
    assert row.time_s == pytest.approx(exact.time_s, rel=0.5)


def test_a_rank_alone_is_done_at_once() -> None:
    of = job("star:endpoints=4")
    program = of.compiler.program(double_binary_tree(1), of.placement[:1])
    assert rank_ends(program, 1e6).tolist() == [0.0]


def test_plain_python_gives_the_same() -> None:
    text = (
        "from fabric import Fabric; from topologies import load\n"
        "from sims.jobs.collective import CollectiveJob\n"
        "from sims.models.fluid.ranks import rank_ends\n"
        "job = CollectiveJob(Fabric.from_graph(load('star:endpoints=7')), sync='rank')\n"
        "print(*map(repr, rank_ends(job.program('halving-doubling'), 1e6).tolist()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = rank_ends(job("star:endpoints=7", seed=0).program("halving-doubling"), 1e6)
    np.testing.assert_allclose([float(word) for word in ran.stdout.split()], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "settings, rule",
    [
        ({"engine": "packet"}, "packets have it as --steps receipt"),
        ({"engine": "bound"}, "closed form"),
        ({"faults": "hpn"}, "faults during the run"),
        ({"repeat": "3"}, "several runs"),
        ({"groups": "tp=2,dp=rest", "over": "dp", "drift": "0"}, "leave out drift"),
        ({"sync": "barrier"}, "legal: phase, rank"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(settings: dict[str, object], rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        job("star:endpoints=4", **settings)


def test_what_has_no_messages_of_ranks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="in-network: switches that reduce are not followed"):
        job("fat-tree:k=4").row("in-network", 2**20)
    monkeypatch.setattr("sims.workload.total_exchange.MOST_LISTED", 10)
    with pytest.raises(ParameterError, match="counted and not listed are not followed message by message"):
        job("fat-tree:k=4", collective="all-to-all").row("linear", 2**20)


def test_too_many_messages_are_refused_before_they_are_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    program = job("star:endpoints=16").program("ring")
    monkeypatch.setattr(ranks, "_MOST", 479)
    with pytest.raises(ParameterError, match=r"ring: 480 messages, at most 479 are followed: ask for fewer"):
        rank_time(program, 1e6)
    monkeypatch.setattr(ranks, "_MOST", 480)
    rank_time(program, 1e6)
    monkeypatch.setattr(ranks, "at_hand", lambda: False)
    monkeypatch.setattr(ranks, "_MOST_PLAIN", 100)
    with pytest.raises(ParameterError, match=r"at most 100 are followed without numba"):
        rank_time(program, 1e6)


def test_what_does_not_fit_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    program = job("star:endpoints=4").program("ring")
    monkeypatch.setattr(ranks, "available_memory", lambda: 10)
    with pytest.raises(TooLargeError, match="4 flows at once"):
        rank_time(program, 1e6)
