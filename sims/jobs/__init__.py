"""A fabric and its settings become rows."""
