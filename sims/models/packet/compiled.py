"""CompiledNetwork: a packet network whose packets a compiled loop moves between two events of SimPy's clock.

What others schedule (messages handed over, received, and what they wait for) stays with SimPy; the events of
packets, ports and flows are on a heap of the loop. Both count in one series, so that all come in the order in
which PacketNetwork and HopByHop have them, and every result is the same to the last bit. Needs numba: without
it, this is far slower.
"""

from __future__ import annotations

from heapq import heappush
from itertools import count
from math import inf
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy.core import NORMAL

from sims.models.packet import records as r
from sims.models.packet.crossing import BIN
from sims.models.packet.loop import DRAWS, QUIET, ROOM, WAYS, run
from sims.models.packet.parts import Flow, Message, Packet, Port
from sims.models.packet.sending import Sending
from sims.models.packet.settings import HOP_BY_HOP

__all__ = ["CompiledNetwork"]

_PATIENCE = 500_000  # events at a time, a tenth of a second: between two a caller may be interrupted
_DRAWS = 1 << 14  # random numbers at a time
_ROOM = 1 << 10  # events, packets, times and messages to begin with


class CompiledNetwork(Sending):
    """As PacketNetwork or HopByHop. All flows are opened before the run; tallies are there when it ends."""

    net: r.Records

    def __init__(self, env: simpy.Environment, *args: Any, **given: Any) -> None:
        super().__init__(env, *args, **given)
        self._posts: list[tuple[Message, Flow, float, int]] = []  # handed over, when, the number of the event
        self._messages: list[Message | None] = []  # by their row
        self._unused: list[int] = []  # rows of messages that have been received
        self._rows: dict[Flow, int] = {}
        self._lists: dict[tuple[int, ...], int] = {}  # of links, the line of each
        self._members = 0

    def port(self, link: int) -> Port:
        new = link not in self.ports
        found = super().port(link)
        if new and self._rows:
            self._write(found)
        return found

    def _hand_over(self, flow: Flow, message: Message, delay: float) -> None:
        at = self.env.now + delay if delay > 0 else -1.0
        self._posts.append((message, flow, at, next(self.env._eid)))

    def _run(self) -> None:
        env = self.env
        self._lay_out()
        self._move()
        while env._queue:
            env.step()
            if self._posts or not env._queue or not self._is_next(*env._queue[0]):
                self._move()
        self._read_back()

    def _is_next(self, at: float, _: int, serial: int, __: object) -> bool:
        """Whether an event of the clock comes before all of the loop's."""
        first = self.net.heap[0]
        return not self.net.state["heap"].item() or (at, serial) < (first["at"], first["serial"])

    def _move(self) -> None:
        """Let the loop go on until the next event of the clock."""
        env, state = self.env, self.net.state
        posts = np.array([self._row(*post) for post in self._posts], np.int64)
        self._posts.clear()
        while self.net.state["heap"].item() + 2 * len(posts) + 2 > len(self.net.heap):
            self._widen("heap")
        if len(posts):
            state["now"] = env._now
        state["serial"] = next(env._eid)
        ended = -1
        while ended != QUIET:
            at, _, serial, _ = env._queue[0] if env._queue else (inf, 0, 0, None)
            ended = run(self.net, posts, at, serial)
            posts = posts[:0]
            self.received = state["received"].item()  # for who asks how far it is
            self._settle()
            if ended == ROOM:
                for name, used in (("heap", "heap"), ("times", "used_times"), ("packets", "used_packets")):
                    if state[used].item() + state["need"].item() > len(getattr(self.net, name)):
                        self._widen(name)
            elif ended == DRAWS:
                state["drawn"] = 0
                self.net.draws[:] = [self._random() for _ in range(_DRAWS)]
            elif ended == WAYS:
                self._look(state["flow"].item(), state["came"].item())
        env._eid = count(state["serial"].item())

    def _row(self, message: Message, flow: Flow, at: float, serial: int) -> int:
        """Write a message that has been handed over."""
        if self._unused:
            row = self._unused.pop()
            self._messages[row] = message
        else:
            row = len(self._messages)
            self._messages.append(message)
            if row == len(self.net.messages):
                self._widen("messages")
        self.net.messages[row] = (message.unsent, 0.0, at, serial, self._rows[flow], message.unreceived, -1)
        return row

    def _settle(self) -> None:
        """Tell the clock of the messages whose receipt has been settled."""
        row = self.net.state["done"].item()
        while row >= 0:
            message, settled = self._messages[row], self.net.messages[row]
            assert message is not None
            message.unsent, message.unreceived = 0.0, 0
            message._ok, message._value = True, float(settled["value"])
            heappush(self.env._queue, (float(settled["at"]), NORMAL, int(settled["serial"]), message))
            self._messages[row] = None
            self._unused.append(row)
            row = settled["next"].item()
        self.net.state["done"] = -1

    def _look(self, row: int, came: int) -> None:
        """Find the ports that a packet of a flow may take behind a link."""
        flow = self.flows[row]
        options = self._find(flow, self.ports[came])
        self.net.ways[self.net.flows["to"][row], came] = self._list(options)

    def _list(self, ports: tuple[Port, ...]) -> int:
        """The line of a list of ports."""
        links = tuple(port.link for port in ports)
        if links not in self._lists:
            line = self._lists[links] = len(self._lists)
            if line == len(self.net.lists):
                self._widen("lists")
            while self._members + len(links) > len(self.net.members):
                self._widen("members")
            self.net.lists[line] = self._members, len(links)
            self.net.members[self._members : self._members + len(links)] = links
            self._members += len(links)
        return self._lists[links]

    def _widen(self, name: str) -> None:
        old: NDArray[Any] = getattr(self.net, name)
        new = np.zeros((2 * len(old), *old.shape[1:]), old.dtype)
        new[: len(old)] = old
        self.net = self.net._replace(**{name: new})

    # --- into the records and out of them -------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Put what stands in objects into records, before anything has moved."""
        links, flows, settings = self.fabric.n_links, len(self.flows), self.settings
        state = np.zeros(1, r.STATE)
        given = {
            "trip": self._round_trip,
            "mtu": settings.mtu,
            "header": settings.header,
            "full": settings.packet,
            "stored": settings.switching == "store-and-forward",
            "ordered": self._ordered,
            "shortest": self._spread == "shortest queue",
            "patience": _PATIENCE,
            "apart": settings.cc == HOP_BY_HOP,
            "lanes": r.KINDS * links + flows,
        }
        for name, value in {**given, "spare_packet": -1, "spare_time": -1, "done": -1}.items():
            state[name] = value
        path = np.array([port.link for flow in self.flows for port in flow.ports], np.int64)
        lanes = len(path) if settings.cc == HOP_BY_HOP else 0
        queues = np.zeros(r.KINDS * links + flows + 2 * lanes, r.QUEUE)
        queues["head"] = queues["tail"] = -1
        self.net = r.Records(
            ports=np.zeros(links, r.PORT),
            flows=np.zeros(flows, r.FLOW),
            lanes=np.zeros(lanes, r.LANE),
            messages=np.zeros(_ROOM, r.MESSAGE),
            packets=np.zeros(_ROOM, r.PACKET),
            times=np.zeros(_ROOM, r.TIME),
            queues=queues,
            heap=np.zeros(_ROOM, r.HEAP),
            state=state,
            path=path,
            lists=np.zeros((_ROOM, 2), np.int64),
            members=np.zeros(_ROOM, np.int64),
            ways=np.full((len(self._ways), links), -1, np.int32),
            into=np.zeros((0, 2), np.int64),
            draws=np.array([self._random() for _ in range(_DRAWS)]),
            bins=np.zeros(2 * BIN, np.int64),
        )
        for port in self.ports.values():
            self._write(port)
        self._write_flows()

    def _write(self, port: Port) -> None:
        node = int(self.fabric.link_dst[port.link])
        reals = (port.slowness, port.delay, port.latency, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0)
        self.net.ports[port.link] = (*reals, node, port.free, port.fullest, 0, 0, 0, 0)

    def _write_flows(self) -> None:
        numbers = {to: number for number, to in enumerate(self._ways)}
        entries: dict[tuple[Any, ...], int] = {}  # where the lists into a destination begin
        into: list[tuple[int, int]] = []
        path = 0
        for row, flow in enumerate(self.flows):
            self._rows[flow] = row
            key = tuple(flow.into.items())
            if key not in entries:
                entries[key] = len(into)
                into += [(node, self._list(ports)) for node, ports in key]
            size = 0.0 if flow.window is None else flow.window.size
            dst = int(self.fabric.link_dst[flow.ports[-1].link])
            lists = (numbers.get(flow.to, 0), self._list(flow.starts), entries[key])
            self.net.flows[row] = (
                *(flow.back, size, size, size, 0.0, dst, path, flow.fixed, flow.first.link, flow.order),
                *(*lists, flow.window is not None, 0, 0, -1, 0, -1, -1, -1, -1, -1),
            )
            if len(self.net.lanes):
                for hop, port in enumerate(flow.ports):
                    last = hop + 1 == len(flow.ports)
                    self.net.lanes[path + hop] = (-1.0, row, hop, port.link, port.slots, last, 0, 0, -1, -1)
            path += len(flow.ports)
        self.net = self.net._replace(into=np.array(into, np.int64).reshape(-1, 2))

    def _read_back(self) -> None:
        """Put what has been seen into the objects that PacketNetwork has it in."""
        net = self.net
        links = list(self.ports)
        for name in ("busy", "bytes", "waited", "paused", "load", "free", "fullest", "deepest", "packets"):
            for port, value in zip(self.ports.values(), net.ports[name][links].tolist()):
                setattr(port, name, value)
        for port in self.ports.values():
            number = net.queues["head"][r.KINDS * port.link + r.WAITING].item()
            while number >= 0:  # for ever: a deadlock
                packet = Packet()
                packet.hop, packet.came = (
                    int(net.packets["hop"][number]),
                    self.ports[net.packets["came"][number]],
                )
                port.waiting.append(packet)
                number = net.packets["next"][number].item()
        seen = {name: net.state[name].item() for name in r.STATE.names or ()}
        self.delivered, self.disordered, self.hops = seen["delivered"], seen["disordered"], seen["hops"]
        self.received = seen["received"]
        heights = np.flatnonzero(net.bins)
        self.latencies.counts = dict(zip((heights - BIN).tolist(), net.bins[heights].tolist()))
        self.latencies.number, self.latencies.total = seen["delivered"], seen["total"]
        self.latencies.worst = seen["worst"]
        self.env._now = max(self.env._now, seen["now"])
