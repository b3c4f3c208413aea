"""What a packet network has seen, as plain numbers with their unit in the name. Runs nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fabric.measures.link_kind import link_kinds
from sims.models.packet.sending import Sending

__all__ = ["port_columns", "summary"]


def summary(network: Sending, elapsed: float) -> dict[str, dict[str, float]]:
    """Numbers of a run that took ``elapsed`` s: of all packets under "all", then of each kind of link.

    Under "all": ``packets`` delivered, ``hops`` (links crossed by all), ``latency_*_s`` from the first byte
    out of the NIC to the last byte in (percentiles within 0.5%), ``out_of_order``: the share that came after
    one sent later. Of a kind of link: ``queue_mean`` and ``queue_max``, packets waiting at one port (the mean
    over time at the port where it is largest); ``wait_max_s``: the largest mean wait of a port's packets;
    ``buffer_max``: the fullest that the buffer behind a link got, as a share; ``paused_max_s``: the longest
    that a port was held up for want of a slot there, ``paused_mean_s`` the mean over ports that carried any.
    """
    seen = network.latencies
    found = {
        "all": {
            "packets": float(network.delivered),
            "hops": float(network.hops),
            "latency_mean_s": seen.mean,
            "latency_p50_s": seen.percentile(50),
            "latency_p99_s": seen.percentile(99),
            "latency_p999_s": seen.percentile(99.9),
            "latency_max_s": seen.worst,
            "out_of_order": network.disordered / max(network.delivered, 1),
        }
    }
    names, kind = link_kinds(network.fabric)
    ports = [port for port in network.ports.values() if port.packets]
    kinds = kind[[port.link for port in ports]] if ports else np.empty(0, np.int64)
    for number, name in enumerate(names):
        mine = [port for port, k in zip(ports, kinds) if k == number]
        if mine:
            paused = [port.paused for port in mine]
            found[name] = {
                "queue_mean": max(port.waited for port in mine) / elapsed,
                "queue_max": float(max(port.deepest for port in mine)),
                "wait_max_s": max(port.waited / port.packets for port in mine),
                "buffer_max": max(1 - port.fullest / port.slots for port in mine),
                "paused_max_s": max(paused),
                "paused_mean_s": sum(paused) / len(paused),
            }
    return found


def port_columns(network: Sending, elapsed: float) -> dict[str, list[Any]]:
    """Columns with a line for each port that carried anything, in the order of the fabric's links.

    ``from`` and ``to``: the nodes; ``packets``, ``bytes``: sent, headers included; ``use``: share of
    ``elapsed`` in which the line was busy; the rest as in ``summary``, of this port.
    """
    fabric = network.fabric
    names, kind = link_kinds(fabric)
    ports = [network.ports[link] for link in sorted(network.ports) if network.ports[link].packets]
    return {
        "from": [fabric.label(int(fabric.link_src[port.link])) for port in ports],
        "to": [fabric.label(int(fabric.link_dst[port.link])) for port in ports],
        "kind": [names[kind[port.link]] for port in ports],
        "packets": [port.packets for port in ports],
        "bytes": [port.bytes for port in ports],
        "use": [port.bytes * port.slowness / elapsed for port in ports],
        "queue_mean": [port.waited / elapsed for port in ports],
        "queue_max": [port.deepest for port in ports],
        "wait_mean_s": [port.waited / port.packets for port in ports],
        "buffer_max": [1 - port.fullest / port.slots for port in ports],
        "paused_s": [port.paused for port in ports],
    }
