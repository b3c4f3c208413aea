"""Port, Flow, Message, Packet: what a packet network is made of. They hold state; the network moves it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import simpy

from sims.models.packet.control import Window

__all__ = ["Flow", "Message", "Packet", "Port", "Turn"]


class Port:
    """One link as the packet model sees it. All times in s, all counts in packets.

    A packet that stands in a switch waits in the queue of the port by which it will leave, first in, first
    out, and holds a slot of the buffer at the end of the link by which it came. So a switch is one shared
    memory with a share for every link into it, as in PFC and InfiniBand alike.

    ``slowness``: s a byte; ``latency``: cable and the switch that it leads into; ``delay``: the cable alone;
    ``busy``: until when what is already under way takes the line; ``free``: slots at the far end, as of the
    start of the last packet; ``returns``: times, ascending, at which more slots are known here to be free
    again; ``waiting``: packets that lack a slot, and those behind them; ``booked``: starts of queued packets
    that lack none; ``wake``: when the next slot is waited for; ``senders``: flows that begin here and may
    send.
    """

    __slots__ = (
        "booked",
        "busy",
        "bytes",
        "deepest",
        "delay",
        "free",
        "fullest",
        "latency",
        "line",
        "link",
        "load",
        "packets",
        "paused",
        "pulling",
        "returns",
        "senders",
        "slots",
        "slowness",
        "turn",
        "waited",
        "waiting",
        "wake",
    )

    def __init__(self, link: int, *, rate: float, delay: float, latency: float, slots: int) -> None:
        self.link = link
        self.slowness = 1.0 / rate
        self.delay, self.latency = delay, latency
        self.slots = self.free = self.fullest = slots
        self.busy = 0.0
        self.returns: deque[float] = deque()
        self.waiting: deque[Packet] = deque()
        self.booked: deque[float] = deque()
        self.wake = -1.0
        self.line: deque[Packet] = deque()
        self.senders: deque[Flow] = deque()
        self.turn = Turn(self)
        self.pulling = False  # its turn is scheduled
        # What was seen: packets and bytes sent, packet seconds of waiting, most packets waiting, fewest slots
        # left (``fullest``), seconds in which the line was idle for want of a slot.
        self.packets, self.bytes, self.waited, self.deepest, self.paused = 0, 0.0, 0.0, 0, 0.0
        # For control: recent use of the line, as a share that fades with the network's round trip.
        self.load = 0.0

    def note(self, now: float) -> None:
        """Note how many packets wait, if they are more than ever."""
        booked = self.booked
        while booked and booked[0] <= now:
            booked.popleft()
        self.deepest = max(self.deepest, len(booked) + len(self.waiting))


class Turn:
    """The event of a flow's or a port's next turn; scheduled again and again, never twice at a time.

    Of an event that it handles, SimPy's loop asks only for ``callbacks``, and whether it is ``_ok``.
    """

    __slots__ = ("callbacks", "of")
    _ok = True

    callbacks: Any

    def __init__(self, of: Any) -> None:
        self.of = of


class Message(simpy.Event):
    """Some bytes of a flow; the event of their receipt, with its time as value.

    ``unsent``: bytes that no packet has taken yet; ``unleft``: packets that have not set out; ``unreceived``:
    those that are not known to arrive. ``left``: the event of the last byte's leaving, if anybody waits.
    """

    def __init__(self, env: simpy.Environment, size: float, packets: int) -> None:
        super().__init__(env)
        self.size = self.unsent = size
        self.unleft = self.unreceived = packets
        self.left: simpy.Event | None = None


class Packet:
    """A packet under way; used again when it has arrived. It is its own event, of reaching the next switch.

    ``came``: the port by which it left the node before; ``ready``: when the next port may begin with it;
    ``use``: of the fullest port so far, for control.
    """

    __slots__ = (
        "callbacks",
        "came",
        "due",
        "flow",
        "hop",
        "message",
        "number",
        "ready",
        "sent",
        "use",
        "wire",
    )
    _ok = True

    callbacks: Any
    came: Port
    due: float
    flow: Flow
    hop: int
    message: Message
    number: int
    ready: float
    sent: float
    use: float
    wire: float


class Flow:
    """One queue pair: its ports from end to end, what it has to send, what has arrived.

    ``fixed``: hops whose port is given by ``ports``; after them a packet takes one of ``starts``, then any
    that ``ways`` lists by the port it came by, and where they list none, one of ``into`` by the switch that
    it has reached. Without ``ways`` all hops are fixed. ``first``: the port on which the next packet sets
    out; ``lasts``: those into the destination.
    ``order``: among the flows of its NIC, the lower the sooner.
    """

    __slots__ = (
        "arrivals",
        "back",
        "bytes",
        "expected",
        "first",
        "fixed",
        "highest",
        "into",
        "lasts",
        "messages",
        "number",
        "order",
        "packets",
        "ports",
        "stalled",
        "starts",
        "to",
        "turn",
        "ways",
        "window",
    )

    def __init__(self, ports: Sequence[Port], order: int = 0) -> None:
        self.ports, self.order = tuple(ports), order
        self.first = self.ports[0]
        self.starts, self.lasts = self.ports[:1], self.ports[-1:]
        self.fixed = len(self.ports)
        self.ways: dict[Port, tuple[Port, ...]] | None = None
        self.into: dict[int, tuple[Port, ...]] = {}
        self.to: tuple[int, ...] = ()  # the switches to which ``ways`` lead
        self.back = sum(port.latency for port in self.ports)  # of an acknowledgement, which waits nowhere
        self.messages: deque[Message] = deque()  # with bytes that have not left
        self.expected: deque[Message] = deque()  # not received
        self.number = 0  # of the next packet
        self.packets, self.bytes = 0, 0.0  # of all messages, headers included
        self.highest = -1  # number of a packet that has arrived
        self.window: Window | None = None
        self.arrivals: deque[tuple[float, float]] = deque()  # acknowledgements: when, and the packet's use
        self.turn = Turn(self)
        self.stalled = False  # not among its port's senders, though it has something to send
