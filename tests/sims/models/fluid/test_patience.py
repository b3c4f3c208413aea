"""What takes minutes to route says so before, and what takes hours is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.routing import effort
from fabric.routing.distance import distances
from fabric.routing.effort import search_seconds
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.models.fluid import patience
from sims.models.fluid.patience import foretold, routing_seconds
from sims.workload.collectives.doubling import recursive_doubling
from sims.workload.collectives.ring import ring
from topologies import fat_tree, torus


def grid() -> Fabric:
    return Fabric.from_graph(torus(dims=(16, 16)))


def test_the_price_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """256 x 256 pairs, of which a ring needs the 13 within two links, and half way round all."""
    every = np.arange(256)
    assert search_seconds(grid(), every, np.roll(every, -1)) == 0  # a matter of milliseconds
    monkeypatch.setattr(effort, "_MANY", 1)
    far = np.roll(every, 8 * 16 + 8)
    assert search_seconds(grid(), every, far) == pytest.approx(256 * 256 * (16e-9 + 3e-9))
    near = search_seconds(grid(), every, every ^ 1)
    assert near == pytest.approx(256 * 256 * (16e-9 * 13 / 256 + 3e-9))
    tree = Fabric.from_graph(fat_tree(k=4))
    assert search_seconds(tree, np.arange(16), np.roll(np.arange(16), 8)) == 0


def test_blocks_that_are_not_kept_are_searched_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MANY", 1)
    monkeypatch.setattr("fabric.routing.distance._BLOCK_BYTES", 1)
    monkeypatch.setattr("fabric.routing.distance._KEPT_BYTES", 1)
    every = np.arange(256)
    far = np.roll(every, 8 * 16 + 8)
    assert search_seconds(grid(), every, far) == pytest.approx(2 * 256 * 256 * 19e-9)
    fabric = grid()
    some = every[distances(fabric).number(fabric.leaf_index[fabric.leaves[far]]) == 2]
    assert len(some) == 64  # to the leaves of one block of four, which stays
    assert search_seconds(fabric, some, far[some]) == pytest.approx(256 * 64 * 19e-9)


def test_phases_add_up_and_what_takes_hours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "_MANY", 1)
    fabric, every = grid(), np.arange(256)
    schedule = recursive_doubling(256)
    each = [search_seconds(fabric, phase.src, phase.dst) for phase in schedule.phases]
    assert len(each) == 8
    assert routing_seconds(schedule, fabric, every) == pytest.approx(sum(each))
    assert routing_seconds(ring(256), grid(), every) < routing_seconds(schedule, grid(), every) / 8
    assert foretold(schedule, fabric, every) == ""
    monkeypatch.setattr(patience, "_LONG", 1e-3)
    words = "of one core to route: 65,536 distances between switches without tiers, in 8 phases"
    assert foretold(schedule, fabric, every).endswith(words)
    job = CollectiveJob(fabric)
    (said,) = job.foretold(["ring", "auto", "recursive-doubling"])
    assert said.startswith("recursive-doubling takes about") and said.endswith(words)
    monkeypatch.setattr(patience, "_MOST", 1e-3)
    with pytest.raises(ParameterError, match=f"topology: 'torus.*{words}; at most 1 ms is tried") as refused:
        job.program("recursive-doubling")
    assert str(refused.value).startswith("topology: 'torus")
    job.program("ring")
