"""Presets of fabrics that were designed or worked out, whoever builds them: SuperPOD, planes, big fat trees.

Knows the figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import BOOLEAN, RATE_OR_ZERO, WHOLE
from topologies.families.fat_tree import fat_tree
from topologies.families.multi_plane import multi_plane
from topologies.families.rail_optimized import rail_optimized
from topologies.parts.checks import flag, whole
from topologies.presets.preset import Preset

__all__ = [
    "BEYOND_1M",
    "FAT_TREE_64K",
    "MULTIPLANE_131K",
    "SUPERPOD_H100",
    "beyond_1m",
    "fat_tree_64k",
    "multiplane_131k",
    "superpod_h100",
]


def superpod_h100(*, su: int = 4, as_built: bool = False, nvlink: float = 450e9) -> nx.Graph:
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
    call = dict(locals())
    if whole("su", su, 1) > 64:
        raise ParameterError("su", su, "from 1 to 64 scalable units")
    servers = 32 * su - flag("as_built", as_built)
    tree = rail_optimized(servers=servers, radix=64, servers_per_group=32, nvlink=nvlink)
    return SUPERPOD_H100.signed(call, tree)


def multiplane_131k(*, endpoints: int = 131_072, gpus_per_server: int = 0, nvlink: float = 450e9) -> nx.Graph:
    """Two tiers for 131,072 GPUs: the 800 Gbps of each in 8 planes of 100 Gbps, on 512-port switches.

    In each plane 512 leaves of 256 ports down and 256 up, and 256 spines; at most three switches between two
    GPUs, and 3/5 of the switches that three tiers of the same silicon take. ``endpoints`` may be fewer.
    Servers are not part of what is reported: ``gpus_per_server`` and ``nvlink`` as in ``fat_tree``.

    Returns ``multi_plane(planes=8, radix=512, tiers=2, rate=100e9)``, ``attach="split"``, with the attributes
    ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``multi_plane``.

    Source: "MRC", arXiv:2605.04333, as reported.
    """
    call = dict(locals())
    tree = multi_plane(
        planes=8,
        endpoints=endpoints,
        radix=512,
        tiers=2,
        rate=100e9,
        gpus_per_server=gpus_per_server,
        nvlink=nvlink,
    )
    return MULTIPLANE_131K.signed(call, tree)


def fat_tree_64k(*, gpus_per_server: int = 8, nvlink: float = 450e9, rails: bool = False) -> nx.Graph:
    """The three-tier tree of 64-port switches: 65,536 endpoints, 5,120 switches, 131,072 cables between them.

    Where 64 ports stop: what holds more needs four tiers, larger switches or planes. Arguments as in
    ``fat_tree``; servers of 8 are assumed.

    Returns ``fat_tree(k=64)`` with the attributes ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``fat_tree``.

    Sources: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, as reported; DeepSeek-V3 insights, ISCA 2025, table 3.
    """
    call = dict(locals())
    return FAT_TREE_64K.signed(
        call, fat_tree(k=64, gpus_per_server=gpus_per_server, nvlink=nvlink, rails=rails)
    )


def beyond_1m(*, gpus_per_server: int = 8, nvlink: float = 450e9, rails: bool = False) -> nx.Graph:
    """The what-if after 100,000: three tiers of 160-port switches with 1,024,000 endpoints, k^3/4.

    Nobody has published such a fabric, nor a switch of 160 ports of 400 Gbps; the arithmetic is that of
    ``fat_tree``. Arguments as there; servers of 8 are assumed.

    Returns ``fat_tree(k=160)`` with the attributes ``preset`` and ``disclaimer``; it takes about 3 GB.

    Raises:
        ParameterError, TooLargeError: as ``fat_tree``.

    Source: Al-Fares, Loukissas, Vahdat, SIGCOMM 2008, section 3, as reported, with k = 160.
    """
    call = dict(locals())
    return BEYOND_1M.signed(
        call, fat_tree(k=160, gpus_per_server=gpus_per_server, nvlink=nvlink, rails=rails)
    )


SUPERPOD_H100 = Preset(
    name="superpod-h100",
    function=superpod_h100,
    parameters={"su": WHOLE, "as_built": BOOLEAN, "nvlink": RATE_OR_ZERO},
    summary="DGX H100 SuperPOD of 1 to 64 scalable units of 256 GPUs, rail-optimised",
    disclaimer=(
        "an illustration built from the public reference architecture RA-11333-001 (4, 8, 16, 32 and 64 "
        "scalable units; as built 1 to 4), not a cluster that was built from it; other sizes are derived"
    ),
)
MULTIPLANE_131K = Preset(
    name="multiplane-131k",
    function=multiplane_131k,
    parameters={"endpoints": WHOLE, "gpus_per_server": WHOLE, "nvlink": RATE_OR_ZERO},
    summary="131,072 GPUs in two tiers: 8 planes of 100 Gbps, 512-port switches (as reported)",
    disclaimer=(
        "an illustration built from public figures as reported of arXiv:2605.04333 (8 planes of 100G, "
        "512-port leaves of 256 down and 256 up), not the operator's design"
    ),
)
_OVER_A_TREE = {"gpus_per_server": WHOLE, "nvlink": RATE_OR_ZERO, "rails": BOOLEAN}
FAT_TREE_64K = Preset(
    name="fat-tree-64k",
    function=fat_tree_64k,
    parameters=_OVER_A_TREE,
    summary="65,536 endpoints: the most that three tiers of 64-port switches hold",
    disclaimer=(
        "an illustration: the textbook tree of 64-port switches (Al-Fares et al., as reported; DeepSeek-V3 "
        "insights, table 3), no operator's design; servers of 8 GPUs are assumed"
    ),
)
BEYOND_1M = Preset(
    name="beyond-1m",
    function=beyond_1m,
    parameters=_OVER_A_TREE,
    summary="1,024,000 endpoints: a fat tree of 160-port switches (a what-if)",
    disclaimer=(
        "an illustration: the what-if after 100,000 GPUs, a textbook tree of 160-port switches; nobody has "
        "published such a fabric or such a switch"
    ),
)
