"""Sweeps: many scenarios from one file, run anywhere, each result kept as it arrives."""
