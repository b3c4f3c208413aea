"""Lanes: flows that have queues, turns and credits of their own at each port. Compiled, on records.

Each function is the twin of the method of its name (sims.models.packet.hop_by_hop): the same arithmetic in
the same order, the same events, so every result is the same to the last bit. The reasons stand there.
"""

from __future__ import annotations

from sims.models.kernel import kernel
from sims.models.packet.crossing import deliver, pull_soon
from sims.models.packet.records import (
    KINDS,
    LINE,
    REACH,
    RETURNED,
    SENDERS,
    STOOD,
    Records,
    append,
    forget_until,
    new_time,
    push,
    remove,
)
from sims.models.packet.sending import INSTANT
from sims.models.packet.turns import next_packet

__all__ = ["arrive", "line_up", "returned", "serve", "stand"]


@kernel
def _waiting(net: Records, number: int) -> int:
    """The queue of a flow's packets at a port; that of the returns of its slots is the next one."""
    first: int = net.state[0].lanes
    return first + 2 * number


@kernel
def stand(net: Records, number: int, now: float) -> None:
    """Let a flow that has a packet at a port take turns there, once it has a slot for it."""
    lane, returns = net.lanes[number], _waiting(net, number) + 1
    lane.free += forget_until(net, returns, now + INSTANT)
    if lane.free or lane.last:
        lane.standing = 1
        append(net.queues, net.lanes, KINDS * lane.port + SENDERS, number)
        pull_soon(net, lane.port, now)
        return
    if lane.held < 0:
        lane.held = now
    if net.queues[returns].count:
        _wake(net, number, now)


@kernel
def _wake(net: Records, number: int, now: float) -> None:
    lane = net.lanes[number]
    if not lane.waking:
        lane.waking = 1
        at = net.times[net.queues[_waiting(net, number) + 1].head].at
        push(net, now + (at - now), RETURNED, number, 0.0)


@kernel
def returned(net: Records, number: int, now: float) -> None:
    """A slot is free for a flow that has waited for one."""
    net.lanes[number].waking = 0
    stand(net, number, now)


@kernel
def arrive(net: Records, number: int, now: float) -> None:
    """A packet has reached a switch."""
    packet = net.packets[number]
    came, line = net.ports[packet.came], KINDS * packet.came + LINE
    remove(net.queues, net.packets, line, number)
    if net.queues[line].count:
        following = net.queues[line].head
        push(net, net.packets[following].due, REACH, following, 0.0)
    packet.hop += 1
    where = net.flows[packet.flow].path + packet.hop
    early = came.slowness - net.ports[net.lanes[where].port].slowness
    if early > 0 and not net.state[0].stored:
        push(net, now + packet.wire * early, STOOD, number, 0.0)
    else:
        line_up(net, number, now)


@kernel
def line_up(net: Records, number: int, now: float) -> None:
    """A packet joins those of its flow at a port."""
    packet = net.packets[number]
    where = net.flows[packet.flow].path + packet.hop
    lane, queue = net.lanes[where], _waiting(net, where)
    packet.ready = now
    net.ports[lane.port].waiting += 1
    append(net.queues, net.packets, queue, number)
    if net.queues[queue].count == 1 and not lane.standing:
        stand(net, where, now)


@kernel
def serve(net: Records, link: int, now: float) -> None:
    """Let the flow whose turn it is send a packet."""
    port, turns = net.ports[link], net.queues[KINDS * link + SENDERS]
    if not turns.count:
        return
    where = _next(net, link)
    lane = net.lanes[where]
    lane.standing = 0
    if lane.hop:
        number = remove(net.queues, net.packets, _waiting(net, where), net.queues[_waiting(net, where)].head)
        packet = net.packets[number]
        if port.waiting > 1 or now > packet.ready + INSTANT:
            port.deepest = max(port.deepest, port.waiting)
        port.waiting -= 1
    else:
        number = next_packet(net, lane.flow)
        packet = net.packets[number]
        packet.ready = now if lane.held < 0 else lane.held
    if lane.held >= 0:
        port.paused += max(now - max(port.busy, lane.held), 0.0)
        lane.held = -1.0
    _launch(net, number, where, now)
    if net.queues[_waiting(net, where)].count if lane.hop else net.flows[lane.flow].sending >= 0:
        stand(net, where, now)
    if turns.count:
        pull_soon(net, link, now)


@kernel
def _next(net: Records, link: int) -> int:
    """Take out the flow whose turn it is: of those that begin here, one of least order."""
    of = KINDS * link + SENDERS
    found = net.queues[of].head
    if net.state[0].ordered:
        least, other = -1, found
        while other >= 0:
            order = net.flows[net.lanes[other].flow].order
            if not net.lanes[other].hop and (least < 0 or order < least):
                least = order
            other = net.lanes[other].next
        while not net.lanes[found].hop and net.flows[net.lanes[found].flow].order != least:
            found = net.lanes[found].next
    return remove(net.queues, net.lanes, of, found)


@kernel
def _launch(net: Records, number: int, where: int, start: float) -> None:
    """A packet sets out, and what follows from that."""
    lane, packet = net.lanes[where], net.packets[number]
    link = lane.port
    port = net.ports[link]
    serial = packet.wire * port.slowness
    end = start + serial
    port.waited += start - packet.ready
    port.busy = end
    if lane.hop:
        before = net.lanes[where - 1]
        back = end + net.ports[before.port].delay
        append(net.queues, net.times, _waiting(net, where - 1) + 1, new_time(net, back, 0.0))
        if before.held >= 0 and not before.standing:
            _wake(net, where - 1, start)
    else:
        packet.sent = start
    if lane.last:
        deliver(net, number, end + port.delay, start)
        return
    lane.free -= 1
    if lane.free < port.fullest:
        port.fullest = lane.free
    packet.came = link
    at = start + port.latency + (serial if net.state[0].stored else 0.0)
    if net.queues[KINDS * link + LINE].count:
        packet.due = at
    else:
        push(net, at, REACH, number, 0.0)
    append(net.queues, net.packets, KINDS * link + LINE, number)
