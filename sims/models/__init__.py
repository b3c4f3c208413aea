"""How long it takes: latency, the fluid model, the packet model."""
