"""Routes: paths, distances, the walk of flows, policies."""
