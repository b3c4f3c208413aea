"""The closed form against the clock: by how much it may be above, over all collectives and algorithms."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from sims.jobs.allreduce import collective
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import bound_time, flow_time
from topologies import load

SPECS = [
    "dragonfly:p=2",
    "fat-tree:k=4",
    "torus:dims=3/5",
    "fat-tree:endpoints=30,radix=8,gpus_per_server=3",
    "leaf-spine:leaves=3,spines=2,endpoints_per_leaf=5",
]
ALGORITHMS = {
    "all-reduce": ["ring", "recursive-doubling", "halving-doubling", "tree:segment=64KiB", "chain-tree"],
    "reduce-scatter": ["ring", "recursive-halving", "pat"],
    "all-gather": ["ring", "recursive-doubling", "bruck", "pat"],
    "broadcast": ["binomial"],
    "reduce": ["binomial"],
    "gather": ["binomial", "linear"],
    "scatter": ["binomial", "linear"],
    "all-to-all": ["linear", "bruck", "pairwise"],
}
CASES = [(of, name) for of, names in ALGORITHMS.items() for name in names]


@cache
def fabric_of(spec: str) -> Fabric:
    return Fabric.from_graph(load(spec))


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(SPECS),
    st.sampled_from(CASES),
    st.sampled_from(["ecmp", "ecmp:qps=2", "dmodk", "adaptive"]),
    st.sampled_from(["packed", "random"]),
    st.integers(0, 50),
    st.sampled_from([8, 2**17, 2**23]),
)
def test_bound_is_above_by_no_more_than_latencies_of_a_round_differ(
    spec: str, case: tuple[str, str], routing: str, placement: str, seed: int, size: int
) -> None:
    of, name = case
    job = CollectiveJob(fabric_of(spec), collective=of, routing=routing, placement=placement, seed=seed)
    program = job.program(name)
    flow, bound = flow_time(program, size, solve=True), bound_time(program, size)
    apart = sum(float(np.ptp(stage.latency)) for stage in program.stages) * program.latency_factor(size)
    assert bound - apart <= flow * (1 + 1e-9)
    if all(np.ndim(stage.share) == 0 for stage in program.stages):  # transfers of a round are equally large
        assert flow <= bound * (1 + 1e-9)
    if not apart:
        assert flow == pytest.approx(bound, rel=1e-9)


def test_a_round_whose_longest_way_is_not_on_the_fullest_link() -> None:
    """Why a gather may take less by the clock: the difference is that of two latencies."""
    words = {"sizes": "8MiB", "routing": "ecmp", "seed": 1}
    (bound,) = collective("gather", "dragonfly:p=2", "binomial", engine="bound", **words)  # type: ignore[misc]
    (flow,) = collective("gather", "dragonfly:p=2", "binomial", engine="flow", **words)  # type: ignore[misc]
    assert bound.time_s - flow.time_s == pytest.approx(0.25e-6, rel=1e-6)
