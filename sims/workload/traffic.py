"""Traffic: who sends how much to whom, and when. Patterns and files; knows no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.graph.node_names import NodeNames
from fabric.machine.no_file import no_file
from fabric.words.errors import ParameterError
from fabric.words.units import MOST_SPAN, SIZES, SPAN_RULE, legal_sizes

__all__ = ["PATTERNS", "Traffic", "pattern", "read_traffic"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Flows between endpoints: ``src``, ``dst``, ``size`` in bytes, ``start`` in s, each (flows,).

    ``after``: s from the earliest start to each, where it is known to more digits than those of ``start``, as
    of times of the day that a file counts from 1970.
    """

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    size: NDArray[np.float64]
    start: NDArray[np.float64]
    after: NDArray[np.float64] | None = None

    def since_first(self) -> NDArray[np.float64]:
        """(flows,): s from the earliest start to each; a clock that counts them keeps its digits.

        Raises:
            ParameterError: one lies more than MOST_SPAN behind.

        >>> ends, start = np.arange(2), np.array([1760000000, 1760000000.5])
        >>> Traffic(src=ends, dst=ends[::-1], size=np.ones(2), start=start).since_first().tolist()
        [0.0, 0.5]
        """
        found = self.start - self.start.min() if self.after is None else self.after
        if not found.max() <= MOST_SPAN:
            raise ParameterError("start", float(self.start.max()), SPAN_RULE)
        return found

    def __len__(self) -> int:
        return len(self.src)


def _permutation(n: int, seed: int) -> NDArray[np.int64]:
    """Uniform over the permutations that leave nobody in place: shuffle until it is one (1/e of all are)."""
    draw = np.random.default_rng(seed)
    while True:
        target = draw.permutation(n)
        if not np.any(target == np.arange(n)):
            return target


PATTERNS: dict[str, str] = {
    "permutation": "each endpoint sends to another one, each receives once; drawn by the seed",
    "shift": "endpoint i sends to i + STEP (shift:STEP, default half of the endpoints), round and round",
    "incast": "all endpoints send to the first",
}


def pattern(text: str, endpoints: int, size: float, seed: int = 0) -> Traffic:
    """One of PATTERNS over all endpoints, ``size`` bytes a flow, all at once.

    Raises:
        ParameterError: unknown pattern, a step or size out of its range, fewer than two endpoints.
    """
    name, _, step = text.partition(":")
    if endpoints < 2:
        raise ParameterError("traffic", text, "needs at least two endpoints")
    if not legal_sizes(np.array([size], float)).all():
        raise ParameterError("size", size, f"a finite number of bytes above zero: {SIZES}")
    src = np.arange(endpoints)
    makers: dict[str, Callable[[], NDArray[np.int64]]] = {
        "permutation": lambda: _permutation(endpoints, seed),
        "shift": lambda: (src + _step(step, endpoints)) % endpoints,
        "incast": lambda: np.zeros(endpoints, np.int64),
    }
    if name not in makers:
        rule = no_file(text, "neither a pattern nor the path of a file")
        raise ParameterError("traffic", text, rule, PATTERNS)
    if step and name != "shift":
        raise ParameterError("traffic", text, f"{name} takes no parameter")
    dst = makers[name]()
    src, dst = src[src != dst], dst[src != dst]
    return Traffic(src=src, dst=dst, size=np.full(len(src), float(size)), start=np.zeros(len(src)))


def _step(text: str, endpoints: int) -> int:
    if not text:
        return endpoints // 2
    if not text.isdecimal() or len(text) > 18 or not 1 <= int(text) < endpoints:
        raise ParameterError("traffic shift: step", text, f"a whole number from 1 to {endpoints - 1:,}")
    return int(text)


def read_traffic(path: str | Path, endpoints: int, names: NodeNames | None = None) -> Traffic:
    """The flows of a CSV file with the columns src, dst, size_bytes and optionally start_s; or of a matrix of
    bytes, CSV or NumPy's, or of a connection matrix of htsim (sims.workload.traffic_matrix).

    An endpoint is called by its number or, with ``names``, as those call it: a host stands for its endpoints,
    a list in double quotes (``"lrdn[1,3]"``) for all that it names. A line that names as many on either side
    is a flow from each to its peer, one that names one on one side a flow for each of the other.

    Raises:
        FileFormatError: missing file or column, an endpoint out of range, unknown or sending to itself, sides
            that name several and not as many, a size or start that is no number of its range; with its place.
    """
    from sims.workload.traffic_matrix import read_connections, read_matrix, traffic_kind
    from sims.workload.traffic_table import read_table

    kind = traffic_kind(path)
    if kind:
        src, dst, size, start, after = (read_matrix if kind == "matrix" else read_connections)(
            path, endpoints
        )
    else:
        src, dst, size, start, after = read_table(path, endpoints, names)
    return Traffic(src=src, dst=dst, size=size, start=start, after=after)
