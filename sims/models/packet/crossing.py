"""Crossing: a packet takes a line, and what follows from that. Compiled, on records.

Each function is the twin of the method of its name (sims.models.packet.network, sending): the same arithmetic
in the same order, the same events, so every result is the same to the last bit. The reasons stand there.
"""

from __future__ import annotations

from math import exp, floor, inf, log

from sims.models.kernel import kernel
from sims.models.packet.histogram import SCALE
from sims.models.packet.records import (
    ARRIVALS,
    BOOKED,
    KINDS,
    LINE,
    PULL,
    REACH,
    RESUME,
    RETURNS,
    WAITING,
    WAKE,
    Records,
    append,
    forget_until,
    insort,
    new_time,
    next_serial,
    push,
)
from sims.models.packet.sending import INSTANT

__all__ = ["BIN", "deliver", "launch", "note", "pull_soon", "stall", "wait"]

BIN = 6000  # of the histogram: where the one of 1 s is; the first is of 1e-26 s


@kernel
def note(net: Records, link: int, now: float) -> None:
    """Note how many packets wait at a port, if they are more than ever."""
    port = net.ports[link]
    forget_until(net, KINDS * link + BOOKED, now)
    waits = net.queues[KINDS * link + BOOKED].count + net.queues[KINDS * link + WAITING].count
    if waits > port.deepest:
        port.deepest = waits


@kernel
def pull_soon(net: Records, link: int, now: float) -> None:
    """Schedule the next turn at a port."""
    port = net.ports[link]
    if not port.pulling:
        port.pulling = 1
        push(net, now + (port.busy - now if port.busy > now else 0.0), PULL, link, 0.0)


@kernel
def stall(net: Records, who: int, until: float, now: float) -> None:
    """Take a flow out of its NIC's turns."""
    net.flows[who].stalled = 1
    if until < inf:
        push(net, now + (until - now), RESUME, who, 0.0)


@kernel
def launch(net: Records, number: int, who: int, link: int, ready: float, start: float, now: float) -> None:
    """Settle the start of a packet that has all it needs, and what follows from it."""
    state, packet, port, flow = net.state[0], net.packets[number], net.ports[link], net.flows[who]
    serial = packet.wire * port.slowness
    end = start + serial
    waited = start - ready
    if waited > INSTANT:
        port.waited += waited
    if state.trip:
        port.load = port.load * exp((port.busy - end) / state.trip) + serial / state.trip
        use = port.load + waited / state.trip
        if use > packet.use:
            packet.use = use
    port.busy = end
    if packet.hop:
        before = packet.came
        came = net.ports[before]
        back = end + came.delay
        insort(net, KINDS * before + RETURNS, back)
        if net.queues[KINDS * before + WAITING].count and (came.wake < 0 or back < came.wake):
            wait(net, before, now)
    else:
        packet.sent = start
    if port.node == flow.dst:
        deliver(net, number, end + port.delay, now)
        return
    port.free -= 1
    if port.free < port.fullest:
        port.fullest = port.free
    packet.came = link
    at = start + port.latency
    if state.stored:
        at += serial
    if net.queues[KINDS * link + LINE].count:
        packet.due = at
    else:
        push(net, at, REACH, number, 0.0)
    append(net.queues, net.packets, KINDS * link + LINE, number)


@kernel
def deliver(net: Records, number: int, at: float, now: float) -> None:
    """Account for a packet whose arrival at its endpoint is settled."""
    state, packet = net.state[0], net.packets[number]
    who = packet.flow
    flow = net.flows[who]
    latency = at - packet.sent
    net.bins[min(max(floor(log(latency) * SCALE) + BIN, 0), len(net.bins) - 1)] += 1
    state.total += latency
    state.worst = max(state.worst, latency)
    state.hops += packet.hop + 1
    state.delivered += 1
    state.received += packet.wire - state.header
    if packet.number < flow.highest:
        state.disordered += 1
    else:
        flow.highest = packet.number
    if flow.windowed:
        known, of = at + flow.back, ARRIVALS * len(net.ports) + who
        append(net.queues, net.times, of, new_time(net, known, packet.use))
        if flow.stalled and net.queues[of].count == 1 and flow.flying >= flow.size:
            stall(net, who, max(known, flow.due), now)
    net.messages[packet.message].unreceived -= 1
    while flow.expecting >= 0 and not net.messages[flow.expecting].unreceived:
        done = flow.expecting
        message = net.messages[done]
        flow.expecting = message.next
        message.next, state.done = state.done, done
        message.at, message.serial, message.value = now + (at - now), next_serial(net), at
        if message.at < state.until or (message.at == state.until and message.serial < state.until_serial):
            state.until, state.until_serial = message.at, message.serial
    packet.next, state.spare_packet = state.spare_packet, number
    state.used_packets -= 1


@kernel
def wait(net: Records, link: int, now: float) -> None:
    """See to it that the port looks again when its next slot is free."""
    port = net.ports[link]
    port.wake = max(net.times[net.queues[KINDS * link + RETURNS].head].at, now)
    push(net, now + (port.wake - now), WAKE, link, port.wake)
