"""What ranks do with messages: they agree on large ones, add what arrives. Closed forms, two engines."""

import pytest

from fabric import Fabric
from fabric.graph.schema import NVSWITCH
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import flow_time
from sims.models.fluid.filling import adding_way
from sims.models.latency import derated
from sims.models.profiles import latency_profile
from topologies import fat_tree

RATE, ADD, MORE, AGREE = 10e9, 0.2e-9, 0.3e-9, 4e-6
PROFILE = "ideal:cable_factor=0,reduction=0.2ns,uncached=0.3ns,cache=1MB,rendezvous=4us,eager=1000"


def job(n: int, profile: str = PROFILE, **settings: str) -> CollectiveJob:
    fabric = Fabric.from_graph(fat_tree(endpoints=n, radix=16, rate=RATE))
    return CollectiveJob(fabric, latency_profile=profile, **settings)


def seconds(n: int, algorithm: str, size: int) -> float:
    """A transfer of every byte, and the adding of the ones that are reduced, one after the other."""
    add = ADD + (MORE if size > 1e6 else 0.0)

    def step(part: float, adds: bool) -> float:
        return part / RATE + part * add * adds + (AGREE if part > 1000 else 0.0)

    if algorithm == "ring":
        return (n - 1) * (step(size / n, True) + step(size / n, False))
    k = n.bit_length() - 1
    if algorithm == "recursive-doubling":
        return k * step(size, True)
    halves = [size / 2 ** (i + 1) for i in range(k)]
    return sum(step(half, True) + step(half, False) for half in halves)


@pytest.mark.parametrize("size", [800, 8000, 2**20, 2**24])
@pytest.mark.parametrize("algorithm", ["ring", "recursive-doubling", "halving-doubling"])
@pytest.mark.parametrize("engine", ["flow", "bound"])
def test_a_step_is_a_transfer_an_agreement_and_an_addition(engine: str, algorithm: str, size: int) -> None:
    row = job(8, engine=engine).row(algorithm, size)
    assert row.time_s == pytest.approx(seconds(8, algorithm, size), rel=1e-9)


@pytest.mark.parametrize("algorithm", ["ring", "recursive-doubling", "halving-doubling"])
def test_packets_wait_for_the_same(algorithm: str) -> None:
    packets = "none:header=1,mtu=64"  # small ones, so that a hop costs next to nothing
    with_it = job(4, engine="packet", packet=packets).row(algorithm, 65536).time_s
    without = job(4, "ideal:cable_factor=0", engine="packet", packet=packets).row(algorithm, 65536).time_s
    due = seconds(4, algorithm, 65536)
    wire = sum_of_parts(4, algorithm) * 65536 / RATE
    assert with_it - without == pytest.approx(due - wire, rel=1e-6)


def sum_of_parts(n: int, algorithm: str) -> float:
    return n.bit_length() - 1 if algorithm == "recursive-doubling" else 2 * (n - 1) / n


@pytest.mark.parametrize("add", [0.01e-9, 1e-9])
def test_a_tree_adds_a_segment_while_the_next_one_comes(add: float) -> None:
    """The first is added at every stage; of the others counts what takes longer than their bytes."""
    n, size = 7, 7 * 2**20
    plain, own = (
        job(n, f"ideal:cable_factor=0{more}").program("tree") for more in ("", f",reduction={add * 1e9}ns")
    )
    stage, chunks = own.stages[0], own.schedule.chunks
    segments, amount = stage.segments(size, chunks), stage.phase.bytes_of(size, chunks)[1]
    first = adding_way(stage.phase, chunks)  # two at each of two levels: the leaves below send at once
    assert stage.phase.additions(1) == 2 and segments == 7 and first == 4
    due = first * amount * add + (segments - 1) * max(0.0, 2 * amount * add - amount * stage.peak)
    assert flow_time(own, size) - flow_time(plain, size) == pytest.approx(due, rel=1e-9)


@pytest.mark.parametrize("size", [2**16, 2**20, 2**24])
@pytest.mark.parametrize("add", [0.0, 0.02, 0.1, 0.5])
@pytest.mark.parametrize("n", [4, 7, 16])
def test_trees_that_add_take_about_as_long_as_packets(n: int, add: float, size: int) -> None:
    """Packets add in the order in which segments come, the fluid segment by segment."""
    profile = f"ideal:cable_factor=0,reduction={add}ns"
    packets, fluid = (
        job(n, profile, engine=engine).row("tree", size).time_s for engine in ("packet", "flow")
    )
    assert fluid == pytest.approx(packets, rel=0.2)


def test_switches_that_add_leave_ranks_nothing_to_add() -> None:
    size = 2.0**24
    plain, own = (
        job(8, p).program("in-network")
        for p in ("ideal:cable_factor=0", "ideal:cable_factor=0,reduction=1ns")
    )
    assert flow_time(own, size) == flow_time(plain, size)
    assert [phase.additions(1) for phase in own.schedule.phases] == [0]


def test_what_ranks_do_counts_as_latency_and_not_as_contention() -> None:
    row = job(8).row("recursive-doubling", 2**24)
    wire = 3 * 2**24 / RATE
    assert row.latency_share == pytest.approx(1 - wire / row.time_s)
    assert row.contention == pytest.approx(1)


def test_host_mpi_takes_longer_for_what_is_not_in_cache() -> None:
    runs = job(32, "host-mpi", engine="bound", collective="reduce-scatter")
    small, large = (runs.row("recursive-halving", size).busbw_GBps for size in (2**24, 2**28))
    assert large < 0.5 * small


def test_a_reduce_scatter_finds_room_for_its_input_once() -> None:
    plain, own = (
        job(8, p, collective="reduce-scatter").program("ring")
        for p in ("ideal:cable_factor=0", "ideal:cable_factor=0,staging=1ns,cache=1MB")
    )
    for size, more in ((2**19, 0.0), (2**24, 2**24 * 1e-9)):
        assert flow_time(own, size) - flow_time(plain, size) == pytest.approx(more, rel=1e-9)
    assert job(8, "ideal:staging=1ns").program("ring").base(2**24) == 0


def test_injection_is_of_the_cables_of_endpoints_alone() -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=32, radix=8, gpus_per_server=4, nvlink=1e12))
    left = derated(fabric, latency_profile("ideal:bandwidth=0.8,injection=0.5,scaleup_bandwidth=0.9"))
    n = fabric.n_endpoints
    ends = (fabric.link_src < n) | (fabric.link_dst < n)
    inside = (fabric.kind[fabric.link_src] == NVSWITCH) | (fabric.kind[fabric.link_dst] == NVSWITCH)
    share = left.capacity / fabric.capacity
    assert share[ends & ~inside] == pytest.approx(0.4)
    assert share[~ends] == pytest.approx(0.8)
    assert share[inside] == pytest.approx(0.9)
