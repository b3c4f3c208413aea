"""Slim Flies: the graphs of McKay, Miller and Siran, of diameter two.

Knows the sets X and X' of its field; the arithmetic of the field is in ``topologies.parts.galois``.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from topologies.parts.argument import Delays, GpusPerServer, Nvlink, NvlinkDelay, Rate, count
from topologies.parts.assemble import Edges, Nodes
from topologies.parts.builder import Call, family
from topologies.parts.galois import Field, prime_power
from topologies.parts.hosts import Hosts

__all__ = ["slim_fly"]


@family("slim-fly", "2 q^2 switches of diameter two, q a prime power (Besta, Hoefler)", place=120)
def slim_fly(
    call: Call,
    *,
    q: Annotated[int, count("a power of a prime: there are 2 q^2 switches", 3)],
    endpoints_per_switch: Annotated[
        int | None, count("endpoints of a switch; left out: half as many as its other cables, rounded up")
    ] = None,
    rate: Rate = 50e9,
    delay: Delays = (25e-9, 250e-9),
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 450e9,
    nvlink_delay: NvlinkDelay = 5e-9,
) -> nx.Graph:
    """The Slim Fly of ``q``, a prime power of 3 or more: 2 q^2 switches, any two at most 2 cables apart.

    With q = 4w + delta, delta one of -1, 0, 1, each switch has k' = (3q - delta) / 2 cables to others and
    ``endpoints_per_switch`` endpoints, ceil(k' / 2) where left out: what full global bandwidth allows.
    Switches are (s, x, y) with s of 0, 1 and x, y of the field of q elements: (0, x, y) is joined to (0, x,
    y') where y - y' is in X, (1, m, c) to (1, m, c') where c - c' is in X', and (0, x, y) to (1, m, c)
    where y = m x + c; X and X' are sets of powers of a primitive element. ``rate`` is in bytes/s per cable;
    ``delay`` in seconds, for the cables endpoint-switch and switch-switch. ``gpus_per_server``, ``nvlink``
    and ``nvlink_delay`` as in ``fat_tree``.

    Returns nodes 0 .. N-1 as endpoints, switch by switch, then switches in the order of (s, x, y), all of
    tier 1, then scale-up switches; ``pod`` is x or m on both: one of q racks of 2q switches. The graph of the
    switches is regular, of diameter 2; q = 5 is the Hoffman-Singleton graph. It has no tiers, so any
    shortest path is legal.

    Raises:
        ParameterError: naming the parameter, its value, the rule and the nearest legal values.
        TooLargeError: before anything is built, where memory would not suffice.

    Source: Besta, Hoefler, "Slim Fly: a cost effective low-diameter network topology", SC 2014, section II-B;
    McKay, Miller, Siran, Journal of Combinatorial Theory B 74 (1998).

    >>> slim_fly(q=5, endpoints_per_switch=1).number_of_edges()  # 50 endpoints, 50 * 7 / 2 cables
    225
    """
    ports = (3 * q - (q + 1) % 4 + 1) // 2
    p = endpoints_per_switch or (ports + 1) // 2
    if q < 10**6:  # beyond, memory says no first
        _require_legal(q)
    hosts = Hosts.of(call, 2 * q * q * p)
    hosts.require_memory(call.name, 2 * q * q, q * q * ports)

    tail, head = _cables(Field.of(q))
    common = {"rate": rate, "delay": call.delay(2)}
    pod = np.arange(2 * q * q, dtype=np.int64) // q % q
    switches = Nodes(count=len(pod), common={"kind": "switch", "tier": 1}, columns={"pod": pod})
    on = np.arange(hosts.count, dtype=np.int64) // p
    notes = [
        f"{counted(hosts.count, 'endpoint')}; {2 * q * q:,} switches of {counted(ports + p, 'port')}, "
        f"{ports:,} to switches.",
        f"Cables: {hosts.count:,} endpoint-switch, {len(tail):,} switch-switch.",
        *hosts.notes(on),
    ]
    cables = [Edges(tail=tail, head=head, common=common)]
    return hosts.graph(call.about(notes), on, [switches], cables, {"pod": pod[on]})


def _require_legal(q: int) -> None:
    if not prime_power(q):  # 6 or more, then, so that there is a legal one below
        below, above = (next(filter(prime_power, way)) for way in (range(q, 2, -1), range(q, 2 * q)))
        raise ParameterError("q", q, f"a power of a prime: the nearest legal are {below:,} and {above:,}")


def _cables(field: Field) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(tail, head) of the cables between switches, (s, x, y) being number s q^2 + x q + y."""
    q, power, element = field.q, field.powers, np.arange(field.q, dtype=np.int64)
    if q % 4 == 3:  # delta = -1: even powers up to the middle, then odd ones, and so on times g
        half = (q + 1) // 2
        exponent = np.concatenate([np.arange(0, half, 2), np.arange(half - 1, q - 1, 2)])
    else:
        exponent = np.arange(0, q - 1, 2)
    tails, heads = [], []
    for side, shift in enumerate((0, 1)):
        steps = power[(exponent + shift) % (q - 1)]
        y, other = (
            column.ravel() for column in (np.repeat(element[:, None], len(steps), 1), field.plus[:, steps])
        )
        once = y < other  # the set holds -s with each s
        first = (side * q + element)[:, None] * q
        tails.append((first + y[once]).ravel())
        heads.append((first + other[once]).ravel())
    x, m, c = (axis.ravel() for axis in np.indices((q, q, q)))
    tails.append(x * q + field.plus[field.times[m, x], c])
    heads.append(q * q + m * q + c)
    return np.concatenate(tails), np.concatenate(heads)
