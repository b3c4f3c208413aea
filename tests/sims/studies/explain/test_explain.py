"""Why, and what would help: every gain held against theory and against a run of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.damage.fault import parse_faults
from fabric.routing.policies import parse_policy
from fabric.words.errors import FabricsimError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.jobs.flow_run import FlowRun
from sims.models.fluid.faults.setting import CALM, Course
from sims.models.fluid.flows import FlowResult, run_flows
from sims.models.packet.settings import PacketSettings
from sims.models.profiles import latency_profile
from sims.scenario.files import read_records, write_records
from sims.scenario.row import Row
from sims.show.words.explain import explanation_lines
from sims.simulation import simulate
from sims.studies.explain.bottleneck import fullest
from sims.studies.explain.explainer import (
    BALANCED,
    NO_FAULTS,
    NO_LATENCY,
    OTHER,
    PACKED,
    Explainer,
    Explanation,
    command,
    explain,
)
from sims.studies.explain.flows import explain_flows
from sims.workload.traffic import Traffic, pattern
from topologies import load

GIB = 2**30
NO = "ideal:cable_factor=0"


def explained(
    spec: str, algorithm: str = "ring", size: int = GIB, **settings: object
) -> tuple[AllReduce, Row, Explanation]:
    fabric = Fabric.from_graph(load(spec))
    job = AllReduce(fabric, topology=spec, digest="", **settings)  # type: ignore[arg-type]
    row = job.row(algorithm, size)
    return job, row, Explainer(job).explain(row)


def doubled(graph: nx.Graph, kind: str) -> nx.Graph:
    """``graph`` with the rate of one kind of cable doubled edge by edge: the kinds found from the nodes."""
    tiers = nx.get_node_attributes(graph, "tier")
    tiered = all(tiers[u] != tiers[v] for u, v in graph.edges if "nvswitch" not in kinds_of(graph, u, v))
    names = ("endpoint", "leaf", "spine", "core") if tiered else ("endpoint", "switch", "switch", "switch")
    ends = {
        node: "scale-up switch" if data["kind"] == "nvswitch" else names[data["tier"]]
        for node, data in graph.nodes(data=True)
    }
    for u, v, data in graph.edges(data=True):
        where = ""
        if not tiered and ends[u] == ends[v] == "switch":
            same = graph.nodes[u]["pod"] == graph.nodes[v]["pod"]
            where = " in a pod" if same else " between pods"
        if kind in (f"{ends[u]} - {ends[v]}{where}", f"{ends[v]} - {ends[u]}{where}", "every cable"):
            data["rate"] *= 2
            if "rates" in data:
                data["rates"] = [rate * 2 for rate in data["rates"]]
    return graph


def kinds_of(graph: nx.Graph, *nodes: object) -> set[str]:
    return {graph.nodes[node]["kind"] for node in nodes}


def test_under_one_leaf_twice_the_endpoints_links_halve_the_byte_time_and_nothing_else_helps() -> None:
    _, row, found = explained("star:endpoints=8", latency_profile=NO)
    bytes_s = 2 * 7 / 8 * GIB / 50e9
    gains = found.gains
    assert gains.pop("2x endpoint - leaf") == pytest.approx(bytes_s / 2, rel=1e-12)
    other = next(name for name in gains if name.startswith(OTHER))
    assert gains.pop(other) == pytest.approx(
        row.time_s - all_reduce_time("star:endpoints=8", other), rel=1e-12
    )
    assert gains == {BALANCED: 0.0}
    assert found.left_out == (
        "packed placement (placement is packed)",
        "no faults (there are none)",
        f"{NO_LATENCY} (latency profile is ideal:cable_factor=0)",
    )


def all_reduce_time(spec: str, other: str) -> float:
    (row,) = all_reduce(load(spec), other.partition(": ")[2], GIB, latency_profile=NO)
    return row.time_s


def test_a_tree_oversubscribed_four_to_one_gives_what_the_closed_form_says() -> None:
    """Strided, all four endpoints of a leaf send to other leaves over uplinks for one: the pace is B/4.

    Twice the leaf - spine capacity gives B/2; twice the endpoints' gives nothing; packed, one flow leaves
    each leaf and the pace is B.
    """
    n, spec = 16, "leaf-spine:leaves=4,spines=1,endpoints_per_leaf=4"
    _, row, found = explained(spec, routing="adaptive", placement="strided", latency_profile="ideal")
    bytes_s = 2 * (n - 1) / n * GIB / (50e9 / 4)
    inside, across = 50e-9, 550e-9  # of cables, between two endpoints
    assert found.time_s == row.time_s == pytest.approx(bytes_s + 30 * across, rel=1e-12)
    assert found.gains["2x leaf - spine"] == pytest.approx(bytes_s / 2, rel=1e-12)
    assert found.gains["2x endpoint - leaf"] == 0
    assert found.gains["2x every cable"] == pytest.approx(bytes_s / 2, rel=1e-12)
    # A message makes two turns round the ring but for two hops, at best two inside a leaf.
    packed_latency = 2 * (12 * inside + 4 * across) - 2 * inside
    saved = bytes_s * 3 / 4 + 30 * across - packed_latency
    assert found.gains[PACKED] == pytest.approx(saved, rel=1e-12)
    (spot,) = found.hotspots
    full = {(one.link, one.links, one.among, one.flows, one.rate) for one in spot.bottlenecks}
    assert full == {("leaf -> spine", 4, 4, 4.0, 50e9), ("spine -> leaf", 4, 4, 4.0, 50e9)}


RUNS = [
    ("fat-tree:k=4", "ring", {"placement": "random", "seed": 3}),
    ("fat-tree:k=8", "halving-doubling", {"routing": "ecmp:qps=2"}),
    ("fat-tree:k=4,gpus_per_server=2", "hierarchical-ring", {"placement": "strided"}),
    ("fat-tree:k=4,gpus_per_server=2", "hierarchical-tree:pipeline=4", {"routing": "dmodk"}),
    ("fat-tree:k=4", "tree", {"engine": "bound", "placement": "random"}),
    ("rail-optimized:servers=8,radix=8,gpus_per_server=4", "auto", {"placement": "random", "seed": 1}),
    ("multi-plane:planes=2,endpoints=16,radix=8", "recursive-doubling", {"ranks": 11}),
    ("dragonfly:p=2", "ring", {"placement": "random"}),
    ("dragonfly:p=2", "ring", {"routing": "ugal", "placement": "random", "seed": 1}),
    ("dragonfly:p=2", "ring", {"routing": "valiant:paths=4", "seed": 1}),
    ("fat-tree:k=4", "halving-doubling", {"routing": "spray", "fail": "cables=3"}),
    ("dragonfly-plus:leaves=2,groups=3", "ring", {"routing": "spray", "placement": "random"}),
    ("fat-tree:k=8", "tree", {"routing": "dmodk", "placement": "random", "seed": 9}),
    ("fat-tree:k=8", "ring", {"fail": "cables=8", "degrade": "cables=10%:rate=50%", "seed": 2}),
    ("fat-tree:k=4", "ring", {"fail": "cables=2", "routing": "dmodk", "seed": 5}),
    ("fat-tree:k=4", "ring", {"upgrade": "leaf-spine=1.5;endpoint-leaf"}),
    ("fat-tree:k=4,gpus_per_server=2", "ring", {"latency_profile": "nccl-ring-simple"}),
    ("fat-tree:k=4,gpus_per_server=2", "hierarchical-tree", {"latency_profile": "nccl-tree-ll128"}),
]


@pytest.mark.parametrize(("spec", "algorithm", "settings"), RUNS, ids=[f"{run[0]}-{run[1]}" for run in RUNS])
@pytest.mark.parametrize("size", [4096, GIB])
def test_every_gain_is_that_of_a_run_of_its_own(
    spec: str, algorithm: str, settings: dict[str, object], size: int
) -> None:
    _, row, found = explained(spec, algorithm, size, **settings)
    assert found.time_s == row.time_s and len(found.remedies) > 4
    saved = [remedy.saved_s for remedy in found.remedies]
    assert saved == sorted(saved, reverse=True)
    for remedy in found.remedies:
        assert remedy.saved_s == row.time_s - remedy.time_s
        assert remedy.scenario is not None
        assert simulate(remedy.scenario).time_s == remedy.time_s, remedy.name
        kind = remedy.name.removeprefix("2x ")
        if kind == remedy.name:
            continue
        other = AllReduce(Fabric.from_graph(doubled(load(spec), kind)), **settings).row(row.used, size)
        assert remedy.time_s == pytest.approx(other.time_s, rel=1e-12), remedy.name


def test_adaptive_never_loses_to_ecmp_and_twice_every_cable_saves_half_of_the_bytes() -> None:
    _, row, found = explained("fat-tree:k=8", "ring", placement="random", seed=5)
    (adaptive,) = all_reduce(
        load("fat-tree:k=8"), "ring", GIB, routing="adaptive", placement="random", seed=5
    )
    assert found.gains[BALANCED] == row.time_s - adaptive.time_s > 0
    byte_s = row.time_s * (1 - row.latency_share)
    assert found.gains["2x every cable"] == pytest.approx(byte_s / 2, rel=1e-9)
    assert max(found.gains[f"2x {kind}"] for kind in ("leaf - spine", "spine - core")) <= byte_s / 2


def test_what_would_cost_time_is_shown_as_a_loss() -> None:
    _, row, found = explained("star:endpoints=8", "auto")
    (other,) = [remedy for remedy in found.remedies if remedy.name.startswith(OTHER)]
    assert other.saved_s < 0 and other.name != f"{OTHER}: {row.used}"
    assert found.remedies[-1] is other
    line = next(line for line in explanation_lines("it", found) if OTHER in line)
    assert " -" in line and f"--algorithm {other.name.partition(': ')[2]}" in line


def test_the_best_other_algorithm_is_the_best_of_all_others() -> None:
    for size in (64, 10**6, GIB):
        job, _, found = explained("fat-tree:k=4,gpus_per_server=2", "ring", size)
        names = [name for name in job.fits(ALL)[0] if name != "ring"]
        times = {name: job.row(name, size).time_s for name in names}
        best = min(times, key=lambda name: times[name])
        (other,) = [remedy for remedy in found.remedies if remedy.name.startswith(OTHER)]
        assert (other.name, other.time_s) == (f"{OTHER}: {best}", times[best])


ALL = (
    "ring",
    "recursive-doubling",
    "halving-doubling",
    "tree",
    "hierarchical-ring:pipeline=8",
    "hierarchical-tree:pipeline=8",
    "hierarchical-halving-doubling",
    "chain-tree",
)


def test_rows_hold_the_gains_and_are_what_their_scenario_gives(tmp_path: Path) -> None:
    job, _, _ = explained("fat-tree:k=4", placement="random")
    rows = list(Explainer(job).rows(["ring", "tree"], [4096, GIB]))
    for name in ("rows.csv", "rows.json", "rows.jsonl"):
        write_records(tmp_path / name, [row.to_dict() for row in rows])
        back = [Row.from_dict(record) for record in read_records(tmp_path / name)]
        assert back == rows and [row.gains for row in back] == [row.gains for row in rows]
    with open(tmp_path / "rows.json", encoding="utf-8") as file:
        assert isinstance(json.load(file)[0]["gains"]["2x every cable"], float)
    for row in rows:
        plain = simulate(row.scenario)
        assert plain == row and plain.key == row.key and plain.gains == {}
        assert explain(row.scenario).gains == row.gains != {}


def test_a_split_flow_counts_by_its_share_and_places_are_named() -> None:
    _, _, found = explained("fat-tree:k=4", "ring", routing="adaptive", placement="strided")
    (spot,) = found.hotspots
    assert spot.phases == (1,) and spot.share == 1 and 0 < spot.latency < spot.seconds
    for one in spot.bottlenecks:
        assert one.pod in ("0", "1", "2", "3") and (one.rail, one.plane) == ("", "")
        assert one.flows * 50e9 == pytest.approx(one.rate)  # all tiers are full, of a flow per cable
    assert sum(one.links for one in spot.bottlenecks if one.link == "endpoint -> leaf") == 16


def test_the_fullest_links_by_kind_and_place() -> None:
    """Two planes of four leaves: plane 0 carries twice as much, and two links of one leaf most."""
    fabric = Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8"))
    zone = fabric.zones["plane"]
    seconds = np.zeros(fabric.n_links)
    up = (fabric.tier[fabric.link_src] == 1) & (fabric.tier[fabric.link_dst] == 2)
    plane0 = up & (zone.of[fabric.link_src] == zone.names.index("0"))
    seconds[up] = 1
    seconds[plane0] = 2
    (one,) = fullest(fabric, seconds, np.full(fabric.n_links, 7.0))
    assert (one.link, one.plane, one.flows, one.seconds) == ("leaf -> spine", "0", 7, 2)
    assert one.links == plane0.sum() and one.among == up.sum() == 2 * one.links
    seconds[np.flatnonzero(up)[:1]] = 3
    assert [one.links for one in fullest(fabric, seconds, seconds)] == [1]


def test_the_command_of_a_scenario_says_what_is_not_usual() -> None:
    job, _, found = explained("fat-tree:k=4", "ring", 4096, placement="random", seed=7)
    said = command(job.scenario("ring", 4096))
    where = "fabricsim allreduce fat-tree:k=4 --algorithm ring --size 4096"
    assert said == f"{where} --ranks 16 --placement random --seed 7 --routing ecmp:qps=1"
    packed = next(remedy for remedy in found.remedies if remedy.name == PACKED)
    assert packed.scenario and "--placement" not in command(packed.scenario)
    (row,) = all_reduce(load("fat-tree:k=4"), "ring", 4096)
    assert command(row.scenario) == ""
    twice = next(remedy for remedy in found.remedies if remedy.name == "2x leaf - spine")
    assert twice.change == "--upgrade leaf-spine" and twice.scenario
    assert command(twice.scenario).endswith("--seed 7 --routing ecmp:qps=1 --upgrade leaf-spine=2")


def test_a_kind_that_carries_nothing_is_left_out() -> None:
    _, _, found = explained("fat-tree:k=4", "ring", ranks=2)
    assert "2x leaf - spine, spine - core (carry nothing)" in found.left_out
    assert [remedy.name for remedy in found.remedies if remedy.name.startswith("2x")] == [
        "2x endpoint - leaf"
    ]


def test_illegal_use() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4"))
    (row,) = all_reduce(fabric, "ring", 4096)
    with pytest.raises(FabricsimError, match="was in memory: pass it"):
        explain(row.scenario)
    assert explain(row.scenario, fabric).time_s == row.time_s


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        (16384, {"engine": "packet", "placement": "random", "fail": "cables=1"}),
        (10**9, {"faults": "hpn:flaps=5000000/d", "repeat": "5", "placement": "random", "seed": 4}),
        (10**9, {"repeat": "2", "gap": "1ms"}),
    ],
)
def test_runs_of_packets_and_among_faults_are_run_whole_for_each_remedy(
    size: int, settings: dict[str, object]
) -> None:
    _, row, found = explained("fat-tree:k=4", "ring", size, **settings)
    assert len(found.remedies) > 5 and found.note and found.time_s == row.time_s
    for remedy in found.remedies:
        assert remedy.scenario is not None
        assert remedy.saved_s == pytest.approx(row.time_s - remedy.time_s, rel=1e-12, abs=1e-12 * row.time_s)
        assert simulate(remedy.scenario).time_s == remedy.time_s, remedy.name


# --- plain flows -------------------------------------------------------------------------------------------


def flow_run(spec: str, traffic: Traffic, routing: str, **settings: Any) -> FlowRun:
    given: dict[str, Any] = {"course": CALM, "profile": latency_profile("roce-400g"), **settings}
    whole = Fabric.from_graph(load(spec))
    return FlowRun(healthy=whole, traffic=traffic, policy=parse_policy(routing, 3), seed=3, **given)


def flows_explained(
    spec: str, traffic: Traffic, routing: str = "ecmp", faults: str = "none", profile: str = "roce-400g"
) -> tuple[FlowResult, Explanation]:
    settings = {"faults": parse_faults("fail", faults), "profile": latency_profile(profile)}
    run = flow_run(spec, traffic, routing, **settings)
    result = run.run()
    return result, explain_flows(run, result)


def test_two_flows_into_one_endpoint_need_its_link_twice_as_fast_and_nothing_else() -> None:
    """Both flows of an incast share the link down to the receiver, of 50 GB/s."""
    traffic = Traffic(src=np.array([1, 2]), dst=np.array([0, 0]), size=np.full(2, 1e9), start=np.zeros(2))
    result, found = flows_explained("star:endpoints=3", traffic, profile=NO)
    assert found.time_s == result.makespan == pytest.approx(2 * 1e9 / 50e9)
    assert found.gains == {"2x endpoint - leaf": pytest.approx(1e9 / 50e9), BALANCED: 0.0}
    (spot,) = found.hotspots
    (full,) = spot.bottlenecks
    assert (full.link, full.links, full.flows, full.example) == ("leaf -> endpoint", 1, 2.0, "3 -> 0")


def test_the_fullest_link_of_flows_is_the_one_that_needs_most_time() -> None:
    """One flow over three cables, of which the middle ones are a quarter as fast."""
    G = load("leaf-spine:leaves=2,spines=1,endpoints_per_leaf=1")
    for u, v, data in G.edges(data=True):
        data["rate"] /= 4 if min(G.nodes[u]["tier"], G.nodes[v]["tier"]) else 1
    traffic = Traffic(src=np.array([0]), dst=np.array([1]), size=np.array([1e9]), start=np.zeros(1))
    run = replace(flow_run("star:endpoints=2", traffic, "ecmp"), healthy=Fabric.from_graph(G))
    (spot,) = explain_flows(run, run.run()).hotspots
    assert [full.link for full in spot.bottlenecks] == ["leaf -> spine", "spine -> leaf"]
    assert [full.seconds for full in spot.bottlenecks] == pytest.approx([1e9 / 12.5e9] * 2)


@pytest.mark.parametrize("routing", ["ecmp", "ecmp:qps=3", "dmodk"])
def test_gains_of_flows_are_those_of_runs_of_their_own(routing: str) -> None:
    spec, faults = "fat-tree:k=4", "cables=2"
    traffic = pattern("permutation", 16, 1e8, 1)
    result, found = flows_explained(spec, traffic, routing, faults)
    profile = latency_profile("roce-400g")
    for remedy in found.remedies:
        graph, policy, prof, fail = load(spec), parse_policy(routing, 3), profile, faults
        if remedy.name == BALANCED:
            policy = parse_policy("adaptive")
        elif remedy.name == NO_LATENCY:
            prof = latency_profile(NO)
        elif remedy.name == NO_FAULTS:
            fail = "none"
        else:
            graph = doubled(graph, remedy.name.removeprefix("2x "))
        fabric = harmed(Fabric.from_graph(graph), parse_faults("fail", fail), 3)[0]
        other = run_flows(fabric, traffic, policy, prof)
        assert remedy.saved_s == result.makespan - remedy.time_s
        assert remedy.time_s == pytest.approx(other.makespan, rel=1e-12), remedy.name
    assert {remedy.name for remedy in found.remedies} >= {BALANCED, NO_LATENCY, NO_FAULTS}


@pytest.mark.parametrize("what", ["packets", "a schedule", "wear"])
def test_gains_of_packets_and_of_runs_among_faults_are_those_of_runs_of_their_own(
    what: str, tmp_path: Path
) -> None:
    (tmp_path / "faults.toml").write_text(
        '[[fault]]\nat = "1ms"\nlength = "9ms"\nfail = "switches=spine:1"\n', encoding="utf-8"
    )
    told: dict[str, dict[str, Any]] = {
        "packets": {"packets": PacketSettings(cc="window"), "faults": parse_faults("fail", "cables=1")},
        "a schedule": {"course": Course.of(str(tmp_path / "faults.toml"), "2ms", "1", "0s")},
        "wear": {"course": Course.of("quiet:flaps=400/s,flap_time=1ms", "500us", "1", "0s")},
    }
    spec = "fat-tree:k=4"
    traffic = pattern("permutation", 16, 1e6 if what == "packets" else 1e8, 1)
    run = flow_run(spec, traffic, "ecmp", **told[what])
    result = run.run()
    found = explain_flows(run, result)
    assert found.note and found.time_s == result.makespan
    for remedy in found.remedies:
        changes: dict[str, Any] = {"healthy": Fabric.from_graph(doubled(load(spec), remedy.name[3:]))}
        if remedy.name == BALANCED:
            changes = {"policy": parse_policy("adaptive")}
        elif remedy.name == NO_LATENCY:
            changes = {"profile": latency_profile(NO)}
        elif remedy.name == NO_FAULTS:
            changes = {"faults": (), "course": CALM}
        then = replace(run, **changes).run().makespan
        assert remedy.time_s == pytest.approx(then, rel=1e-12), remedy.name
        assert remedy.saved_s == result.makespan - remedy.time_s
    assert {remedy.name for remedy in found.remedies} >= {BALANCED, NO_LATENCY, NO_FAULTS}
    assert max(found.gains.values()) > 0


def test_doubling_comes_on_top_of_an_upgrade_or_is_left_out() -> None:
    job, row, why = explained("leaf-spine:leaves=2,spines=1,endpoints_per_leaf=4", upgrade="leaf-spine=600")
    assert not any(remedy.name == "2x leaf - spine" for remedy in why.remedies)
    assert any(words.startswith("2x leaf - spine (upgrade leaf-spine") for words in why.left_out)
    (ends,) = [remedy for remedy in why.remedies if remedy.name == "2x endpoint - leaf"]
    assert ends.change == "--upgrade endpoint-leaf"  # beside the one that was given
    assert ends.scenario is not None and ends.scenario.upgrade == "endpoint-leaf=2;leaf-spine=600"
    assert simulate(ends.scenario, job.fabric).time_s == pytest.approx(row.time_s - ends.saved_s)
