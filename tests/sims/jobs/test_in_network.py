"""All-reduce by switches: replay, closed forms, what each link carries, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.routing.reduction import reduction_tree
from fabric.words.errors import ParameterError, SchemaError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.studies.explain.explainer import Explainer
from sims.workload.collectives import contenders
from sims.workload.collectives.in_network import in_network
from sims.workload.replay import ReplayError, replay
from topologies import load, read_graph, write_graph

B, NVLINK = 50e9, 450e9  # bytes/s of a NIC of 400 Gbps, and of a GPU inside a server
QUIET = "ideal:cable_factor=0"


def job(text: str, **settings: object) -> AllReduce:
    return AllReduce(Fabric.from_graph(load(text)), **settings)


@pytest.mark.parametrize("n", range(1, 34))
def test_each_rank_ends_with_the_sum(n: int) -> None:
    draw = np.random.default_rng(n)
    for servers in (None, draw.integers(-1, 4, n), np.zeros(n, int), np.arange(n) % 3):
        replay(in_network(n, servers=servers))


def test_many_ranks_by_fingerprints_and_a_lost_contribution() -> None:
    schedule = in_network(200, servers=np.arange(200) // 8)
    replay(schedule)
    object.__setattr__(schedule, "phases", schedule.phases[1:])
    with pytest.raises(ReplayError, match="not once"):
        replay(schedule)


@pytest.mark.parametrize("text", ["star:endpoints=8", "fat-tree:k=4", "fat-tree:k=8"])
@pytest.mark.parametrize("size", [1000, 2**30])
@pytest.mark.parametrize("engine", ["flow", "bound"])
def test_without_servers_each_link_carries_the_message_once(text: str, size: int, engine: str) -> None:
    """T = latency up to the root and down + S/B: half the bytes of a ring, whatever the number of ranks."""
    run = job(text, engine=engine)
    program = run.program("in-network")
    (stage,) = program.stages
    assert stage.paths.weight is not None and set(stage.paths.weight.tolist()) == {1.0}
    shift = AllReduce(run.fabric, routing="dmodk").program("recursive-doubling")
    assert stage.worst_latency == pytest.approx(max(one.worst_latency for one in shift.stages), rel=1e-12)
    assert run.row("in-network", size).time_s == pytest.approx(stage.worst_latency + size / B, rel=1e-12)


@pytest.mark.parametrize("servers", [1, 2, 8])
def test_in_servers_the_phases_add_up_or_overlap(servers: int) -> None:
    """S and S/g through the scale-up switch, S/g on the tree of each rail, S/g and S back."""
    run, size, g = job(f"star:endpoints={8 * servers},gpus_per_server=8", latency_profile=QUIET), 2**30, 8
    inside, outside = size / NVLINK, size / g / B if servers > 1 else 0.0
    one = run.row("in-network:pipeline=1", size).time_s
    assert one == pytest.approx(2 * inside + outside, rel=1e-9)
    least = max((1 + 1 / g) * inside, outside)
    many = run.row("in-network:pipeline=256", size).time_s
    assert least < many < least * 1.02
    n = 8 * servers
    if servers == 1:  # the limit of NVLS: 2 (n-1) / (n+1) of the rate of a GPU
        assert run.row("in-network:pipeline=256", size).busbw_GBps == pytest.approx(
            2 * (n - 1) / (n + 1) * NVLINK / 1e9, rel=0.02
        )


def test_each_rail_has_a_tree_of_its_own() -> None:
    """On a rail-optimized fabric the trees of eight rails meet no link of each other."""
    run = job("preset:superpod-h100:su=2", latency_profile=QUIET)
    middle = run.program("in-network:pipeline=1").stages[1]
    assert middle.paths.weight is not None and set(middle.paths.weight.tolist()) == {1.0}
    assert middle.peak == pytest.approx(1 / B)


def test_the_tree_itself() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    for turn in range(4):
        tree = reduction_tree(fabric, np.arange(16), turn)
        assert len(np.unique(tree.up.link)) == 16 + 8 + 4 == len(np.unique(tree.down.link))
        ends = fabric.link_src[tree.up.link], fabric.link_dst[tree.up.link]
        back = fabric.link_dst[tree.down.link], fabric.link_src[tree.down.link]
        assert {*zip(*map(np.ndarray.tolist, ends))} == {*zip(*map(np.ndarray.tolist, back))}
    roots = {reduction_tree(fabric, np.arange(16), turn).root for turn in range(4)}
    assert len(roots) > 1
    assert reduction_tree(fabric, np.arange(2)).up.length.tolist() == [1, 1]  # on one leaf, which is the root
    assert reduction_tree(fabric, np.arange(4)).up.length.tolist() == [2] * 4  # in one pod


def test_around_a_dead_cable() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    used = np.unique(reduction_tree(fabric, np.arange(16)).up.link)
    row = AllReduce(fabric, fail="cables=20%", seed=3, latency_profile=QUIET, allow_partition=False)
    load_of = row.program("in-network").stages[0].paths.link
    assert not np.any(row.degraded.capacity[load_of] == 0) and len(used)


def test_explain_runs_it_again() -> None:
    run = job("fat-tree:k=4,gpus_per_server=2")
    found = Explainer(run).explain(run.row("in-network:pipeline=8", 2**26))
    assert {"2x endpoint - leaf", "no latency"} <= {one.name for one in found.remedies}


def test_what_cannot_be() -> None:
    with pytest.raises(ParameterError, match=r"in-network: .*: no tree: its switches have no tiers"):
        job("torus:dims=4/4").row("in-network", 2**20)
    with pytest.raises(
        ParameterError, match=r"in-network:radix: 4: switch 8 has 8 children in a tree of the ranks"
    ):
        job("star:endpoints=8").row("in-network:radix=4", 2**20)
    job("star:endpoints=8").row("in-network:radix=8", 2**20)
    in_groups = {"groups": "mesh:tp=2,dp=4", "over": "dp"}
    with pytest.raises(ParameterError, match="laid once: not while faults strike or groups drift"):
        job("star:endpoints=8", drift="0", **in_groups).row("in-network", 2**20)
    with pytest.raises(ParameterError, match="laid once: not while faults strike"):
        job("fat-tree:k=4", faults="llama3", repeat="3").row("in-network", 2**20)


# --- what switches can do ----------------------------------------------------------------------------------


def test_how_many_trees_a_switch_is_part_of() -> None:
    """Four rails of four servers on two leaves and one spine: a tree for each rail, all of them over the
    spine and on every cable between it and the leaves."""
    text = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=8,gpus_per_server=4"
    job(text).row("in-network:trees=4,port_trees=4", 2**20)
    with pytest.raises(
        ParameterError, match=r"in-network:trees: 3: switch \d+ is part of 4 trees of the ranks"
    ):
        job(text).row("in-network:trees=3", 2**20)
    with pytest.raises(
        ParameterError,
        match=r"in-network:port_trees: 1: 4 trees of the ranks go from \d+ to \d+ on one cable",
    ):
        job(text).row("in-network:port_trees=1", 2**20)
    with pytest.raises(ParameterError, match=r"in-network:port_trees: 1: 4 trees of the ranks go from"):
        job(text, groups="mesh:a=4,b=4", over="b", engine="packet").row("in-network:port_trees=1", 2**14)
    # Rails of their own meet in no port, as Quantum-2 needs it; up to one unit not even in a switch.
    job("preset:superpod-h100:su=2").row("in-network:port_trees=1", 2**20)
    job("preset:superpod-h100:su=1").row("in-network:trees=1,port_trees=1", 2**20)


@pytest.mark.parametrize(("rate", "slower"), [("400Gbps", 1.0), ("100Gbps", 4.0), ("1Tbps", 1.0)])
def test_a_port_takes_no_more_than_its_rate(rate: str, slower: float) -> None:
    """T = S / min(B, rate) on trees; what goes through scale-up switches keeps the rate of NVLink."""
    size = 2**30
    flat = job("fat-tree:k=4", latency_profile=QUIET).row(f"in-network:port_rate={rate}", size)
    assert flat.time_s == pytest.approx(slower * size / B, rel=1e-12)
    assert flat.used == f"in-network:port_rate={rate}" and flat.scenario.algorithm == flat.used
    of_servers = job("star:endpoints=16,gpus_per_server=8", latency_profile=QUIET)
    expected = 2 * size / NVLINK + slower * size / 8 / B
    assert of_servers.row(f"in-network:pipeline=1,port_rate={rate}", size).time_s == pytest.approx(expected)


@pytest.mark.parametrize("planes", [2, 4])
def test_a_tree_on_every_plane(planes: int) -> None:
    """A NIC of B that is split over planes sends S/planes into a tree of each: S/B, as on one."""
    run = job(f"multi-plane:planes={planes},endpoints=32,radix=16", latency_profile=QUIET)
    row, (stage,) = run.row("in-network", 2**30), run.program("in-network").stages
    assert row.time_s == pytest.approx(2**30 / B, rel=1e-12)
    assert stage.paths.weight is not None and set(stage.paths.weight.tolist()) == {1 / planes}
    assert row.planes_used == planes


def graph(says: object) -> nx.Graph:
    G = load("fat-tree:k=4,gpus_per_server=4")
    G.graph["in_network"] = says
    return G


def test_a_fabric_says_whether_its_switches_can() -> None:
    granted = "taken for granted: the switches of its trees add up at the rate of their links"
    for says, note in (
        ("", granted),
        ("yes: Quantum-2", "its switches add up and spread: Quantum-2"),
        ("yes", "its switches add up and spread, as it says"),
    ):
        assert AllReduce(Fabric.from_graph(graph(says))).note("in-network") == note
    for says, why in (("no: plain Ethernet", ": plain Ethernet"), ("no", ": as it says itself")):
        run = AllReduce(Fabric.from_graph(graph(says)), ranks=16)
        with pytest.raises(ParameterError, match=f"fat-tree.*: its switches do not add up and spread{why}"):
            run.row("in-network", 2**20)
        inside = AllReduce(Fabric.from_graph(graph(says)), ranks=4)  # one server: scale-up switches alone
        assert inside.note("in-network") == "" and inside.row("in-network", 2**20).time_s > 0
    for says in ("perhaps", 1, "yes: \n"):
        with pytest.raises(
            SchemaError, match=r"graph: in_network = .*: yes or no, and the reason behind a colon"
        ):
            Fabric.from_graph(graph(says))


@pytest.mark.parametrize("routing", ["ecmp", "adaptive", "spray"])
def test_what_a_fabric_says_stays_with_it(routing: str, tmp_path: Path) -> None:
    """On the fabric that a policy's traffic runs on, and in files."""
    for name in ("g.json", "g.graphml"):
        write_graph(graph("no: plain Ethernet"), tmp_path / name)
        read = Fabric.from_graph(read_graph(tmp_path / name))
        assert read.in_network == "no: plain Ethernet"
        with pytest.raises(ParameterError, match="do not add up and spread: plain Ethernet"):
            AllReduce(read, routing=routing).row("in-network", 2**20)


def test_presets_say_it_where_it_is_published() -> None:
    said = {name: load(f"preset:{name}").graph["in_network"][:3] for name in ("gb200-su", "superpod-h100")}
    assert said == {"gb200-su": "yes", "superpod-h100": "yes"}
    small = {"colossus-100k": "servers=16", "meta-24k": "pods=1", "hpn-pod": "segments=1"}
    for name, of in small.items():
        with pytest.raises(ParameterError, match=r"do not add up and spread: Ethernet, and .* InfiniBand"):
            job(f"preset:{name}:{of}", ranks="16").row("in-network", 2**20)
    assert "in_network" not in load("fat-tree:k=4").graph


def test_auto_does_not_choose_it() -> None:
    assert not [name for name in contenders("auto") if name.startswith("in-network")]
    (row,) = all_reduce(load("star:endpoints=8"), "auto", 2**30)
    assert row.used != "in-network"
