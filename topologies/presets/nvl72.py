"""Racks of 72 GPUs under one scale-up switch, NVL72, on a fabric of a rail for each NIC of a tray.

Knows the rack's figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from topologies.families.rail_only import rail_only
from topologies.parts.argument import Nvlink, Ratios, count
from topologies.presets.preset import preset
from topologies.presets.sharp import QUANTUM_2

__all__ = ["NVL72_GPUS", "NVL72_NVLINK", "NVL72_RAILS", "nvl72"]

NVL72_GPUS = 72  # 18 trays of 4
NVL72_RAILS = 4  # a NIC for each GPU of a tray
NVL72_NVLINK = 900e9  # bytes/s per GPU, each way: NVLink 5


@preset(
    "nvl72",
    "racks of 72 GPUs, each rack one scale-up domain, on four rails of 64-port switches",
    disclaimer=(
        "an illustration built from public figures of the rack (18 trays of 4 GPUs, 72 in one scale-up "
        "domain, a NIC of 400G each); how racks are joined, four rails apart, is assumed"
    ),
    in_network=QUANTUM_2,
    place=22,
    network="InfiniBand",
)
def nvl72(
    *,
    racks: Annotated[int, count("racks of 72 GPUs")] = 8,
    oversubscription: Ratios = 1,
    nvlink: Nvlink = NVL72_NVLINK,
) -> nx.Graph:
    """``racks`` of 72 GPUs: 18 trays of 4 GPUs and 4 NICs, all 72 on one scale-up switch.

    Published are the rack and its NICs. Assumed is what joins racks: GPU r of each tray is on rail r, a rack
    has a leaf of its own on each of the four rails, 18 ports down, and switches have 64 ports of 400 Gbps;
    two tiers up to 64 racks, three above. The rails meet in the racks' scale-up switches alone: nothing is
    claimed of a tier that might join them. ``oversubscription`` as in ``fat_tree``; ``nvlink`` in bytes/s per
    GPU, each way.

    Returns ``rail_only(servers=racks, gpus_per_server=72, rails_per_server=4, servers_per_group=1,
    radix=64)`` with the attributes ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``rail_only``.

    Sources: NVIDIA DGX SuperPOD reference architecture for DGX GB200, "Network Fabrics" (18 compute trays, 72
    GPUs on NVLink 5 with 1.8 TB/s per GPU both ways, NDR 400 Gbps between racks).
    """
    return rail_only(
        servers=racks,
        radix=64,
        oversubscription=oversubscription,
        gpus_per_server=NVL72_GPUS,
        nvlink=nvlink,
        rails_per_server=NVL72_RAILS,
        servers_per_group=1,
    )
