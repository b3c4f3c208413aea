"""A graph that is left as the arrays of its builder, for who compiles it and asks no more of it.

A builder is told nothing: what it hands to ``assemble`` becomes a ``networkx.Graph``, or, inside
``left_as_arrays`` and from so many endpoints on, this. Both compile to the same fabric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.graph.schema import KINDS, ZONES, Columns, Zone

__all__ = ["Arrays", "Edges", "Nodes", "leaves_arrays", "left_as_arrays"]

_FROM: ContextVar[float] = ContextVar("endpoints", default=inf)


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """``count`` nodes in a row: ``common`` attributes; ``columns`` (count,) of whole numbers; ``texts``."""

    count: int
    common: Mapping[str, Any]
    columns: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """Edges between ``tail`` and ``head``, (edges,) node numbers each, all with the ``common`` attributes."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    common: Mapping[str, Any]


@contextmanager
def left_as_arrays(endpoints: float) -> Iterator[None]:
    """Inside, graphs of so many endpoints or more are ``Arrays``."""
    token = _FROM.set(endpoints)
    try:
        yield
    finally:
        _FROM.reset(token)


def leaves_arrays(endpoints: int) -> bool:
    """Whether a graph of so many endpoints is left as arrays here."""
    return endpoints >= _FROM.get()


@dataclass(frozen=True, eq=False)
class Arrays:
    """What ``assemble`` was given: ``graph``, its attributes, which may be edited; nodes and edges."""

    graph: dict[str, Any]
    nodes: Sequence[Nodes]
    edges: Sequence[Edges]

    def columns(self) -> Columns:
        """The columns that ``read_columns`` would read off the graph, edges in another order."""
        count, first = sum(block.count for block in self.nodes), self.nodes[0]
        # A name that only some nodes have is asked for by the first, as in read_columns.
        texts = {**first.common, **first.texts}
        names = [name for block in self.nodes for name in block.texts.get("name", [""] * block.count)]
        return Columns(
            name=str(self.graph.get("name") or "(unnamed)"),
            disclaimer=str(self.graph.get("disclaimer") or ""),
            ids=tuple(range(count)),
            labels=tuple(name or str(i) for i, name in enumerate(names)) if "name" in texts else None,
            kind=self._of_nodes("kind", np.int8, KINDS.index),
            tier=self._of_nodes("tier", np.int16),
            server=self._of_nodes("server", np.int32),
            tail=np.concatenate([run.tail.astype(np.int32) for run in self.edges]),
            head=np.concatenate([run.head.astype(np.int32) for run in self.edges]),
            rate=self._of_edges("rate", np.float64),
            delay=self._of_edges("delay", np.float64),
            cables=self._of_edges("cables", np.int32),
            cable_rates={},
            zones={zone: self._zone(zone) for zone in ZONES if self._has(zone)},
            in_network=str(self.graph.get("in_network") or ""),
        )

    def _has(self, name: str) -> bool:
        return any(name in block.columns or name in block.common for block in self.nodes if block.count)

    def _of_nodes(self, name: str, dtype: Any, number: Any = int) -> NDArray:
        """(nodes,): a value of each, -1 where it has none."""
        parts = []
        for block in self.nodes:
            value = block.columns.get(name)
            if value is None:
                value = np.full(block.count, number(block.common[name]) if name in block.common else -1)
            parts.append(value.astype(dtype))
        return np.concatenate(parts)

    def _of_edges(self, name: str, dtype: Any) -> NDArray:
        """(edges,): a value of each; there is one cable where no run says how many."""
        usual = {"cables": 1}
        return np.concatenate(
            [np.full(len(run.tail), {**usual, **run.common}[name], dtype) for run in self.edges]
        )

    def _zone(self, name: str) -> Zone:
        of = self._of_nodes(name, np.int64)
        named, index = np.unique(of, return_inverse=True)
        none = int(named[0] == -1)
        return Zone(of=(index - none).astype(np.int32), names=tuple(map(str, named[none:].tolist())))
