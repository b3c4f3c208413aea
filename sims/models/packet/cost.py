"""What a run of the packet model costs, before it is begun. Runs nothing."""

from __future__ import annotations

from fabric.words.errors import ParameterError, TooLargeError
from sims.models.packet.settings import PacketSettings
from topologies.parts.memory import available_memory

__all__ = ["MOST_HOPS", "check_cost"]

MOST_HOPS = 200e6  # packets times links: about half an hour
_HOPS_PER_SECOND = 120e3  # of one core, about
_PER_FLOW = 6_000  # bytes of a flow and its transfer, measured; a link's port takes about as much


def check_cost(hops: float, flows: int, settings: PacketSettings) -> None:
    """Refuse a run that nobody would wait for, or that would not fit in memory.

    Args:
        hops: packets times links.
        flows: queue pairs of all transfers.

    Raises:
        ParameterError: more than MOST_HOPS.
        TooLargeError: too many flows for the memory there is.
    """
    needed, available = _PER_FLOW * flows, available_memory()
    if needed > available:
        raise TooLargeError(f"engine packet: {flows:,} flows", needed, available)
    if hops > MOST_HOPS:
        hours = hops / _HOPS_PER_SECOND / 3600
        rule = (
            f"needs about {hops:,.2g} packet-hops, {hours:,.2g} hours; at most {MOST_HOPS:,.0f} are run: ask "
            f"for fewer bytes or endpoints, a larger mtu than {settings.mtu:,} (coarser), or engine flow"
        )
        raise ParameterError("engine", "packet", rule)
