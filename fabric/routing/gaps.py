"""What forwarding tables lack, over all switches and endpoints: entries, and ways that arrive.

Knows tables and nodes by number; walks no flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.forwarding_tables import Tables
from fabric.words.counted import counted

__all__ = ["Gaps", "gaps"]

_MOST = 50_000_000  # pairs of a switch and an endpoint that are followed: a second


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Of ``pairs`` of a switch and an endpoint: how many have no entry, and from how many the entries lead
    round; the first of each, by name. ``circles`` is -1 where there are too many pairs to follow, and so is
    ``missing`` where lines for a leaf speak of all below it; ``entries``: lines that count.
    """

    pairs: int
    missing: int
    circles: int
    first_missing: str = ""
    first_circle: str = ""
    entries: int = 0

    def __str__(self) -> str:
        """A sentence without its end; "" where nothing is lacking."""
        said = []
        if self.missing < 0:
            said.append(f"have {counted(self.entries, 'line')} for {self.pairs:,} entries")
        if self.missing > 0:
            said.append(f"lack {self.missing:,} of {self.pairs:,} entries, such as {self.first_missing}")
        if self.circles > 0:
            ways = counted(self.circles, "way")
            said.append(f"lead {ways} round in a circle, such as {self.first_circle}")
        return f"the tables {' and '.join(said)}" if said else ""


def gaps(f: Fabric, tables: Tables) -> Gaps:
    """What ``tables`` lack: each switch should lead to each endpoint. A line for a leaf leads to all below it
    that have none of their own, and of tables that are not ``whole`` a leaf knows those itself.

    >>> str(Gaps(pairs=16, missing=1, circles=0, first_missing="that of leaf 0 for host-3"))
    'the tables lack 1 of 16 entries, such as that of leaf 0 for host-3'
    """
    switches, ends, count = f.n_switches, f.n_endpoints, len(f.kind)
    switch, end = np.divmod(tables.key, count)
    own = (f.kind[switch] == SWITCH) & (end < ends)
    row, to = switch[own] - ends, end[own]
    pairs = switches * ends

    def named(number: int) -> str:
        return f"that of {f.label(ends + number // ends)} for {f.label(number % ends)}"

    if pairs > _MOST and not tables.whole:
        return Gaps(pairs=pairs, missing=-1, circles=-1, entries=len(tables.key))
    if pairs > _MOST:
        missing, first_missing = pairs - len(row), ""
        if missing:
            number = row * ends + to  # ascending, as the keys are
            first_missing = named(int(np.argmax(np.append(number, pairs) != np.arange(len(number) + 1))))
        return Gaps(pairs=pairs, missing=missing, circles=-1, first_missing=first_missing)
    arrived, astray, lost = range(switches, switches + 3)  # astray: at an endpoint, but another one
    state = np.full((switches + 3, ends), lost, np.int32)
    state[arrived], state[astray] = arrived, astray
    given = state[:switches]  # what the entries say
    hop = f.arc_dst[tables.arc].astype(np.int64)
    hop = np.where(own & (hop == end), arrived, np.where(f.kind[hop] == SWITCH, hop - ends, astray))
    if not tables.whole:
        _below_leaves(f, given, switch[~own] - ends, end[~own], hop[~own], arrived, lost)
    given[row, to] = hop[own]
    told = given != lost
    missing = int(pairs - told.sum())
    columns = np.arange(ends)
    for _ in range(max(1, switches).bit_length()):  # each round doubles the steps
        state = state[state, columns]
    round_ = state[:switches] < arrived
    circles, first_circle = int(round_.sum()), ""
    if circles:
        i, e = np.unravel_index(int(np.argmax(round_)), round_.shape)
        first_circle = f"from {f.label(ends + int(i))} to {f.label(int(e))}"
    return Gaps(
        pairs=pairs,
        missing=missing,
        circles=circles,
        first_missing=named(int(np.argmin(told))) if missing else "",
        first_circle=first_circle,
    )


def _below_leaves(
    f: Fabric, given: NDArray[np.int32], row: NDArray, leaf: NDArray, hop: NDArray, arrived: int, lost: int
) -> None:
    """Enter in ``given``, (switches, endpoints), what lines of switches ``row`` say for each ``leaf``, with
    ``hop`` what comes next, and that a leaf reaches what is below it. Of two leaves of an endpoint the last
    counts.
    """
    ends = f.n_endpoints
    below = np.flatnonzero((f.link_dst < ends) & (f.kind[f.link_src] == SWITCH))
    over, end = f.link_src[below].astype(np.int64), f.link_dst[below].astype(np.int64)
    order = np.lexsort((over, end))
    over, end = over[order], end[order]
    leaves, which = np.unique(over, return_inverse=True)
    of_leaf = np.full((len(given), len(leaves) + 1), lost, np.int32)  # the last column: of no leaf
    of_leaf[row, np.searchsorted(leaves, leaf)] = hop
    nth = np.arange(len(end)) - np.searchsorted(end, end)  # of the endpoint's leaves
    columns = np.full((int(nth.max(initial=-1)) + 1, ends), len(leaves))
    columns[nth, end] = which
    for column in columns:
        told = of_leaf[:, column]
        np.copyto(given, told, where=told != lost)
    given[over - ends, end] = arrived
