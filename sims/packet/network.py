"""The packet network: ports, switches and NICs on a SimPy clock. No collectives, no traffic patterns.

One event per packet and hop. A port is no process: when a packet reaches it, the time at which the line will
be free is known, so its start, its end and its arrival at the next switch are settled at once, however long
the queue. Only a packet that lacks a slot in the next buffer waits for an event, that of a slot's return.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from heapq import heappop, heappush
from math import exp, inf

import simpy

from fabric import Fabric
from sims.packet.control import Window
from sims.packet.histogram import Histogram
from sims.packet.parts import Flow, Message, Packet, Port
from sims.packet.routes import Latencies
from sims.packet.settings import PacketSettings
from sims.packet.ways import Ways, fixed_hops

__all__ = ["PacketNetwork"]

_INSTANT = 1e-12  # s; waits below it are rounding


class PacketNetwork:
    """Ports with finite buffers behind them, joined as the fabric's links are.

    A packet leaves a port when the line is free, the packets before it have left, and a slot of the buffer at
    the far end is free; so no packet is ever lost. Its slot in the buffer behind it is free again when its
    last byte has left, which the port before learns a cable's delay later.

    Args:
        env: the clock.
        fabric: of whose links there is a port each, made when first used.
        latencies: what crossing each link takes besides bytes.
        settings: mtu, header, switching, buffers, control.
        round_trip: s, of a packet and its acknowledgement on the longest way of all, for control.
        spread: "" keeps every packet on the path of its flow; ``spray`` picks among the next hops at random,
            ``adaptive`` takes the one whose queue is shortest (of equals, one at random).
        seed: draws what is random.
    """

    def __init__(
        self,
        env: simpy.Environment,
        fabric: Fabric,
        latencies: Latencies,
        settings: PacketSettings,
        *,
        round_trip: float = 0.0,
        spread: str = "",
        seed: int = 0,
    ) -> None:
        self.env, self.fabric, self.settings, self._along = env, fabric, settings, latencies
        self.ports: dict[int, Port] = {}
        self.latencies = Histogram()
        self.delivered, self.disordered, self.hops = 0, 0, 0
        self.received = 0.0  # bytes of payload
        self._stored = settings.switching == "store-and-forward"
        self._full = settings.packet
        self._round_trip = round_trip if settings.cc == "window" else 0.0
        self._spread = spread
        self._random = random.Random(seed).random
        self._ways: dict[Port, dict[Port, tuple[Port, ...]]] = {}
        self._spare: list[Packet] = []
        self._reaching, self._waking = (self._reach,), (self._woken,)
        self._pulling, self._resuming, self._posting = (self._pull,), (self._resume,), (self._post,)

    def port(self, link: int) -> Port:
        """The port of a link."""
        found = self.ports.get(link)
        if found is None:
            rate = float(self.fabric.capacity[link])
            delay, latency = float(self._along.cable[link]), float(self._along.hop[link])
            loop = (delay + latency) * rate / self.settings.packet
            found = Port(link, rate=rate, delay=delay, latency=latency, slots=self.settings.slots(loop))
            self.ports[link] = found
        return found

    def open(self, links: Sequence[int]) -> Flow:
        """A flow over ``links``, from one endpoint to another."""
        ports = [self.port(link) for link in links]
        window = None
        if self._round_trip:
            slowest = max(port.slowness for port in ports)
            window = Window(self._round_trip / (self._full * slowest) + 1)
        flow = Flow(ports, window)
        if self._spread:
            flow.fixed = fixed_hops(self.fabric, list(links))
            if flow.fixed < len(ports):
                flow.ways = self._ways.setdefault(flow.last, {})
        return flow

    def send(self, flow: Flow, size: float, delay: float = 0.0) -> Message:
        """Hand ``size`` bytes to a flow, ``delay`` s from now. Returns the event of their receipt."""
        message = Message(self.env, size, self.settings.packets(size))
        if delay > 0:
            self._schedule(self._posting, (flow, message), delay)
        else:
            self._take(flow, message)
        return message

    def _post(self, event: simpy.Event) -> None:
        self._take(*event._value)

    def _take(self, flow: Flow, message: Message) -> None:
        """A message joins those that its flow has to send."""
        flow.expected.append(message)
        flow.messages.append(message)
        port = flow.first
        if len(flow.messages) == 1 and not flow.stalled:
            port.senders.append(flow)
            self._pull_soon(port)

    def _pull_soon(self, port: Port) -> None:
        if not port.pulling:
            port.pulling = True
            self._schedule(self._pulling, port, max(port.busy - self.env.now, 0.0))

    def _schedule(self, callbacks: tuple, subject: object, delay: float) -> None:
        event = simpy.Event(self.env)
        event._ok, event._value = True, subject
        event.callbacks = callbacks
        self.env.schedule(event, delay=delay)

    def _pull(self, event: simpy.Event) -> None:
        """Let the next flow of a NIC send a packet, in turn."""
        port: Port = event._value
        port.pulling = False
        if port.waiting:
            return  # when that packet leaves, the next one is pulled
        now = self.env.now
        senders = port.senders
        while senders:
            flow = senders.popleft()
            window = flow.window
            if window is not None:
                at = self._allowed(flow, now)
                if at > now + _INSTANT:
                    self._stall(flow, at)
                    continue
                window.flying += 1
            packet = self._packet(flow)
            if flow.messages:
                senders.append(flow)
            packet.ready = now
            start = port.busy if port.busy > now else now
            returns = port.returns
            while returns and returns[0] <= start:
                heappop(returns)
                port.free += 1
            if window is not None:
                window.due = start + packet.wire * self._round_trip / (window.pace * self._full)
            if not port.free and port is not flow.last:
                port.waiting.append(packet)
                if returns:
                    self._wait(port)
                return
            self._launch(packet, port, start)
            if window is not None and flow.messages:
                # Spare the event that would only find that the flow may not send yet.
                at = self._allowed(flow, now)
                if at > port.busy + _INSTANT:
                    senders.pop()
                    self._stall(flow, at)
            if senders:
                self._pull_soon(port)
            return

    def _allowed(self, flow: Flow, now: float) -> float:
        """When a flow with a window may send again; inf: with an acknowledgement that is not yet due."""
        window, arrivals = flow.window, flow.arrivals
        assert window is not None
        while arrivals and arrivals[0][0] <= now + _INSTANT:
            window.acknowledged(arrivals.popleft()[1])
        if window.flying < window.size:
            return window.due
        return max(window.due, arrivals[0][0]) if arrivals else inf

    def _stall(self, flow: Flow, until: float) -> None:
        """Take a flow out of its NIC's turns."""
        flow.stalled = True
        if until < inf:
            self._schedule(self._resuming, flow, until - self.env.now)

    def _packet(self, flow: Flow) -> Packet:
        """The next packet of a flow."""
        message = flow.messages[0]
        packet = self._spare.pop() if self._spare else Packet()
        packet.flow, packet.message, packet.number = flow, message, flow.number
        flow.number += 1
        packet.hop, packet.use = 0, 0.0
        settings = self.settings
        if message.unsent > settings.mtu:
            packet.wire = settings.packet
            message.unsent -= settings.mtu
        else:
            packet.wire = message.unsent + settings.header
            message.unsent = 0.0
            flow.messages.popleft()
        return packet

    def _resume(self, event: simpy.Event) -> None:
        """A flow whose window was full has an acknowledgement."""
        flow: Flow = event._value
        flow.stalled = False
        port = flow.first
        if flow.messages:
            port.senders.append(flow)
            if not port.pulling:
                if port.busy <= self.env.now:
                    event._value = port
                    self._pull(event)
                else:
                    self._pull_soon(port)

    def _reach(self, packet: Packet) -> None:
        """A packet has reached a switch."""
        now = self.env.now
        flow, came = packet.flow, packet.came
        hop = packet.hop + 1
        packet.hop = hop
        if hop < flow.fixed:
            port = flow.ports[hop]
        else:
            assert flow.ways is not None
            options = flow.ways.get(came) or self._find(flow, came)
            port = options[0] if len(options) == 1 else self._choose(options)
        ready = now
        if came.slowness > port.slowness and not self._stored:
            # Its last byte must not leave before it has come.
            ready += packet.wire * (came.slowness - port.slowness)
        packet.ready = ready
        booked = port.booked
        while booked and booked[0] <= now:
            booked.popleft()
        waiting = port.waiting
        if not waiting:
            start = port.busy
            if start < ready:
                start = ready
            if port is flow.last:
                if start > ready + _INSTANT:
                    booked.append(start)
                    if len(booked) > port.deepest:
                        port.deepest = len(booked)
                self._launch(packet, port, start)
                return
            returns = port.returns
            while returns and returns[0] <= start:
                heappop(returns)
                port.free += 1
            if port.free:
                if start > ready + _INSTANT:
                    booked.append(start)
                    if len(booked) > port.deepest:
                        port.deepest = len(booked)
                self._launch(packet, port, start)
                return
            waiting.append(packet)
            if returns:
                self._wait(port)
        else:
            waiting.append(packet)
        if len(booked) + len(waiting) > port.deepest:
            port.deepest = len(booked) + len(waiting)

    def _find(self, flow: Flow, came: Port) -> tuple[Port, ...]:
        """The ports that a packet may take after ``came``, found once for all flows that end alike."""
        assert flow.ways is not None
        links = Ways(self.fabric, flow.last.link).after(came.link)
        flow.ways[came] = tuple(map(self.port, links))
        return flow.ways[came]

    def _choose(self, options: tuple[Port, ...]) -> Port:
        """One of several ports: any, or the one whose queue is shortest."""
        number = len(options)
        turn = int(self._random() * number)
        if self._spread == "spray":
            return options[turn]
        now = self.env.now
        least = inf
        for i in range(turn - number, turn):
            port = options[i]
            queue = port.busy - now if port.busy > now else 0.0
            if port.waiting:
                queue += len(port.waiting) * port.slowness * self._full
            if queue < least:
                least, best = queue, port
        return best

    def _launch(self, packet: Packet, port: Port, start: float) -> None:
        """Settle the start of a packet that has all it needs, and what follows from it."""
        now = self.env.now
        wire = packet.wire
        serial = wire * port.slowness
        end = start + serial
        port.busy = end
        port.packets += 1
        port.bytes += wire
        wait = start - packet.ready
        port.waited += wait
        if self._round_trip:
            share = self._round_trip
            port.load = load = port.load * exp((port.loaded - start) / share) + serial / share
            port.loaded = start
            use = load + wait / share
            if use > packet.use:
                packet.use = use
        hop = packet.hop
        if hop:
            came = packet.came
            back = end + came.delay
            heappush(came.returns, back)
            if came.waiting and (came.wake < 0 or back < came.wake):
                self._wait(came)
        else:
            packet.sent = start
        flow = packet.flow
        if port is flow.last:
            self._deliver(packet, end + port.delay)
            return
        port.free -= 1
        if port.free < port.fullest:
            port.fullest = port.free
        packet.came = port
        packet.callbacks = self._reaching
        self.env.schedule(packet, delay=start - now + port.latency + (serial if self._stored else 0.0))

    def _deliver(self, packet: Packet, at: float) -> None:
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
                self._schedule(self._resuming, flow, max(at + flow.back, flow.window.due) - self.env.now)
        message.unreceived -= 1
        if not message.unreceived:
            expected = flow.expected
            while expected and not expected[0].unreceived:
                done = expected.popleft()
                done._ok, done._value = True, at
                self.env.schedule(done, delay=at - self.env.now)
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
                heappop(returns)
                port.free += 1
            if not port.free and port is not packet.flow.last:
                if returns:
                    self._wait(port)
                return
            waiting.popleft()
            port.paused += start - idle
            if start > now:
                port.booked.append(start)
            self._launch(packet, port, start)
        if port.senders:
            self._pull_soon(port)
