"""Which endpoint each rank runs on. Ranks, not nodes: everything in a schedule speaks of ranks."""

from __future__ import annotations

import os
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

    ``packed``: in the order of the endpoints. ``strided`` or ``strided:STEP``: every STEP-th server, round
    and round; by default STEP is what one leaf holds, so that neighbouring servers never share a leaf.
    ``random``: servers shuffled by ``seed``. A server is a run of endpoints with one server number, or one
    endpoint where there is none: it stays whole, as schedulers hand out whole servers. Anything else is the
    path of a text file with one endpoint per line, as its number or its name. ``ranks`` None: all endpoints,
    or all lines.

    Raises:
        ParameterError: more ranks than endpoints, fewer than two, a bad step.
        FileFormatError: the file cannot be read or has too few lines, or an endpoint in it is out of range,
            unknown or named twice.
    """
    name, _, step = placement.partition(":")
    count = fabric.n_endpoints if ranks is None else ranks
    if ranks is not None or name in PLACEMENTS:
        _require(fabric, count)
    if name == "packed" and not step:
        return np.arange(count)
    if name == "random" and not step:
        start, stop = _units(fabric)
        order = np.random.default_rng(seed).permutation(len(start))
        return ranges(start[order], stop[order])[:count]
    if name == "strided":
        start, stop = _units(fabric)
        order = np.argsort(np.arange(len(start)) % _stride(fabric, start, step), kind="stable")
        return ranges(start[order], stop[order])[:count]
    check_placement(placement)
    path = Path(placement)
    chosen = _read(fabric, path)
    if len(chosen) < (ranks or 2):
        rule = f"holds {len(chosen):,} endpoints, one line per rank: {ranks or 2:,} are needed"
        raise FileFormatError(str(path), "", rule)
    return chosen[:ranks]


def check_placement(placement: str) -> None:
    """Raise ParameterError unless ``placement`` is one of PLACEMENTS or names a file."""
    name, _, step = placement.partition(":")
    if (name in PLACEMENTS and (not step or name == "strided")) or os.path.isfile(placement):
        return
    rule = "neither a placement nor the path of a file"
    if name in PLACEMENTS:
        rule = f"{name} takes no parameter"
    raise ParameterError("placement", placement, rule, (*PLACEMENTS, "strided:STEP"))


def placement_file(placement: str) -> Path | None:
    """The file that a placement names, or None."""
    if placement.partition(":")[0] in PLACEMENTS:
        return None
    path = Path(placement)
    return path if os.path.isfile(placement) else None


def _require(fabric: Fabric, ranks: int) -> None:
    if ranks < 2:
        raise ParameterError("ranks", ranks, "at least 2: one rank has nobody to reduce with")
    if ranks > fabric.n_endpoints:
        raise ParameterError("ranks", ranks, f"at most the {fabric.n_endpoints:,} endpoints of {fabric.name}")


def _units(fabric: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of endpoints of one server starts and stops; single endpoints where there are none."""
    server = fabric.server
    start = np.flatnonzero((np.diff(server, prepend=-2) != 0) | (server < 0))
    return start, np.append(start[1:], len(server))


def _stride(fabric: Fabric, start: NDArray[np.int64], text: str) -> int:
    if text:
        step = _number(text)
        if not 1 <= step <= len(start):
            raise ParameterError("placement strided: step", text, f"a whole number from 1 to {len(start):,}")
        return step
    first = start[fabric.attached[start] > 0]
    return int(np.bincount(fabric.arc_dst[fabric.arc_up[first]]).max(initial=1))


def _number(text: str) -> int:
    """The whole number that ``text`` is, or -1."""
    return int(text) if text.isdecimal() and len(text) < 19 else -1


def _read(fabric: Fabric, path: Path) -> NDArray[np.int64]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(str(path), "", f"cannot be read: {error}") from None
    lines = [(i, text.strip()) for i, text in enumerate(content.splitlines(), 1)]
    lines = [(i, text) for i, text in lines if text and not text.startswith("#")]
    names: dict[str, int] = {}
    if any(_number(text) < 0 for _, text in lines):
        names = {fabric.label(e): e for e in range(fabric.n_endpoints)}
    seen: dict[int, int] = {}
    for i, text in lines:
        endpoint = _number(text) if text.isdecimal() else names.get(text, -1)
        if not 0 <= endpoint < fabric.n_endpoints:
            rule = f"an endpoint is a number from 0 to {fabric.n_endpoints - 1} or a node's name"
            raise FileFormatError(str(path), f"line {i}", f"{text!r}: {rule}")
        if endpoint in seen:
            rule = f"endpoint {text} stands in line {seen[endpoint]} too: each once"
            raise FileFormatError(str(path), f"line {i}", rule)
        seen[endpoint] = i
    return np.array(list(seen), np.int64)
