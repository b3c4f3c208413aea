"""HopByHop: a packet network that keeps flows apart, with a queue and credits for each at every port.

A port sends a packet of each flow in turn that has one there and a slot for it behind the link. So no packet
waits behind those of another flow for longer than its turn takes, and a flow that is slow further on fills
its own slots only, hop by hop, back to its NIC. Hahne, "Round-robin scheduling for max-min fairness in data
networks", IEEE Journal on Selected Areas in Communications 9 (1991), doi:10.1109/49.103550, proves what comes
of turns and a window on each link: the max-min fair rates, if windows suffice and each flow always has
something to send; first in, first out has no such property. Backpressure Flow Control (Goyal et al., NSDI
2022) does it in switches of today, with a few queues for the flows that are there at a time.
"""

from __future__ import annotations

from collections import deque
from heapq import heappush
from typing import Any

import simpy
from simpy.core import NORMAL

from sims.models.packet.network import PacketNetwork
from sims.models.packet.parts import Flow, Packet, Port
from sims.models.packet.sending import INSTANT

__all__ = ["HopByHop"]


class _Turns:
    """A port's flows in turn, and how many packets wait in its switch for it."""

    __slots__ = ("lanes", "waiting")

    def __init__(self) -> None:
        self.lanes: deque[_Lane] = deque()
        self.waiting = 0


class _Lane:
    """A flow at one port of its way.

    ``packets``: that have come to a switch and not left; ``free``: slots behind the link; ``returns``: times,
    ascending, at which more are known to be free again; ``standing``: whether it is among those that take
    turns; ``waking``: whether it is to look again when the next slot is free; ``held``: s, since when it has
    wanted a slot, -1 if it has not.
    """

    __slots__ = (
        "flow",
        "free",
        "held",
        "hop",
        "last",
        "packets",
        "port",
        "returns",
        "standing",
        "turns",
        "waking",
    )

    def __init__(self, flow: Flow, hop: int, port: Port, turns: _Turns) -> None:
        self.flow, self.hop, self.port, self.turns = flow, hop, port, turns
        self.last = hop + 1 == len(flow.ports)
        self.packets: deque[Packet] = deque()
        self.free = port.slots
        self.returns: deque[float] = deque()
        self.standing, self.waking = False, False
        self.held = -1.0


class HopByHop(PacketNetwork):
    """As PacketNetwork, with a buffer of ``Port.slots`` packets for each flow behind each link.

    A slot is given back as there: a cable's delay after the packet has left the switch. No circle of flows
    that wait for each other can close, as the slots that a flow waits for are held by itself, further on.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._lanes: dict[Flow, list[_Lane]] = {}
        self._turns: dict[Port, _Turns] = {}
        self._standing, self._returning = (self._stood,), (self._returned,)

    def open(self, links: list[int], order: int = 0, *, fixed: bool = False) -> Flow:  # type: ignore[override]
        flow = super().open(links, order, fixed=fixed)
        self._lanes[flow] = [
            _Lane(flow, hop, port, self._turns.setdefault(port, _Turns()))
            for hop, port in enumerate(flow.ports)
        ]
        return flow

    def _queue(self, flow: Flow) -> None:
        """A flow has something to send, and had nothing before."""
        self._stand(self._lanes[flow][0])

    def _stand(self, lane: _Lane) -> None:
        """Let a flow that has a packet at a port take turns there, once it has a slot for it."""
        now, returns = self.env._now, lane.returns
        while returns and returns[0] <= now + INSTANT:
            returns.popleft()
            lane.free += 1
        if lane.free or lane.last:
            lane.standing = True
            lane.turns.lanes.append(lane)
            self._pull_soon(lane.port)
            return
        if lane.held < 0:
            lane.held = now
        if returns:
            self._wake(lane)

    def _wake(self, lane: _Lane) -> None:
        if not lane.waking:
            lane.waking = True
            self._schedule(self._returning, lane, lane.returns[0] - self.env._now)

    def _returned(self, event: simpy.Event) -> None:
        """A slot is free for a flow that has waited for one."""
        lane: _Lane = event._value
        lane.waking = False
        self._stand(lane)

    def _reach(self, packet: Packet) -> None:
        """A packet has reached a switch."""
        came = packet.came
        line = came.line
        line.popleft()
        if line:
            following = line[0]
            heappush(self._events, (following.due, NORMAL, next(self._serial), following))
        packet.hop += 1
        lane = self._lanes[packet.flow][packet.hop]
        early = came.slowness - lane.port.slowness
        if early > 0 and not self._stored:
            # Its last byte must not leave before it has come.
            self._schedule(self._standing, (packet, lane), packet.wire * early)
        else:
            self._line_up(packet, lane)

    def _stood(self, event: simpy.Event) -> None:
        self._line_up(*event._value)

    def _line_up(self, packet: Packet, lane: _Lane) -> None:
        """A packet joins those of its flow at a port."""
        packet.ready = self.env._now
        lane.turns.waiting += 1
        lane.packets.append(packet)
        if len(lane.packets) == 1 and not lane.standing:
            self._stand(lane)

    def _pull(self, port: Port) -> None:
        """Let the flow whose turn it is send a packet."""
        turns, now = self._turns[port], self.env._now
        if not turns.lanes:
            return
        lane = self._next(turns.lanes)
        lane.standing = False
        if lane.hop:
            packet = lane.packets.popleft()
            if turns.waiting > 1 or now > packet.ready + INSTANT:
                port.deepest = max(port.deepest, turns.waiting)
            turns.waiting -= 1
        else:
            packet = self._packet(lane.flow)
            packet.ready = now if lane.held < 0 else lane.held
        if lane.held >= 0:
            port.paused += max(now - max(port.busy, lane.held), 0.0)
            lane.held = -1.0
        self._launch(packet, lane.flow, port, packet.ready, now, now)
        if lane.packets if lane.hop else lane.flow.messages:
            self._stand(lane)
        if turns.lanes:
            self._pull_soon(port)

    def _next(self, lanes: deque[_Lane]) -> _Lane:
        """Take out the flow whose turn it is: of those that begin here, one of least order."""
        if not self._ordered:
            return lanes.popleft()
        least = min((lane.flow.order for lane in lanes if not lane.hop), default=0)
        found = next(lane for lane in lanes if lane.hop or lane.flow.order == least)
        lanes.remove(found)
        return found

    def _launch(self, packet: Packet, flow: Flow, port: Port, ready: float, start: float, now: float) -> None:
        """A packet sets out, and what follows from that."""
        hop = packet.hop
        lanes = self._lanes[flow]
        lane = lanes[hop]
        serial = packet.wire * port.slowness
        end = start + serial
        port.waited += start - ready
        port.busy = end
        if hop:
            before = lanes[hop - 1]
            before.returns.append(end + before.port.delay)
            if before.held >= 0 and not before.standing:
                self._wake(before)
        else:
            self._leave(packet, start, end)
        if lane.last:
            self._deliver(packet, end + port.delay, now)
            return
        lane.free -= 1
        if lane.free < port.fullest:
            port.fullest = lane.free
        self._travel(packet, port, start + port.latency + (serial if self._stored else 0.0))
