"""Traces on a clock: operations in their order, and messages on the fluid or on the packet network."""
