"""How many ranks a log can be of, by what its bus bandwidths are over size and time. Knows no file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from sims.studies.nccl_log.entry import FACTORS, Entry, agrees, half

__all__ = ["NVLS", "factor_range", "ranks_of"]

_MOST_RANKS = 10**7
_MANY = 1000  # ranks: with less precise numbers than two ranks' own, NVLS is possible too


def NVLS(n: int) -> float:
    """busbw over algbw of an all-reduce with NCCL_ALGO=NVLS or NVLSTREE."""
    return (n - 1) / (n + 1)


def factor_range(entries: Sequence[Entry]) -> tuple[float, float]:
    """The least and the largest busbw x time / size that all ``entries`` allow, each number as rounded; where
    no factor fits them all so, with a busbw that may be rounded twice. The first is the larger if none does.
    """
    low, high = _range([_once(entry) for entry in entries if entry.size])
    return (low, high) if low <= high else _range([_twice(entry) for entry in entries if entry.size])


def _range(each: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where all of the ranges are."""
    return max([0.0, *(low for low, _ in each)]), min([float("inf"), *(high for _, high in each)])


def _once(entry: Entry) -> tuple[float, float]:
    """The factors with which busbw can be that of size and time."""
    time, bus = float(entry.time_us), float(entry.busbw)
    slack, more = half(entry.time_us), half(entry.busbw)
    low, high = (bus - more) * max(time - slack, 0.0), (bus + more) * (time + slack)
    return low * 1e3 / entry.size, high * 1e3 / entry.size


def _twice(entry: Entry) -> tuple[float, float]:
    """The same, and those with which it can be that of algbw as printed (``rounded_twice``)."""
    low, high = _once(entry)
    if not entry.algbw or not agrees(entry, entry.algbw, 1.0):
        return low, high
    bus, alg, more = float(entry.busbw), float(entry.algbw), half(entry.busbw)
    return min(low, (bus - more) / alg), max(high, (bus + more) / alg)


def ranks_of(collective: str, entries: Sequence[Entry]) -> list[range]:
    """The ranks that fit: one range for each definition of busbw, that of ``collective`` and for an
    all-reduce also that of NVLS; an empty one is left out. A range that ends at ten million has no end.

    A factor of 1 is that of two ranks, and nearly that of any number of ranks with NVLS. So beside exactly
    one number, more than a thousand ranks with NVLS do not count.
    """
    low, high = factor_range(entries)
    if low > high:
        return []
    found = _between(FACTORS[collective], low, high)
    other = _between(NVLS, low, high) if collective == "all_reduce" else range(0)
    if len(found) == 1 and other and other[0] > _MANY:
        other = range(0)
    return [ranks for ranks in (found, other) if ranks]


def _between(factor: Callable[[int], float], low: float, high: float) -> range:
    """The ranks whose factor, which grows with them, is from ``low`` to ``high``."""
    every = range(2, _MOST_RANKS + 1)
    return range(2 + bisect_left(every, low, key=factor), 2 + bisect_right(every, high, key=factor))
