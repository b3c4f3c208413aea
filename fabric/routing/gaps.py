"""What whole forwarding tables lack, over all switches and endpoints: entries, and ways that arrive.

Knows tables and nodes by number; walks no flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.forwarding_tables import Tables
from fabric.words.counted import counted

__all__ = ["Gaps", "gaps"]

_MOST = 50_000_000  # pairs of a switch and an endpoint that are followed: a second


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Of ``pairs`` of a switch and an endpoint: how many have no entry, and from how many the entries lead
    round; the first of each, by name. ``circles`` is -1 where there are too many pairs to follow.
    """

    pairs: int
    missing: int
    circles: int
    first_missing: str = ""
    first_circle: str = ""

    def __str__(self) -> str:
        """A sentence without its end; "" where nothing is lacking."""
        said = []
        if self.missing:
            said.append(f"lack {self.missing:,} of {self.pairs:,} entries, such as {self.first_missing}")
        if self.circles > 0:
            ways = counted(self.circles, "way")
            said.append(f"lead {ways} round in a circle, such as {self.first_circle}")
        return f"the tables {' and '.join(said)}" if said else ""


def gaps(f: Fabric, tables: Tables) -> Gaps:
    """What ``tables`` lack, which leave nothing open: each switch should lead to each endpoint.

    >>> str(Gaps(pairs=16, missing=1, circles=0, first_missing="that of leaf 0 for host-3"))
    'the tables lack 1 of 16 entries, such as that of leaf 0 for host-3'
    """
    switches, ends, count = f.n_switches, f.n_endpoints, len(f.kind)
    switch, end = np.divmod(tables.key, count)
    whole = (f.kind[switch] == SWITCH) & (end < ends)
    row, end, arc = switch[whole] - ends, end[whole], tables.arc[whole]
    pairs, missing = switches * ends, switches * ends - len(row)

    def named(i: int, e: int) -> str:
        return f"that of {f.label(ends + i)} for {f.label(e)}"

    first_missing = ""
    if missing:
        number = row * ends + end  # ascending, as the keys are
        hole = int(np.argmax(np.append(number, pairs) != np.arange(len(number) + 1)))
        first_missing = named(hole // ends, hole % ends)
    if pairs > _MOST:
        return Gaps(pairs=pairs, missing=missing, circles=-1, first_missing=first_missing)
    arrived, lost = switches, switches + 1
    to = np.full((switches + 2, ends), lost, np.int32)
    to[arrived] = arrived
    hop = f.arc_dst[arc].astype(np.int64)
    to[row, end] = np.where(hop == end, arrived, np.where(f.kind[hop] == SWITCH, hop - ends, lost))
    columns = np.arange(ends)
    for _ in range(max(1, switches).bit_length()):  # each round doubles the steps
        to = to[to, columns]
    round_ = to[:switches] < arrived
    circles, first_circle = int(round_.sum()), ""
    if circles:
        i, e = np.unravel_index(int(np.argmax(round_)), round_.shape)
        first_circle = f"from {f.label(ends + int(i))} to {f.label(int(e))}"
    return Gaps(
        pairs=pairs,
        missing=missing,
        circles=circles,
        first_missing=first_missing,
        first_circle=first_circle,
    )
