"""Reduce-scatter and all-gather on a fabric: closed forms, and that both together are an all-reduce."""

from __future__ import annotations

import math

import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims import collective
from sims.jobs.collective import CollectiveJob
from topologies import load

B = 50e9  # bytes/s of a link of 400 Gbps
HALVES = ("reduce-scatter", "all-gather")


def job(of: str, text: str, **settings: object) -> CollectiveJob:
    return CollectiveJob(Fabric.from_graph(load(text)), collective=of, **settings)


@pytest.mark.parametrize("of", HALVES)
@pytest.mark.parametrize("n", [2, 3, 7, 8, 12, 33])
@pytest.mark.parametrize("size", [1000, 2**30])
@pytest.mark.parametrize("engine", ["flow", "bound"])
def test_closed_forms_on_a_star(of: str, n: int, size: int, engine: str) -> None:
    """A ring takes n - 1 hops of S/n; halving, doubling and Bruck ceil(log2 n) and as many bytes."""
    run = job(of, f"star:endpoints={n},rate=400Gbps", engine=engine)
    hop = float(run.program("ring").stages[0].worst_latency) / (n - 1)
    bytes_only = (n - 1) / n * size / B
    ring = (n - 1) * hop + bytes_only
    assert run.row("ring", size).time_s == pytest.approx(ring, rel=1e-12)
    rounds = math.ceil(math.log2(n))
    for name in ("recursive-halving",) if of == "reduce-scatter" else ("recursive-doubling", "bruck"):
        row = run.row(name, size)
        assert row.time_s == pytest.approx(rounds * hop + bytes_only, rel=1e-12)
        assert len(run.program(name).stages) == rounds
        assert row.busbw_GBps == pytest.approx((n - 1) / n * size / row.time_s / 1e9, rel=1e-12)


@pytest.mark.parametrize(
    ("whole", "scatter", "gather"),
    [
        ("ring", "ring", "ring"),
        ("halving-doubling", "recursive-halving", "recursive-doubling"),
        ("hierarchical-ring", "hierarchical-ring", "hierarchical-ring"),
        (
            "hierarchical-halving-doubling",
            "hierarchical-recursive-halving",
            "hierarchical-recursive-doubling",
        ),
    ],
)
@pytest.mark.parametrize("text", ["star:endpoints=16", "star:endpoints=16,gpus_per_server=4"])
def test_both_halves_are_the_whole(whole: str, scatter: str, gather: str, text: str) -> None:
    """On equal hops exactly; a ring over servers may leave out its shortest hops once instead of twice."""
    for size in (1024, 2**28):
        each = [job(of, text).row(name, size).time_s for of, name in zip(HALVES, (scatter, gather))]
        due = job("all-reduce", text).row(whole, size).time_s
        unequal = whole == "ring" and "gpus" in text
        assert sum(each) == pytest.approx(due, rel=1e-12) or (unequal and sum(each) >= due * (1 - 1e-12))


@pytest.mark.parametrize("of", HALVES)
def test_packets_agree_on_a_star(of: str) -> None:
    text, size = "star:endpoints=8", 2**22
    for name in ("ring", "recursive-halving" if of == "reduce-scatter" else "bruck"):
        fluid = job(of, text).row(name, size)
        packets = job(of, text, engine="packet", packet="none:header=0").row(name, size)
        assert packets.time_s == pytest.approx(fluid.time_s, rel=0.05)


def test_in_one_call() -> None:
    fabric = Fabric.from_graph(load("star:endpoints=4"))
    first, second = collective("all-gather", fabric, sizes="1K,1M")
    assert [first.used, second.used] == ["ring", "ring"]
    with pytest.raises(ParameterError, match=r"collective: 'gathering': unknown .*legal: all"):
        collective("gathering", fabric)
    with pytest.raises(ParameterError, match=r"'tree': unknown algorithm of all-gather .legal: "):
        collective("all-gather", fabric, "tree")
