"""Phases whose last receipt is known without rates: the same time to rounding as with every rate found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from fabric import Fabric
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import bound_time, flow_time
from sims.models.fluid.stage import Stage, pace_of, routed_phase, staged
from sims.models.latency import transfer_latency
from sims.workload.schedule import Phase
from topologies import load

CASES = [
    ("all-reduce", "recursive-doubling", "fat-tree:k=4", "ecmp"),
    ("all-reduce", "halving-doubling", "preset:superpod-h100:su=1", "ecmp:qps=3"),
    ("reduce-scatter", "recursive-halving", "leaf-spine:leaves=3,spines=2,endpoints_per_leaf=5", "spray"),
    ("all-gather", "bruck", "torus:dims=3/5", "ecmp"),
    ("all-to-all", "pairwise", "fat-tree:k=4,gpus_per_server=2", "adaptive"),
    ("broadcast", "binomial", "dragonfly:p=2", "ugal"),
]


@pytest.mark.parametrize(("of", "name", "text", "routing"), CASES)
@pytest.mark.parametrize("placement", ["packed", "random"])
@pytest.mark.parametrize("size", [8, 2**17, 2**30])
def test_as_with_every_rate(of: str, name: str, text: str, routing: str, placement: str, size: int) -> None:
    job = CollectiveJob(
        Fabric.from_graph(load(text)), collective=of, routing=routing, placement=placement, seed=3
    )
    program = job.program(name)
    solved = flow_time(program, size, solve=True)
    assert flow_time(program, size) == pytest.approx(solved, rel=1e-12)
    if all(program.foreknown):
        assert bound_time(program, size) == pytest.approx(solved, rel=1e-12)


def test_what_the_longest_way_does_not_share_with_the_fullest_link_is_solved() -> None:
    """Two flows meet on the way to one neighbour; a third goes far, alone: at few bytes it is the last."""
    fabric = Fabric.from_graph(load("leaf-spine:leaves=2,spines=4,endpoints_per_leaf=4"))
    job = CollectiveJob(fabric)
    whole = job.program("recursive-doubling")

    def one(src: NDArray[np.int64], dst: NDArray[np.int64]) -> Stage:
        phase = Phase(kind="round", src=src, dst=dst, first=src * 0, count=1, modulus=1)
        paths = routed_phase(phase, fabric, job.placement, job.policy)
        load_of = paths.load(1.0, fabric.n_links)
        each = transfer_latency(paths, fabric, job.profile)
        return staged(phase, paths, load_of, each, pace_of(load_of, fabric), 1, 1, fabric.capacity)

    program = replace(whole, stages=(one(np.array([0, 1, 2]), np.array([3, 3, 6])),))
    assert program.foreknown == (0.0,)
    near, _, far = np.asarray(program.stages[0].latency).tolist()
    for size in (8, 2**30):
        expected = program.base(size) + max(2 * size / 50e9 + near, size / 50e9 + far)
        assert flow_time(program, size) == pytest.approx(expected, rel=1e-12)
    apart = replace(whole, stages=(one(np.array([0, 1, 2]), np.array([6, 6, 3])),))
    assert apart.foreknown == (25e9,)
