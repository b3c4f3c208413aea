"""No run takes less than the least time of its links: every collective and algorithm, without any latency."""

import pytest

from fabric import Fabric
from fabric.words.errors import FabricsimError
from sims.jobs.collective import CollectiveJob
from sims.studies.expect.least import least_time
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives.algorithm import algorithms
from topologies import load

FABRICS = [
    "star:endpoints=7",
    "fat-tree:endpoints=32,radix=16,gpus_per_server=4",
    "multi-plane:planes=4,endpoints=16,radix=8,gpus_per_server=4",
    "rail-only:servers=4,radix=16",
]
SIZE = 10**12


def job(text: str, collective: str) -> CollectiveJob:
    fabric = Fabric.from_graph(load(text))
    how = {"routing": "adaptive", "latency_profile": "ideal:cable_factor=0,scaleup_bandwidth=1"}
    return CollectiveJob(fabric, collective=collective, **how)


@pytest.mark.parametrize("text", FABRICS)
@pytest.mark.parametrize("collective", COLLECTIVES)
def test_nothing_is_faster_than_the_links(collective: str, text: str) -> None:
    one, nearest = job(text, collective), float("inf")
    least = least_time(one, SIZE)
    for name in algorithms(collective):
        try:
            time = one.seconds(name, SIZE)
        except FabricsimError:
            continue  # not on this fabric
        nearest = min(nearest, time)
        assert time >= least * (1 - 1e-9), name
    if collective not in ("scatter", "gather", "send-recv"):  # of which one rank's NIC carries all
        assert nearest < 4 * least
