"""Four rails of a two-tier fabric of planes each, 524,288 GPUs: the size that is reported of Fairwater.

Knows the figures and their sources; builds nothing that a family does not build.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.families.rail_only import rail_only
from topologies.parts.argument import GpusPerServer, Nvlink, count
from topologies.presets.nvl72 import NVL72_GPUS, NVL72_NVLINK
from topologies.presets.preset import preset

__all__ = ["fairwater_524k"]

_RAILS, _PLANES = 4, 8


@preset(
    "fairwater-524k",
    "524,288 GPUs on four rails of 8 planes, 24,576 switches of 512 ports (as reported)",
    disclaimer=(
        "an illustration built from public figures as reported (524,288 GPUs, four rails, each of 8 planes "
        "of 100G on 512-port switches in two tiers), not the operator's design; how GPUs are joined in "
        "servers is assumed"
    ),
    place=55,
    network="RoCE 800G",
)
def fairwater_524k(
    *,
    servers: Annotated[int, count("scale-up domains, up to 524,288 GPUs in all")] = 131_072,
    gpus_per_server: GpusPerServer = _RAILS,
    nvlink: Nvlink = NVL72_NVLINK,
    racks: Annotated[int | None, count("NVL72 racks that are the servers, up to 7,281")] = None,
) -> nx.Graph:
    """Four rails of the fabric of ``multiplane-131k``: GPU r of each tray of four on rail r, 131,072 on each.

    A rail is 8 planes of 512 leaves and 256 spines with 512 ports of 100 Gbps, so that there are 32 planes,
    24,576 switches and 8,388,608 cables; the 800 Gbps of a GPU are split over the 8 planes of its rail. No
    switch joins the rails: a GPU reaches other rails over the scale-up switch of its server. Servers are not
    part of what is reported: the default is the tray, 4 GPUs of 900 GB/s, which is the least that joins the
    rails. ``gpus_per_server``, a multiple of 4, and ``nvlink`` as in ``rail_only``. ``racks`` says the
    servers, 72 GPUs of 900 GB/s each: 7,281 racks are 524,232 GPUs, which leaves 56 places free.

    Returns ``rail_only(radix=512, tiers=2, rails_per_server=4, planes=8, rate=100e9)`` with the attributes
    ``preset`` and ``disclaimer``.

    Raises:
        ParameterError, TooLargeError: as ``rail_only``; racks beside what they say.

    Source: "MRC", arXiv:2605.04333, as reported, for planes and switches; 24,576 switches and 524,288 GPUs in
    four rails, as reported of Microsoft's Fairwater.
    """
    if racks is not None:
        for name, value, default in (
            ("servers", servers, 131_072),
            ("gpus_per_server", gpus_per_server, _RAILS),
            ("nvlink", nvlink, NVL72_NVLINK),
        ):
            if value != default:
                raise ParameterError(name, value, f"{racks:,} racks say it: leave one of the two out")
        servers, gpus_per_server, nvlink = racks, NVL72_GPUS, NVL72_NVLINK
    if gpus_per_server % _RAILS or not gpus_per_server:
        raise ParameterError("gpus_per_server", gpus_per_server, f"a multiple of the {_RAILS} rails")
    return rail_only(
        servers=servers,
        radix=512,
        tiers=2,
        rate=100e9,
        gpus_per_server=gpus_per_server,
        nvlink=nvlink,
        rails_per_server=_RAILS,
        planes=_PLANES,
    )
