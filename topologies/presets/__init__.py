"""Fabrics that exist or were published, each with its disclaimer."""
