"""Closed forms of a job that fails at random and saves its state now and then. Knows no cause of a failure.

Failures come as a Poisson process with mean time M between them, at any moment: also while the state is
saved, and while the job starts again. A segment is ``interval`` s of work and ``save`` s of saving it; what
fails within a segment begins it again, after ``restart`` s (R) that may fail too.

Source: J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", Future
Generation Computer Systems 22 (2006) 303-312, equations 13 and following.
"""

from __future__ import annotations

import math

from fabric.words.errors import ParameterError

__all__ = ["expected_time", "optimum", "unsaved_share", "useful_share", "young"]

_SMALL = 1e-3  # below it -log(1 - x) - x is summed as a series, as it cancels otherwise
_FEW = 100  # steps of Newton's method; five do


def expected_time(work: float, interval: float, save: float, restart: float, mtti: float) -> float:
    """Mean seconds that ``work`` s of work take: M e^(R/M) (e^((interval + save)/M) - 1) work/interval.

    ``mtti``: M in s, infinity where nothing fails. The last segment is saved, too.

    >>> round(expected_time(1000.0, 100.0, 0.0, 0.0, math.inf))
    1000
    >>> round(expected_time(1000.0, 100.0, 5.0, 10.0, 500.0))
    1192
    """
    segment = interval + save
    if math.isinf(mtti):
        return segment * work / interval
    try:
        return mtti * math.exp(restart / mtti) * math.expm1(segment / mtti) * work / interval
    except OverflowError:
        return math.inf


def useful_share(interval: float, save: float, restart: float, mtti: float) -> float:
    """The share of the time that is work which counts: work over its ``expected_time``.

    >>> useful_share(100.0, 25.0, 0.0, math.inf)
    0.8
    """
    return interval / expected_time(interval, interval, save, restart, mtti)


def unsaved_share(duration: float, restart: float, mtti: float) -> float:
    """The share of ``duration`` that is work done since the last failure, where none is ever saved.

    The time A since the last failure, or since the start, is at least a with probability e^(-a/M), a up to T;
    the first R of it are a restart: E max(0, A - R) = M e^(-R/M) - (M - R) e^(-T/M), for R up to T.

    >>> unsaved_share(100.0, 10.0, math.inf), round(unsaved_share(1000.0, 0.0, 500.0), 4)
    (1.0, 0.4323)
    """
    if math.isinf(mtti):
        return 1.0
    whole = math.exp(-duration / mtti)
    if restart >= duration:
        return whole
    return (mtti * math.exp(-restart / mtti) - (mtti - restart) * whole) / duration


def optimum(save: float, mtti: float) -> float:
    """The interval with the least ``expected_time``: M (1 + W0(-e^(-1 - save/M))), in s; it does not depend
    on R. Infinity where nothing fails, 0 where saving takes no time.

    Raises:
        ParameterError: ``save`` below zero, or ``mtti`` not above zero.

    >>> round(optimum(0.01, 1.0), 4), round(young(0.01, 1.0), 4)
    (0.1348, 0.1414)
    """
    if not save >= 0:
        raise ParameterError("save", save, "zero or more seconds")
    if not mtti > 0:
        raise ParameterError("mtti", mtti, "above zero seconds")
    if math.isinf(mtti):
        return math.inf
    # x = 1 + W0(-e^(-1-d)) is the root of -log(1 - x) - x = d, a convex rising function: from the right of
    # the root Newton's method comes down to it.
    due = save / mtti
    x = min(math.sqrt(2 * due), 1 - math.exp(-1 - due))
    if x >= 1 or due == 0:
        return mtti * x
    for _ in range(_FEW):
        step = (_excess(x) - due) * (1 - x) / x
        x -= step
        if abs(step) <= 1e-15 * x:
            break
    return mtti * x


def young(save: float, mtti: float) -> float:
    """The square root of 2 ``save`` M, near ``optimum`` where ``save`` is far below M (Young 1974)."""
    return math.sqrt(2 * save * mtti)


def _excess(x: float) -> float:
    if x >= _SMALL:
        return -math.log1p(-x) - x
    return sum(x**n / n for n in range(2, 8))
