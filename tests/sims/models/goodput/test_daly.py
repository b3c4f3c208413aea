"""Daly's closed forms: the expected time by adding up what can happen, the optimum by searching for it."""

import math

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.models.goodput.daly import expected_time, optimum, useful_share, young

M = 3600.0


def by_attempts(work, interval, save, restart):
    """Attempts at a segment until one goes well, each failed one followed by restarts until one goes well."""
    segment = interval + save

    def tries(length):  # mean time until `length` s pass without a failure, what comes between left out
        p = math.exp(-length / M)
        lost = M - length * p / (1 - p) if p < 1 else 0.0  # of an attempt that failed
        return (1 - p) / p, lost

    fails, lost = tries(segment)
    refails, relost = tries(restart) if restart else (0.0, 0.0)
    each = segment + fails * (lost + restart + refails * relost)
    return each * work / interval


@pytest.mark.parametrize("restart", [0.0, 60.0, 3600.0])
@pytest.mark.parametrize("interval", [10.0, 600.0, 7200.0])
def test_the_expected_time_is_that_of_attempts(interval, restart):
    due = by_attempts(1e6, interval, 30.0, restart)
    assert expected_time(1e6, interval, 30.0, restart, M) == pytest.approx(due, rel=1e-9)


@pytest.mark.parametrize("save", [1e-9, 1e-4, 1.0, 36.0, 900.0, 3600.0, 40_000.0, 1e6])
def test_nothing_beats_the_optimum(save):
    best = optimum(save, M)
    least = expected_time(1.0, best, save, 0.0, M)
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert expected_time(1.0, best * factor, save, 0.0, M) >= least * (1 - 1e-12)
    # (1 - x) e^(x + d/M) = 1, in the form that does not cancel
    x, due = best / M, save / M
    if x < 1:
        assert -math.log1p(-x) - x == pytest.approx(due, rel=1e-6, abs=1e-15)
    assert best <= young(save, M)


def test_the_published_numbers():
    # Daly 2006: sqrt(2 d / M) is only near the optimum.
    assert optimum(0.01, 1.0) == pytest.approx(0.1348, abs=5e-5)
    assert young(0.01, 1.0) == pytest.approx(0.1414, abs=5e-5)


def test_the_ends():
    assert math.isinf(optimum(5.0, math.inf))
    assert optimum(0.0, M) == 0.0
    assert useful_share(90.0, 10.0, 1e9, math.inf) == pytest.approx(0.9)
    assert expected_time(1.0, 1e9, 0.0, 0.0, 1.0) == math.inf
    for save, mtti in ((-1.0, 1.0), (1.0, 0.0), (math.nan, 1.0)):
        with pytest.raises(ParameterError, match="zero"):
            optimum(save, mtti)


def test_the_optimum_has_no_jump_where_the_series_begins():
    due = np.geomspace(1e-8, 1e-4, 200)
    found = np.array([optimum(float(d), 1.0) for d in due])
    assert np.all(np.diff(found) > 0)
    assert np.allclose(found, np.sqrt(2 * due) - 2 * due / 3, rtol=1e-3)
