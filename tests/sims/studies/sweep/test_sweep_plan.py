"""Plans: the points are those that AllReduce would name; what cannot run is refused before anything runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fabric import Fabric
from sims.jobs.allreduce import AllReduce
from sims.settings.suited import brought
from sims.studies.sweep.listing import listing
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import SweepError, read_sweep
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import usual_algorithms
from topologies import load, write_node_link
from topologies.catalogue import canonical, source_digest

SPEC = "fat-tree:k=4,gpus_per_server=4"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ranks": "8", "seed": "5"},
        {"placement": "random", "seed": "5", "ranks": "8", "routing": "dmodk"},
        {"placement": "strided:2", "routing": "adaptive", "seed": "5"},
        {"placement": "strided:", "routing": "ecmp:qps=4"},
        {"placement": "strided-servers:2"},
        {"placement": "strided-endpoints:3", "ranks": "6"},
        {"placement": "hostlist:[8-11,0],4"},
        {"algorithm": "hierarchical-tree:segment=64KiB,pipeline=true", "size": "1G"},
        {"algorithm": "auto", "engine": "bound", "size": "1000"},
        {"latency_profile": "ib-ndr:switch_latency=0.3us"},
        {"topology": "preset:superpod-h100:su=1", "ranks": "64"},
        {"topology": "star: endpoints=8,rate=50GB/s"},
        {"topology": "FILE"},
        {"topology": "FILE", "placement": "NAMES", "routing": "dmodk", "seed": "3"},
        {"placement": "NAMES", "ranks": "2"},
    ],
)
def test_a_point_is_the_scenario_of_the_job(tmp_path: Path, changes: dict[str, str]) -> None:
    (tmp_path / "hosts.txt").write_text("3\n1\n2\n")
    write_node_link(load("star:endpoints=4"), tmp_path / "star.json")
    paths = {"FILE": str(tmp_path / "star.json"), "NAMES": str(tmp_path / "hosts.txt")}
    given = {"topology": SPEC, **{key: paths.get(text, text) for key, text in changes.items()}}
    (point,) = plan_sweep(read_sweep(sets=[f"{key}={text}" for key, text in given.items()])).points
    text = given["topology"]
    job = AllReduce(
        Fabric.from_graph(load(text)),
        topology=canonical(text),
        digest=source_digest(text),
        ranks=int(given["ranks"]) if "ranks" in given else None,
        placement=given.get("placement", "packed"),
        seed=int(given.get("seed", 0)),
        routing=given.get("routing", "ecmp"),
        engine=given.get("engine", "flow"),
        latency_profile=given.get(
            "latency_profile", brought(given["topology"]).get("latency_profile", "roce-400g")
        ),
    )
    sizes = {"1G": 2**30, "1000": 1000, "1GiB": 2**30}
    algorithm = {
        "hierarchical-tree:segment=64KiB,pipeline=true": "hierarchical-tree:pipeline=8,segment=65536"
    }
    named = given.get("algorithm", "ring")
    expected = job.scenario(algorithm.get(named, named), sizes[given.get("size", "1GiB")])
    assert point == expected and point.key == expected.key
    assert type(point)(**point.model_dump()) == point
    job.row(point.algorithm, point.size_bytes)  # and it runs


def test_an_algorithm_that_nothing_names_is_one_of_the_collective() -> None:
    """The default where the collective has it, else the collective's first, whatever is said besides."""
    names = list(COLLECTIVES)
    given = ["topology=star:endpoints=4", f"collective={','.join(names)}", "size=1K"]
    points = plan_sweep(read_sweep(sets=given)).points
    assert [point.collective for point in points] == names
    for point in points:
        usual = usual_algorithms(point.collective)
        assert point.algorithm == ("ring" if "ring" in usual else usual[0])
    assert {"ring", "binomial", "linear"} == {point.algorithm for point in points}
    (slow,) = plan_sweep(read_sweep(sets=[*given[::2], "collective=broadcast", "engine=bound"])).points
    assert (slow.algorithm, slow.engine) == ("binomial", "bound")
    with pytest.raises(SweepError, match=r"algorithm: 'ring': unknown algorithm of broadcast"):
        plan_sweep(read_sweep(sets=[*given[::2], "collective=broadcast", "algorithm=ring"]))
    with pytest.raises(SweepError, match=r"collective: 'cast': unknown collective"):
        plan_sweep(read_sweep(sets=[*given[::2], "collective=cast"]))


def test_counts() -> None:
    spec = read_sweep(
        sets=[
            "topology=fat-tree:k=4,fat-tree:k=8",
            "ranks=8,64",
            "seed=0..4",
            "routing=ecmp,dmodk",
            "size=8,1M",
        ]
    )
    assert len(spec) == 80
    with pytest.raises(SweepError, match="and 19 more: ranks: 64: at most the 16 endpoints") as caught:
        plan_sweep(spec)
    assert len(caught.value.mistakes) == 1  # the same reason is told once


