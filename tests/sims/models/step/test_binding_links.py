"""A step runs on few links: their rates are those of all links, by a second way that leaves none out."""

import numpy as np
import pytest

from fabric import Paths, max_min
from sims.models.step.traffic import _largest, binding


@pytest.mark.parametrize("seed", range(30))
def test_rates_are_those_of_all_links(seed):
    draw = np.random.default_rng(seed)
    entities, links = int(draw.integers(1, 7)), int(draw.integers(1, 60))
    table = draw.integers(0, 4, (entities, links)) * 1.0
    table[:, draw.random(links) < 0.5] *= draw.random((entities, 1)) < 0.4
    loads = [(np.flatnonzero(row), row[np.flatnonzero(row)]) for row in table]
    small = binding(loads)
    busy = np.flatnonzero(table.any(axis=1))
    rates = []
    for one in (table, small):
        paths = Paths.stack([Paths.lockstep(one[row]) for row in busy]) if len(busy) else None
        rates.append(max_min(paths, np.ones(one.shape[1])) if paths else np.empty(0))
    assert rates[1] == pytest.approx(rates[0], rel=1e-9)
    assert small.shape[1] <= links


def test_many_links_are_held_against_the_fullest_only(monkeypatch):
    table = np.random.default_rng(1).integers(0, 3, (4, 200)) * 1.0
    few = _largest(table)
    monkeypatch.setattr("sims.models.step.traffic._MOST_COMPARED", 10)
    many = _largest(table)
    assert set(few.tolist()) <= {
        i for i in range(200) if any(np.array_equal(table[:, i], table[:, j]) for j in many)
    }
