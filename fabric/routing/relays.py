"""Relays of an exchange: who carries in a server for those of it that no switch joins to the target.

The rule is that of ``fabric.routing.route``: the nearest of the server's endpoints, then by the place of the
destination on its leaf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import ranges
from fabric.routing.cells import Cells, Exceptions
from fabric.routing.distance import NO_PATH, distances
from fabric.routing.fans import Fans
from fabric.words.errors import NoRouteError, ParameterError

__all__ = ["Relayed", "relayed"]

_MOST_ROWS = 20_000_000


class Relayed(NamedTuple):
    """What is relayed: ``onward`` from the berths of relays; of each flow of it ``src``, a sender, ``via``
    and ``dst``; ``sent``: (members,) what each sends to relays; ``carried``: (endpoints,) what each relays.
    """

    onward: Exceptions
    src: NDArray[np.int64]
    via: NDArray[np.int64]
    dst: NDArray[np.int64]
    sent: NDArray[np.float64]
    carried: NDArray[np.float64]


def relayed(fans: Fans) -> Relayed | None:
    """What needs a relay, None where nothing does.

    Raises:
        NoRouteError: there is nobody to relay.
        ParameterError: too many pairs of a server and a target need it.
    """
    lost = np.flatnonzero(~fans.reached)
    if not len(lost):
        return None
    cells, f, berths = fans.cells, fans.f, fans.berths
    demand = cells.demand
    if berths.planes > 1:
        raise ParameterError("fabric", f.name, "endpoints on several planes, not all of which are joined")
    seat, member = _rows(cells, fans, lost)
    server = cells.seat_server[seat]
    target = berths.of[demand.endpoint[member]]
    key, which = np.unique(server * len(berths) + target, return_inverse=True)
    peers, first, count = _nearest(cells, *np.divmod(key, len(berths)))
    which = which.reshape(-1)
    alone = np.flatnonzero(count[which] == 0)
    if len(alone):
        src, dst = demand.endpoint[cells.seat_first[seat[alone[0]]]], demand.endpoint[member[alone[0]]]
        reason = "no legal path (up, then down) and no relay in the source's server"
        raise NoRouteError(f.label(int(src)), f.label(int(dst)), len(alone), reason)
    via = peers[first[which] + f.position[demand.endpoint[member]] % count[which]]
    amount = cells.seat_count[seat] * demand.weight[member]
    sent = np.bincount(seat, weights=demand.weight[member], minlength=len(cells.seat_count)).astype(float)
    some = cells.seat_first[seat]
    return Relayed(
        onward=Exceptions(berth=berths.of[via], member=member, flows=cells.seat_count[seat], amount=amount),
        src=demand.endpoint[some],
        via=via,
        dst=demand.endpoint[member],
        sent=sent[cells.seat],
        carried=np.bincount(via, weights=amount, minlength=f.n_endpoints).astype(float),
    )


def _rows(cells: Cells, fans: Fans, lost: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each seat (members of a group in one server and berth) with each member that it does not reach."""
    berths, demand = cells.berths, cells.demand
    group = demand.group[cells.seat_first]
    start, stop = cells.ptr[group], cells.ptr[group + 1]
    if int(np.sum(stop - start)) > _MOST_ROWS:
        raise ParameterError("fabric", fans.f.name, "too many servers, some of whose pairs need a relay")
    seat, cell = np.repeat(np.arange(len(group)), stop - start), ranges(start, stop)
    key = berths.kind[cells.seat_berth[seat]] * len(berths) + cells.berth[cell]
    away = np.isin(key, fans.kind[lost] * len(berths) + fans.berth[lost])
    away &= cells.seat_berth[seat] != cells.berth[cell]
    seat, cell = seat[away], cell[away]
    order = np.argsort(cells.of, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(cells.of))])
    if int(np.sum(ptr[cell + 1] - ptr[cell])) > _MOST_ROWS:
        raise ParameterError("fabric", fans.f.name, "too many servers, some of whose pairs need a relay")
    seat, member = np.repeat(seat, ptr[cell + 1] - ptr[cell]), order[ranges(ptr[cell], ptr[cell + 1])]
    other = cells.box[member] != cells.seat_box[seat]
    return seat[other], member[other]


def _nearest(
    cells: Cells, server: NDArray[np.int64], berth: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each pair the endpoints of the server nearest to the berth: where they begin, and how many."""
    f, berths = cells.f, cells.berths
    order = np.argsort(f.scaleup, kind="stable")
    low, high = (np.searchsorted(f.scaleup[order], server, side=side) for side in ("left", "right"))
    pair, peer = np.repeat(np.arange(len(server)), high - low), order[ranges(low, high)]
    leaf = berths.leaf[:, 0]
    length = distances(f).between(leaf[berths.of[peer]], f.leaf_index[leaf[berth[pair]]].astype(np.int64))
    best = np.full(len(server), NO_PATH)
    np.minimum.at(best, pair, length)
    good = np.flatnonzero((length < NO_PATH) & (length == best[pair]))
    count = np.bincount(pair[good], minlength=len(server))
    return peer[good], np.cumsum(count) - count, count
