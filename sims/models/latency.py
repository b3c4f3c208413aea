"""A latency profile laid onto a fabric: what links and transfers wait for, and the rates that are left.

Knows no collective and no clock.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.routing.slowest import slowest
from sims.models.profiles import LatencyProfile

__all__ = ["abroad", "crossing", "derated", "link_latency", "transfer_latency"]


def link_latency(fabric: Fabric, profile: LatencyProfile) -> NDArray[np.float64]:
    """(links,) in s: what crossing each link adds to a message's latency; summed over a path, its hops.

    A link holds its cable's delay, the switch that it leads into, and, where it leaves an endpoint, the
    overhead. The last is kept with the fabric.
    """
    known, found = fabric.derived.get("link_latency", (None, None))
    if known != profile:
        found = _link_latency(fabric, profile)
        fabric.derived["link_latency"] = profile, found
    return found


def _link_latency(fabric: Fabric, profile: LatencyProfile) -> NDArray[np.float64]:
    into = fabric.kind[fabric.link_dst]
    latency = fabric.delay * profile.cable_factor + np.where(into == SWITCH, profile.switch_latency, 0.0)
    latency += np.where(into == NVSWITCH, profile.scaleup_switch_latency, 0.0)
    overhead = np.where(into == NVSWITCH, profile.scaleup_overhead, profile.overhead)
    return latency + np.where(fabric.link_src < fabric.n_endpoints, overhead, 0.0)


def transfer_latency(
    paths: Paths, fabric: Fabric, profile: LatencyProfile, hops: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(flows,) in s: the latency of each of the transfers of one phase: its hops, and its step as a whole.

    Of a transfer that is split, that of its slowest way: it has come when all of it has. ``hops``: what
    ``link_latency`` gives, where it is known already.
    """
    latency = slowest(paths, fabric, link_latency(fabric, profile) if hops is None else hops)
    if profile.counts_steps:
        crosses = crossing(paths, fabric)
        step = np.where(crosses, profile.net_step, profile.intra_step)
        latency += np.where(paths.length > 0, np.maximum(step, profile.least_step * crosses.any()), 0.0)
    return latency


def crossing(paths: Paths, fabric: Fabric) -> NDArray[np.bool_]:
    """(flows,): which cross the network (a switch, or a cable between endpoints), not only a server."""
    return paths.total(abroad(fabric).astype(float)) > 0


def abroad(fabric: Fabric) -> NDArray[np.bool_]:
    """(links,): which lead to a switch of the network, or from endpoint to endpoint; kept with the fabric."""
    if "abroad" not in fabric.derived:  # as a fabric of other rates shares it
        n, to = fabric.n_endpoints, fabric.link_dst
        fabric.derived["abroad"] = (fabric.kind[to] == SWITCH) | ((fabric.link_src < n) & (to < n))
    found: NDArray[np.bool_] = fabric.derived["abroad"]
    return found


def derated(fabric: Fabric, profile: LatencyProfile) -> Fabric:
    """The fabric whose links have the rates that the profile leaves to the bytes; itself if it leaves all."""
    if profile.bandwidth == profile.scaleup_bandwidth == profile.injection == 1:
        return fabric
    inside = (fabric.kind[fabric.link_src] == NVSWITCH) | (fabric.kind[fabric.link_dst] == NVSWITCH)
    of_endpoint = (fabric.link_src < fabric.n_endpoints) | (fabric.link_dst < fabric.n_endpoints)
    network = profile.bandwidth * np.where(of_endpoint, profile.injection, 1.0)
    capacity = fabric.capacity * np.where(inside, profile.scaleup_bandwidth, network)
    capacity.flags.writeable = False
    return replace(fabric, capacity=capacity)
