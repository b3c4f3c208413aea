"""More bytes never take less time, whatever a message is cut into."""

from itertools import pairwise

import pytest

from sims import collective
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives.algorithm import algorithms

# Around whole numbers of segments of 512 KiB, of the message and of its half, and between them.
SIZES = [s + d for s in (2**19, 2**20, 3 * 2**19, 2**21, 5 * 2**20) for d in (-4096, 0, 1, 4096)]
SEGMENTED = [
    (kind, name)
    for kind in COLLECTIVES
    for name, entry in algorithms(kind).items()
    if "segment" in entry.parameters
]


def times(kind: str, name: str, spec: str, **settings: str) -> list[float]:
    rows = collective(kind, spec, name, sizes=SIZES, latency_profile="ideal", **settings)
    return [row.time_s for row in rows]


def test_what_is_cut_into_segments() -> None:
    assert len(SEGMENTED) >= 6, SEGMENTED


@pytest.mark.parametrize("spec", ["star:endpoints=7", "star:endpoints=16,gpus_per_server=4"])
@pytest.mark.parametrize(("kind", "name"), SEGMENTED)
def test_the_fluid_model(kind: str, name: str, spec: str) -> None:
    if name == "chain-tree" and "server" not in spec:
        pytest.skip("has servers")
    got = times(kind, name, spec)
    assert all(b >= a * (1 - 1e-12) for a, b in pairwise(got)), got


# First in, first out: a packet more may let another one pass first.
@pytest.mark.parametrize(
    ("settings", "slack"), [({"sync": "rank"}, 1e-9), ({"engine": "packet"}, 0.08)], ids=str
)
@pytest.mark.parametrize(("kind", "name"), SEGMENTED)
def test_messages_of_ranks(kind: str, name: str, settings: dict[str, str], slack: float) -> None:
    got = times(kind, name, "star:endpoints=8,gpus_per_server=2", **settings)
    assert all(b >= a * (1 - slack) for a, b in pairwise(got)), got
