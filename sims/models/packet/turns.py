"""Turns: flows take turns at the ports of their NIC, within their windows. Compiled, on records.

Each function is the twin of the method of its name (sims.models.packet.sending), where the reasons stand.
"""

from __future__ import annotations

from math import inf

from sims.models.kernel import kernel
from sims.models.packet.control import GAIN, STEP
from sims.models.packet.crossing import launch, note, pull_soon, stall, wait
from sims.models.packet.records import (
    ARRIVALS,
    KINDS,
    RETURNS,
    SENDERS,
    WAITING,
    Records,
    append,
    forget,
    forget_until,
    new_packet,
    remove,
)
from sims.models.packet.sending import INSTANT

__all__ = ["join", "next_packet", "pull", "resume", "take"]


@kernel
def take(net: Records, number: int, now: float) -> None:
    """A message joins those that its flow has to send."""
    who = net.messages[number].flow
    if join(net, number) and not net.flows[who].stalled:
        _queue(net, who, now)


@kernel
def join(net: Records, number: int) -> bool:
    """A message joins those that its flow has to send; whether there were none."""
    message = net.messages[number]
    flow = net.flows[message.flow]
    message.next = -1
    if flow.expecting < 0:
        flow.expecting = number
    else:
        net.messages[flow.last].next = number
    flow.last = number
    if flow.sending < 0:
        flow.sending = number
        return True
    return False


@kernel
def _queue(net: Records, who: int, now: float) -> None:
    first = net.flows[who].first
    append(net.queues, net.flows, KINDS * first + SENDERS, who)
    pull_soon(net, first, now)


@kernel
def _deal(net: Records, who: int, now: float) -> None:
    state, flow = net.state[0], net.flows[who]
    begin, count = net.lists[flow.starts]
    turn = 0
    while net.members[begin + turn] != flow.first:
        turn += 1
    turn = (turn + 1) % count
    flow.first = net.members[begin + turn]
    if state.shortest:
        least = inf
        for i in range(count):
            link = net.members[begin + (turn + i) % count]
            port = net.ports[link]
            queue = net.queues[KINDS * link + SENDERS].count + net.queues[KINDS * link + WAITING].count
            free = max(port.busy, now) + queue * port.slowness * state.full
            if free < least:
                least, flow.first = free, link
    if flow.sending >= 0:
        at = _allowed(net, who, now) if flow.windowed else now
        if at > max(net.ports[flow.first].busy, now) + INSTANT:
            stall(net, who, at, now)
        else:
            _queue(net, who, now)


@kernel
def _next_flow(net: Records, link: int) -> int:
    """Take the flow whose turn it is out of a port's senders."""
    of = KINDS * link + SENDERS
    found = net.queues[of].head
    if net.state[0].ordered:
        other = net.flows[found].next
        while other >= 0:
            if net.flows[other].order < net.flows[found].order:
                found = other
            other = net.flows[other].next
    return remove(net.queues, net.flows, of, found)


@kernel
def pull(net: Records, link: int, now: float) -> None:
    """Let the next flow of a NIC send a packet, in turn."""
    state, port = net.state[0], net.ports[link]
    senders = net.queues[KINDS * link + SENDERS]
    if net.queues[KINDS * link + WAITING].count:
        return
    while senders.count:
        who = _next_flow(net, link)
        flow = net.flows[who]
        if flow.windowed:
            at = _allowed(net, who, now)
            if at > now + INSTANT:
                stall(net, who, at, now)
                continue
            flow.flying += 1
        number = next_packet(net, who)
        packet = net.packets[number]
        several = flow.fixed == 0 and net.lists[flow.starts, 1] > 1
        if flow.sending >= 0 and not several:
            append(net.queues, net.flows, KINDS * link + SENDERS, who)
        if flow.fixed == 0:
            port.packets += 1
            port.bytes += packet.wire
        start = port.busy if port.busy > now else now
        port.free += forget_until(net, KINDS * link + RETURNS, start)
        if flow.windowed:
            flow.due = start + packet.wire * state.trip / (flow.pace * state.full)
        if not port.free and port.node != flow.dst:
            packet.ready = now
            append(net.queues, net.packets, KINDS * link + WAITING, number)
            note(net, link, now)
            if net.queues[KINDS * link + RETURNS].count:
                wait(net, link, now)
            if several:
                _deal(net, who, now)
            return
        launch(net, number, who, link, now, start, now)
        if several:
            _deal(net, who, now)
        elif flow.windowed and flow.sending >= 0:
            at = flow.due
            if flow.flying >= flow.size:
                arrivals = net.queues[ARRIVALS * len(net.ports) + who]
                at = max(at, net.times[arrivals.head].at) if arrivals.count else inf
            if at > port.busy + INSTANT:
                remove(net.queues, net.flows, KINDS * link + SENDERS, senders.tail)
                stall(net, who, at, now)
        if senders.count:
            pull_soon(net, link, now)
        return


@kernel
def _allowed(net: Records, who: int, now: float) -> float:
    flow, of = net.flows[who], ARRIVALS * len(net.ports) + who
    arrivals = net.queues[of]
    while arrivals.count and net.times[arrivals.head].at <= now + INSTANT:
        use = net.times[arrivals.head].use
        forget(net, of, arrivals.head)
        flow.flying -= 1
        size = flow.size
        size += GAIN / size * (size / use + STEP - size)
        flow.size = size = max(1.0, min(size, flow.most))
        flow.pace = size / use if use > 1.0 else size
    due: float = flow.due
    if flow.flying < flow.size:
        return due
    return max(due, net.times[arrivals.head].at) if arrivals.count else inf


@kernel
def next_packet(net: Records, who: int) -> int:
    """The next packet of a flow."""
    state, flow = net.state[0], net.flows[who]
    message, number = net.messages[flow.sending], new_packet(net)
    packet = net.packets[number]
    packet.flow, packet.message, packet.number = who, flow.sending, flow.number
    flow.number += 1
    packet.hop, packet.use = 0, 0.0
    if message.unsent > state.mtu:
        packet.wire = state.full
        message.unsent -= state.mtu
    else:
        packet.wire = message.unsent + state.header
        message.unsent = 0.0
        flow.sending = message.next
    return number


@kernel
def resume(net: Records, who: int, now: float) -> None:
    """A flow that had to wait for its pace or its window may be allowed to send."""
    flow = net.flows[who]
    flow.stalled = 0
    append(net.queues, net.flows, KINDS * flow.first + SENDERS, who)
    port = net.ports[flow.first]
    if not port.pulling:
        if port.busy <= now:
            pull(net, flow.first, now)
        else:
            pull_soon(net, flow.first, now)
