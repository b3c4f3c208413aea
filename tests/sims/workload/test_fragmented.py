"""``fragmented``: a job between others, whole servers, the share that was asked for."""

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.workload.placement import canonical_placement, place
from topologies import load

TREE = Fabric.from_graph(load("fat-tree:endpoints=4096,radix=32,gpus_per_server=8"))


def test_others_hold_their_share_of_whole_servers():
    for share in (0.1, 0.3, 0.7):
        left = place(TREE, None, f"fragmented:{share}", seed=3)
        assert len(left) == 8 * (512 - round(512 * share))
        servers, each = np.unique(TREE.server[left], return_counts=True)
        assert np.all(each == 8) and np.all(np.diff(left) > 0)
        held = np.setdiff1d(np.arange(512), servers)
        runs = np.split(held, np.flatnonzero(np.diff(held) > 1) + 1)
        assert len(runs) > 2 and len({len(run) for run in runs}) > 1


def test_the_seed_draws_it():
    one, two = (place(TREE, 1000, "fragmented:0.3", seed=seed) for seed in (1, 2))
    assert one.tolist() != two.tolist()
    assert one.tolist() == place(TREE, 1000, "fragmented:30%", seed=1).tolist()
    assert place(TREE, 1000, "fragmented:0").tolist() == list(range(1000))
    assert canonical_placement("Fragmented:30%") == "fragmented:0.3"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("fragmented", "the share of servers that other jobs hold"),
        ("fragmented:1", "from 0 to 0.99"),
        ("fragmented:-0.1", "from 0 to 0.99"),
        ("fragmented:x", "from 0 to 0.99"),
    ],
)
def test_shares_that_are_refused(text, rule):
    with pytest.raises(ParameterError, match=rule):
        place(TREE, 2, text)


def test_too_little_left():
    with pytest.raises(ParameterError, match=r"leaves 2,048 endpoints, one per rank: 3,000 are needed"):
        place(TREE, 3000, "fragmented:0.5")
