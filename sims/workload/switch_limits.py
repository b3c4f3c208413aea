"""Switch limits: what a switch that adds up and spreads can do at most. Knows no switch."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NO_LIMITS", "SwitchLimits"]


@dataclass(frozen=True, kw_only=True)
class SwitchLimits:
    """Each 0 where there is no limit but the ports and links of the fabric.

    Args:
        radix: children that a switch has in a tree.
        trees: trees that a switch is part of. NVIDIA Quantum: one streaming tree at a time.
        port_trees: trees that go through one port. NVIDIA Quantum-2: one.
        port_rate: bytes/s of payload that a port of a tree takes; a faster link counts as full at that.

    Source: NVIDIA SHARP Rev 3.13.0, "General Information", "Capabilities and Limitations".
    """

    radix: int = 0
    trees: int = 0
    port_trees: int = 0
    port_rate: float = 0.0


NO_LIMITS = SwitchLimits()
