"""How long packets take: said from a minute on, refused from an hour on, and how far they are meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fabric import Fabric
from fabric.machine.under_way import how_far
from fabric.routing.policies.ecmp import Ecmp
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.flow_run import FlowRun, traffic_of
from sims.jobs.loaded_latency import loaded
from sims.models.fluid import patience
from sims.models.packet import choice
from sims.models.packet.cost import check_cost, packets_wait
from sims.models.packet.settings import CONTROL, PacketSettings
from sims.models.profiles import latency_profile
from sims.settings.setup import Setup
from topologies.families.fat_tree import fat_tree

TREE = Fabric.from_graph(fat_tree(k=4))


@pytest.mark.parametrize("cc", CONTROL)
def test_more_packets_take_longer_and_on_simpy_more_so(cc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PacketSettings(cc=cc)
    monkeypatch.setattr(choice, "at_hand", lambda: True)
    waits = [packets_wait(hops, 16, settings).seconds for hops in (1e6, 1e7, 1e8)]
    slow = [packets_wait(hops, 16, settings, compiled=False).seconds for hops in (1e6, 1e7, 1e8)]
    assert waits == sorted(waits) and all(a < b for a, b in zip(waits, slow))
    monkeypatch.setattr(choice, "at_hand", lambda: False)
    assert slow == [packets_wait(hops, 16, settings).seconds for hops in (1e6, 1e7, 1e8)]
    apart = packets_wait(1e7, 16, PacketSettings(cc="hop-by-hop")).seconds
    assert apart >= packets_wait(1e7, 16, settings).seconds


def test_what_takes_more_than_an_hour_is_refused_with_what_to_do() -> None:
    settings = PacketSettings(mtu=1)
    hops = 1e5
    while packets_wait(hops, 1, settings).seconds <= patience.MOST_SECONDS:
        check_cost(hops, 1, settings)
        hops *= 2
    words = r"engine: 'packet': about .* packet-hops take about .* of one core; at most 1 h is tried: ask for"
    with pytest.raises(ParameterError, match=words + ".* a larger mtu than 1 "):
        check_cost(hops, 1, settings)


def test_what_takes_more_than_a_minute_says_so_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring of 16 sends 2 x 15 x 1 MiB, in packets of one byte, each over some links."""
    job = CollectiveJob(TREE, engine="packet", packet="none:mtu=1")
    (said,) = job.runs_foretold(["ring", "auto"], [2**20])
    wait = job.packet_program("ring").wait(2**20)
    assert said == f"ring of 1 MiB: {wait.foretold}" and "packet-hops take about" in said
    assert job.runs_foretold(["ring"], [2**10]) == []
    setup = Setup(engine="packet", packet="hop-by-hop:mtu=1", routing="ecmp")
    run = FlowRun.of(TREE, setup, traffic_of("shift:1", "1MB", TREE, 0))
    monkeypatch.setattr(patience, "_LONG", 10.0)
    assert "packet-hops take about" in run.packets_wait().foretold
    small = FlowRun.of(TREE, setup, traffic_of("shift:1", "1KB", TREE, 0))
    assert small.packets_wait().foretold == "" and not run.plain
    fluid = FlowRun.of(TREE, Setup(), traffic_of("shift:1", "1MB", TREE, 0))
    assert not fluid.packets_wait().seconds


def test_so_do_packets_under_load(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    for long in (patience.MOST_SECONDS, 1e-9):
        monkeypatch.setattr(patience, "_LONG", long)
        loaded(TREE, latency_profile("ideal"), Ecmp(), 0.1, 64, tell=told.append)
        assert len(told) == (long < 1)
    assert "packet-hops take about" in told[0]


@pytest.mark.parametrize("algorithm", ["ring", "tree", "halving-doubling", "in-network", "ring:channels=2"])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_run_is_over_when_all_bytes_that_are_due_have_been_received(
    algorithm: str, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it is comes to all of it at the end, also where one phase is all."""
    monkeypatch.setattr(choice, "_MANY", 1 if compiled else 1e18)
    monkeypatch.setattr("sims.models.packet.compiled._PATIENCE", 50)
    program = CollectiveJob(TREE, engine="packet").packet_program(algorithm)
    asked: list[tuple[float, float]] = []

    @contextmanager
    def under_way(done: object, total: float) -> Iterator[None]:
        yield
        asked.append((done(), total))  # type: ignore[operator]

    monkeypatch.setattr("sims.models.packet.collective.under_way", under_way)
    program.run(300_001)
    ((done, total),) = asked
    assert done == pytest.approx(total) and how_far() is None
