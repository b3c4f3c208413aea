"""Named fabrics: a family with its arguments filled in from public figures, and a disclaimer.

Knows the figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from fabric.errors import ParameterError
from topologies.fat_tree import fat_tree
from topologies.spec import BOOLEAN, RATE_OR_ZERO, RATIOS, WHOLE, Builder, write_arguments

__all__ = ["DISCLAIMERS", "PRESETS", "colossus_100k"]


def colossus_100k(
    *,
    servers: int = 12_500,
    oversubscription: float | Sequence[float] = 1,
    nvlink: float = 450e9,
    rails: bool = False,
) -> nx.Graph:
    """A fabric of the size of phase 1 of Colossus: 100,000 GPUs, three tiers of 128 x 400 Gbps switches.

    An illustration: published are the numbers of GPUs, tiers, GPUs per server and ports per switch; the
    wiring is the smallest fat tree without oversubscription that these allow, 1,563 leaves, 1,600 spines and
    1,024 cores. With ``rails``, 64 servers share 8 leaves: 512 GPUs, which is the size of the "array" that
    visitors describe. ``servers`` of 8 GPUs, ``oversubscription`` and ``nvlink`` (bytes/s per GPU, 0 for no
    scale-up link) as in ``fat_tree``, whose graph this returns with the attributes ``preset`` and
    ``disclaimer`` and its own name.

    Raises:
        ParameterError, TooLargeError: as ``fat_tree``.

    Sources: NVIDIA release of 2024-10-28 (100,000 Hopper GPUs, Spectrum-X Ethernet, three tiers);
    ServeTheHome's tour, as reported (8 GPUs a server, one 400GbE NIC per GPU, 512 GPUs an array, SN5600
    switches: 128 x 400G); NVLink 4 is 450 GB/s each way per GPU (NVIDIA).
    """
    if not isinstance(servers, int) or isinstance(servers, bool) or servers < 1:
        raise ParameterError("servers", servers, "a whole number, at least 1")
    chosen = {"servers": servers, "oversubscription": oversubscription, "nvlink": nvlink, "rails": rails}
    G = fat_tree(
        endpoints=8 * servers,
        radix=128,
        oversubscription=oversubscription,
        gpus_per_server=8,
        nvlink=nvlink,
        rails=rails,
    )
    preset = PRESETS["colossus-100k"]
    G.graph["name"] = write_arguments("colossus-100k", preset.given(chosen), preset.parameters)
    G.graph["preset"] = "colossus-100k"
    G.graph["disclaimer"] = DISCLAIMERS["colossus-100k"]
    return G


DISCLAIMERS = {
    "colossus-100k": (
        "an illustration built from public figures (100,000 GPUs, 8 per server, three tiers of switches of "
        "128 x 400G), not the operator's design; no switch or cable count of it is published"
    ),
}

PRESETS = {
    "colossus-100k": Builder(
        function=colossus_100k,
        parameters={"servers": WHOLE, "oversubscription": RATIOS, "nvlink": RATE_OR_ZERO, "rails": BOOLEAN},
        summary="100,000 GPUs in 12,500 servers, three tiers of 128 x 400 Gbps switches (an illustration)",
    ),
}
