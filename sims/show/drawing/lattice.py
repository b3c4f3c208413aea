"""Switches on a grid of two or three dimensions: which grid it is, where they stand, which lines are drawn.

Three dimensions are drawn as slices, side by side. No ink.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.measures.groups import Arcs

__all__ = [
    "Lattice",
    "lattice_layout",
    "lattice_lines",
    "lattice_of",
    "lattice_words",
    "pitch_of",
    "slices_of",
]

_APART = 1.0  # between slices, in distances of neighbours
_STUB = 0.3  # of that distance: what is drawn of a cable that goes round, at either end


class Lattice(NamedTuple):
    """``dims``: switches in each dimension, the last varies fastest; ``round``: whether lines are closed."""

    dims: tuple[int, ...]
    round: tuple[bool, ...]


def lattice_of(count: int, arcs: Arcs) -> Lattice | None:
    """The grid of which ``arcs`` between ``count`` switches are the cables: all of them, and no other.

    A line of two switches has no cable round. None where it is no grid of two or three dimensions.

    >>> around = np.array([[0, 1], [1, 0], [0, 2], [2, 0], [1, 3], [3, 1], [2, 3], [3, 2]]).T
    >>> ones = np.ones(8, np.int64)
    >>> lattice_of(4, Arcs(src=around[0], dst=around[1], cables=ones, capacity=ones))
    Lattice(dims=(2, 2), round=(False, False))
    """
    pairs = np.unique(arcs.src * count + arcs.dst)
    for dims in _factors(count):
        place = np.arange(count).reshape(dims)
        found, goes = [], []
        for axis, size in enumerate(dims):
            line = np.moveaxis(place, axis, 0)
            closing = _both(line[-1], line[0], count)
            goes.append(size > 2 and bool(np.isin(closing, pairs).all()))
            found += [_both(line[:-1], line[1:], count), *([closing] if goes[-1] else [])]
        if np.array_equal(np.unique(np.concatenate(found)), pairs):
            return Lattice(dims, tuple(goes))
    return None


def lattice_layout(lattice: Lattice, width: float, height: float) -> NDArray[np.float64]:
    """(switches, 2): places within ``width`` and ``height`` round the origin, rows downwards."""
    *above, rows, columns = lattice.dims
    slices = prod(above)
    pitch, across = max(
        (min(width / (k * (columns + _APART)), height / (-(-slices // k) * (rows + _APART))), k)
        for k in range(1, slices + 1)
    )
    layer, row, column = np.unravel_index(np.arange(prod(lattice.dims)), (slices, rows, columns))
    x = (layer % across) * (columns + _APART) + column
    y = (layer // across) * (rows + _APART) + row
    place = np.stack([x, -y], axis=1).astype(np.float64) * pitch
    centre: NDArray[np.float64] = (place.min(axis=0) + place.max(axis=0)) / 2
    return place - centre


def lattice_lines(
    lattice: Lattice, place: NDArray[np.float64], arcs: Arcs, radius: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The lines that are drawn: of which of ``arcs`` each is, and where it starts and ends.

    A cable to a neighbour is a line. One that goes round is a short one at either end, outwards, from
    ``radius`` on, that of a switch. Those from slice to slice are none.
    """
    at = (
        np.stack(np.unravel_index(arcs.src, lattice.dims)),
        np.stack(np.unravel_index(arcs.dst, lattice.dims)),
    )
    away = at[1] - at[0]
    inside = (away[:-2] == 0).all(axis=0)
    far = np.abs(away).max(axis=0) > 1
    near, round_ = np.flatnonzero(inside & ~far), np.flatnonzero(inside & far)
    out = np.stack([-np.sign(away[-1]), np.sign(away[-2])], axis=1)[round_]
    near_by, far_off = out * radius, out * (radius + _STUB * pitch_of(place))
    one, other = place[arcs.src[round_]], place[arcs.dst[round_]]
    start = np.concatenate([place[arcs.src[near]], one + near_by, other - near_by])
    end = np.concatenate([place[arcs.dst[near]], one + far_off, other - far_off])
    return np.concatenate([near, round_, round_]), start, end


def lattice_words(lattice: Lattice) -> list[str]:
    """What is drawn, in short lines."""
    shape = " x ".join(map(str, lattice.dims))
    kind = "torus" if all(r or n == 2 for r, n in zip(lattice.round, lattice.dims)) else "mesh"
    words = [f"{shape} {kind}"]
    if len(lattice.dims) > 2:
        words += [f"{lattice.dims[0]} slices of {lattice.dims[1]} x {lattice.dims[2]}"]
        words += ["Not drawn: the cables from", "each switch to its like"]
        words += ["in the next slice" + (", and from" if lattice.round[0] else ".")]
        words += ["the last slice to the first."] * lattice.round[0]
    if any(lattice.round[-2:]):
        words += ["Short lines go round", "to the other side."]
    return words


def pitch_of(place: NDArray[np.float64]) -> float:
    """The distance of neighbours: the last dimension has two or more, in one row."""
    return float(abs(place[1, 0] - place[0, 0]))


def slices_of(lattice: Lattice, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """(slices, 2): the first switch of each slice, top left; none where there is but one."""
    inside = lattice.dims[-2] * lattice.dims[-1]
    return place[::inside] if len(place) > inside else place[:0]


def _both(one: NDArray[np.int64], other: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Each pair either way, as one number."""
    return np.concatenate([(one * count + other).ravel(), (other * count + one).ravel()])


def _factors(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to write ``count`` as a product of two or three numbers of 2 or more, in order."""
    for first in range(2, count // 2 + 1):
        if count % first == 0:
            rest = count // first
            yield first, rest
            yield from ((first, n, rest // n) for n in range(2, rest // 2 + 1) if rest % n == 0)
