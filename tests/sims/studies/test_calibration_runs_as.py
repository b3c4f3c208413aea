"""What a calibration says to run gives the times that it fitted, whatever the algorithm."""

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.studies.calibration import fit
from sims.studies.nccl_log import Measurement
from sims.workload.collectives.algorithm import algorithms
from topologies import fat_tree

SIZES = [8 * 8**k for k in range(11)]
FITTED = [name for name, entry in algorithms().items() if not entry.asked]


FABRIC = Fabric.from_graph(fat_tree(endpoints=32, radix=16, gpus_per_server=8))


def job(profile: str) -> AllReduce:
    return AllReduce(FABRIC, routing="dmodk", latency_profile=profile)


def measured() -> list[Measurement]:
    draw = np.random.default_rng(8)
    times = [(60e-6 + size / 90e9) * float(draw.lognormal(0, 0.05)) for size in SIZES]
    return [
        Measurement(size_bytes=s, time_s=t, algbw_GBps=1, busbw_GBps=1, in_place=False)
        for s, t in zip(SIZES, times)
    ]


@pytest.mark.parametrize("name", FITTED)
def test_the_profile_and_the_name_give_the_fitted_times(name: str) -> None:
    found = fit(job("nccl-ring-ll"), name, measured())
    own = job(str(found.profile).replace("custom (", "ideal:").rstrip(")").replace(", ", ","))
    again = [own.row(found.runs_as, size).time_s for size in SIZES]
    assert again == pytest.approx(found.modelled.tolist(), rel=1e-3)  # four digits are printed


def test_slices_are_no_sum_of_latency_and_bytes() -> None:
    with pytest.raises(ParameterError, match=r"pipeline: 4: one phase after another"):
        fit(job("nccl-ring-ll"), "hierarchical-ring:pipeline=4", measured())
