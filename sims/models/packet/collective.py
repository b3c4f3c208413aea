"""A collective packet by packet: every message is sent when what it carries has been received.

A *step* is one message of a transfer. Rings and pipelines go on step by step: the next one of a ring is sent
when that of the rank before has come, a segment when it has come from below (or above). A rank enters the
next phase when it has received all that the phase has for it; what it still has to send of that phase stays
before it in the same queue pair, and shares the NIC with it otherwise. (With ``steps=barrier`` nobody enters
a phase before everybody may, as in the fluid model.) With ``pipeline`` slices, a slice enters a phase on a
rank when it has left the phase before it there. NICs send what belongs to a slice ahead first, so that a
slice follows the one ahead as soon as that has been sent, and where it waits for latency, in its gaps.
Switches that add up and spread are sims.models.packet.trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.machine.collector import collector_paused
from fabric.machine.under_way import under_way
from fabric.routing.policies import Policy
from sims.models.fluid.patience import Wait
from sims.models.fluid.rank_steps import messages
from sims.models.fluid.stage import routed_phase
from sims.models.latency import derated
from sims.models.packet.choice import network_kind
from sims.models.packet.cost import check_cost, packets_wait
from sims.models.packet.deadlock import DeadlockError, circle
from sims.models.packet.parts import Flow
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.sending import Sending
from sims.models.packet.settings import PacketSettings
from sims.models.packet.summary import summary
from sims.models.packet.transfer import Transfer, needed
from sims.models.packet.trees import Climb, Tree, slowed, trees_of
from sims.models.profiles import LatencyProfile
from sims.workload.schedule import REDUCE, Phase, Schedule

__all__ = ["PacketProgram", "check_schedule"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PacketProgram:
    """A schedule laid onto a fabric for the packet model; serves every message size.

    ``paths``: of each phase, all transfers of the first queue pair before those of the second; ``qps``: queue
    pairs of a transfer. Of a switched phase ``trees``, and as ``paths`` the ways of ranks over them.
    """

    fabric: Fabric
    schedule: Schedule
    paths: tuple[Paths, ...]
    trees: tuple[tuple[Tree, ...], ...]
    qps: int
    latencies: Latencies
    profile: LatencyProfile
    settings: PacketSettings
    spread: str
    seed: int

    @classmethod
    def compile(
        cls,
        schedule: Schedule,
        fabric: Fabric,
        placement: NDArray[np.int64],
        policy: Policy,
        profile: LatencyProfile,
        settings: PacketSettings,
        seed: int = 0,
    ) -> PacketProgram:
        """Route every phase. ``placement``: (ranks,), the endpoint of each rank.

        Raises:
            NoRouteError: two endpoints of the schedule have no path.
            ParameterError: a policy that the packet model does not know.
        """
        by, fabric = single_path(policy, seed), derated(fabric, profile)
        paths, trees = [], []
        for phase in schedule.phases:
            trees.append(tuple(trees_of(phase, fabric, placement)) if phase.kind == "switched" else ())
            ways = [way for tree in trees[-1] for _, way in tree.givers.values()]
            paths.append(Paths.stack(ways) if ways else routed_phase(phase, fabric, placement, by))
        return cls(
            fabric=slowed(fabric, schedule.phases, trees, settings.goodput),
            schedule=schedule,
            paths=tuple(paths),
            trees=tuple(trees),
            qps=by.qps,
            latencies=Latencies.of(fabric, profile),
            profile=profile,
            settings=settings,
            spread=policy.packets or "",
            seed=seed,
        )

    def hops(self, size: float) -> float:
        """Packets times links of a run of ``size`` bytes."""
        packets = _packets(self.schedule, size, self.qps, self.settings)
        return sum(links * each for links, each in zip(self._links(), packets))

    def _links(self) -> Iterator[float]:
        """For each phase, the links that its transfers cross; of trees each once, as a share of the bytes."""
        for paths, trees in zip(self.paths, self.trees):
            if trees:
                yield sum((len(tree.up) + len(tree.down)) * tree.share for tree in trees)
            else:
                yield float(paths.length.sum())

    def payload(self, size: float) -> float:
        """Bytes that are received in a run of ``size`` bytes, by all; of trees, link by link."""
        total, pipeline = 0.0, self.schedule.pipeline
        for phase, trees in zip(self.schedule.phases, self.trees):
            steps, amount, rest = messages(phase, size / pipeline, self.schedule.chunks)
            links = sum((len(tree.up) + len(tree.down)) * tree.share for tree in trees)
            weight = len(phase) if phase.weight is None else float(phase.weight.sum())
            total += pipeline * (links * amount if trees else weight * (amount * (steps - 1) + rest))
        return total

    @property
    def _flows(self) -> int:
        return sum(map(len, self.paths)) * self.schedule.pipeline

    def check(self, size: float) -> None:
        """Raise ParameterError where ``size`` bytes are too many packets for this model."""
        check_cost(self.hops(size), self._flows, self.settings)

    def wait(self, size: float) -> Wait:
        """How long a run of ``size`` bytes takes."""
        return packets_wait(self.hops(size), self._flows, self.settings)

    def run(self, size: float, *, factor: float = 1.0) -> tuple[float, dict[str, dict[str, float]]]:
        """Seconds from start to the last receipt, and what the network saw; the rest as of ``received``."""
        ends, seen = self.received(size, factor=factor)
        return float(ends.max()), seen

    def received(
        self, size: float, *, factor: float
    ) -> tuple[NDArray[np.float64], dict[str, dict[str, float]]]:
        """(ranks,): s from start to the last receipt of each rank, and what the network saw
        (sims.models.packet.summary).

        ``factor``: what the latency of messages is multiplied by (fluid.program.Program.latency_factor).

        Raises:
            ParameterError: too many packets for this model.
            DeadlockError: back-pressure has closed a circle (never on a graph with tiers).
        """
        self.check(size)
        env = simpy.Environment()
        network = network_kind(self.hops(size), self.settings)(
            env,
            self.fabric,
            self.latencies,
            self.settings,
            round_trip=self.latencies.round_trip(self.paths, self.settings.packet),
            spread=self.spread,
            seed=self.seed,
        )
        with collector_paused():  # once for both: a pause ends with a collection
            run = _Run(self, network, size, factor)
            with under_way(lambda: network.received, max(self.payload(size), 1.0)):
                network.run()
        if run.open:
            raise DeadlockError(circle(self.fabric, network.ports.values()), run.open, env.now)
        return run.last, summary(network, float(run.last.max()))


def check_schedule(schedule: Schedule, size: float, policy: Policy, settings: PacketSettings) -> None:
    """Raise as ``check_cost`` where ``size`` bytes are too many packets even if each takes one link."""
    qps = single_path(policy).qps
    flows = [qps * len(phase) for phase in schedule.phases]
    hops = sum(count * each for count, each in zip(flows, _packets(schedule, size, qps, settings)))
    check_cost(hops, sum(flows) * schedule.pipeline, settings)


def _packets(schedule: Schedule, size: float, qps: int, settings: PacketSettings) -> Iterator[float]:
    """For each phase, the packets of a queue pair of a transfer, over all steps and slices."""
    for phase in schedule.phases:
        steps, amount, rest = messages(phase, size / schedule.pipeline, schedule.chunks)
        each = settings.packets(amount / qps) * (steps - 1) + settings.packets(rest / qps)
        yield each * schedule.pipeline


class _Run:
    """One run: the transfers of every slice and phase, and where each rank stands.

    ``open``: transfers that have not been received whole; ``last``: (ranks,) s, of the last receipt of each.
    """

    def __init__(self, program: PacketProgram, network: Sending, size: float, factor: float) -> None:
        schedule = program.schedule
        self.network, self.env = network, network.env
        self.slices, self.phases, self.ranks = schedule.pipeline, len(schedule.phases), schedule.n
        self.barrier = program.settings.steps == "barrier"
        places = 1 if self.barrier else self.ranks
        self.last, self.open = np.zeros(self.ranks), 0
        self.adding = program.profile.adding(size)
        self.busy = [0.0] * self.ranks  # s: until when each rank adds what has come
        self.amounts: list[tuple[float, float]] = []  # of a message, and of the last one
        # By slice and phase: per place, transfers to be received before it may leave; those that it sends.
        self.missing = [[[0] * places for _ in range(self.phases)] for _ in range(self.slices)]
        self.sending: list[list[list[list[Transfer]]]] = [
            [[[] for _ in range(places)] for _ in range(self.phases)] for _ in range(self.slices)
        ]
        # What a place begins when it enters a phase, of trees.
        self.starting: list[list[list[list[Callable[[], None]]]]] = [
            [[[] for _ in range(places)] for _ in range(self.phases)] for _ in range(self.slices)
        ]
        self.at = [[-1] * places for _ in range(self.slices)]  # the phase that each place is in
        for number, (phase, paths, trees) in enumerate(zip(schedule.phases, program.paths, program.trees)):
            steps, amount, rest = messages(phase, size / self.slices, schedule.chunks)
            self.amounts.append((amount / program.qps, rest / program.qps))
            for lane in range(self.slices):
                agreeing = program.profile.agreeing(amount)
                if trees:
                    self._plant(lane, number, trees, program.latencies, amount, factor, agreeing)
                    continue
                flows = self._opened(paths, program, factor, lane, agreeing)
                self._add(lane, number, phase, flows, steps, program.qps)
        for lane in range(self.slices):
            for place in range(places):
                self._advance(lane, place)

    def _plant(
        self,
        lane: int,
        number: int,
        trees: Sequence[Tree],
        latencies: Latencies,
        amount: float,
        factor: float,
        agreeing: float,
    ) -> None:
        """The trees of a switched phase, for one slice."""
        cell = lane * self.phases + number
        for tree in trees:
            done = partial(self._arrived, cell)
            on = self.network, latencies, amount, lane
            climb = Climb(tree, *on, factor=factor, extra=agreeing, done=done)
            for link, (rank, _) in tree.givers.items():
                self.starting[lane][number][self._place(rank)].append(partial(climb.give, link))
            for rank in tree.takers.values():
                self.missing[lane][number][self._place(rank)] += 1
            self.open += len(tree.takers)

    def _opened(
        self, paths: Paths, program: PacketProgram, factor: float, lane: int, agreeing: float
    ) -> list[tuple[Flow, float]]:
        """A flow of one slice for each path, and what each of its messages waits first."""
        ptr, link = paths.ptr.tolist(), paths.link.tolist()
        once = program.latencies.once(paths)
        return [
            (self.network.open(link[ptr[i] : ptr[i + 1]], order=lane), once[i] * factor + agreeing)
            for i in range(len(paths))
        ]

    def _add(
        self, lane: int, number: int, phase: Phase, flows: list[tuple[Flow, float]], steps: int, qps: int
    ) -> None:
        count = len(phase)
        lag = 1 if phase.kind == "ring" else 0
        cell = lane * self.phases + number
        reduces = np.broadcast_to(np.asarray(phase.op) == REDUCE, count).tolist()
        weights = [1.0] * count if phase.weight is None else phase.weight.tolist()
        until = steps if phase.copy_from is None else phase.copy_from
        transfers = [
            Transfer(
                *(cell, flows[i::count], dst, steps, lag),
                reduces=until if reduces[i] else 0,
                weight=weights[i],
            )
            for i, dst in enumerate(phase.dst.tolist())
        ]
        assert all(len(transfer.flows) == qps for transfer in transfers)
        for transfer, src in zip(transfers, phase.src.tolist()):
            self.sending[lane][number][self._place(src)].append(transfer)
            self.missing[lane][number][self._place(transfer.dst)] += 1
        self.open += count
        for i, others in enumerate(needed(phase)):
            for j in others:
                transfers[i].before.append(transfers[j])
                transfers[j].after.append(transfers[i])

    def _place(self, rank: int) -> int:
        return 0 if self.barrier else rank

    def _advance(self, lane: int, place: int) -> None:
        """Move a slice on to the next phases at one place, as far as it may go."""
        at, missing = self.at[lane], self.missing[lane]
        while at[place] < self.phases:
            here = at[place]
            if here >= 0 and missing[here][place]:
                return
            at[place] = here + 1
            if here + 1 < self.phases:
                for transfer in self.sending[lane][here + 1][place]:
                    transfer.open = True
                    self._post(transfer)
                for begin in self.starting[lane][here + 1][place]:
                    begin()

    def _post(self, transfer: Transfer) -> None:
        """Send every step that may be sent."""
        ready = transfer.ready
        while transfer.posted < ready:
            transfer.posted += 1
            size = self._bytes(transfer, transfer.posted)
            for number, (flow, overhead) in enumerate(transfer.flows):
                message = self.network.send(flow, size, overhead)
                message.callbacks.append(partial(self._receive, transfer, number))

    def _bytes(self, transfer: Transfer, number: int) -> float:
        """Of what one queue pair sends of message ``number``, from 1."""
        return self.amounts[transfer.cell % self.phases][number == transfer.steps] * transfer.weight

    def _receive(self, transfer: Transfer, number: int, _: simpy.Event) -> None:
        transfer.got[number] += 1
        arrived = min(transfer.got)
        if arrived == transfer.arrived:
            return
        transfer.arrived = arrived
        rank, now = transfer.dst, self.env.now
        if self.adding and arrived <= transfer.reduces:
            amount = self._bytes(transfer, arrived) * len(transfer.flows)
            self.busy[rank] = max(self.busy[rank], now) + self.adding * amount
        if self.busy[rank] <= now:
            self._received(transfer)
        else:  # one after another, so that what is only copied waits too
            self.env.timeout(self.busy[rank] - now).callbacks.append(lambda _: self._received(transfer))

    def _received(self, transfer: Transfer) -> None:
        """One more message of a transfer is there, and added where it must be."""
        transfer.received += 1
        received = transfer.received
        for other in transfer.after:
            self._post(other)
        if received == transfer.steps:
            self._arrived(transfer.cell, transfer.dst)

    def _arrived(self, cell: int, rank: int) -> None:
        """All of a transfer, or of a tree, has come to a rank."""
        self.open -= 1
        self.last[rank] = self.env.now
        (lane, phase), place = divmod(cell, self.phases), self._place(rank)
        self.missing[lane][phase][place] -= 1
        if not self.missing[lane][phase][place]:
            self._advance(lane, place)
