"""Whether a graph of so many nodes and edges fits in memory, asked before it is built.

Knows what a node and an edge cost; knows no topology.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from fabric.machine.memory import available_memory
from fabric.words.errors import TooLargeError

__all__ = ["count_parts", "require_memory"]

# Bytes of the graph, of the compiled Fabric and of what is alive while one becomes the other. Measured as the
# growth of the largest resident size (ru_maxrss) on fat trees of 10,000 to 550,000 nodes, with and without
# servers, CPython 3.11, NetworkX 3.6: 491 to 512 bytes per node or edge, of which the graph alone is 340 to
# 400. A tenth is added.
_PER_NODE = 550
_PER_EDGE = 550


class CountedError(Exception):
    """How large a graph would be: ``CountedError(nodes, edges)``; ends its builder before it is built."""

    def __init__(self, nodes: int, edges: int) -> None:
        self.nodes, self.edges = nodes, edges
        super().__init__(nodes, edges)


_COUNTING: ContextVar[bool] = ContextVar("counting", default=False)


def count_parts(build: Callable[[], object]) -> tuple[int, int] | None:
    """(nodes, edges) of the graph that ``build`` would make, without making it; None of one that is read.

    Raises:
        FabricsimError: it cannot be built, or not in the memory that is left.
    """
    token = _COUNTING.set(True)
    try:
        build()
    except CountedError as counted:
        return counted.nodes, counted.edges
    finally:
        _COUNTING.reset(token)
    return None


def require_memory(what: str, nodes: int, edges: int) -> None:
    """Do nothing where a graph of ``nodes`` and ``edges`` can be built and compiled in what memory is left.

    Raises:
        TooLargeError: it cannot; says what, the bytes needed and the bytes available.
    """
    needed = nodes * _PER_NODE + edges * _PER_EDGE
    available = available_memory()
    if needed > available:
        raise TooLargeError(what, needed, available)
    if _COUNTING.get():
        raise CountedError(nodes, edges)
