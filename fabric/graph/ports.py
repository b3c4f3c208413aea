"""Which cable is in which port: a port takes one. Knows the edge attribute ``ports``; no rates, no routes.

``ports`` has an entry per cable: the port at the end that stands first in the graph and that at the other, a
text or number each, or None where it is not known. Of edges without it nothing can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any

from numpy.typing import NDArray

from fabric.words.counted import counted

__all__ = ["port_violations"]

_PORT = "a whole number, a text or None"
_RULE = "a port takes one cable (the parts of a split port have names of their own, such as 3/1 and 3/2)"


def port_violations(
    ids: Sequence[Hashable],
    tail: NDArray,
    head: NDArray,
    cables: Sequence[int],
    edges: Sequence[Mapping[str, Any]],
    edge: Callable[[int], str],
) -> Iterator[str]:
    """A clause for each ``ports`` that is no pair per cable, and for each port with several cables.

    ``tail``, ``head`` (edges,) index ``ids``; ``cables`` (edges,); ``edge`` calls an edge by its ends.
    """
    used: dict[tuple[int, Hashable], list[tuple[int, Any]]] = {}
    for i, data in enumerate(edges):
        ports = data.get("ports")
        if ports is None:
            continue
        if not isinstance(ports, list | tuple) or len(ports) != cables[i] or not all(map(_pair, ports)):
            shown = repr(ports)
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            wanted = f"{counted(cables[i], 'pair')} of ports, one per cable, each {_PORT}"
            yield f"{edge(i)}: ports = {shown}: {wanted}"
            continue
        a, b = int(tail[i]), int(head[i])
        for p, q in ports:
            if p is not None:
                used.setdefault((a, p), []).append((b, q))
            if q is not None:
                used.setdefault((b, q), []).append((a, p))
    for (node, port), others in used.items():
        if len(others) > 1:
            to = " and to ".join(
                f"{ids[peer]!r}{'' if q is None else f' port {q}'}" for peer, q in others[:2]
            )
            more = f" and {len(others) - 2} more" if len(others) > 2 else ""
            yield f"port {port} of {ids[node]!r} has {len(others)} cables, to {to}{more}: {_RULE}"


def _pair(ends: Any) -> bool:
    return isinstance(ends, list | tuple) and len(ends) == 2 and all(map(_port, ends))


def _port(value: Any) -> bool:
    return value is None or (isinstance(value, str | Integral) and not isinstance(value, bool))
