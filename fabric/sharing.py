"""Max-min fair rates and their certificate. Pure: paths and capacities in, rates out; no time.

An allocation is max-min fair iff it is feasible and every flow crosses a full link on which no flow is
faster, or sits at its own limit (Bertsekas and Gallager, Data Networks, 2nd ed., 6.5.2). That is what
``certify`` checks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.paths import Paths

__all__ = ["Certificate", "certify", "max_min"]

_TIE = 1e-12  # relative; shares this near are one level


def max_min(
    paths: Paths, capacity: NDArray[np.float64], limits: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(flows,): the max-min fair rate of each flow.

    ``capacity``: (links,) in bytes/s; ``limits``: (flows,) the most each flow takes. A flow of rate r loads a
    link on its path with weight * r. A flow without links and without a limit gets infinity.

    Water-filling in parallel: in each round every link that is the tightest for *all* of its unfrozen flows
    freezes them. It may: the share of a link only grows while flows elsewhere freeze at lower levels, so
    nothing that happens later can lower that link's share below what it is now.

    >>> shared = Paths(ptr=np.array([0, 1, 3, 4]), link=np.array([0, 0, 1, 1]))
    >>> max_min(shared, np.array([1.0, 3.0])).tolist()
    [0.5, 0.5, 2.5]
    """
    flows = len(paths)
    rates = np.full(flows, np.inf) if limits is None else np.array(limits, float)
    used, link = np.unique(paths.link, return_inverse=True)
    left = np.array(capacity, float)[used]
    length = paths.length
    alive = np.flatnonzero(length > 0)
    length = length[alive]
    weight = paths.weight
    cap = None if limits is None else np.asarray(limits, float)[alive]
    while len(alive):
        start = np.cumsum(length) - length
        total = np.bincount(link, weights=weight, minlength=len(used))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, left / total, np.inf)
        least = np.minimum.reduceat(share[link], start)
        if cap is not None:
            least = np.minimum(least, cap)
        at_link = np.full(len(used), np.inf)
        np.minimum.at(at_link, link, np.repeat(least, length))
        tight = at_link >= share * (1 - _TIE)
        frozen = np.logical_or.reduceat(tight[link], start)
        if cap is not None:
            frozen |= cap <= least
        rates[alive[frozen]] = least[frozen]
        gone = np.repeat(frozen, length)
        spent = np.repeat(least[frozen], length[frozen])
        spent = spent if weight is None else spent * weight[gone]
        left = np.maximum(left - np.bincount(link[gone], weights=spent, minlength=len(used)), 0.0)
        link, weight = link[~gone], None if weight is None else weight[~gone]
        alive, length = alive[~frozen], length[~frozen]
        cap = None if cap is None else cap[~frozen]
    return rates


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """``overload``: the most by which a link is over capacity or a flow over its limit, relative.

    ``unjustified``: the flows that could be faster.
    """

    overload: float
    unjustified: NDArray[np.int64]

    def __bool__(self) -> bool:
        return self.overload <= 1e-9 and not len(self.unjustified)


def certify(
    paths: Paths,
    capacity: NDArray[np.float64],
    rates: NDArray[np.float64],
    limits: NDArray[np.float64] | None = None,
) -> Certificate:
    """Whether ``rates`` are the max-min fair ones: true iff they are feasible and every flow is justified.

    A flow is justified by a full link on which no flow is faster, or by its limit; without links and without
    a limit, by an infinite rate.
    """
    tolerance = 1e-9
    load = paths.load(rates, len(capacity))
    full = load >= capacity * (1 - tolerance)
    row = paths.row
    fastest = np.zeros(len(capacity))
    np.fmax.at(fastest, paths.link, rates[row])
    holds = full[paths.link] & (rates[row] >= fastest[paths.link] * (1 - tolerance))
    justified = np.zeros(len(paths), bool)
    justified[row[holds]] = True
    most = np.full(len(paths), np.inf) if limits is None else limits
    justified |= rates >= most * (1 - tolerance)
    overload = max(_excess(load, capacity), _excess(rates, most))
    return Certificate(overload=overload, unjustified=np.flatnonzero(~justified))


def _excess(value: NDArray[np.float64], most: NDArray[np.float64]) -> float:
    """The largest excess of ``value`` over ``most``, relative (absolute where that is zero); 0 if none."""
    over = value > most
    scale = np.where(most[over] > 0, most[over], 1.0)
    return float(np.max((value[over] - most[over]) / scale, initial=0.0))
