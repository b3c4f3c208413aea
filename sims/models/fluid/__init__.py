"""The fluid model: links shared on the SimPy clock, faults among it."""
