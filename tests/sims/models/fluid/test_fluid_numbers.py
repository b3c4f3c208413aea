"""Numbers of the fluid engine that changes of one token showed to be held by no other test."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Dmodk, Ecmp, Fabric
from fabric.words.errors import TooLargeError
from sims.models.fluid.engine import bound_time, flow_time, slice_bytes, slice_wait
from sims.models.fluid.program import Program
from sims.models.fluid.stage import routed_phase
from sims.models.profiles import latency_profile
from sims.workload.collectives import build
from sims.workload.schedule import Phase
from topologies import fat_tree

STAR = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1))


@pytest.mark.parametrize(("size", "factor"), [(8 * 63, 1.0), (8 * 64, 1.4), (1e9, 1.4)])
def test_the_plateau_of_a_ring_is_in_the_bound_the_run_and_the_latency(size: float, factor: float) -> None:
    """14 steps of ``size`` / 8 over one link of 50 GB/s; all else is multiplied by the factor."""
    profile = latency_profile("nccl-ring-simple")
    program = Program.compile(build("ring", {}, 8), STAR, np.arange(8), Dmodk(), profile)
    latency = factor * (profile.base + float(np.max(program.stages[0].latency)))
    time = latency + 14 * size / 8 / 50e9
    assert program.chain(size) == pytest.approx(latency, rel=1e-12)
    assert bound_time(program, size) == pytest.approx(time, rel=1e-12)
    assert flow_time(program, size) == pytest.approx(time, rel=1e-12)


def test_a_ring_inside_each_server_makes_no_plateau() -> None:
    """Some phases of a hierarchical ring are rings over the network, but not all."""
    fabric = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1, gpus_per_server=4))
    profile = latency_profile("nccl-ring-simple")
    program = Program.compile(
        build("hierarchical-ring", {}, 8, groups=np.arange(8) // 4), fabric, np.arange(8), Dmodk(), profile
    )
    assert {stage.crosses for stage in program.stages if stage.phase.kind == "ring"} == {True, False}
    assert program.latency_factor(1e9) == 1.0


@pytest.mark.parametrize("slices", [2, 5])
def test_a_slice_that_fills_a_tree_takes_what_it_would_alone(slices: int) -> None:
    """What it puts on the links and the steps in which these wait for it: all that its bytes take."""
    fabric = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1, gpus_per_server=2))
    ranks, size = np.arange(8), 1e8
    alone, many = (
        Program.compile(
            build("hierarchical-tree", more, 8, groups=np.arange(8) // 2),
            fabric,
            ranks,
            Dmodk(),
            latency_profile("ideal"),
        )
        for more in ({}, {"pipeline": slices})
    )
    for number, (full, _) in enumerate(alone.byte_times(size / slices).tolist()):
        fill = float(np.max(slice_wait(many, number, size, latency=False)))
        assert slice_bytes(many, number, size) * many.stages[number].peak + fill == pytest.approx(
            full, rel=1e-9
        )


def test_every_rank_of_a_ring_sends_nearly_twice_the_message() -> None:
    program = Program.compile(build("ring", {}, 8), STAR, np.arange(8), Dmodk(), latency_profile("ideal"))
    seconds = 2 * 7 / 8 / 50e9  # of a byte of the message, on each link up and down
    assert list(program.usage.values()) == [pytest.approx((seconds, seconds))] * 2
    assert program.joint["peak"] == pytest.approx(seconds) and program.joint["ideal"] == pytest.approx(
        seconds
    )
    slower = program.with_capacity(STAR.capacity / 2)
    assert list(slower.usage.values()) == [pytest.approx((2 * seconds, 2 * seconds))] * 2


def test_memory_is_for_a_phase_that_is_routed_and_for_all_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """8 transfers of 4 queue pairs in each of 3 phases, 280 bytes while routed and 40 when kept."""
    monkeypatch.setattr("sims.models.fluid.program.available_memory", lambda: 0)
    plan = build("recursive-doubling", {}, 8)
    with pytest.raises(TooLargeError) as caught:
        Program.compile(plan, STAR, np.arange(8), Ecmp(qps=4), latency_profile("ideal"))
    assert (caught.value.needed, caught.value.available) == (280 * 32 + 40 * 96, 0)


def test_only_transfers_that_name_a_relay_go_by_it() -> None:
    """0 -> 4 by the NIC of 2, inside its server first; 1 -> 5 by its own."""
    fabric = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1, gpus_per_server=4))
    src, dst, via = (np.array(ends, np.int32) for ends in ((0, 1), (4, 5), (2, -1)))
    phase = Phase(kind="round", src=src, dst=dst, first=np.zeros(2, np.int32), count=1, modulus=1, via=via)
    paths = routed_phase(phase, fabric, np.arange(8), Dmodk())
    tails = [fabric.link_src[links].tolist() for links in np.split(paths.link, paths.ptr[1:-1])]
    assert [[node for node in tail if node < 8] for tail in tails] == [[0, 2], [1]]
