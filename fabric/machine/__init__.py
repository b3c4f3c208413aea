"""What the machine allows: memory, and the garbage collector."""
