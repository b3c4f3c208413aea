"""The packet network: ports, switches and NICs on a SimPy clock. No collectives, no traffic patterns.

One event per packet and hop. A port is no process: when a packet reaches it, the time at which the line will
be free is known, so its start, its end and its arrival at the next switch are settled at once, however long
the queue. Only a packet that lacks a slot in the next buffer waits for an event, that of a slot's return.
"""

from __future__ import annotations

from bisect import insort
from heapq import heappush
from math import exp
from typing import Any

import simpy
from simpy.core import NORMAL

from sims.models.packet.parts import Flow, Packet, Port
from sims.models.packet.sending import INSTANT, Sending

__all__ = ["PacketNetwork"]


class PacketNetwork(Sending):
    """Ports with finite buffers behind them, joined as the fabric's links are.

    A packet leaves a port when the line is free, the packets before it have left, and a slot of the buffer at
    the far end is free; so no packet is ever lost. Its slot in the buffer behind it is free again when its
    last byte has left, which the port before learns a cable's delay later.

    Arguments as of Sending.
    """

    def __init__(self, env: simpy.Environment, *args: Any, **given: Any) -> None:
        super().__init__(env, *args, **given)
        self._stored = self.settings.switching == "store-and-forward"
        # SimPy's own list of events and its counter: what Environment.schedule does is done here without the
        # call, and with the time itself instead of a delay.
        self._events, self._serial = env._queue, env._eid
        self._reaching, self._waking = (self._reach,), (self._woken,)

    def _reach(self, packet: Packet) -> None:
        """A packet has reached a switch."""
        now = self.env._now
        flow, came = packet.flow, packet.came
        line = came.line
        line.popleft()
        if line:
            following = line[0]
            heappush(self._events, (following.due, NORMAL, next(self._serial), following))
        hop = packet.hop + 1
        packet.hop = hop
        if hop < flow.fixed:
            port = flow.ports[hop]
        else:
            assert flow.ways is not None
            options = flow.starts if hop == flow.fixed else flow.ways.get(came)
            if options is None:
                options = self._find(flow, came)
            if not options:
                options = flow.into[int(self.fabric.link_dst[came.link])]
            port = self._choose(options, now) if len(options) > 1 else options[0]
            port.packets += 1
            port.bytes += packet.wire
        ready = now
        if came.slowness > port.slowness and not self._stored:
            # Its last byte must not leave before it has come.
            ready += packet.wire * (came.slowness - port.slowness)
        start = port.busy
        if port.waiting:
            packet.ready = ready
            port.waiting.append(packet)
            port.note(now)
            return
        if start < ready:
            start = ready
        elif start > ready + INSTANT:
            booked = port.booked
            while booked and booked[0] <= now:
                booked.popleft()
            booked.append(start)
            if len(booked) > port.deepest:
                port.deepest = len(booked)
        if port not in flow.lasts:
            returns = port.returns
            while returns and returns[0] <= start:
                returns.popleft()
                port.free += 1
            if not port.free:
                if start > ready + INSTANT:
                    port.booked.pop()
                packet.ready = ready
                port.waiting.append(packet)
                port.note(now)
                if returns:
                    self._wait(port)
                return
        self._launch(packet, flow, port, ready, start, now)

    def _choose(self, options: tuple[Port, ...], now: float) -> Port:
        """One of several ports: any, or the one whose queue is shortest."""
        best = options[int(self._random() * len(options))]
        if self._spread == "random":
            return best
        queue = len(best.waiting)
        if not queue and best.busy <= now:
            return best
        least = best.busy + queue * best.slowness * self._full
        for port in options:
            end = port.busy
            if port.waiting:
                end += len(port.waiting) * port.slowness * self._full
            if end < least:
                least, best = end, port
        return best

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        """Settle the start of a packet that has all it needs, and what follows from it."""
        wire = packet.wire
        serial = wire * port.slowness
        end = start + serial
        wait = start - ready
        if wait > INSTANT:
            port.waited += wait
        trip = self._round_trip
        if trip:
            port.load = load = port.load * exp((port.busy - end) / trip) + serial / trip
            use = load + wait / trip
            if use > packet.use:
                packet.use = use
        port.busy = end
        hop = packet.hop
        if hop:
            came = packet.came
            back = end + came.delay
            returns = came.returns
            if returns and back < returns[-1]:
                insort(returns, back)
            else:
                returns.append(back)
            if came.waiting and (came.wake < 0 or back < came.wake):
                self._wait(came)
        else:
            self._leave(packet, start, end)
        if port in flow.lasts:
            self._deliver(packet, end + port.delay, now)
            return
        port.free -= 1
        if port.free < port.fullest:
            port.fullest = port.free
        self._travel(packet, port, start + port.latency + (serial if self._stored else 0.0))

    def _leave(self, packet: Packet, start: float, end: float) -> None:
        """Account for a packet that sets out from its NIC."""
        packet.sent = start
        message = packet.message
        message.unleft -= 1
        if not message.unleft and message.left is not None:
            message.left._ok, message.left._value = True, end
            self.env.schedule(message.left, delay=end - self.env._now)

    def _travel(self, packet: Packet, port: Port, at: float) -> None:
        """Let a packet that a port sends reach the switch behind at ``at``."""
        packet.came = port
        packet.callbacks = self._reaching
        line = port.line
        if line:
            packet.due = at
        else:
            heappush(self._events, (at, NORMAL, next(self._serial), packet))
        line.append(packet)

    def _deliver(self, packet: Packet, at: float, now: float) -> None:
        """Account for a packet whose arrival at its endpoint is settled."""
        flow, message, number = packet.flow, packet.message, packet.number
        self.latencies.add(at - packet.sent)
        self.hops += packet.hop + 1
        self.delivered += 1
        self.received += packet.wire - self.settings.header
        if number < flow.highest:
            self.disordered += 1
        else:
            flow.highest = number
        if flow.window is not None:
            flow.arrivals.append((at + flow.back, packet.use))
            if flow.stalled and len(flow.arrivals) == 1 and flow.window.flying >= flow.window.size:
                self._stall(flow, max(at + flow.back, flow.window.due))
        message.unreceived -= 1
        if not message.unreceived:
            expected = flow.expected
            while expected and not expected[0].unreceived:
                done = expected.popleft()
                done._ok, done._value = True, at
                self.env.schedule(done, delay=at - now)
        self._spare.append(packet)

    def _wait(self, port: Port) -> None:
        """See to it that the port looks again when its next slot is free."""
        port.wake = max(port.returns[0], self.env.now)
        self._schedule(self._waking, (port, port.wake), port.wake - self.env.now)

    def _woken(self, event: simpy.Event) -> None:
        """A slot is free for a packet that waits for one."""
        port, at = event._value
        if port.wake != at:
            return  # an earlier slot came back meanwhile
        port.wake = -1.0
        waiting, returns = port.waiting, port.returns
        now = self.env.now
        while waiting:
            packet = waiting[0]
            idle = max(port.busy, packet.ready)
            start = max(idle, now)
            while returns and returns[0] <= max(start, at):
                returns.popleft()
                port.free += 1
            if not port.free and port not in packet.flow.lasts:
                if returns:
                    self._wait(port)
                return
            waiting.popleft()
            port.paused += start - idle
            if start > now:
                port.booked.append(start)
            self._launch(packet, packet.flow, port, packet.ready, start, now)
        if port.senders:
            self._pull_soon(port)
