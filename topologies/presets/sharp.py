"""Which switches add up and spread what passes through them, as far as their maker says. Builds nothing."""

from __future__ import annotations

__all__ = ["ETHERNET", "QUANTUM", "QUANTUM_2"]

# NVIDIA SHARP Rev 3.13.0, "General Information": its devices are the InfiniBand switches Quantum, Quantum-2
# and Quantum-3, of which Quantum takes part in one active streaming tree, and Quantum-2 in one for each port.
QUANTUM = "yes: NVIDIA Quantum, in one streaming tree at a time (SHARP Rev 3.13.0)"
QUANTUM_2 = "yes: NVIDIA Quantum-2, in one streaming tree a port (SHARP Rev 3.13.0)"
ETHERNET = "no: Ethernet, and what is published of SHARP are InfiniBand switches (SHARP Rev 3.13.0)"
