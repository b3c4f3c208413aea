"""Which endpoint each rank runs on. Ranks, not nodes: everything in a schedule speaks of ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.errors import FileFormatError, ParameterError
from fabric.fabric import ranges

__all__ = ["PLACEMENTS", "check_placement", "place", "placement_file"]

PLACEMENTS = ("packed", "strided", "random")


def place(fabric: Fabric, ranks: int | None, placement: str = "packed", seed: int = 0) -> NDArray[np.int64]:
    """(ranks,): the endpoint of each rank, all different.

    ``packed``: in the order of the endpoints. ``strided`` or ``strided:STEP``: every STEP-th, round and round; by
    default STEP is what one leaf holds, so that neighbours never share a leaf. ``random``: shuffled by ``seed``. A server
    stays whole in all three, as schedulers hand out whole servers. Anything else is the path of a text file with one
    endpoint per line, as its number or its name. ``ranks`` None: all endpoints, or all lines of the file.

    Raises:
        ParameterError: more ranks than endpoints, fewer than two, a bad step.
        FileFormatError: an endpoint that is out of range, unknown or named twice, or too few lines.
    """
    name, _, step = placement.partition(":")
    count = fabric.n_endpoints if ranks is None else ranks
    if name in PLACEMENTS:
        _require(fabric, count)
    if name == "packed" and not step:
        return np.arange(count)
    if name == "random" and not step:
        units = _units(fabric)
        shuffled = np.random.default_rng(seed).permutation(len(units) - 1)
        return _spell(units, shuffled)[:count]
    if name == "strided":
        units = _units(fabric)
        stride = _stride(fabric, len(units) - 1, step)
        order = np.argsort(np.arange(len(units) - 1) % stride, kind="stable")
        return _spell(units, order)[:count]
    check_placement(placement)
    path = Path(placement)
    chosen = _read(fabric, path)
    if ranks is not None and ranks > len(chosen):
        raise FileFormatError(str(path), "", f"holds {len(chosen):,} endpoints for {ranks:,} ranks: one line per rank")
    _require(fabric, len(chosen[:ranks]))
    return chosen[:ranks]


def check_placement(placement: str) -> None:
    """Raise ParameterError unless ``placement`` is one of PLACEMENTS or names a file."""
    name, _, step = placement.partition(":")
    if (name in PLACEMENTS and (not step or name == "strided")) or Path(placement).is_file():
        return
    rule = f"{name} takes no parameter" if name in PLACEMENTS else "neither a placement nor the path of a file"
    raise ParameterError("placement", placement, rule, (*PLACEMENTS, "strided:STEP"))


def placement_file(placement: str) -> Path | None:
    """The file that a placement names, or None."""
    if placement.partition(":")[0] in PLACEMENTS:
        return None
    path = Path(placement)
    return path if path.is_file() else None


def _require(fabric: Fabric, ranks: int) -> None:
    if ranks < 2:
        raise ParameterError("ranks", ranks, "at least 2: one rank has nobody to reduce with")
    if ranks > fabric.n_endpoints:
        raise ParameterError("ranks", ranks, f"at most the {fabric.n_endpoints:,} endpoints of {fabric.name}")


def _units(fabric: Fabric) -> NDArray[np.int64]:
    """Boundaries of the runs of endpoints that share a server; single endpoints where there are none."""
    server = fabric.server
    starts = np.flatnonzero((np.diff(server, prepend=-2) != 0) | (server < 0))
    return np.append(starts, len(server))


def _spell(units: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    return ranges(units[order], units[order + 1])


def _stride(fabric: Fabric, units: int, text: str) -> int:
    if text:
        if not text.isdigit() or not 1 <= int(text) <= units:
            raise ParameterError("placement strided: step", text, f"a whole number from 1 to {units:,}")
        return int(text)
    on_leaf = np.bincount(fabric.position // max(1, -(-(int(fabric.position.max()) + 1) // len(fabric.leaves))))
    size = max(1, fabric.n_endpoints // units)
    return int(min(units, max(1, int(on_leaf.max()) // size)))


def _read(fabric: Fabric, path: Path) -> NDArray[np.int64]:
    lines = [(i, text.strip()) for i, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)]
    lines = [(i, text) for i, text in lines if text and not text.startswith("#")]
    names: dict[str, int] = {}
    if any(not text.isdigit() for _, text in lines):
        names = {fabric.label(e): e for e in range(fabric.n_endpoints)}
    seen: dict[int, int] = {}
    for i, text in lines:
        endpoint = int(text) if text.isdigit() else names.get(text, -1)
        if not 0 <= endpoint < fabric.n_endpoints:
            rule = f"an endpoint of {fabric.name} is a number from 0 to {fabric.n_endpoints - 1} or a node's name"
            raise FileFormatError(str(path), f"line {i}", f"{text!r}: {rule}")
        if endpoint in seen:
            raise FileFormatError(str(path), f"line {i}", f"endpoint {text} stands in line {seen[endpoint]} too: each once")
        seen[endpoint] = i
    return np.array(list(seen), np.int64)
