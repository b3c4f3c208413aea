"""Presets of fabrics that were designed or worked out, whoever builds them: SuperPOD, planes, big fat trees.

Knows the figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.families.fat_tree import fat_tree
from topologies.families.multi_plane import multi_plane
from topologies.families.rail_optimized import rail_optimized
from topologies.parts.argument import GpusPerServer, Nvlink, Rails, count, switch
from topologies.presets.nvl72 import NVL72_GPUS, NVL72_NVLINK
from topologies.presets.preset import preset
from topologies.presets.sharp import QUANTUM_2

__all__ = [
    "beyond_1m",
    "fat_tree_64k",
    "multiplane_131k",
    "superpod_h100",
]


@preset(
    "superpod-h100",
    "DGX H100 SuperPOD of 1 to 64 scalable units of 256 GPUs, rail-optimised",
    disclaimer=(
        "an illustration built from the public reference architecture RA-11333-001 (4, 8, 16, 32 and 64 "
        "scalable units; as built 1 to 4), not a cluster that was built from it; other sizes are derived"
    ),
    in_network=QUANTUM_2,
    place=20,
    network="InfiniBand",
)
def superpod_h100(
    *,
    su: Annotated[int, count("scalable units of 32 servers of 8 GPUs", most=64, of=" scalable units")] = 4,
    as_built: Annotated[bool, switch("one server gives way to management")] = False,
    nvlink: Nvlink = 450e9,
) -> nx.Graph:
    """The compute fabric of a DGX H100 SuperPOD: ``su`` scalable units of 32 nodes of 8 GPUs, by rails.

    Leaves are 64-port switches, 32 down and 32 up, 8 for each unit, one per rail. Up to 8 units are two
    tiers, up to 64 three, in pods of four units. Published are 4, 8, 16, 32 and 64 units; others are the
    smallest that is consistent with these: 3 units use 16 spines and not 12, as 32 uplinks must divide
    evenly. With ``as_built`` one node gives way to management; published are 1 to 4 units. ``nvlink`` as in
    ``fat_tree``.

    Returns ``rail_optimized(servers=32 * su, servers_per_group=32, radix=64)`` with the attributes ``preset``
    and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``rail_optimized``; units are 1 to 64.

    Source: NVIDIA DGX SuperPOD H100 reference architecture RA-11333-001 V11, tables 3 and 4.
    """
    return rail_optimized(servers=32 * su - as_built, radix=64, servers_per_group=32, nvlink=nvlink)


@preset(
    "multiplane-131k",
    "131,072 GPUs in two tiers: 8 planes of 100 Gbps, 512-port switches (as reported)",
    disclaimer=(
        "an illustration built from public figures as reported of arXiv:2605.04333 (8 planes of 100G, "
        "512-port leaves of 256 down and 256 up), not the operator's design"
    ),
    place=50,
    also={
        "mrc-131k": "MRC is the protocol of the paper that describes this design, as reported",
        "stargate": "this design is said to run at the Stargate site in Abilene, as reported of the paper; "
        "how many GPUs and planes stand there it does not say",
    },
    network="RoCE 800G",
)
def multiplane_131k(
    *,
    endpoints: Annotated[int, count("endpoints in all, up to 131,072")] = 131_072,
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    racks: Annotated[int | None, count("NVL72 racks that are the endpoints, up to 1,820")] = None,
) -> nx.Graph:
    """Two tiers for 131,072 GPUs: the 800 Gbps of each in 8 planes of 100 Gbps, on 512-port switches.

    In each plane 512 leaves of 256 ports down and 256 up, and 256 spines; at most three switches between two
    GPUs, and 3/5 of the switches that three tiers of the same silicon take. ``endpoints`` may be fewer.
    Servers are not part of what is reported: ``gpus_per_server`` and ``nvlink`` as in ``fat_tree``. ``racks``
    says the endpoints and their scale-up domains, 72 GPUs of 900 GB/s each: 1,820 racks are 131,040 GPUs,
    which leaves 32 places free.

    Returns ``multi_plane(planes=8, radix=512, tiers=2, rate=100e9)``, ``attach="split"``, with the attributes
    ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``multi_plane``; racks beside what they say.

    Also under the name ``stargate``: the paper, as reported, says that this design runs at the Stargate site
    in Abilene; how many GPUs and planes stand there it does not say, so that the size is the design's.

    Source: "MRC", arXiv:2605.04333, as reported.
    """
    if racks is not None:
        for name, value, default in (
            ("endpoints", endpoints, 131_072),
            ("gpus_per_server", gpus_per_server, 0),
            ("nvlink", nvlink, 450e9),
        ):
            if value != default:
                raise ParameterError(name, value, f"{racks:,} racks say it: leave one of the two out")
        endpoints, gpus_per_server, nvlink = NVL72_GPUS * racks, NVL72_GPUS, NVL72_NVLINK
    return multi_plane(
        planes=8,
        endpoints=endpoints,
        radix=512,
        tiers=2,
        rate=100e9,
        gpus_per_server=gpus_per_server,
        nvlink=nvlink,
    )


@preset(
    "fat-tree-64k",
    "65,536 endpoints: the most that three tiers of 64-port switches hold",
    disclaimer=(
        "an illustration: the textbook tree of 64-port switches (Al-Fares et al., as reported; DeepSeek-V3 "
        "insights, table 3), no operator's design; servers of 8 GPUs are assumed"
    ),
    place=60,
)
def fat_tree_64k(
    *, gpus_per_server: GpusPerServer = 8, nvlink: Nvlink = 450e9, rails: Rails = False
) -> nx.Graph:
    """The three-tier tree of 64-port switches: 65,536 endpoints, 5,120 switches, 131,072 cables between them.

    Where 64 ports stop: what holds more needs four tiers, larger switches or planes. Arguments as in
    ``fat_tree``; servers of 8 are assumed.

    Returns ``fat_tree(k=64)`` with the attributes ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``fat_tree``.

    Sources: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, as reported; DeepSeek-V3 insights, ISCA 2025, table 3.
    """
    return fat_tree(k=64, gpus_per_server=gpus_per_server, nvlink=nvlink, rails=rails)


@preset(
    "beyond-1m",
    "1,024,000 endpoints: a fat tree of 160-port switches (a what-if)",
    disclaimer=(
        "an illustration: the what-if after 100,000 GPUs, a textbook tree of 160-port switches; nobody has "
        "published such a fabric or such a switch"
    ),
    place=70,
)
def beyond_1m(
    *, gpus_per_server: GpusPerServer = 8, nvlink: Nvlink = 450e9, rails: Rails = False
) -> nx.Graph:
    """The what-if after 100,000: three tiers of 160-port switches with 1,024,000 endpoints, k^3/4.

    Nobody has published such a fabric, nor a switch of 160 ports of 400 Gbps; the arithmetic is that of
    ``fat_tree``. Arguments as there; servers of 8 are assumed.

    Returns ``fat_tree(k=160)`` with the attributes ``preset`` and ``disclaimer``; it takes about 3 GB
    as a graph, and 0.8 GB where it is only compiled.

    Raises:
        ParameterError, TooLargeError: as ``fat_tree``.

    Source: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, section 3, as reported, with k = 160.
    """
    return fat_tree(k=160, gpus_per_server=gpus_per_server, nvlink=nvlink, rails=rails)
