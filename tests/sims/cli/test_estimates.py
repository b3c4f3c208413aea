"""What would take hours or all memory is refused before it is tried, with the figure and the limit."""

from __future__ import annotations

import pytest

from fabric import Fabric
from fabric.words.errors import FabricsimError, ParameterError
from sims.cli.terminal import printable
from sims.models.fluid.faults.wear import MOST_OUTAGES, parse_wear
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.spec import read_sweep
from sims.workload.collectives import parse_algorithms
from topologies import fat_tree, load
from topologies.catalogue import parts_of


@pytest.mark.parametrize("text", ["ring:channels=2000000", "hierarchical-ring:pipeline=1000000"])
def test_parts_that_no_run_can_follow(text: str) -> None:
    with pytest.raises(ParameterError, match=r"a whole number from 1 to \d,\d{3}: "):
        parse_algorithms(text)


def test_sweeps_are_counted_before_they_are_put_together() -> None:
    with pytest.raises(FabricsimError, match="at most 100,000 values"):
        read_sweep(sets=["seed=0..999999"])
    with pytest.raises(FabricsimError, match="1,001 topologies: at most 1,000"):
        plan_sweep(read_sweep(sets=["topology=star", "topology.endpoints=2..1002"]))


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


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert printable("a\x1b[2Jb\x9b\u202ec\td\n") == "a\\x1b[2Jb\\x9b\\u202ec\td\n"
