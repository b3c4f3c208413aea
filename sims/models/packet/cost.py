"""What a run of the packet model costs, before it is begun. Runs nothing."""

from __future__ import annotations

from fabric.words.errors import TooLargeError
from sims.models.fluid.patience import Wait
from sims.models.packet.choice import pays_to_compile
from sims.models.packet.settings import HOP_BY_HOP, PacketSettings
from topologies.parts.memory import available_memory

__all__ = ["check_cost", "packets_wait"]

# Packets times links in a second of one core, about: as control asks for more of a port, fewer.
_ON_CLOCK, _ON_CLOCK_HOP_BY_HOP = 120e3, 80e3
_COMPILED, _COMPILED_HOP_BY_HOP = 1e6, 0.6e6
_SECONDS_PER_FLOW = 7e-5  # measured, 261,632 of them
_PER_FLOW = 6_000  # bytes of a flow and its transfer, measured; a link's port takes about as much


def packets_wait(hops: float, flows: int, settings: PacketSettings, *, compiled: bool = True) -> Wait:
    """How long ``hops`` packets times links take, of so many flows; ``compiled``: where that is quicker."""
    apart = settings.cc == HOP_BY_HOP
    if compiled and pays_to_compile(hops):
        pace = _COMPILED_HOP_BY_HOP if apart else _COMPILED
    else:
        pace = _ON_CLOCK_HOP_BY_HOP if apart else _ON_CLOCK
    return Wait(
        seconds=hops / pace + flows * _SECONDS_PER_FLOW,
        text=f"about {hops:,.2g} packet-hops take %",
        instead=f"ask for fewer bytes or endpoints, a larger mtu than {settings.mtu:,} (coarser), or "
        "engine flow",
    )


def check_cost(hops: float, flows: int, settings: PacketSettings, *, compiled: bool = True) -> None:
    """Refuse a run that nobody would wait for, or that would not fit in memory.

    Args:
        hops: packets times links.
        flows: queue pairs of all transfers.
        compiled: as of ``packets_wait``.

    Raises:
        ParameterError: more than an hour.
        TooLargeError: too many flows for the memory there is.
    """
    needed, available = _PER_FLOW * flows, available_memory()
    if needed > available:
        raise TooLargeError(f"engine packet: {flows:,} flows", needed, available)
    packets_wait(hops, flows, settings, compiled=compiled).require("engine", "packet")
