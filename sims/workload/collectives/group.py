"""Group: ranks brought together by a label (server, leaf, ...). Knows no network and no transfer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.words.errors import ParameterError

__all__ = ["by_label", "check_ranks"]


def check_ranks(n: int) -> None:
    """Raise ParameterError unless ``n`` is a whole number of ranks, at least 1."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ParameterError("ranks", n, "a whole number, at least 1")


def by_label(labels: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Positions sorted by label, the labels in order of first appearance; the label -1 means "alone".

    Args:
        labels: int [n].

    Returns:
        int32 [n], a permutation of the positions in which each group is consecutive and ascending; and
        int64 [groups], how many each group has.

    >>> order, sizes = by_label([7, 3, 7, -1, -1])
    >>> order.tolist(), sizes.tolist()
    ([0, 2, 1, 3, 4], [2, 1, 1, 1])
    """
    label = np.asarray(labels, dtype=np.int64)
    alone = label == -1
    if alone.any():
        label = np.where(alone, label.max() + 1 + np.arange(len(label)), label)
    _, first, group, sizes = np.unique(label, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first[group.reshape(-1)], kind="stable").astype(np.int32)
    return order, sizes[np.argsort(first)].astype(np.int64)
