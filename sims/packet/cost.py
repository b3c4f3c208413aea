"""What a run of the packet model costs, before it is begun. Knows no fabric."""

from __future__ import annotations

from fabric.errors import ParameterError
from sims.packet.settings import PacketSettings

__all__ = ["MOST_HOPS", "check_cost"]

MOST_HOPS = 200e6  # packets times links: about half an hour
_HOPS_PER_SECOND = 120e3  # of one core, about


def check_cost(hops: float, settings: PacketSettings) -> None:
    """Refuse a run of so many packet-hops (packets times links) that nobody would wait for it.

    Raises:
        ParameterError: more than MOST_HOPS.
    """
    if hops > MOST_HOPS:
        hours = hops / _HOPS_PER_SECOND / 3600
        rule = (
            f"needs about {hops:,.2g} packet-hops, {hours:,.2g} hours; at most {MOST_HOPS:,.0f} are run: ask "
            f"for fewer bytes or endpoints, a larger mtu than {settings.mtu:,} (coarser), or engine flow"
        )
        raise ParameterError("engine", "packet", rule)
