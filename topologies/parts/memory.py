"""How large a graph would be and whether it fits in memory, asked before it is built.

Knows what a node and an edge cost; knows no topology.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple

from fabric.machine.memory import available_memory
from fabric.words.errors import TooLargeError
from topologies.parts.arrays import leaves_arrays

__all__ = ["Size", "require_memory", "size_of"]

# Bytes of the graph, of the compiled Fabric and of what is alive while one becomes the other. Measured as the
# growth of the largest resident size (ru_maxrss) on fat trees of 10,000 to 550,000 nodes, with and without
# servers, CPython 3.11, NetworkX 3.6: 491 to 512 bytes per node or edge, of which the graph alone is 340 to
# 400. A tenth is added.
_PER_NODE = 550
_PER_EDGE = 550
# The same of a graph that is left as arrays: 139 bytes per node or edge of beyond-1m. A sixth is added.
_LEFT = 160


class Size(NamedTuple):
    """Counts of a graph. ``switches``: those of the network, scale-up switches are nodes only; ``places``:
    sets of switches that endpoints are on, such as the leaves, or the leaves of all planes side by side.
    """

    nodes: int
    edges: int
    endpoints: int
    switches: int
    places: int


class CountedError(Exception):
    """How large a graph would be: ``CountedError(size)``; ends its builder before it is built."""

    def __init__(self, size: Size) -> None:
        self.size = size
        super().__init__(size)


_COUNTING: ContextVar[bool] = ContextVar("counting", default=False)


def size_of(build: Callable[[], object]) -> Size | None:
    """The size of the graph that ``build`` would make, without making it; None of one that is read.

    Raises:
        FabricsimError: it cannot be built, or not in the memory that is left.
    """
    token = _COUNTING.set(True)
    try:
        build()
    except CountedError as counted:
        return counted.size
    finally:
        _COUNTING.reset(token)
    return None


def require_memory(what: str, size: Size) -> None:
    """Do nothing where a graph of ``size`` can be built and compiled in what memory is left.

    Raises:
        TooLargeError: it cannot; says what, the bytes needed and the bytes available.
    """
    needed = size.nodes * _PER_NODE + size.edges * _PER_EDGE
    if leaves_arrays(size.endpoints):
        needed = (size.nodes + size.edges) * _LEFT
    available = available_memory()
    if needed > available:
        raise TooLargeError(what, needed, available)
    if _COUNTING.get():
        raise CountedError(size)
