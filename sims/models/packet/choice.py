"""Which network moves the packets of a run: the one that its control needs, compiled if that is quicker."""

from __future__ import annotations

import simpy

from fabric import Fabric
from sims.models.kernel import at_hand
from sims.models.packet.hop_by_hop import HopByHop
from sims.models.packet.network import PacketNetwork
from sims.models.packet.routes import Latencies
from sims.models.packet.sending import Sending
from sims.models.packet.settings import HOP_BY_HOP, PacketSettings

__all__ = ["network_for"]

# Packets times links from which on the compiled network is the quicker one, the import of numba included.
_MANY = 300_000


def network_for(
    hops: float,
    env: simpy.Environment,
    fabric: Fabric,
    latencies: Latencies,
    settings: PacketSettings,
    *,
    round_trip: float = 0.0,
    spread: str = "",
    seed: int = 0,
) -> Sending:
    """A network, arguments as of Sending, for a run of ``hops`` packets times links. All flows have to be
    opened before it runs.

    Raises:
        ParameterError: a control that does not go with ``spread``.
    """
    given = (env, fabric, latencies, settings)
    if hops >= _MANY and at_hand():
        from sims.models.packet.compiled import CompiledNetwork

        return CompiledNetwork(*given, round_trip=round_trip, spread=spread, seed=seed)
    kind = HopByHop if settings.cc == HOP_BY_HOP else PacketNetwork
    return kind(*given, round_trip=round_trip, spread=spread, seed=seed)
