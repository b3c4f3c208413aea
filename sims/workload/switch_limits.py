"""Switch limits: what a switch that adds up and spreads can do at most. Knows no switch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_LIMITS", "SwitchLimits"]


@dataclass(frozen=True, kw_only=True)
class SwitchLimits:
    """Each 0 where there is no limit but the ports and links of the fabric.

    Args:
        radix: children that a switch has in a tree.
        trees: trees that a switch is part of. NVIDIA Quantum: one streaming tree at a time.
        port_trees: trees that go through one port. NVIDIA Quantum-2: one.
        port_rate: bytes/s of payload that a port of a tree takes; a faster link counts as full at that. Of
            HDR InfiniBand 95% of the network's bandwidth was measured, 190 of 200 Gbps.

    Sources: Graham et al., "SHARP streaming-aggregation hardware design and evaluation", ISC High Performance
    2020, doi:10.1007/978-3-030-50743-5_3 (95%); NVIDIA SHARP Rev 3.13.0, "General Information",
    "Capabilities and Limitations".
    """

    radix: int = 0
    trees: int = 0
    port_trees: int = 0
    port_rate: float = 0.0

    def slowed(self, capacity: NDArray[np.float64], goodput: float = 1.0) -> NDArray[np.float64]:
        """(links,) in bytes/s: what links of ``capacity`` carry of a tree. ``goodput``: payload over all."""
        return np.minimum(capacity, self.port_rate / goodput) if self.port_rate else capacity


NO_LIMITS = SwitchLimits()
