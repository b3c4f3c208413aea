"""All-to-all on a fabric: closed forms, counted as listed, rails, sampled rounds, what cannot be counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims import collective
from sims.jobs.collective import CollectiveJob
from sims.models.fluid import crowd, program
from sims.models.fluid.engine import flow_time
from sims.workload import total_exchange
from sims.workload.collectives import all_to_all, build
from sims.workload.replay import replay
from topologies import load

B = 50e9  # bytes/s of a link of 400 Gbps


def job(text: str, **settings: object) -> CollectiveJob:
    return CollectiveJob(Fabric.from_graph(load(text)), collective="all-to-all", **settings)


@pytest.mark.parametrize("n", [2, 3, 7, 8, 13, 33])
@pytest.mark.parametrize("size", [1000, 2**30])
@pytest.mark.parametrize("engine", ["flow", "bound"])
def test_closed_forms_on_a_star(n: int, size: int, engine: str) -> None:
    """Linear a + (n-1)/n S/B; pairwise as many bytes in n - 1 rounds; Bruck S/(n B) x ones in 0 .. n-1."""
    run = job(f"star:endpoints={n},rate=400Gbps", engine=engine)
    hop = run.program("linear").stages[0].worst_latency
    bytes_only = (n - 1) / n * size / B
    assert run.row("linear", size).time_s == pytest.approx(hop + bytes_only, rel=1e-12)
    assert run.row("pairwise", size).time_s == pytest.approx((n - 1) * hop + bytes_only, rel=1e-12)
    ones = sum(number.bit_count() for number in range(n))
    bruck = math.ceil(math.log2(n)) * hop + size / n / B * ones
    row = run.row("bruck", size)
    assert row.time_s == pytest.approx(bruck, rel=1e-12)
    assert row.busbw_GBps == pytest.approx((n - 1) / n * size / row.time_s / 1e9, rel=1e-12)
    if n & (n - 1) == 0:
        assert ones == n * math.log2(n) / 2


def test_rail_on_two_kinds_of_links() -> None:
    """In the server (g-1)/g S at NVLink's rate, then (1 - g/n) S over the NICs."""
    run, size, g, n = job("star:endpoints=32,gpus_per_server=4"), 2**30, 4, 32
    wait = sum(stage.worst_latency for stage in run.program("rail").stages)
    seconds = (g - 1) / g * size / 450e9 + (1 - g / n) * size / B
    assert run.row("rail", size).time_s == pytest.approx(wait + seconds, rel=1e-12)


FABRICS = [
    "fat-tree:k=4,gpus_per_server=2",
    "rail-optimized:radix=8,servers=8,gpus_per_server=4",
    "rail-only:radix=8,servers=6,gpus_per_server=4",
    "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
    "multi-plane:planes=2,endpoints=32,radix=8,gpus_per_server=4",
    "torus:dims=3/3,endpoints_per_switch=2,gpus_per_server=2",
]


