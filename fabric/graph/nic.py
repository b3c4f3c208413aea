"""An endpoint's NIC: all its cables into the network together, and those to its scale-up switch likewise.

What an endpoint can send and receive is bounded by all of them, whatever routing makes of them. Those into
the network lead to one switch or, on multi-plane fabrics, to one on each plane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric, distinct
from fabric.graph.schema import NVSWITCH, SWITCH

__all__ = ["busiest_nic", "planes", "planes_used", "sending_rate"]


def planes(f: Fabric) -> int:
    """To how many switches of the network an endpoint is cabled, the most of any; at least 1. Kept with
    the fabric.
    """
    if "planes" not in f.derived:
        f.derived["planes"] = max(1, int(f.attached.max(initial=1)))
    found: int = f.derived["planes"]
    return found


def planes_used(f: Fabric, load: NDArray[np.float64]) -> float:
    """Over how many of its planes an endpoint that sends anything sends, in the mean; 0 where none does.

    ``load``: (links,) of ``f``, above zero on those that carry anything. An endpoint on fewer planes than
    ``planes`` counts by the share of its own, so where all is used the answer is ``planes``.
    """
    link = np.flatnonzero((f.link_src < f.n_endpoints) & (f.kind[f.link_dst] == SWITCH) & (load > 0))
    pairs = len(link)
    if not f.single:
        pairs = len(np.unique(f.link_src[link].astype(np.int64) * len(f.kind) + f.link_dst[link]))
    sends = np.zeros(f.n_endpoints, bool)
    sends[f.link_src[link]] = True
    return planes(f) * pairs / int(f.attached[sends].sum()) if pairs else 0.0


def sending_rate(f: Fabric, *, scaleup: bool = False) -> NDArray[np.float64]:
    """(endpoints,): bytes/s that each can send over its cables into the network, with ``scaleup`` over all.

    >>> from topologies import star
    >>> sending_rate(Fabric.from_graph(star(endpoints=2))).tolist()
    [50000000000.0, 50000000000.0]
    """
    out = (f.link_src < f.n_endpoints) & (scaleup | (f.kind[f.link_dst] != NVSWITCH))
    rate: NDArray[np.float64] = np.bincount(
        f.link_src[out], weights=f.capacity[out], minlength=f.n_endpoints
    ).astype(np.float64)
    return rate


def busiest_nic(f: Fabric, load: NDArray[np.float64]) -> float:
    """Seconds that the fullest NIC needs for the ``load`` in bytes of its links, (links,) of ``f``.

    Sending and receiving, network and scale-up are counted apart. Never above what its fullest link needs.
    """
    if "nics" not in f.derived:
        link = np.flatnonzero(f.access)
        sends = f.link_src[link] < f.n_endpoints
        src, dst = f.link_src[link].astype(np.int64), f.link_dst[link]
        end, other = np.where(sends, src, dst), np.where(sends, dst, src)
        nic = (end * 2 + (f.kind[other] == NVSWITCH)) * 2 + sends
        single = len(distinct(nic, 4 * f.n_endpoints)) == len(link)
        f.derived["nics"] = link, None if single else np.unique(nic, return_inverse=True)[1]
    link, nic = f.derived["nics"]  # None: each has one link
    if f.derived.get("nic_rates", (None,))[0] is not f.capacity:  # a derated fabric shares the tables
        rate = f.capacity[link] if nic is None else np.bincount(nic, weights=f.capacity[link])
        f.derived["nic_rates"] = f.capacity, np.where(rate > 0, rate, np.inf)
    rate = f.derived["nic_rates"][1]
    carried = load[link] if nic is None else np.bincount(nic, weights=load[link])
    return float(np.max(carried / rate, initial=0.0))