def test_where_excludes_and_equal_points_collapse(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        "where = 'ranks <= endpoints'\n[grid]\ntopology = ['fat-tree:k=4', 'fat-tree:k=8']\nranks = [8, 64]\n"
        "seed = '0..4'\nrouting = ['ecmp', 'dmodk']\n"
    )
    found = plan_sweep(read_sweep(path))
    # 2 x 2 x 5 x 2 points; k=4 has 16 endpoints, so 64 ranks do not fit: 10 go. Of 15 with dmodk 3 are left.
    assert (found.excluded, found.collapsed, len(found.points)) == (10, 12, 18)
    assert found.endpoints == {"fat-tree:k=4": 16, "fat-tree:k=8": 128}
    assert [p.seed for p in found.points[:6]] == [0, 0, 1, 2, 3, 4]
    assert len({p.key for p in found.points}) == len(found.points) == len(found.labels)
    text = "\n".join(listing(found, 2))
    assert "18 points (10 excluded by where, 12 equal to an earlier one)" in text
    assert "fat-tree:k=8: 128 endpoints" in text and "on 2 workers" in text and "algorithm: ring" in text
    assert len(text.splitlines()) > 18


def test_whole_fields_come_before_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        "[grid]\n'topology.k' = [4, 8]\ntopology = ['fat-tree:k=2', 'fat-tree:k=6,rate=200Gbps']\n"
    )
    assert [p.topology for p in plan_sweep(read_sweep(path)).points] == [
        *("fat-tree:k=4", "fat-tree:k=4,rate=200Gbps", "fat-tree:k=8", "fat-tree:k=8,rate=200Gbps")
    ]


def test_where_sees_parts_and_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        "where = ['topology.name != \"fat-tree\" or k > 4', 'topology.rate == \"400Gbps\"']\n"
        "[grid]\ntopology = ['fat-tree:k=4', 'fat-tree:k=8', 'star:endpoints=8', "
        "'star:endpoints=8,rate=200Gbps']\n"
    )
    assert [p.topology for p in plan_sweep(read_sweep(path)).points] == ["fat-tree:k=8", "star:endpoints=8"]


@pytest.mark.parametrize(
    ("sets", "rule"),
    [
        (
            ["topology=fat-tree:k=4,star:endpoints=8", "topology.k=4"],
            r"point 2 \(topology=star:endpoints=8\).*no such part",
        ),
        (["topology=star:endpoints=8", "ranks=9"], "at most the 8 endpoints"),
        (
            [f"topology={SPEC}", "ranks=6", "algorithm=hierarchical-ring"],
            "hierarchical algorithms need groups of the same size",
        ),
        ([f"topology={SPEC}", "algorithm=hierarchical-ring:pipeline=4", "engine=bound"], "use engine flow"),
        (["topology=star:endpoints=8", "placement=strided:9"], "a whole number of servers from 1 to 8"),
        (["topology=fat-tree:k=3"], "k"),
    ],
)
def test_what_cannot_run_is_refused(sets: list[str], rule: str) -> None:
    with pytest.raises(SweepError, match=rule):
        plan_sweep(read_sweep(sets=sets))


def test_where_that_excludes_all(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text("where = 'ranks > endpoints'\n[base]\ntopology = 'star:endpoints=8'\n")
    with pytest.raises(SweepError, match="leaves none of 1 point"):
        plan_sweep(read_sweep(path))


def test_a_thousand_points_are_planned_at_once() -> None:
    spec = read_sweep(sets=["topology=fat-tree:k=8", "seed=0..99", "size=8:2K:x2", "ranks=all"])
    plan_sweep(read_sweep(sets=["topology=star:endpoints=4"]))  # what is imported once
    begin = time.process_time()
    found = plan_sweep(spec)
    assert len(found.points) == 900 and time.process_time() - begin < 1


def test_more_work_is_estimated_to_take_more() -> None:
    small, large = (plan_sweep(read_sweep(sets=[f"topology=fat-tree:k={k}"])) for k in (4, 16))
    many = plan_sweep(read_sweep(sets=["topology=fat-tree:k=16", "algorithm=ring,halving-doubling,auto"]))
    assert 50e6 < small.worker_bytes < large.worker_bytes < many.worker_bytes
    assert 0 < small.seconds < large.seconds < many.seconds


def test_ratios_of_an_axis_are_numbers_in_conditions(tmp_path: Path) -> None:
    path = tmp_path / "ratios.toml"
    path.write_text(
        'where = ["oversubscription <= 2"]\n'
        '[base]\ntopology = "fat-tree:endpoints=24,radix=16,tiers=2"\nalgorithm = "ring"\n'
        '[grid]\n"topology.oversubscription" = ["4", "3:2", 1, "2:1"]\n'
    )
    points = plan_sweep(read_sweep(path)).points
    assert [point.topology.partition("oversubscription=")[2] for point in points] == ["1.5", "", "2"]


def test_a_list_of_hosts_is_one_value_of_an_axis() -> None:
    sets = ["topology=fat-tree:k=4", "placement=packed,hostlist:[0-3,8],12,strided-endpoints:2", "ranks=5"]
    placements = [point.placement for point in plan_sweep(read_sweep(None, sets)).points]
    assert placements == ["packed", "hostlist:[0-3,8],12", "strided-endpoints:2"]
