"""What would take hours or all memory is refused before it is tried, with the figure and the limit."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from fabric import Fabric
from fabric.words.errors import FabricsimError, ParameterError
from sims.cli.main import main
from sims.cli.terminal import printable
from sims.models.fluid.faults.wear import MOST_OUTAGES, parse_wear
from sims.studies.sweep import plan
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import read_sweep
from sims.workload.collectives import parse_algorithms
from topologies import fat_tree, load
from topologies.catalogue import parts_of
from topologies.named import NamedTopology, named


@pytest.mark.parametrize("text", ["ring:channels=2000000", "hierarchical-ring:pipeline=1000000"])
def test_parts_that_no_run_can_follow(text: str) -> None:
    with pytest.raises(ParameterError, match=r"a whole number from 1 to \d,\d{3}: "):
        parse_algorithms(text)


def test_sweeps_are_counted_before_they_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FabricsimError, match="at most 100,000 values"):
        read_sweep(sets=["seed=0..999999"])
    # Not even the thousands behind the first that is one too many are put together.
    put_together: list[str] = []
    assign = plan.assign

    def noted(texts: Mapping[str, str], key: str, text: str) -> dict[str, str]:
        put_together.append(key)
        return assign(texts, key, text)

    monkeypatch.setattr(plan, "assign", noted)
    with pytest.raises(FabricsimError, match="more than 1,000 topologies"):
        plan_sweep(read_sweep(sets=["topology=star", "topology.endpoints=2..9000"]))
    assert put_together == ["topology", "topology.endpoints"] * 1001


def test_expected_outages_are_rate_times_time() -> None:
    tree = Fabric.from_graph(fat_tree(k=4))
    wear = parse_wear("quiet:flaps=1/s,flap_time=1ms")
    wear.require_few(tree, MOST_OUTAGES, allow_partition=False)
    with pytest.raises(ParameterError, match=f"about {2 * MOST_OUTAGES:,} faults are to be expected"):
        wear.require_few(tree, 2 * MOST_OUTAGES, allow_partition=False)
    with pytest.raises(ParameterError, match="about 5,000,000,001 faults"):  # who waits meets those of 5 s
        parse_wear("quiet:flaps=1e9/s").require_few(tree, 1e-9, allow_partition=False)
    parse_wear("quiet").require_few(tree, 1e30, allow_partition=False)


@pytest.mark.parametrize(
    "spec", ["fat-tree:k=8,gpus_per_server=4", "torus:dims=3/4/2", "dragonfly:p=2", "slim-fly:q=5"]
)
def test_counts_are_those_of_the_graph(spec: str) -> None:
    graph = load(spec)
    assert parts_of(spec) == (len(graph), graph.number_of_edges())


@pytest.mark.parametrize(
    "spec",
    [
        *("fat-tree:k=4", "fat-tree:endpoints=100,radix=16,gpus_per_server=4,rails=yes", "star:endpoints=5"),
        *(
            "leaf-spine:leaves=3,spines=2,endpoints_per_leaf=4",
            "pgft:m=4/3,w=2/2,p=1/2",
            "xgft:m=2/2/2,w=1/2/2",
        ),
        *("rail-optimized:servers=10,radix=16", "rail-only:servers=6,radix=8,gpus_per_server=4"),
        *("multi-plane:planes=4,endpoints=50,radix=8", "dragonfly:p=2", "dragonfly-plus:leaves=2,spines=3"),
        *("torus:dims=3/4/2", "slim-fly:q=5", "random-regular:switches=10,radix=5,endpoints_per_switch=2"),
        *("preset:superpod-h100:su=1", "preset:hpn-pod"),
    ],
)
def test_sizes_are_those_of_the_fabric(spec: str) -> None:
    """Endpoints on the same switches are in one place."""
    size, f = named(spec).size, Fabric.from_graph(load(spec))
    leaves = {
        tuple(f.arc_dst[f.arc_up[e] : f.arc_up[e] + f.attached[e]].tolist()) for e in range(f.n_endpoints)
    }
    assert size and size[2:] == (f.n_endpoints, f.n_switches, len(leaves))


_LARGE = "torus:dims=64/64/64"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            f"topology show {_LARGE}",
            "262,144 leaves over 262,144 switches are 68,719,476,736 distances, at most",
        ),
        (f"latency {_LARGE}", "68,719,476,736 distances, at most 4,000,000,000"),
        (
            f"latency {_LARGE} --load 0.5",
            "--load: 0.5: runs packet by packet: at most 2,048 endpoints, not 262,144",
        ),
        (f"latency {_LARGE} --routing ugal", "routing: 'ugal': detours have no hop class"),
        (f"routing compare {_LARGE} --traffic alltoall --routing ugal", "which ends at about 707 endpoints"),
        (
            f"routing compare {_LARGE} --traffic allreduce:ring --ranks 262145",
            "at most the 262,144 endpoints of torus",
        ),
        (
            f"allreduce {_LARGE} --ranks 262145",
            "ranks: 262145: at most the 262,144 endpoints of torus:dims=64/64/64",
        ),
        (
            f"compare {_LARGE} star:endpoints=4 --set ranks=262145",
            "ranks: 262145: at most the 262,144 endpoints",
        ),
    ],
)
def test_what_a_family_tells_is_asked_before_it_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, words: str
) -> None:
    def graph(self: NamedTopology) -> None:
        raise AssertionError("built")

    monkeypatch.setattr(NamedTopology, "graph", graph)
    monkeypatch.setattr(sys, "argv", ["fabricsim", *command.split()])
    with pytest.raises(SystemExit):
        main()
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["allreduce {} --size 64GiB", "flows {} --size 128GiB"])
def test_packets_are_counted_before_their_ways_are_sought(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A ring of 512 moves 2 x 511 x 64 GiB, a permutation 512 x 128 GiB, in packets of 4096 bytes."""

    def advance(*args: object, **more: object) -> None:
        raise AssertionError("routed")

    monkeypatch.setattr("fabric.routing.walk.Step.advance", advance)
    monkeypatch.setattr(
        sys, "argv", ["fabricsim", *command.format("torus:dims=8/8/8 --engine packet").split()]
    )
    with pytest.raises(SystemExit):
        main()
    assert "about 1.7e+10 packet-hops take about" in capsys.readouterr().err


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert printable("a\x1b[2Jb\x9b\u202ec\td\n") == "a\\x1b[2Jb\\x9b\\u202ec\td\n"
