"""Where the time of a run goes, phase by phase and side by side: sums by hand under one switch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fabric import Ecmp, Fabric
from sims.models.fluid.program import Program
from sims.models.profiles import LatencyProfile, latency_profile
from sims.studies.explain.bottleneck import hotspots
from sims.workload.collectives import build
from topologies import fat_tree

B, NVLINK = 50e9, 450e9
ROCE = latency_profile("roce-400g")


def compiled(fabric: Fabric, algorithm: str, profile: LatencyProfile, qps: int = 1, **params: int) -> Program:
    plan = build(algorithm, params, 8, groups=np.arange(8) // 4)
    return Program.compile(plan, fabric, np.arange(8), Ecmp(qps=qps), profile)


@pytest.mark.parametrize("qps", [1, 2])
def test_the_longest_phases_up_to_half_of_the_time(qps: int) -> None:
    """1/2, 1/4, 1/8 of the message and back, each with its latency; the base belongs to no phase."""
    size, base = 8e6, 1e-5
    fabric = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1))
    program = compiled(fabric, "halving-doubling", replace(ROCE, base=base), qps)
    wait = ROCE.overhead + ROCE.switch_latency + 2 * 25e-9
    each = [size / parts / B for parts in (2, 4, 8, 8, 4, 2)]
    spots = hotspots(program, size, 1.0)
    assert sum(spot.share for spot in spots[:-1]) < 0.5 <= sum(spot.share for spot in spots)
    assert sorted(number for spot in spots for number in spot.phases) == [1, 6]
    for spot in spots:
        amount = sum(each[number - 1] for number in spot.phases)
        assert spot.latency == pytest.approx(len(spot.phases) * wait)
        assert spot.seconds == pytest.approx(amount + spot.latency) and not spot.together
        assert spot.share == pytest.approx(spot.seconds / (sum(each) + 6 * wait + base))
        for one in spot.bottlenecks:
            assert (one.links, one.among, one.flows, one.rate) == (8, 8, qps, B)
            assert one.seconds == pytest.approx(amount)


def test_side_by_side_the_links_that_are_busy_longest_with_all_phases() -> None:
    """Two servers of four: 3/4 of the message twice over NVLink, 1/4 over the NIC twice by halves."""
    fabric = Fabric.from_graph(fat_tree(endpoints=8, radix=64, tiers=1, gpus_per_server=4))
    size, time = 1e9, 0.02
    spot = hotspots(compiled(fabric, "hierarchical-ring", ROCE, pipeline=4), size, time)[0]
    across = size / 4 * 2 * (2 - 1) / 2 / B
    assert across > 2 * size * 3 / 4 / NVLINK
    assert spot.together and spot.latency == 0 and spot.phases == (2,)
    assert spot.seconds == pytest.approx(across) and spot.share == pytest.approx(across / time)
    for one in spot.bottlenecks:
        assert (one.links, one.among, one.flows, one.rate) == (8, 8, 1.0, B)
        assert one.seconds == pytest.approx(across)
