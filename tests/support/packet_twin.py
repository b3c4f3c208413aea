"""A second packet network, slow and easy to read: a process for every port and NIC, a Store for every queue.

It shares nothing with the first but the settings, and should agree with it to rounding.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from fabric import Fabric
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import PacketSettings


@dataclass(eq=False)
class Parcel:
    flow: int
    path: list[int]
    wire: float
    last_of_flow: bool
    hop: int = 0
    ready: float = 0.0


@dataclass(eq=False)
class Line:
    """One link: packets that wait for it, slots behind it, and when it was used by what."""

    queue: simpy.Store
    slots: simpy.Container
    starts: list[float] = field(default_factory=list)
    most_held: float = 0.0


class Twin:
    def __init__(
        self,
        fabric: Fabric,
        latencies: Latencies,
        settings: PacketSettings,
        paths: Sequence[list[int]],
        sizes: Sequence[float],
        starts: Sequence[float],
    ) -> None:
        self.env = simpy.Environment()
        self.fabric, self.latencies, self.settings = fabric, latencies, settings
        self.end: dict[int, float] = {}
        self.lines: dict[int, Line] = {}
        for link in sorted({link for path in paths for link in path}):
            loop = float(latencies.cable[link] + latencies.hop[link]) * float(fabric.capacity[link])
            slots = settings.slots(loop / settings.packet)
            env = self.env
            self.lines[link] = Line(simpy.Store(env), simpy.Container(env, init=slots, capacity=slots))
        first: dict[int, list[int]] = {}
        for flow, path in enumerate(paths):
            first.setdefault(path[0], []).append(flow)
        for link, line in self.lines.items():
            if link in first:
                turns = [(flow, paths[flow], sizes[flow], starts[flow]) for flow in first[link]]
                self.env.process(self.nic(link, turns))
            else:
                self.env.process(self.port(line, link))
        self.env.run()

    def nic(self, link: int, flows: list[tuple[int, list[int], float, float]]) -> Generator[Any, Any, None]:
        """Flows that have begun send a packet each in turn; a new one takes the last place."""
        turns = simpy.Store(self.env)
        for flow, path, size, start in flows:
            self.env.process(self.begin(turns, start, [flow, path, size]))
        left = len(flows)
        while left:
            turn = yield turns.get()
            payload = min(turn[2], self.settings.mtu)
            turn[2] -= payload
            if turn[2] > 0:
                yield turns.put(turn)
            else:
                left -= 1
            parcel = Parcel(turn[0], turn[1], payload + self.settings.header, turn[2] <= 0)
            yield self.env.process(self.cross(self.lines[link], link, parcel))

    def begin(self, turns: simpy.Store, start: float, turn: list[Any]) -> Generator[Any, Any, None]:
        yield self.env.timeout(start)
        yield turns.put(turn)

    def port(self, line: Line, link: int) -> Generator[Any, Any, None]:
        while True:
            parcel = yield line.queue.get()
            yield self.env.process(self.cross(line, link, parcel))

    def cross(self, line: Line, link: int, parcel: Parcel) -> Generator[Any, Any, None]:
        """One packet over one link; ends when the line is free again."""
        env = self.env
        if parcel.ready > env.now:
            yield env.timeout(parcel.ready - env.now)
        last = parcel.hop + 1 == len(parcel.path)
        if not last:
            yield line.slots.get(1)
        line.starts.append(env.now)
        line.most_held = max(line.most_held, line.slots.capacity - line.slots.level)
        serial = parcel.wire / float(self.fabric.capacity[link])
        if not last:
            env.process(self.travel(link, parcel, serial))
        came = parcel.path[parcel.hop - 1] if parcel.hop else None
        yield env.timeout(serial)
        if came is not None:
            env.process(self.give_back(came))
        if last and parcel.last_of_flow:
            self.end[parcel.flow] = env.now + float(self.latencies.hop[link])

    def travel(self, link: int, parcel: Parcel, serial: float) -> Generator[Any, Any, None]:
        stored = self.settings.switching == "store-and-forward"
        yield self.env.timeout(float(self.latencies.hop[link]) + (serial if stored else 0.0))
        parcel.hop += 1
        following = parcel.path[parcel.hop]
        faster = serial - parcel.wire / float(self.fabric.capacity[following])
        parcel.ready = self.env.now + (max(faster, 0.0) if not stored else 0.0)
        yield self.lines[following].queue.put(parcel)

    def give_back(self, link: int) -> Generator[Any, Any, None]:
        yield self.env.timeout(float(self.latencies.cable[link]))
        yield self.lines[link].slots.put(1)
