"""Max-min fair rates and their certificate. Pure: paths and capacities in, rates out; no time.

An allocation is max-min fair iff it is feasible and every flow crosses a full link on which no flow is
faster, or sits at its own limit (Bertsekas and Gallager, Data Networks, 2nd ed., 6.5.2). That is what
``certify`` checks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.routing.paths import Paths, Shared
from fabric.words.errors import ParameterError
from fabric.words.given import require
from fabric.words.numbers import floats

__all__ = ["Certificate", "certify", "fair_rates", "max_min"]

_TIE = 1e-12  # relative; shares this near are one level


def max_min(paths: Paths, capacity: ArrayLike, limits: ArrayLike | None = None) -> NDArray[np.float64]:
    """(flows,): the max-min fair rate of each flow.

    ``capacity``: (links,) in bytes/s; ``limits``: (flows,) the most each flow takes. A flow of rate r loads a
    link on its path with weight * r. A flow without links and without a limit gets infinity.

    Raises:
        ParameterError: not as many numbers as links or flows, or one that is negative or not a number.

    >>> shared = Paths(ptr=np.array([0, 1, 3, 4]), link=np.array([0, 0, 1, 1]))
    >>> max_min(shared, np.array([1.0, 3.0])).tolist()
    [0.5, 0.5, 2.5]
    """
    return fair_rates(paths, *_looked_at(paths, capacity, limits))


def fair_rates(
    paths: Paths, capacity: NDArray[np.float64], limits: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """``max_min`` of what is known to be legal: for whoever asks at every instant of a clock.

    Water-filling in parallel: in each round every link that is the tightest for *all* of its unfrozen flows
    freezes them. It may: the share of a link only grows while flows elsewhere freeze at lower levels, so
    nothing that happens later can lower that link's share below what it is now.
    """
    rates = np.full(len(paths), np.inf) if limits is None else np.array(limits, float)
    alive = np.flatnonzero(_loads_any(paths))
    if not len(alive):
        return rates
    open_, used = _Open.of(paths.take(alive))
    left = np.array(capacity, float)[used]
    cap = None if limits is None else np.asarray(limits, float)[alive]
    while len(alive):
        total = open_.load(None)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, left / total, np.inf)
        least = open_.least(share)
        if cap is not None:
            least = np.minimum(least, cap)
        frozen = open_.meets(open_.slowest(least) >= share * (1 - _TIE))
        if cap is not None:
            frozen |= cap <= least
        rates[alive[frozen]] = least[frozen]
        left = np.maximum(left - open_.load(np.where(frozen, least, 0.0)), 0.0)
        alive = alive[~frozen]
        cap = None if cap is None else cap[~frozen]
        open_.drop(frozen)
    return rates


def _looked_at(
    paths: Paths, capacity: ArrayLike, limits: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Capacities and limits as numbers, once paths, and both, are known to fit."""
    require("paths", paths, Paths, "Paths, as route gives them")
    found = floats("capacity", capacity, "the bytes/s of each link of the fabric")
    parts = [paths] if paths.shared is None else [paths, paths.shared.bundles]
    links = 1 + max(int(part.link.max(initial=-1)) for part in parts)
    if len(found) < links:
        rule = f"the bytes/s of each link of the fabric: the paths cross link {links - 1}"
        raise ParameterError("capacity", f"{len(found)} numbers", rule)
    for part in (*parts, *(() if paths.shared is None else (paths.shared.use,))):
        if part.weight is not None:
            floats("paths", part.weight, "the weight of each crossing")
    return found, None if limits is None else floats("limits", limits, "the most of each flow", len(paths))


def _loads_any(paths: Paths) -> NDArray[np.bool_]:
    """(flows,): which flows load a link at all."""
    own = paths.length > 0
    return own if paths.shared is None else own | (paths.shared.use.length > 0)


