"""All presets by name, and what has to be said beside the figures of each. A new one is one line here.

Knows where each is; the figures and their sources are there.
"""

from __future__ import annotations

from topologies.presets.blueprints import BEYOND_1M, FAT_TREE_64K, MULTIPLANE_131K, SUPERPOD_H100
from topologies.presets.operators import COLOSSUS_100K, HPN_POD, META_24K
from topologies.presets.preset import Preset

__all__ = ["DISCLAIMERS", "PRESETS"]

PRESETS: dict[str, Preset] = {
    "colossus-100k": COLOSSUS_100K,
    "superpod-h100": SUPERPOD_H100,
    "meta-24k": META_24K,
    "hpn-pod": HPN_POD,
    "multiplane-131k": MULTIPLANE_131K,
    "fat-tree-64k": FAT_TREE_64K,
    "beyond-1m": BEYOND_1M,
}

DISCLAIMERS: dict[str, str] = {name: preset.disclaimer for name, preset in PRESETS.items()}
