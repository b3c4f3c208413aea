"""What is broken, and what is left of a fabric."""
