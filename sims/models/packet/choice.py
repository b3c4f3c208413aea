"""Which network moves the packets of a run: the one that its control needs, compiled if that is quicker."""

from __future__ import annotations

from sims.models.kernel import at_hand
from sims.models.packet.hop_by_hop import HopByHop
from sims.models.packet.network import PacketNetwork
from sims.models.packet.sending import Sending
from sims.models.packet.settings import HOP_BY_HOP, PacketSettings

__all__ = ["network_kind", "pays_to_compile"]

# Packets times links from which on the compiled network is the quicker one, the import of numba included.
_MANY = 300_000


def pays_to_compile(hops: float) -> bool:
    """Whether ``hops`` packets times links are many, and numba is installed."""
    return hops >= _MANY and at_hand()


def network_kind(hops: float, settings: PacketSettings) -> type[Sending]:
    """The kind of network for a run of ``hops`` packets times links; each is made with the arguments of
    Sending. All flows have to be opened before it runs.
    """
    if pays_to_compile(hops):
        from sims.models.packet.compiled import CompiledNetwork

        return CompiledNetwork
    return HopByHop if settings.cc == HOP_BY_HOP else PacketNetwork
