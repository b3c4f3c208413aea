"""Dumps of InfiniBand fabrics."""