@pytest.mark.parametrize("text", FABRICS)
@pytest.mark.parametrize("routing", ["ecmp", "dmodk", "adaptive", "spray"])
@pytest.mark.parametrize("algorithm", ["linear", "rail"])
def test_counted_as_listed(text: str, routing: str, algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes as of flows that have a rate each; latency that of the longest flow, and no shorter."""
    listed, size = job(text, routing=routing), 2**26
    by_list, one = listed.program(algorithm), listed.row(algorithm, size)
    monkeypatch.setattr(total_exchange, "MOST_LISTED", 10)
    counted = job(text, routing=routing)
    by_count, other = counted.program(algorithm), counted.row(algorithm, size)
    assert by_count.counted and not by_list.counted
    bytes_only = [flow_time(each, size, latency=False) for each in (by_list, by_count)]
    assert bytes_only[0] == pytest.approx(bytes_only[1], rel=1e-9)
    assert one.contention == pytest.approx(other.contention) and one.limit_link == other.limit_link
    spread = sum(np.ptp(stage.latency) for stage in by_list.stages)
    assert one.time_s * (1 - 1e-9) <= other.time_s <= one.time_s + spread + 1e-12


def test_hashed_loads_of_many_are_drawn_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(total_exchange, "MOST_LISTED", 10)
    routed = job("fat-tree:k=8")
    assert routed.note("linear") == ""
    monkeypatch.setattr(crowd, "_MOST_ROUTED", 10)
    drawn = job("fat-tree:k=8")
    assert drawn.note("linear") == "loads drawn as hashing leaves them, not hashed"
    times = [one.row("linear", 2**30).time_s for one in (routed, drawn)]
    assert times[0] == pytest.approx(times[1], rel=0.1)
    assert drawn.row("linear", 2**30) != job("fat-tree:k=8", seed=1).row("linear", 2**30)


def test_what_cannot_be_counted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(total_exchange, "MOST_LISTED", 10)
    monkeypatch.setattr(program, "MOST_LISTED", 10)
    striking = job("fat-tree:k=4", faults="hpn", repeat="10")
    with pytest.raises(ParameterError, match=r"faults: .*needs a path for each transfer, and 240 at once"):
        striking.row("linear", 2**30)
    monkeypatch.setattr(crowd, "_MOST_ROUTED", 10)
    with pytest.raises(
        ParameterError, match=r"transfers: '240 at once under ecmp:qps=1,salt=none': at most 10"
    ):
        job("fat-tree:k=4", routing="ecmp:salt=none").program("linear")
    everyone = build("linear", {}, 100_000, collective="all-to-all").phases[0]
    with pytest.raises(ParameterError, match="transfers: '9,999,900,000': too many to be listed"):
        len(everyone.src)


def test_rails_cross_no_spine_in_a_group() -> None:
    """Four to one above the leaf: from rail to rail straight waits for the spines, by the rails not."""
    text = "rail-optimized:servers=8,radix=32,servers_per_group=8,gpus_per_server=4,oversubscription=4"
    run = job(text, routing="spray")
    rail, linear = run.row("rail", 2**30), run.row("linear", 2**30)
    assert all(value["peak"] == 0 for kind, value in rail.utilisation.items() if "spine" in kind)
    assert linear.limit_link in ("leaf -> spine", "spine -> leaf")
    # Of 28 parts that leave the server 21 are for other rails: 24 senders to a leaf's 2 uplinks of 8 ports.
    assert linear.time_s > 2.5 * rail.time_s


def test_rounds_stand_for_their_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rounds of a shift take equally long on a star, so that a few of them tell."""
    exact = job("star:endpoints=40").row("pairwise", 2**30).time_s
    monkeypatch.setattr(all_to_all, "_MOST_ROUNDS", 20)
    monkeypatch.setattr(all_to_all, "_SPANS", 6)
    sampled = job("star:endpoints=40")
    assert sampled.row("pairwise", 2**30).time_s == pytest.approx(exact, rel=1e-12)
    assert "39 rounds: 6 are run" in sampled.note("pairwise")
    assert sum(phase.repeat for phase in sampled.schedule("pairwise").phases) == 39
    bound = job("star:endpoints=40", engine="bound").row("pairwise", 2**30).time_s
    assert bound == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("name", ["linear", "pairwise", "bruck", "rail"])
def test_packets_agree_on_a_star(name: str) -> None:
    text, size = "star:endpoints=8", 2**22
    fluid = job(text).row(name, size)
    packets = job(text, engine="packet", packet="none:header=0").row(name, size)
    assert packets.time_s == pytest.approx(fluid.time_s, rel=0.1)


def test_a_lost_part_is_seen() -> None:
    schedule = build("bruck", {}, 8, collective="all-to-all")
    with pytest.raises(AssertionError, match="holds the contribution of rank 1 0 times, not once"):
        replay(type(schedule)(name="b", n=8, chunks=8, phases=schedule.phases[:2], collective="all-to-all"))


def test_in_one_call() -> None:
    row = collective("all-to-all", load("fat-tree:k=4"), sizes="1M")[0]
    assert row.used == "linear" and row.scenario.collective == "all-to-all"
    with pytest.raises(ParameterError, match="legal: linear, rail, pairwise, bruck"):
        collective("all-to-all", load("fat-tree:k=4"), "ring")


@pytest.mark.parametrize("algorithm", ["linear", "rail"])
def test_groups_counted_as_listed(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"groups": "mesh:tp=2,dp=rest", "over": "dp", "routing": "dmodk"}
    text = "fat-tree:k=8,gpus_per_server=4"
    listed = job(text, **settings).row(algorithm, 2**30)
    monkeypatch.setattr(total_exchange, "MOST_LISTED", 10)
    counted = job(text, **settings).row(algorithm, 2**30)
    assert counted.time_s == pytest.approx(listed.time_s, rel=1e-4)
    for key in ("slowest", "mean", "fastest"):
        assert counted.group_times[key] == pytest.approx(listed.group_times[key], rel=1e-4)
