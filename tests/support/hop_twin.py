"""A second network that keeps flows apart, slow and easy to read: a process for each flow at each port.

A line is a resource that is granted in the order of requests. A flow asks for it again as soon as it has been
granted, so flows take turns. Nothing is shared with the first but the settings.

Of what happens at one instant each network has an order of its own. With packets all alike such instants are
the rule (a slot comes back as the line is free), so the sizes of packets should be drawn.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from fabric import Fabric
from sims.models.packet.routes import Latencies
from sims.models.packet.settings import PacketSettings

Steps = Generator[Any, Any, None]


class HopTwin:
    """Runs to the end. ``payloads``: of each flow, bytes of its packets; ``starts``: s, when it begins.

    ``end``: s, of each flow; ``crossed``, ``arrived``: s, when every packet set out on each link, and when it
    had come to the switch before it, in order.
    """

    def __init__(
        self,
        fabric: Fabric,
        latencies: Latencies,
        settings: PacketSettings,
        paths: Sequence[list[int]],
        payloads: Sequence[Sequence[float]],
        starts: Sequence[float],
    ) -> None:
        self.env = env = simpy.Environment()
        self.fabric, self.latencies, self.settings, self.paths = fabric, latencies, settings, paths
        self.end = [0.0] * len(paths)
        self.lines = {link: simpy.Resource(env) for path in paths for link in path}
        self.crossed: dict[int, list[float]] = {link: [] for link in self.lines}
        self.arrived: dict[int, list[float]] = {link: [] for link in self.lines}
        self.queues = [[simpy.Store(env) for _ in path] for path in paths]
        self.slots = [[self.buffer(link) for link in path] for path in paths]
        for flow, path in enumerate(paths):
            env.process(self.begin(flow, payloads[flow], starts[flow]))
            for hop in range(len(path)):
                env.process(self.lane(flow, hop))
        env.run()

    def buffer(self, link: int) -> simpy.Container:
        loop = float(self.latencies.cable[link] + self.latencies.hop[link]) * float(
            self.fabric.capacity[link]
        )
        slots = self.settings.slots(loop / self.settings.packet)
        return simpy.Container(self.env, init=slots, capacity=slots)

    def begin(self, flow: int, payloads: Sequence[float], start: float) -> Steps:
        """All packets of a flow wait in its NIC: (bytes on the wire, whether it is the last)."""
        yield self.env.timeout(start)
        for number, payload in enumerate(payloads, 1):
            yield self.queues[flow][0].put((payload + self.settings.header, number == len(payloads)))

    def lane(self, flow: int, hop: int) -> Steps:
        path, env = self.paths[flow], self.env
        while True:
            wire, final = yield self.queues[flow][hop].get()
            if hop + 1 < len(path):
                yield self.slots[flow][hop].get(1)
            turn = self.lines[path[hop]].request()
            yield turn
            self.crossed[path[hop]].append(env.now)
            env.process(self.cross(flow, hop, wire, final, turn))

    def cross(self, flow: int, hop: int, wire: float, final: bool, turn: simpy.Event) -> Steps:
        path, env = self.paths[flow], self.env
        serial = wire / float(self.fabric.capacity[path[hop]])
        if hop + 1 < len(path):
            env.process(self.travel(flow, hop, wire, final, serial))
        yield env.timeout(serial)
        self.lines[path[hop]].release(turn)
        if hop:
            env.process(self.give_back(flow, hop - 1))
        if hop + 1 == len(path) and final:
            self.end[flow] = env.now + float(self.latencies.hop[path[hop]])

    def travel(self, flow: int, hop: int, wire: float, final: bool, serial: float) -> Steps:
        """To the next switch, which begins when it may: with the first byte, or when the last has come."""
        path = self.paths[flow]
        stored = self.settings.switching == "store-and-forward"
        following = wire / float(self.fabric.capacity[path[hop + 1]])
        behind = serial if stored else max(serial - following, 0.0)
        yield self.env.timeout(float(self.latencies.hop[path[hop]]) + behind)
        self.arrived[path[hop + 1]].append(self.env.now)
        yield self.queues[flow][hop + 1].put((wire, final))

    def give_back(self, flow: int, hop: int) -> Steps:
        yield self.env.timeout(float(self.latencies.cable[self.paths[flow][hop]]))
        yield self.slots[flow][hop].put(1)
