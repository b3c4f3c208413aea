"""A slow twin of ranks that do not wait: the packet model's ranks on a fluid network solved at every instant.

Who may send what is decided by sims.models.packet.collective, and rates by fabric.max_min for all flows under
way: nothing of the compiled clock and of its incremental rates is used.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Paths, max_min
from sims.models.fluid.program import Program
from sims.models.latency import transfer_latency
from sims.models.packet.collective import _Run


class _Flow:
    def __init__(self, links: list[int], weights: list[float], order: int) -> None:
        self.links, self.weights, self.order = links, weights, order
        self.queue: list[list[Any]] = []  # bytes left, event, latency of each message


class _Network:
    """``open`` and ``send`` as of PacketNetwork; of flows that leave by a link those of least order send."""

    def __init__(self, capacity: NDArray[np.float64], weights: list[list[float]]) -> None:
        self.env, self.capacity = simpy.Environment(), capacity
        self.flows: list[_Flow] = []
        self.weights = weights  # of the flows, in the order in which they will be opened
        self.since, self.sending, self.pending, self.epoch = 0.0, [], False, 0

    def open(self, links: list[int], order: int = 0) -> _Flow:
        self.flows.append(_Flow(links, self.weights[len(self.flows)], order))
        return self.flows[-1]

    def send(self, flow: _Flow, size: float, latency: float) -> simpy.Event:
        event = self.env.event()
        flow.queue.append([size, event, latency])
        self._soon()
        return event

    def _soon(self) -> None:
        if not self.pending:
            self.pending = True
            event = simpy.Event(self.env)
            event._ok, event._value = True, None
            event.callbacks.append(self._settle)
            self.env.schedule(event, priority=2)

    def _settle(self, _: simpy.Event) -> None:
        self.pending = False
        now = self.env.now
        for flow, rate in self.sending:
            message = flow.queue[0]
            message[0] -= rate * (now - self.since)
            if message[0] <= 1e-9 * rate * now:
                flow.queue.pop(0)
                _, event, latency = message
                self.env.timeout(latency).callbacks.append(lambda _, event=event: event.succeed())
        self.since = now
        least: dict[int, int] = {}
        for flow in self.flows:
            if flow.queue:
                least[flow.links[0]] = min(flow.order, least.get(flow.links[0], flow.order))
        going = [f for f in self.flows if f.queue and f.order == least[f.links[0]]]
        self.sending = []
        if going:
            paths = Paths(
                ptr=np.cumsum([0, *(len(f.links) for f in going)]),
                link=np.array([link for f in going for link in f.links], np.int32),
                weight=np.array([weight for f in going for weight in f.weights]),
            )
            rates = max_min(paths, self.capacity).tolist()
            self.sending = list(zip(going, rates))
            then = min(f.queue[0][0] / rate for f, rate in self.sending)
            self.epoch += 1
            epoch = self.epoch
            wake = self.env.timeout(max(then, 0.0))
            wake.callbacks.append(lambda _: self._soon() if epoch == self.epoch else None)


def twin_ends(program: Program, size: float) -> NDArray[np.float64]:
    """(ranks,) in s: what rank_ends gives, less the base."""
    paths = [stage.routed.expanded() for stage in program.stages]
    weights: list[list[float]] = []
    for part in paths:
        weight = np.ones(len(part.link)) if part.weight is None else part.weight
        rows = [weight[a:b].tolist() for a, b in zip(part.ptr[:-1], part.ptr[1:])]
        weights += rows * program.schedule.pipeline
    network = _Network(program.fabric.capacity, weights)

    def once(part: Paths) -> list[float]:
        stage = next(stage for stage, own in zip(program.stages, paths) if own is part)
        found: list[float] = transfer_latency(stage.routed, program.fabric, program.profile).tolist()
        return found

    stands_for: Any = SimpleNamespace(
        schedule=program.schedule,
        paths=paths,
        trees=[()] * len(program.stages),
        qps=program.qps,
        profile=program.profile,
        settings=SimpleNamespace(steps="receipt"),
        latencies=SimpleNamespace(once=once),
    )
    network_: Any = network
    run = _Run(stands_for, network_, size, program.latency_factor(size))
    network.env.run()
    assert run.open == 0
    return np.array(run.last)
