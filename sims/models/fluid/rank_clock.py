"""A clock for ranks that do not wait for each other: each message is sent as soon as its rank may. Compiled.

Two kinds of events: a message has been sent (flows on shared links, sims.models.fluid.incremental), and it
has been received, or added. NICs send what belongs to a slice ahead first: flows of a later one stand aside.
The packet model goes by the same rules (sims.models.packet.collective).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sims.models.fluid.heap import build, pop, put
from sims.models.fluid.incremental import Sharing, enter, leave, ripple, settle
from sims.models.fluid.rank_steps import Steps
from sims.models.kernel import kernel

__all__ = ["DONE", "FULL", "PAUSED", "Events", "State", "begin", "room", "run"]

DONE, FULL, PAUSED = 0, 1, 2
_PAUSE = 2_000  # instants, a tenth of a second: between two a caller may be interrupted
_SAME = 1e-12  # of the time: events this near are one instant
_MANY = 8  # where one flow of so many has a new end, all are put in order anew
_AWAY, _ASIDE, _ON = 0, 1, 2  # of a flow: nothing to send, others first, on its links

_Ints = NDArray[np.int32]
_Longs = NDArray[np.int64]
_Reals = NDArray[np.float64]


class State(NamedTuple):
    """Where everybody stands. Flows and transfers of the second slice follow those of the first.

    ``now``: s; ``last``: (ranks,) s, of the last receipt of each. ``counts``: flows in order, events in
    order, events in use, transfers received.
    """

    now: _Reals
    last: _Reals
    counts: _Longs
    left: _Reals  # (flows,) bytes of the message that is being sent, as of ``since``
    since: _Reals
    ends: _Reals  # (flows,) s, when it will have been sent
    order: _Ints
    place: _Ints
    is_on: NDArray[np.int8]
    sent: _Ints  # (flows,) messages
    got: _Ints
    ready: _Ints  # (transfers,) messages that may have been sent
    came: _Ints  # ... of which all parts have come
    received: _Ints  # ... and been added, where they must be
    at: _Ints  # (slices * ranks,) the phase that each rank is in
    missing: _Ints  # (slices * phases * ranks,) transfers to come
    busy: _Reals  # (ranks,) s, until when each adds
    nic: _Ints  # (flows of a slice,) where each sets out
    first: _Ints  # (nics,) the slice that sends there
    waits: _Ints  # (nics * slices,) a flow that sends, or would
    following: _Ints  # (flows,) another such
    leading: _Ints


class Events(NamedTuple):
    """Messages that will have come, a flow each, or been added, -1 less a transfer."""

    time: _Reals
    what: _Ints
    order: _Ints
    place: _Ints
    free: _Ints


def begin(net: Sharing, steps: Steps, nic: _Ints) -> State:
    """Everybody before the first phase. ``nic``: (flows of a slice,), numbered from 0."""
    flows = len(net.rate)
    transfers = flows // steps.qps
    nics = int(nic.max(initial=-1)) + 1
    return State(
        now=np.zeros(1),
        last=np.zeros(steps.ranks),
        counts=np.zeros(4, np.int64),
        left=np.zeros(flows),
        since=np.zeros(flows),
        ends=np.full(flows, np.inf),
        order=np.zeros(flows, np.int32),
        place=np.full(flows, -1, np.int32),
        is_on=np.zeros(flows, np.int8),
        sent=np.zeros(flows, np.int32),
        got=np.zeros(flows, np.int32),
        ready=np.zeros(transfers, np.int32),
        came=np.zeros(transfers, np.int32),
        received=np.zeros(transfers, np.int32),
        at=np.full(steps.slices * steps.ranks, -1, np.int32),
        missing=np.tile(steps.due, steps.slices),
        busy=np.zeros(steps.ranks),
        nic=nic,
        first=np.full(nics, steps.slices, np.int32),
        waits=np.full(nics * steps.slices, -1, np.int32),
        following=np.full(flows, -1, np.int32),
        leading=np.full(flows, -1, np.int32),
    )


def room(most: int, old: Events | None = None) -> Events:
    """Room for ``most`` events, and those of ``old``."""
    new = Events(
        time=np.zeros(most),
        what=np.zeros(most, np.int32),
        order=np.zeros(most, np.int32),
        place=np.full(most, -1, np.int32),
        free=np.arange(most).astype(np.int32),
    )
    if old is not None:
        count = len(old.time)
        new.time[:count], new.what[:count] = old.time, old.what
        new.order[:count], new.place[:count] = old.order, old.place
        new.free[:count] = old.free
    return new


@kernel
def run(net: Sharing, steps: Steps, state: State, events: Events) -> int:
    """On to the end, or until there is no room for one more event (FULL), or for a while (PAUSED)."""
    if state.at[0] < 0:
        for lane in range(steps.slices):
            for rank in range(steps.ranks):
                _advance(net, steps, state, lane, rank, 0.0)
    for _ in range(_PAUSE):
        _share(net, state)
        time = _next(state, events)
        if time == np.inf:
            return DONE
        border = time * (1 + _SAME)
        while time <= border:
            if state.counts[1] == len(events.time):
                return FULL
            state.now[0] = max(time, state.now[0])
            if state.counts[0] and state.ends[state.order[0]] <= time:
                _sent(net, steps, state, events, time)
            else:
                _came(net, steps, state, events, time)
            time = _next(state, events)
    return PAUSED


@kernel
def _next(state: State, events: Events) -> float:
    """When something happens next."""
    time = np.inf
    if state.counts[0]:
        time = state.ends[state.order[0]]
    if state.counts[1]:
        time = min(time, events.time[events.order[0]])
    return time


@kernel
def _share(net: Sharing, state: State) -> None:
    """Give flows the rates that they have from now on."""
    now, met, under_way = state.now[0], ripple(net), state.counts[0]
    many = met * _MANY > under_way
    for i in range(met):
        flow = net.met[i]
        if state.is_on[flow] != _ON:  # it came and went at once
            net.state[flow] = 0
            continue
        old = net.rate[flow]
        if not settle(net, flow):
            continue
        if old > 0:
            state.left[flow] = max(state.left[flow] - old * (now - state.since[flow]), 0.0)
            state.since[flow] = now
        state.ends[flow] = np.inf
        if net.rate[flow] > 0:
            state.ends[flow] = state.since[flow] + state.left[flow] / net.rate[flow]
        if not many:
            under_way = put(state.order, state.place, state.ends, under_way, flow)
        elif state.place[flow] < 0:
            state.order[under_way] = flow
            state.place[flow] = under_way
            under_way += 1
    if many:
        build(state.order, state.place, state.ends, under_way)
    state.counts[0] = under_way


@kernel
def _sent(net: Sharing, steps: Steps, state: State, events: Events, time: float) -> None:
    """The flow that ends next has sent a message; the next one follows at once where it may."""
    flow = state.order[0]
    transfer = flow // steps.qps
    own = flow % len(steps.latency)
    state.sent[flow] += 1
    _expect(state, events, state.ends[flow] + steps.latency[own], flow)
    if state.sent[flow] < state.ready[transfer]:
        state.left[flow] = _bytes(steps, transfer % len(steps.phase), state.sent[flow])
        state.since[flow] = state.ends[flow]
        state.ends[flow] += state.left[flow] / net.rate[flow]
        put(state.order, state.place, state.ends, state.counts[0], flow)
        return
    _stop(net, state, flow)
    state.is_on[flow] = _AWAY
    if steps.slices > 1:
        _give_way(net, steps, state, flow, time)


@kernel
def _bytes(steps: Steps, own: int, number: int) -> float:
    """Of a part of message ``number`` of a transfer, from 0."""
    return steps.rest[own] if number + 1 == steps.messages[steps.phase[own]] else steps.amount[own]


@kernel
def _stop(net: Sharing, state: State, flow: int) -> None:
    """Take a flow off its links."""
    leave(net, flow)
    net.rate[flow] = 0.0
    if state.place[flow] >= 0:
        state.ends[flow] = -np.inf
        put(state.order, state.place, state.ends, state.counts[0], flow)
        state.counts[0] = pop(state.order, state.place, state.ends, state.counts[0])
    state.ends[flow] = np.inf


@kernel
def _expect(state: State, events: Events, time: float, what: int) -> None:
    """Something will come, or be added."""
    event = events.free[state.counts[2]]
    state.counts[2] += 1
    events.time[event] = time
    events.what[event] = what
    state.counts[1] = put(events.order, events.place, events.time, state.counts[1], event)


@kernel
def _came(net: Sharing, steps: Steps, state: State, events: Events, time: float) -> None:
    """A part of a message has come, or a message been added."""
    event = events.order[0]
    state.counts[1] = pop(events.order, events.place, events.time, state.counts[1])
    state.counts[2] -= 1
    events.free[state.counts[2]] = event
    what = events.what[event]
    if what < 0:
        _received(net, steps, state, -1 - what, time)
        return
    state.got[what] += 1
    transfer = what // steps.qps
    came = state.got[transfer * steps.qps]
    for flow in range(transfer * steps.qps, (transfer + 1) * steps.qps):
        came = min(came, state.got[flow])
    if came == state.came[transfer]:
        return
    state.came[transfer] = came
    own = transfer % len(steps.phase)
    rank = steps.dst[own]
    if steps.adding > 0.0 and came <= steps.adds[own]:
        amount = _bytes(steps, own, came - 1) * steps.qps
        state.busy[rank] = max(state.busy[rank], time) + steps.adding * amount
    if state.busy[rank] <= time:
        _received(net, steps, state, transfer, time)
    else:  # one after another, so that what is only copied waits too
        _expect(state, events, state.busy[rank], -1 - transfer)


@kernel
def _received(net: Sharing, steps: Steps, state: State, transfer: int, time: float) -> None:
    """One more message of a transfer is there: others may carry it on, or a rank enter the next phase."""
    state.received[transfer] += 1
    lane, own = divmod(transfer, len(steps.phase))
    for i in range(steps.after_at[own], steps.after_at[own + 1]):
        _post(net, steps, state, lane * len(steps.phase) + steps.after[i], time)
    phase, rank = steps.phase[own], steps.dst[own]
    if state.received[transfer] == steps.messages[phase]:
        state.counts[3] += 1
        state.last[rank] = time
        cell = (lane * steps.phases + phase) * steps.ranks + rank
        state.missing[cell] -= 1
        if state.missing[cell] == 0:
            _advance(net, steps, state, lane, rank, time)


@kernel
def _advance(net: Sharing, steps: Steps, state: State, lane: int, rank: int, time: float) -> None:
    """Move a slice on to the next phases at one rank, as far as it may go."""
    cell = lane * steps.ranks + rank
    while state.at[cell] < steps.phases:
        here = state.at[cell]
        if here >= 0 and state.missing[(lane * steps.phases + here) * steps.ranks + rank]:
            return
        here += 1
        state.at[cell] = here
        if here < steps.phases:
            row = here * steps.ranks + rank
            for i in range(steps.send_at[row], steps.send_at[row + 1]):
                _post(net, steps, state, lane * len(steps.phase) + steps.sends[i], time)


@kernel
def _post(net: Sharing, steps: Steps, state: State, transfer: int, time: float) -> None:
    """Send all messages of a transfer that may be sent."""
    lane, own = divmod(transfer, len(steps.phase))
    phase = steps.phase[own]
    if state.at[lane * steps.ranks + steps.src[own]] < phase:
        return
    ready = steps.messages[phase]
    for i in range(steps.before_at[own], steps.before_at[own + 1]):
        other = lane * len(steps.phase) + steps.before[i]
        ready = min(ready, state.received[other] + steps.lag[phase])
    if ready == state.ready[transfer]:
        return
    state.ready[transfer] = ready
    for flow in range(transfer * steps.qps, (transfer + 1) * steps.qps):
        if state.is_on[flow] == _AWAY:
            state.left[flow] = _bytes(steps, own, state.sent[flow])
            if steps.slices == 1:
                _go(net, state, flow, time)
            else:
                _line_up(net, steps, state, flow, lane, time)


@kernel
def _go(net: Sharing, state: State, flow: int, time: float) -> None:
    """Put a flow on its links."""
    state.is_on[flow] = _ON
    state.since[flow] = time
    enter(net, flow)


@kernel
def _line_up(net: Sharing, steps: Steps, state: State, flow: int, lane: int, time: float) -> None:
    """A flow sends if no slice ahead does from its NIC; those behind stand aside."""
    nic = state.nic[flow % len(steps.latency)]
    cell = nic * steps.slices + lane
    other = state.waits[cell]
    state.following[flow] = other
    state.leading[flow] = -1
    if other >= 0:
        state.leading[other] = flow
    state.waits[cell] = flow
    state.is_on[flow] = _ASIDE
    if lane > state.first[nic]:
        return
    if lane < state.first[nic] and state.first[nic] < steps.slices:
        other = state.waits[nic * steps.slices + state.first[nic]]
        while other >= 0:
            state.left[other] = max(state.left[other] - net.rate[other] * (time - state.since[other]), 0.0)
            _stop(net, state, other)
            state.is_on[other] = _ASIDE
            other = state.following[other]
    state.first[nic] = lane
    _go(net, state, flow, time)


@kernel
def _give_way(net: Sharing, steps: Steps, state: State, flow: int, time: float) -> None:
    """A flow has nothing more to send: the next slice may, where no other of its own does."""
    nic = state.nic[flow % len(steps.latency)]
    lane = flow // len(steps.latency)
    before, behind = state.leading[flow], state.following[flow]
    if before >= 0:
        state.following[before] = behind
    else:
        state.waits[nic * steps.slices + lane] = behind
    if behind >= 0:
        state.leading[behind] = before
    while state.first[nic] < steps.slices and state.waits[nic * steps.slices + state.first[nic]] < 0:
        state.first[nic] += 1
        if state.first[nic] < steps.slices:
            other = state.waits[nic * steps.slices + state.first[nic]]
            while other >= 0:
                _go(net, state, other, time)
                other = state.following[other]
