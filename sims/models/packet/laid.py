"""Laid: pairs of endpoints on a fabric for the packet model, and what their packets cost. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import simpy
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.routing.policies import Policy
from sims.models.fluid.patience import Wait
from sims.models.latency import derated
from sims.models.packet.choice import network_kind
from sims.models.packet.cost import check_cost, packets_wait
from sims.models.packet.routes import Latencies, single_path
from sims.models.packet.sending import Sending
from sims.models.packet.settings import PacketSettings
from sims.models.profiles import LatencyProfile

__all__ = ["Laid"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """Each pair on the paths of the packet model.

    ``parts``: the paths of each queue pair of a pair of endpoints; ``packets``: (pairs,), of one queue pair
    of each; ``seed`` draws the ways of sprayed packets; ``compiled``: by the compiled network, where that is
    quicker.
    """

    fabric: Fabric
    latencies: Latencies
    settings: PacketSettings
    parts: tuple[Paths, ...]
    packets: NDArray[np.float64]
    spread: str
    seed: int
    compiled: bool

    @classmethod
    def of(
        cls,
        fabric: Fabric,
        ends: tuple[NDArray[np.int64], NDArray[np.int64]],
        packets: NDArray[np.float64],
        policy: Policy,
        profile: LatencyProfile,
        settings: PacketSettings,
        seed: int,
        *,
        compiled: bool = True,
    ) -> Laid:
        """``ends``: sources and destinations, (pairs,) each.

        Raises:
            NoRouteError: a pair has no path.
            ParameterError: too many packets for this model, or a policy that it does not know.
        """
        by = single_path(policy, seed)
        on, least = derated(fabric, profile), float(packets.sum()) * by.qps  # each on one link at least
        check_cost(least, by.qps * len(packets), settings, compiled=compiled)
        return cls(
            fabric=on,
            latencies=Latencies.of(on, profile),
            settings=settings,
            parts=tuple(route(on, *ends, by, qp=qp) for qp in range(by.qps)),
            packets=packets,
            spread=policy.packets or "",
            seed=seed,
            compiled=compiled,
        )

    @cached_property
    def _cost(self) -> tuple[float, int, PacketSettings]:
        hops = sum(float(self.packets @ part.length) for part in self.parts)
        return hops, len(self.parts) * len(self.packets), self.settings

    @property
    def wait(self) -> Wait:
        """How long they take."""
        return packets_wait(*self._cost, compiled=self.compiled)

    def network(self, env: simpy.Environment) -> Sending:
        """What sends them on the clock of ``env``. Raises ParameterError where they are too many."""
        check_cost(*self._cost, compiled=self.compiled)
        trip = self.latencies.round_trip(self.parts, self.settings.packet) if len(self.packets) else 0.0
        kind = network_kind(self._cost[0] if self.compiled else 0.0, self.settings)
        how = env, self.fabric, self.latencies, self.settings
        return kind(*how, round_trip=trip, spread=self.spread, seed=self.seed)

    def carried(self, network: Sending) -> NDArray[np.float64]:
        """(links,): the bytes that each has carried."""
        found = np.zeros(self.fabric.n_links)
        for port in network.ports.values():
            found[port.link] = port.bytes
        return found