class _Open:
    """The flows that no level has frozen yet, over the links that they use."""

    def __init__(self, paths: Paths, links: int, bundles: _Open | None) -> None:
        self.links, self.bundles = links, bundles
        self.link, self.weight, self.length = paths.link, paths.weight, paths.length
        self.use: _Open | None = None
        if paths.shared and bundles:
            self.use = _Open(paths.shared.use, len(bundles.length), None)

    @classmethod
    def of(cls, paths: Paths) -> tuple[_Open, NDArray[np.int32]]:
        """These flows, their links counted anew, and which link each of those is."""
        shared = paths.shared
        if shared is None:
            used, own = _counted_anew(paths.link)
            return cls(Paths(ptr=paths.ptr, link=own, weight=paths.weight), len(used), None), used
        kept, place = _counted_anew(shared.use.link)
        taken = Paths(ptr=shared.use.ptr, link=place, weight=shared.use.weight)
        bundles = shared.bundles.take(kept.astype(np.int64))
        used, place = _counted_anew(np.concatenate([paths.link, bundles.link]))
        own, other = np.split(place, [len(paths.link)])
        apart = cls(Paths(ptr=bundles.ptr, link=other, weight=bundles.weight), len(used), None)
        whole = Paths(ptr=paths.ptr, link=own, weight=paths.weight, shared=Shared(use=taken, bundles=bundles))
        return cls(whole, len(used), apart), used

    def load(self, rate: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """(links,): what flows of these rates (None: of 1 each) load."""
        each = self.weight
        if rate is not None:
            each = np.repeat(rate, self.length)
            each = each if self.weight is None else each * self.weight
        link = self.link.astype(np.intp, copy=False)  # as in Paths.load
        load = np.bincount(link, weights=each, minlength=self.links).astype(float)
        if self.use and self.bundles:
            load += self.bundles.load(self.use.load(rate))
        return load

    def least(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(flows,): the least of a value per link over the links of each."""
        found = _over_rows(np.minimum, value[self.link], self.length, np.inf)
        if self.use and self.bundles:
            found = np.minimum(found, self.use.least(self.bundles.least(value)))
        return found

    def slowest(self, rate: NDArray[np.float64]) -> NDArray[np.float64]:
        """(links,): the least of a value per flow over the flows of each."""
        found = np.full(self.links, np.inf)
        np.minimum.at(found, self.link, np.repeat(rate, self.length))
        if self.use and self.bundles:
            found = np.minimum(found, self.bundles.slowest(self.use.slowest(rate)))
        return found

    def meets(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(flows,): which cross a chosen link."""
        found = _over_rows(np.logical_or, chosen[self.link], self.length, False)
        if self.use and self.bundles:
            found |= self.use.meets(self.bundles.meets(chosen))
        return found

    def drop(self, gone: NDArray[np.bool_]) -> None:
        """Leave out flows, and what links of bundles no flow takes any more."""
        stay = ~np.repeat(gone, self.length)
        self.link, self.length = self.link[stay], self.length[~gone]
        self.weight = None if self.weight is None else self.weight[stay]
        if self.use and self.bundles:
            self.use.drop(gone)
            left = np.zeros(len(self.bundles.length), bool)
            left[self.use.link] = True
            stay = np.repeat(left, self.bundles.length)
            if 2 * int(stay.sum()) < len(stay):
                # A bundle without flows keeps its number and loses its links.
                self.bundles.link = self.bundles.link[stay]
                if self.bundles.weight is not None:
                    self.bundles.weight = self.bundles.weight[stay]
                self.bundles.length = np.where(left, self.bundles.length, 0)


def _counted_anew(number: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The numbers that occur, ascending, and the place of each among them: np.unique without sorting."""
    seen = np.zeros(int(number.max(initial=-1)) + 1, bool)
    seen[number] = True
    place = np.cumsum(seen, dtype=np.int32) - 1
    return np.flatnonzero(seen).astype(np.int32), place[number].astype(np.int32)


def _over_rows(reduce: np.ufunc, value: NDArray, length: NDArray[np.int64], empty: object) -> NDArray:
    """``reduce`` over consecutive runs of ``value``, ``length[i]`` of them in run i; ``empty`` of none."""
    start = np.cumsum(length) - length
    if np.all(length > 0):
        return reduce.reduceat(value, start) if len(length) else value[:0]
    found = np.full(len(length), empty, value.dtype)
    if len(value):
        found[length > 0] = reduce.reduceat(value, start[length > 0])
    return found


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
    capacity: ArrayLike,
    rates: ArrayLike,
    limits: ArrayLike | None = None,
) -> Certificate:
    """Whether ``rates`` are the max-min fair ones: true iff they are feasible and every flow is justified.

    A flow is justified by a full link on which no flow is faster, or by its limit; without links and without
    a limit, by an infinite rate. Rates that are negative or NaN are none. Raises as ``max_min``.
    """
    capacity, limits = _looked_at(paths, capacity, limits)
    rates = floats("rates", rates, "the bytes/s of each flow", len(paths), judged=False)
    tolerance, paths = 1e-9, paths.expanded()
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
