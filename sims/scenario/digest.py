"""Hashes of contents: two things of equal hash are the same cause. Knows no file and no scenario."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric

__all__ = ["content_digest", "digest_of"]


def content_digest(fabric: Fabric) -> str:
    """SHA-256 of everything about a fabric that a result can depend on."""
    digest = hashlib.sha256()
    for array in (
        fabric.kind,
        fabric.tier,
        fabric.server,
        fabric.link_src,
        fabric.link_dst,
        fabric.capacity,
        fabric.delay,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def digest_of(*arrays: NDArray[Any]) -> str:
    """SHA-256 of some arrays; of several, with their lengths."""
    digest = hashlib.sha256()
    for array in arrays:
        if len(arrays) > 1:
            digest.update(f"{len(array)};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
