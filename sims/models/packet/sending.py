"""The sending side of a packet network: flows take turns at the ports of their NIC. Knows no switch.

A flow stands in for the port on which its next packet sets out; it waits aside while its window or its pace
holds it back.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf
from operator import attrgetter

import simpy

from fabric import Fabric
from fabric.machine.collector import collector_paused
from fabric.words.errors import ParameterError
from sims.models.packet.control import Window
from sims.models.packet.histogram import Histogram
from sims.models.packet.parts import Flow, Message, Packet, Port, Turn
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import HOP_BY_HOP, PacketSettings
from sims.models.packet.ways import Ways, cables, last_leg, targets

__all__ = ["INSTANT", "Sending"]

INSTANT = 1e-12  # s; waits below it are rounding
_order = attrgetter("order")


class Sending:
    """Ports, the flows that begin at them, and whose turn it is. What happens behind them is PacketNetwork's.

    Args:
        env: the clock.
        fabric: of whose links there is a port each, made when first used.
        latencies: what crossing each link takes besides bytes.
        settings: mtu, header, switching, buffers, control.
        round_trip: s, of a packet and its acknowledgement on the longest way of all, for control.
        spread: "" keeps every packet on the path of its flow; ``random`` picks among the next hops at random,
            ``shortest queue`` draws one too and takes it if it is idle, else the one whose queue ends first.
            Out of a NIC the former deals packets over the ports in turn, the latter to the one that is free
            first.
        seed: draws what is random.

    Raises:
        ParameterError: ``spread`` with cc=hop-by-hop, which needs one way for a flow.
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
        if spread and settings.cc == HOP_BY_HOP:
            rule = "a flow keeps to one way, and spray and adaptive send each packet by itself"
            raise ParameterError("packet: cc", settings.cc, rule, ("none", "window"))
        self.env, self.fabric, self.settings, self._along = env, fabric, settings, latencies
        self.ports: dict[int, Port] = {}
        self.flows: list[Flow] = []
        self.latencies = Histogram()
        self.delivered, self.disordered, self.hops = 0, 0, 0
        self.received = 0.0  # bytes of payload
        self._full = settings.packet
        self._round_trip = round_trip if settings.cc == "window" else 0.0
        self._spread = spread
        self._ordered = False  # some flow has to let others go first
        self._random = random.Random(seed).random
        # By the switches to which they lead: the links, and the ports that they mean by the port before.
        self._ways: dict[tuple[int, ...], tuple[Ways, dict[Port, tuple[Port, ...]]]] = {}
        self._starts: dict[tuple[int, ...], tuple[Port, ...]] = {}  # by those and the endpoint that sends
        self._into: dict[tuple[int, ...], dict[int, tuple[Port, ...]]] = {}  # and by the one that receives
        self._spare: list[Packet] = []
        self._pulling, self._resuming, self._posting = (self._pulled,), (self._resume,), (self._post,)

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

    def open(self, links: Sequence[int], order: int = 0, *, fixed: bool = False) -> Flow:
        """A flow over ``links``, from one endpoint to another. Of those that may send, a NIC lets the ones of
        least ``order`` take turns. ``fixed``: its packets keep to ``links`` under every policy.
        """
        ports = [self.port(link) for link in links]
        flow = Flow(ports, order)
        self._ordered |= order > 0
        self.flows.append(flow)
        if self._spread and not fixed:
            self._free(flow, list(links))
        if self._round_trip:
            slowest = max(port.slowness for port in ports)
            outlets = 1 if flow.fixed else len(flow.starts)  # ports of its NIC
            flow.window = Window(outlets * (self._round_trip / (self._full * slowest) + 1))
        return flow

    def _free(self, flow: Flow, links: list[int]) -> None:
        """Let the packets of a flow choose from the last endpoint that sends them on, a relay if any."""
        f, flow.fixed = self.fabric, last_leg(self.fabric, links)
        src, dst = int(f.link_src[links[flow.fixed]]), int(f.link_dst[links[-1]])
        to = targets(f, src, dst)
        if to not in self._ways:
            self._ways[to] = Ways(f, to), {}
        if (src, *to) not in self._starts:
            self._starts[src, *to] = tuple(map(self.port, self._ways[to][0].out_of(src)))
        if (dst, *to) not in self._into:
            self._into[dst, *to] = {node: tuple(map(self.port, cables(f, node, dst))) for node in to}
        flow.to, flow.ways, flow.into = to, self._ways[to][1], self._into[dst, *to]
        flow.starts = self._starts[src, *to]
        flow.lasts = tuple(port for ports in flow.into.values() for port in ports)

    def _find(self, flow: Flow, came: Port) -> tuple[Port, ...]:
        """The ports that a packet may take after ``came``, kept for all flows to the same switches."""
        ways, options = self._ways[flow.to]
        options[came] = tuple(map(self.port, ways.after(came.link)))
        return options[came]

    def run(self) -> None:
        """Let the clock go on until nothing moves any more: all has arrived, or a deadlock has closed."""
        with collector_paused():  # what comes and goes here has no cycles
            self._run()
        for flow in self.flows:  # each port has carried what the flows that are bound to it have sent
            for port in flow.ports[: flow.fixed]:
                port.packets += flow.packets
                port.bytes += flow.bytes
            flow.packets, flow.bytes = 0, 0.0

    def _run(self) -> None:
        self.env.run()

    def send(self, flow: Flow, size: float, delay: float = 0.0) -> Message:
        """Hand ``size`` bytes to a flow, ``delay`` s from now. Returns the event of their receipt."""
        packets = self.settings.packets(size)
        message = Message(self.env, size, packets)
        flow.packets += packets
        flow.bytes += size + self.settings.header * packets
        self._hand_over(flow, message, delay)
        return message

    def _hand_over(self, flow: Flow, message: Message, delay: float) -> None:
        if delay > 0:
            self._schedule(self._posting, (flow, message), delay)
        else:
            self._take(flow, message)

    def _post(self, event: simpy.Event) -> None:
        self._take(*event._value)

    def _take(self, flow: Flow, message: Message) -> None:
        """A message joins those that its flow has to send."""
        flow.expected.append(message)
        flow.messages.append(message)
        if len(flow.messages) == 1 and not flow.stalled:
            self._queue(flow)

    def _queue(self, flow: Flow) -> None:
        """Let a flow stand in for the port on which its next packet sets out."""
        port = flow.first
        port.senders.append(flow)
        self._pull_soon(port)

    def _deal(self, flow: Flow) -> None:
        """Send a flow that has set a packet out by one of several ports on to the port of its next packet.

        That is the next in turn, or of ``shortest queue`` the one that is free first, in turn if several are.
        """
        starts, now, window = flow.starts, self.env._now, flow.window
        turn = (starts.index(flow.first) + 1) % len(starts)
        flow.first = starts[turn]
        if self._spread == "shortest queue":

            def free(port: Port) -> float:
                queue = len(port.senders) + len(port.waiting)
                return max(port.busy, now) + queue * port.slowness * self._full

            flow.first = min((*starts[turn:], *starts[:turn]), key=free)
        if flow.messages:
            at = now if window is None else self._allowed(flow, now)
            if at > max(flow.first.busy, now) + INSTANT:
                self._stall(flow, at)
            else:
                self._queue(flow)

    def _pull_soon(self, port: Port) -> None:
        if not port.pulling:
            port.pulling = True
            now = self.env.now
            port.turn.callbacks = self._pulling
            self.env.schedule(port.turn, delay=port.busy - now if port.busy > now else 0.0)

    def _schedule(self, callbacks: tuple, subject: object, delay: float) -> None:
        event = simpy.Event(self.env)
        event._ok, event._value = True, subject
        event.callbacks = callbacks
        self.env.schedule(event, delay=delay)

    def _pulled(self, turn: Turn) -> None:
        port: Port = turn.of
        port.pulling = False
        self._pull(port)

    def _pull(self, port: Port) -> None:
        """Let the next flow of a NIC send a packet, in turn."""
        if port.waiting:
            return  # when that packet leaves, the next one is pulled
        now = self.env._now
        senders = port.senders
        while senders:
            if self._ordered and len(senders) > 1:
                flow = min(senders, key=_order)  # of equals the first, whose turn it is
                senders.remove(flow)
            else:
                flow = senders.popleft()
            window = flow.window
            if window is not None:
                at = self._allowed(flow, now)
                if at > now + INSTANT:
                    self._stall(flow, at)
                    continue
                window.flying += 1
            packet = self._packet(flow)
            several = not flow.fixed and len(flow.starts) > 1
            if flow.messages and not several:
                senders.append(flow)
            if not flow.fixed:
                port.packets += 1
                port.bytes += packet.wire
            start = port.busy if port.busy > now else now
            returns = port.returns
            while returns and returns[0] <= start:
                returns.popleft()
                port.free += 1
            if window is not None:
                window.due = start + packet.wire * self._round_trip / (window.pace * self._full)
            if not port.free and port not in flow.lasts:
                packet.ready = now
                port.waiting.append(packet)
                port.note(now)
                if returns:
                    self._wait(port)
                if several:
                    self._deal(flow)
                return
            self._launch(packet, flow, port, now, start, now)
            if several:
                self._deal(flow)
            elif window is not None and flow.messages:
                # Spare the event that would only find that the flow may not send yet.
                at = window.due
                if window.flying >= window.size:
                    at = max(at, flow.arrivals[0][0]) if flow.arrivals else inf
                if at > port.busy + INSTANT:
                    senders.pop()
                    self._stall(flow, at)
            if senders:
                self._pull_soon(port)
            return

    def _allowed(self, flow: Flow, now: float) -> float:
        """When a flow with a window may send again; inf: with an acknowledgement that is not yet due."""
        window, arrivals = flow.window, flow.arrivals
        assert window is not None
        while arrivals and arrivals[0][0] <= now + INSTANT:
            window.acknowledged(arrivals.popleft()[1])
        if window.flying < window.size:
            return window.due
        return max(window.due, arrivals[0][0]) if arrivals else inf

    def _stall(self, flow: Flow, until: float) -> None:
        """Take a flow out of its NIC's turns."""
        flow.stalled = True
        if until < inf:
            flow.turn.callbacks = self._resuming
            self.env.schedule(flow.turn, delay=until - self.env.now)

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

    def _resume(self, turn: Turn) -> None:
        """A flow that had to wait for its pace or its window may be allowed to send."""
        flow: Flow = turn.of
        flow.stalled = False
        port = flow.first
        port.senders.append(flow)
        if not port.pulling:
            if port.busy <= self.env.now:
                self._pull(port)
            else:
                self._pull_soon(port)

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        """Settle the start of a packet that has all it needs."""
        raise NotImplementedError

    def _wait(self, port: Port) -> None:
        """See to it that the port looks again when its next slot is free."""
        raise NotImplementedError
