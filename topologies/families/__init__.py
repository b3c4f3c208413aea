"""A file for each family of topologies."""
