"""The scalable unit of a DGX GB200 SuperPOD: 8 racks of 72 GPUs on 32 leaves and 24 spines.

Knows the unit's figures and their sources; the rack is in ``topologies.presets.nvl72``.
"""

from __future__ import annotations

import networkx as nx

from topologies.families.rail_only import rail_only
from topologies.parts.argument import Nvlink
from topologies.presets.nvl72 import NVL72_GPUS, NVL72_NVLINK, NVL72_RAILS
from topologies.presets.preset import preset
from topologies.presets.sharp import QUANTUM_2

__all__ = ["gb200_su"]


@preset(
    "gb200-su",
    "DGX GB200 scalable unit: 8 racks of 72 GPUs, four groups of 8 leaves and 6 spines (as reported)",
    disclaimer=(
        "an illustration built from public figures as reported (8 racks, 576 GPUs, four groups of 8 leaves "
        "and 6 spines), not a cluster; that a group is a rail is derived, and cores are left out"
    ),
    in_network=QUANTUM_2,
    place=24,
    network="InfiniBand",
)
def gb200_su(*, nvlink: Nvlink = NVL72_NVLINK) -> nx.Graph:
    """The compute fabric of one scalable unit: 8 racks, 576 GPUs, 32 leaves and 24 spines in four groups.

    Reported are the racks, the GPUs and the four groups of 8 leaves and 6 spines. Derived: 32 leaves for 8
    racks of four rails are a leaf for each rack and rail, 18 ports down and 18 up, three cables to each spine
    of its group, so that a group is a rail; a spine has 24 ports down, and as many are free for cores, which
    join units and are left out. Without them the rails of one unit meet in the racks alone. ``nvlink`` in
    bytes/s per GPU, each way.

    Returns what ``nvl72(racks=8)`` does, with 6 spines a rail where 3 of 64 ports would do, and the
    attributes ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``rail_only``.

    Sources: NVIDIA DGX SuperPOD reference architecture for DGX GB200 (8 racks a unit, 400 Gbps); the groups
    second-hand, from notes on its figure of the compute fabric.
    """
    return rail_only(
        servers=8,
        radix=64,
        gpus_per_server=NVL72_GPUS,
        nvlink=nvlink,
        rails_per_server=NVL72_RAILS,
        servers_per_group=1,
        top_switches=6,
    )
