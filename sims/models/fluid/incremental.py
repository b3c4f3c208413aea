"""Max-min fair rates that follow a change along the links until it dies out: compiled.

Flows are *justified* by a full link on which none is faster (fabric.sharing). A change is followed in the
order of levels, as water rises. Of each link that it meets the level is known at which it would be full: its
*open* flows and those that were faster at that level, the others at their rates. The link that is full first
holds its open flows, and slows those that were faster; one that held flows and has room at their level opens
them. What is below that level is final, so nothing is undone: each flow is opened and held once at most, and
no link is looked at that no flow of another rate crosses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sims.models.fluid.heap import pop, put
from sims.models.kernel import kernel

__all__ = ["Sharing", "enter", "justify", "leave", "ripple", "settle", "sharing"]

_FULL = 1e-9  # relative; a link as full as that may hold flows
_TIE = 1e-12  # relative; levels this near are one

_Ints = NDArray[np.int32]
_Reals = NDArray[np.float64]

_OPEN, _HELD = 1, 2  # of a flow: its new rate is not yet known, or it is; 0: it keeps its own
_BOUND, _EXACT = (
    1,
    2,
)  # of a link: it acts at ``level`` at the earliest, or just there; 0: no change has met it


class Sharing(NamedTuple):
    """Flows, links, and the crossings at which they meet.

    Flow f has the crossings ``base[f]`` up to ``base[f] + length[f]``; ``link``, ``weight`` and ``flow`` tell
    of each. The crossings of flows under way stand in a list for each link: ``head``, ``after``, ``before``.
    ``rate`` in bytes/s; ``why``: the link that justifies it, -1 none; ``load``: (links,) bytes/s. ``met``:
    flows that the change has met; what it does to their ``rate`` and ``why`` is in ``found`` and ``cause``.
    """

    capacity: _Reals
    base: NDArray[np.int64]
    length: _Ints
    link: _Ints
    weight: _Reals
    flow: _Ints
    head: _Ints
    after: _Ints
    before: _Ints
    load: _Reals
    rate: _Reals
    why: _Ints
    met: _Ints
    state: NDArray[np.int8]  # (flows,) _OPEN, _HELD or 0
    found: _Reals
    cause: _Ints
    touched: _Ints  # links that the change has met
    known: NDArray[np.int8]  # (links,) _BOUND, _EXACT or 0
    level: _Reals  # (links,) at which it holds flows or opens those that it held
    fills: _Reals  # (links,) at which it is full
    order: _Ints
    place: _Ints
    tally: NDArray[np.int64]  # flows met, links met, links in order


def sharing(
    capacity: _Reals, base: NDArray[np.int64], length: _Ints, link: _Ints, weight: _Reals, flow: _Ints
) -> Sharing:
    """Nobody under way."""
    links, flows, crossings = len(capacity), len(base), len(link)
    return Sharing(
        capacity=capacity,
        base=base,
        length=length,
        link=link,
        weight=weight,
        flow=flow,
        head=np.full(links, -1, np.int32),
        after=np.full(crossings, -1, np.int32),
        before=np.full(crossings, -1, np.int32),
        load=np.zeros(links),
        rate=np.zeros(flows),
        why=np.full(flows, -1, np.int32),
        met=np.zeros(flows, np.int32),
        state=np.zeros(flows, np.int8),
        found=np.zeros(flows),
        cause=np.zeros(flows, np.int32),
        touched=np.zeros(links, np.int32),
        known=np.zeros(links, np.int8),
        level=np.zeros(links),
        fills=np.zeros(links),
        order=np.zeros(links, np.int32),
        place=np.full(links, -1, np.int32),
        tally=np.zeros(3, np.int64),
    )


@kernel
def enter(net: Sharing, flow: int) -> None:
    """Put a flow on its links, of which it has some, to be given a rate."""
    net.rate[flow] = 0.0
    net.why[flow] = -1
    if net.state[flow] == 0:  # else it has come, gone and come again before a ripple
        net.met[net.tally[0]] = flow
        net.tally[0] += 1
    net.state[flow] = _OPEN
    _line(net, flow)
    for node in range(net.base[flow], net.base[flow] + net.length[flow]):
        _look(net, net.link[node], 0.0)


@kernel
def _line(net: Sharing, flow: int) -> None:
    for node in range(net.base[flow], net.base[flow] + net.length[flow]):
        link = net.link[node]
        first = net.head[link]
        net.after[node] = first
        net.before[node] = -1
        if first >= 0:
            net.before[first] = node
        net.head[link] = node


@kernel
def justify(net: Sharing) -> None:
    """Put all flows on their links at their rates; those that no link justifies are given new ones."""
    fastest = net.fills  # of each link, and not in use before a ripple
    fastest[:] = 0.0
    for flow in range(len(net.rate)):
        for node in range(net.base[flow], net.base[flow] + net.length[flow]):
            link = net.link[node]
            fastest[link] = max(fastest[link], net.rate[flow])
            net.load[link] += net.weight[node] * net.rate[flow]
    for flow in range(len(net.rate)):
        why = -1
        for node in range(net.base[flow], net.base[flow] + net.length[flow]):
            link = net.link[node]
            full = net.load[link] >= net.capacity[link] * (1 - _TIE)
            if full and net.rate[flow] >= fastest[link] * (1 - _TIE):
                why = link
        if why >= 0 or net.length[flow] == 0:
            _line(net, flow)
            net.why[flow] = why
        else:
            for node in range(net.base[flow], net.base[flow] + net.length[flow]):
                net.load[net.link[node]] -= net.weight[node] * net.rate[flow]
            enter(net, flow)


@kernel
def leave(net: Sharing, flow: int) -> None:
    """Take a flow off its links; those that it helped to fill are to be looked at."""
    for node in range(net.base[flow], net.base[flow] + net.length[flow]):
        link, before, after = net.link[node], net.before[node], net.after[node]
        if before >= 0:
            net.after[before] = after
        else:
            net.head[link] = after
        if after >= 0:
            net.before[after] = before
        if net.load[link] >= net.capacity[link] * (1 - _FULL):
            _look(net, link, 0.0)
    for node in range(net.base[flow], net.base[flow] + net.length[flow]):
        link = net.link[node]
        net.load[link] = 0.0 if net.head[link] < 0 else net.load[link] - net.weight[node] * net.rate[flow]


@kernel
def ripple(net: Sharing) -> int:
    """The max-min fair rates after flows have come and gone; returns how many flows are ``met``.

    These have their new rates in ``found``, which ``settle`` takes over.
    """
    level = 0.0
    while net.tally[2]:
        link = net.order[0]
        level = max(level, net.level[link])
        if level == np.inf:
            break
        if net.known[link] == _BOUND:
            _measure(net, link, level)
        elif level < net.fills[link] * (1 - _TIE):
            _open(net, link, level)
        else:
            net.tally[2] = pop(net.order, net.place, net.level, net.tally[2])
            _hold(net, link, level)
    for i in range(net.tally[1]):
        net.known[net.touched[i]] = 0
        net.place[net.touched[i]] = -1
    met = net.tally[0]
    net.tally[:] = 0
    return int(met)


@kernel
def _look(net: Sharing, link: int, level: float) -> None:
    """Look at a link when the level has come to ``level``, or now if it has."""
    if net.known[link] == 0:
        net.touched[net.tally[1]] = link
        net.tally[1] += 1
    net.known[link] = _BOUND
    net.level[link] = level
    net.tally[2] = put(net.order, net.place, net.level, net.tally[2], link)


@kernel
def _measure(net: Sharing, link: int, level: float) -> None:
    """Find out when a link acts, which is at ``level`` at the earliest.

    Its use grows with the level, less steeply each time that a flow which keeps its rate falls behind. So
    Newton's method comes from below, and ends.
    """
    held = np.inf
    while True:
        fixed, rising, passed = 0.0, 0.0, np.inf
        node = net.head[link]
        while node >= 0:
            flow, weight = net.flow[node], net.weight[node]
            if net.state[flow] == _OPEN:
                rising += weight
            elif net.state[flow] == _HELD:
                fixed += weight * net.found[flow]
            else:
                rate = net.rate[flow]
                if net.why[flow] == link:
                    held = rate
                if rate > level:
                    rising += weight
                    passed = min(passed, rate)
                else:
                    fixed += weight * rate
            node = net.after[node]
        fills = np.inf
        if rising > 0:
            fills = max(level, (net.capacity[link] - fixed) / rising)
        if fills <= passed:
            break
        level = fills
    net.fills[link] = fills
    net.level[link] = fills if held >= fills * (1 - _TIE) else held
    net.known[link] = _EXACT
    put(net.order, net.place, net.level, net.tally[2], link)


@kernel
def _open(net: Sharing, link: int, level: float) -> None:
    """The flows that a link held at this level go on rising."""
    node = net.head[link]
    while node >= 0:
        flow = net.flow[node]
        if net.state[flow] == 0 and net.why[flow] == link:
            net.state[flow] = _OPEN
            net.met[net.tally[0]] = flow
            net.tally[0] += 1
            for other in range(net.base[flow], net.base[flow] + net.length[flow]):
                _look(net, net.link[other], level)
        node = net.after[node]


@kernel
def _hold(net: Sharing, link: int, level: float) -> None:
    """A link that is full holds its open flows at this level, and slows those that were faster."""
    node = net.head[link]
    while node >= 0:
        flow = net.flow[node]
        node = net.after[node]
        if net.state[flow] == _HELD:
            continue
        if net.state[flow] == 0:
            if net.rate[flow] <= level * (1 + _TIE):
                continue
            net.met[net.tally[0]] = flow
            net.tally[0] += 1
        net.state[flow] = _HELD
        net.found[flow] = level
        net.cause[flow] = link
        for crossing in range(net.base[flow], net.base[flow] + net.length[flow]):
            other = net.link[crossing]
            # What it takes there no longer grows, so they fill no sooner than they would have.
            if net.place[other] < 0:
                if other != link:
                    _look(net, other, level)
            else:
                net.known[other] = _BOUND


@kernel
def settle(net: Sharing, flow: int) -> bool:
    """Take over what ``ripple`` found for a flow; whether its rate has changed by more than rounding."""
    net.state[flow] = 0
    net.why[flow] = net.cause[flow]
    old, new = net.rate[flow], net.found[flow]
    if abs(new - old) <= _TIE * old:
        return False
    for node in range(net.base[flow], net.base[flow] + net.length[flow]):
        net.load[net.link[node]] += net.weight[node] * (new - old)
    net.rate[flow] = new
    return True
