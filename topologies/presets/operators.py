"""Presets of clusters that somebody runs, as far as they are published: Colossus, Meta's 24K, Alibaba's HPN.

Knows the figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from topologies.families.fat_tree import fat_tree
from topologies.families.pgft import pgft
from topologies.parts.argument import Nvlink, Rails, Ratios, count, ratio
from topologies.parts.tree import tops
from topologies.presets.preset import preset
from topologies.presets.sharp import ETHERNET

__all__ = ["colossus_100k", "hpn_pod", "meta_24k"]


@preset(
    "colossus-100k",
    "100,000 GPUs in 12,500 servers, three tiers of 128 x 400 Gbps switches (an illustration)",
    disclaimer=(
        "an illustration built from public figures (100,000 GPUs, 8 per server, three tiers of switches of "
        "128 x 400G), not the operator's design; no switch or cable count of it is published"
    ),
    in_network=ETHERNET,
    place=10,
    also={"memphis": "Colossus stands in Memphis, Tennessee, as its maker says (NVIDIA, 2024-10-28)"},
)
def colossus_100k(
    *,
    servers: Annotated[int, count("servers of 8 GPUs")] = 12_500,
    oversubscription: Ratios = 1,
    nvlink: Nvlink = 450e9,
    rails: Rails = False,
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
    return fat_tree(
        endpoints=8 * servers,
        radix=128,
        oversubscription=oversubscription,
        gpus_per_server=8,
        nvlink=nvlink,
        rails=rails,
    )


@preset(
    "meta-24k",
    "24,576 GPUs, 8 pods of 3,072 at full bisection, 1:7 above (an illustration)",
    disclaimer=(
        "an illustration built from public figures (24,576 GPUs, 16 per rack, 8 pods of 3,072 at full "
        "bisection, 1:7 above), not the operator's design; the counts of cluster and top switches are assumed"
    ),
    in_network=ETHERNET,
    place=30,
)
def meta_24k(
    *,
    pods: Annotated[int, count("pods of 3,072 GPUs", most=128, of=", the ports of a top switch")] = 8,
    oversubscription: Annotated[float, ratio("ports down : ports up of a cluster switch, below the top")] = 7,
    nvlink: Nvlink = 450e9,
) -> nx.Graph:
    """A fabric of the size of Meta's 24K RoCE cluster: ``pods`` of 3,072 GPUs at full bisection, 1:7 on top.

    Published are racks of 2 servers of 8 GPUs under one top-of-rack switch, pods of 192 racks, 8 pods =
    24,576 GPUs, and the oversubscription of the top tier. Not published, and assumed here: a pod has 16
    cluster switches, each with one 400 Gbps cable to each rack, so that a rack has 16 up for its 16 GPUs;
    each has 192/``oversubscription`` cables up, rounded: 27, which makes 7.11 : 1; and the top switches are
    the fewest of 128 ports that all cluster switches reach equally, 48. ``nvlink`` as in ``fat_tree``.

    Returns PGFT(3; 16, 192, pods; 1, 16, 3; 1, 1, 9) as ``pgft`` does, with the attributes ``preset`` and
    ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``pgft``; and more than 128 pods, the ports of a top switch.

    Source: "The Llama 3 Herd of Models", arXiv:2407.21783, section 3.3.1.
    """
    uplinks = max(1, round(192 / oversubscription))
    top = tops(uplinks, pods, 128)
    return pgft(m=(16, 192, pods), w=(1, 16, top), p=(1, 1, uplinks // top), gpus_per_server=8, nvlink=nvlink)


@preset(
    "hpn-pod",
    "15,360 GPUs, 15 segments with dual top-of-rack, 2 planes of 60 switches (an illustration)",
    disclaimer=(
        "an illustration built from public figures (15 segments of 1,024 GPUs, 16 top-of-rack switches each, "
        "two planes of 60 aggregation switches), not the operator's design; spare hosts and core are left out"
    ),
    in_network=ETHERNET,
    place=40,
)
def hpn_pod(
    *,
    segments: Annotated[
        int,
        count("segments of 1,024 GPUs", most=15, of=": 8 of 128 ports of a switch are for the core"),
    ] = 15,
    nvlink: Nvlink = 450e9,
) -> nx.Graph:
    """A pod of Alibaba's HPN: 15 ``segments`` of 1,024 GPUs under dual top-of-rack switches, in two planes.

    A host has 8 GPUs, each with a NIC of 2 x 200 Gbps, one port per plane; a segment is 128 hosts on 16
    top-of-rack switches, two for each rail; each of these has 128 x 200 Gbps down and 60 x 400 Gbps up, one
    cable to each of the 60 aggregation switches of its plane. Left out are 8 spare hosts a segment and the
    core, which joins pods at 15:1. The two ports of a NIC are two endpoints' cables here, and a flow takes
    one of them. ``nvlink`` (bytes/s per GPU) is an assumption.

    Returns PGFT(2; 128, 8 * segments; 2, 60; 1, 1) with rails as ``pgft`` does, with the attributes
    ``preset`` and ``disclaimer``; rates are 200 Gbps per cable down and 400 Gbps up.

    Raises:
        ParameterError, TooLargeError: as ``pgft``; and more than 15 segments: 120 of the 128 ports of an
            aggregation switch lead down, 8 are for the core.

    Source: Qian et al., "Alibaba HPN: A Data Center Network for Large Language Model Training", SIGCOMM 2024.
    """
    return pgft(
        m=(128, 8 * segments),
        w=(2, 60),
        rate=25e9,
        gpus_per_server=8,
        nvlink=nvlink,
        rails=True,
        trunk_rate=50e9,
    )
