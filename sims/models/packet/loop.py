"""The loop of a packet network: packets reach switches and wait for slots. Compiled, on records.

Each function is the twin of the method of its name (sims.models.packet.network), where the reasons stand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sims.models.kernel import kernel
from sims.models.packet.crossing import launch, note, pull_soon, wait
from sims.models.packet.lanes import arrive, line_up, returned, serve, stand
from sims.models.packet.records import (
    BOOKED,
    KINDS,
    LINE,
    POST,
    PULL,
    REACH,
    RESUME,
    RETURNED,
    RETURNS,
    SENDERS,
    STOOD,
    WAITING,
    WAKE,
    Records,
    append,
    forget,
    forget_until,
    new_time,
    pop,
    push,
    push_as,
    remove,
)
from sims.models.packet.sending import INSTANT
from sims.models.packet.turns import join, pull, resume, take

__all__ = ["DRAWS", "PAUSED", "QUIET", "ROOM", "WAYS", "run"]

# Why the loop has ended: nothing moves before the time given, or it needs more room, random numbers, or the
# ports that a packet of ``state.flow`` may take behind ``state.came``; or it has moved as often as
# ``state.patience`` allows, as nobody can interrupt it meanwhile.
QUIET, ROOM, DRAWS, WAYS, PAUSED = range(5)


@kernel
def _next_port(net: Records, number: int, now: float) -> int:
    """The port by which a packet goes on."""
    packet = net.packets[number]
    flow = net.flows[packet.flow]
    if packet.hop < flow.fixed:
        given: int = net.path[flow.path + packet.hop]
        return given
    options = flow.starts if packet.hop == flow.fixed else net.ways[flow.to, packet.came]
    if not net.lists[options, 1]:
        entry = flow.into
        while net.into[entry, 0] != net.ports[packet.came].node:
            entry += 1
        options = net.into[entry, 1]
    begin, count = net.lists[options]
    found: int = _choose(net, begin, count, now) if count > 1 else net.members[begin]
    net.ports[found].packets += 1
    net.ports[found].bytes += packet.wire
    return found


@kernel
def _choose(net: Records, begin: int, count: int, now: float) -> int:
    state = net.state[0]
    best: int = net.members[begin + int(net.draws[state.drawn] * count)]
    state.drawn += 1
    port, queue = net.ports[best], net.queues[KINDS * best + WAITING].count
    if not state.shortest or (not queue and port.busy <= now):
        return best
    least = port.busy + queue * port.slowness * state.full
    for link in net.members[begin : begin + count]:
        port, queue = net.ports[link], net.queues[KINDS * link + WAITING].count
        end = port.busy
        if queue:
            end += queue * port.slowness * state.full
        if end < least:
            least, best = end, link
    return best


@kernel
def _reach(net: Records, number: int, now: float) -> None:
    packet = net.packets[number]
    came, who = net.ports[packet.came], packet.flow
    flow, line = net.flows[who], KINDS * packet.came + LINE
    remove(net.queues, net.packets, line, number)
    if net.queues[line].count:
        following = net.queues[line].head
        push(net, net.packets[following].due, REACH, following, 0.0)
    packet.hop += 1
    link = _next_port(net, number, now)
    port = net.ports[link]
    ready = now
    if came.slowness > port.slowness and not net.state[0].stored:
        ready += packet.wire * (came.slowness - port.slowness)
    start = port.busy
    waiting, booked = KINDS * link + WAITING, KINDS * link + BOOKED
    if net.queues[waiting].count:
        packet.ready = ready
        append(net.queues, net.packets, waiting, number)
        note(net, link, now)
        return
    late = False
    if start < ready:
        start = ready
    elif start > ready + INSTANT:
        late = True
        forget_until(net, booked, now)
        append(net.queues, net.times, booked, new_time(net, start, 0.0))
        if net.queues[booked].count > port.deepest:
            port.deepest = net.queues[booked].count
    if port.node != flow.dst:
        port.free += forget_until(net, KINDS * link + RETURNS, start)
        if not port.free:
            if late:
                forget(net, booked, net.queues[booked].tail)
            packet.ready = ready
            append(net.queues, net.packets, waiting, number)
            note(net, link, now)
            if net.queues[KINDS * link + RETURNS].count:
                wait(net, link, now)
            return
    launch(net, number, who, link, ready, start, now)


@kernel
def _woken(net: Records, link: int, at: float, now: float) -> None:
    port = net.ports[link]
    if port.wake != at:
        return
    port.wake = -1.0
    waiting, returns = net.queues[KINDS * link + WAITING], KINDS * link + RETURNS
    while waiting.count:
        number = waiting.head
        packet = net.packets[number]
        who, ready = packet.flow, packet.ready
        idle = max(port.busy, ready)
        start = max(idle, now)
        port.free += forget_until(net, returns, max(start, at))
        if not port.free and port.node != net.flows[who].dst:
            if net.queues[returns].count:
                wait(net, link, now)
            return
        remove(net.queues, net.packets, KINDS * link + WAITING, number)
        port.paused += start - idle
        if start > now:
            append(net.queues, net.times, KINDS * link + BOOKED, new_time(net, start, 0.0))
        launch(net, number, who, link, ready, start, now)
    if net.queues[KINDS * link + SENDERS].count:
        pull_soon(net, link, now)


@kernel
def _hand_over(net: Records, number: int, now: float) -> None:
    who = net.messages[number].flow
    if not net.state[0].apart:
        take(net, number, now)
    elif join(net, number):
        stand(net, net.flows[who].path, now)


@kernel
def run(net: Records, posts: NDArray[np.int64], at: float, serial: int) -> int:
    """Hand over messages, then move packets until event ``serial`` at ``at`` or the next receipt is due.

    ``posts``: (messages,), in the order in which they were handed over.
    """
    state, heap = net.state[0], net.heap
    state.until, state.until_serial = at, serial
    upcoming = state.serial
    for number in posts:
        message = net.messages[number]
        if message.at >= 0:
            push_as(net, message.at, message.serial, POST, number, 0.0)
        else:
            state.serial = message.serial
            _hand_over(net, number, state.now)
    state.serial = upcoming
    left = state.patience
    while state.heap:
        event = heap[0]
        if event.at > state.until or (event.at == state.until and event.serial > state.until_serial):
            break
        if not left:
            return PAUSED
        left -= 1
        kind, who, wake, now = event.kind, event.who, event.wake, event.at
        need = 4
        if kind == REACH:
            packet = net.packets[who]
            flow = net.flows[packet.flow]
            if packet.hop + 1 > flow.fixed and net.ways[flow.to, packet.came] < 0:
                state.flow, state.came = packet.flow, packet.came
                return WAYS
        elif kind == WAKE:
            need += 4 * net.queues[KINDS * who + WAITING].count
        if (
            state.heap + need > len(heap)
            or state.used_times + need > len(net.times)
            or state.used_packets + need > len(net.packets)
        ):
            state.need = need
            return ROOM
        if state.drawn >= len(net.draws):
            return DRAWS
        state.now = now
        pop(net)
        if kind == REACH:
            if state.apart:
                arrive(net, who, now)
            else:
                _reach(net, who, now)
        elif kind == WAKE:
            _woken(net, who, wake, now)
        elif kind == PULL:
            net.ports[who].pulling = 0
            if state.apart:
                serve(net, who, now)
            else:
                pull(net, who, now)
        elif kind == RESUME:
            resume(net, who, now)
        elif kind == STOOD:
            line_up(net, who, now)
        elif kind == RETURNED:
            returned(net, who, now)
        else:
            _hand_over(net, who, now)
    return QUIET
