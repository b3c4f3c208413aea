"""Collectives packet by packet: closed forms, the recurrence of a ring, and the fluid model beside them."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.models.packet.deadlock import DeadlockError
from sims.models.profiles import latency_profile
from sims.simulation import simulate
from topologies import load

pytestmark = pytest.mark.usefixtures("both")

B = 50e9
ROCE = latency_profile("roce-400g")
STEP = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9  # s, under one switch
HEADER, MTU = 82, 4096


def wire(size: float) -> float:
    return size + HEADER * math.ceil(size / MTU)


def time(fabric: Fabric, algorithm: str, size: int, **settings: object) -> float:
    row = AllReduce(fabric, engine="packet", **{"routing": "dmodk", **settings}).row(algorithm, size)  # type: ignore[arg-type]
    assert row.packets["all"]["packets"] > 0
    return row.time_s


@pytest.mark.parametrize("cc", ["none", "window"])
@pytest.mark.parametrize("n", [2, 3, 8, 12])
@pytest.mark.parametrize("size", [8, 100_000, 1_000_000])
def test_closed_forms_under_one_switch(n: int, size: int, cc: str) -> None:
    star = Fabric.from_graph(load(f"star:endpoints={n}"))
    ring = 2 * (n - 1) * (STEP + wire(size / n) / B)
    assert time(star, "ring", size, packet=cc) == pytest.approx(ring, rel=1e-9)
    rounds = n.bit_length() - 1
    folds = 0 if n == 2**rounds else 2 * (STEP + wire(size) / B)
    doubling = rounds * (STEP + wire(size) / B) + folds
    halving = 2 * sum(STEP + wire(size / 2**i) / B for i in range(1, rounds + 1)) + folds
    for name, expected in {"recursive-doubling": doubling, "halving-doubling": halving}.items():
        barrier = time(star, name, size, packet=f"{cc}:steps=barrier")
        assert barrier == pytest.approx(expected, rel=1e-9)
        if n == 2**rounds:  # else who has nothing to fold begins early on receipt
            assert time(star, name, size, packet=cc) == barrier


def test_a_tree_of_two_ranks() -> None:
    # Each is the root of one tree: half of the data goes up while the other half does, and then down.
    star = Fabric.from_graph(load("star:endpoints=2"))
    expected = 2 * (STEP + wire(50_000) / B)
    assert time(star, "tree", 100_000) == pytest.approx(expected, rel=1e-9)


def uneven_star(rates: list[float], delays: list[float]) -> Fabric:
    G = nx.Graph(name="uneven")
    G.add_nodes_from(range(len(rates)), kind="gpu", tier=0)
    G.add_node("switch", kind="switch", tier=1)
    for rank, (rate, delay) in enumerate(zip(rates, delays)):
        G.add_edge(rank, "switch", rate=rate, delay=delay)
    return Fabric.from_graph(G)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("equal_rates", [True, False])
def test_a_ring_with_unequal_hops_follows_the_recurrence(seed: int, equal_rates: bool) -> None:
    """start[i, k+1] = max(start[i-1, k] + s[i-1] + a[i-1], start[i, k] + s[i])."""
    draw = np.random.default_rng(seed)
    n, size = 7, 700_000
    rates = [1e10] * n if equal_rates else draw.uniform(0.5e10, 2e10, n).tolist()
    delays = draw.uniform(1e-7, 2e-5, n).tolist()
    fabric = uneven_star(rates, delays)
    bytes_ = wire(size / n)
    s = [bytes_ / min(rates[i], rates[(i + 1) % n]) for i in range(n)]
    a = [ROCE.overhead + ROCE.switch_latency + delays[i] + delays[(i + 1) % n] for i in range(n)]
    start = [0.0] * n
    for _ in range(2 * (n - 1) - 1):
        start = [max(start[i - 1] + s[i - 1] + a[i - 1], start[i] + s[i]) for i in range(n)]
    expected = max(start[i] + s[i] + a[i] for i in range(n))
    assert time(fabric, "ring", size) == pytest.approx(expected, rel=5e-3)
    if equal_rates:
        assert time(fabric, "ring", size) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("algorithm", ["ring", "recursive-doubling", "halving-doubling"])
@pytest.mark.parametrize("spec", ["fat-tree:k=4", "fat-tree:k=8"])
def test_at_a_barrier_rounds_take_what_the_fluid_model_says_of_the_bytes_on_the_wire(
    algorithm: str, spec: str
) -> None:
    fabric, size = Fabric.from_graph(load(spec)), 2**18
    n = fabric.n_endpoints
    fluid = AllReduce(fabric, routing="dmodk").row(algorithm, size).time_s
    rounds = n.bit_length() - 1
    each = {
        "ring": [size / n] * (2 * (n - 1)),
        "recursive-doubling": [size] * rounds,
        "halving-doubling": 2 * [size / 2**i for i in range(1, rounds + 1)],
    }[algorithm]
    headers = sum(wire(amount) - amount for amount in each) / B
    barrier = time(fabric, algorithm, size, packet=":steps=barrier")
    receipt = time(fabric, algorithm, size)
    if algorithm == "ring":  # it goes on at each receipt in both models
        assert receipt == barrier == pytest.approx(fluid + headers, rel=5e-3)
    else:
        assert barrier == pytest.approx(fluid + headers, rel=1e-9)
        assert receipt <= barrier


@pytest.mark.parametrize("routing", ["ecmp:qps=2", "adaptive"])
@pytest.mark.parametrize("steps", ["receipt", "barrier"])
@pytest.mark.parametrize(
    "algorithm",
    [
        "ring:channels=3",
        "tree:segment=16384",
        "halving-doubling",
        "hierarchical-ring",
        "hierarchical-tree:pipeline=3",
    ],
)
def test_every_byte_is_moved_and_nothing_is_faster_than_the_endpoints_links(
    algorithm: str, steps: str, routing: str
) -> None:
    fabric, size = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2")), 300_000
    job = AllReduce(fabric, routing=routing, engine="packet", packet=f"window:steps={steps}")
    row = job.row(algorithm, size)
    fluid = AllReduce(fabric, routing=routing).row(algorithm, size)
    assert row.efficiency <= 1 and row.used == algorithm
    # Not far from the fluid model, which makes everybody wait for the slowest and has no headers.
    assert 0.3 < row.time_s / fluid.time_s < 1.5
    program = job.packet_program(algorithm)
    assert row.packets["all"]["hops"] == program.hops(size)
    assert sum(program.schedule.sent(size)) <= row.packets["all"]["packets"] * MTU


def test_slices_overlap_their_phases_as_in_the_fluid_model() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2,nvlink=400Gbps,delay=10ns"))
    for m in (1, 4):
        algorithm, ideal = f"hierarchical-ring:pipeline={m}", "ideal"
        found = time(fabric, algorithm, 2**24, latency_profile=ideal, packet=":header=0,mtu=64KiB")
        fluid = AllReduce(fabric, routing="dmodk", latency_profile=ideal).row(algorithm, 2**24).time_s
        assert found == pytest.approx(fluid, rel=0.08)


# --- rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"routing": "ecmp:qps=2", "seed": 3, "packet": "window:mtu=1024"},
        {"routing": "adaptive", "seed": 5},
        {"routing": "dmodk", "seed": 5, "packet": ":buffer=64KiB,switching=store-and-forward"},
        {"routing": "ecmp", "fail": "cables=2", "seed": 7},
    ],
)
def test_the_scenario_of_a_row_gives_the_row(settings: dict[str, object]) -> None:
    graph = load("fat-tree:k=4")
    for row in all_reduce(graph, "ring,halving-doubling", "64KiB,300000", engine="packet", **settings):
        again = simulate(row.scenario, Fabric.from_graph(graph))
        assert again == row and again.packets == row.packets != {}
        assert row.scenario.packet.startswith(("none", "window"))


def test_settings_of_packets_count_for_packets_only() -> None:
    graph = load("fat-tree:k=4")
    flow, other = (
        all_reduce(graph, "ring", 2**20, engine="flow", packet=text)[0] for text in ("", "window:mtu=1024")
    )
    assert flow == other and flow.scenario.packet == "" and flow.packets == {}
    none, window = (all_reduce(graph, "ring", 2**20, engine="packet", packet=p)[0] for p in ("", "window"))
    assert none.key != window.key and none.scenario.packet == "none"
    # What is drawn for each packet on its way needs the seed; what is not, does not.
    for routing, drawn in (("adaptive", True), ("dmodk", False)):
        row = all_reduce(graph, "ring", 2**16, engine="packet", routing=routing, seed=9)[0]
        assert row.scenario.seed == (9 if drawn else 0)


def test_deadlock_is_reported_for_a_collective() -> None:
    ring = Fabric.from_graph(load("torus:dims=8"))
    job = AllReduce(ring, engine="packet", packet=":buffer=9KB", placement="strided:3")  # 3 switches on, all
    with pytest.raises(DeadlockError, match="each of these ports waits for a slot"):
        job.row("ring", 2**20)


def test_too_many_packets_are_refused_before_anything_runs() -> None:
    job = AllReduce(Fabric.from_graph(load("fat-tree:k=8")), engine="packet")
    job.check("ring", [2**20])
    with pytest.raises(ParameterError, match=r"engine: 'packet': about .* packet-hops take"):
        job.check("ring", [2**20, 2**37])
    with pytest.raises(ParameterError, match=r"engine: 'packet': cannot run other programs"):
        job.time(job.program("ring"), 2**20)
