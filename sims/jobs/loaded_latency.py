"""One-way latency under load, message by message, as the packet model measures it. For small fabrics.

Every endpoint sends messages to others drawn at random, at random instants, so that it uses a stated share of
its links' rate: open loop, as a service's requests come, and not a collective.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, route
from fabric.graph.schema import NVSWITCH
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError
from fabric.words.units import format_size
from sims.jobs.one_way import HopClass, ways
from sims.models.packet.cost import packets_wait
from sims.models.packet.routes import single_path
from sims.models.packet.settings import PacketSettings
from sims.models.packet.traffic import RoutedPackets
from sims.models.profiles import LatencyProfile
from sims.workload.traffic import Traffic

__all__ = ["Loaded", "check_loads", "loaded", "parse_loads", "require_few"]

_MESSAGES, _EACH = 20_000, 40  # at least, in all and of each endpoint; 20 of them are the last 0.1%
_MOST = 2_048  # endpoints
_WARM = 0.2  # the share of the time that is left out at the start


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """Latencies at one ``load``: the share of its rate that an endpoint sends, headers included.

    ``classes``: by way and links, with the messages in place of pairs; the latency runs from the sender's
    call to the receipt of the last byte, so it includes what the bytes take.
    """

    load: float
    size: int
    classes: tuple[HopClass, ...]

    @property
    def latency(self) -> NDArray[np.float64]:
        """All latencies in s, ascending."""
        return np.sort(np.concatenate([c.latency for c in self.classes]))


def parse_loads(text: str) -> tuple[float, ...]:
    """The loads of a list such as ``0.3,0.6``, ascending.

    Raises:
        ParameterError: one is no number, not above 0, or 1 and more, at which queues grow without end.
    """
    found = []
    for item in text.split(","):
        try:
            value = float(item)
        except ValueError:
            value = -1.0
        if not 0 < value < 1:
            rule = "must be a share above 0 and below 1: at 1 queues grow without end"
            raise ParameterError("--load", item.strip(), rule)
        found.append(value)
    return tuple(sorted(set(found)))


def require_few(loads: Sequence[float], endpoints: int) -> None:
    """Raise ParameterError where ``loads`` of so many endpoints would take the packet model hours."""
    if endpoints > _MOST and loads:
        rule = f"runs packet by packet: at most {_MOST:,} endpoints, not {endpoints:,}"
        raise ParameterError("--load", loads[0], rule)


def check_loads(
    fabric: Fabric,
    profile: LatencyProfile,
    policy: Policy,
    loads: Sequence[float],
    size: int,
    seed: int = 0,
    settings: PacketSettings | None = None,
) -> None:
    """Find out before anything is run that the packet model cannot. Other arguments as of ``loaded``.

    Raises:
        ParameterError: too large a fabric, messages that take it more than an hour, or a policy that it does
            not know.
    """
    _check(fabric, policy, loads)
    settings = settings or PacketSettings()
    for load in loads[:1]:  # of each other as many messages are sent
        _sent(fabric, policy, _drawn(fabric, profile, load, size, seed, settings)[0], size, seed, settings)


def _check(fabric: Fabric, policy: Policy, loads: Sequence[float]) -> None:
    single_path(policy)
    require_few(loads, fabric.n_endpoints)
    if loads and not np.any(_leaving(fabric)):
        raise ParameterError("--load", loads[0], "a share of the network's links, and no endpoint has any")


def _leaving(fabric: Fabric) -> NDArray[np.bool_]:
    """(links,): those from an endpoint into the network."""
    return (fabric.link_src < fabric.n_endpoints) & (fabric.kind[fabric.link_dst] != NVSWITCH)


def loaded(
    fabric: Fabric,
    profile: LatencyProfile,
    policy: Policy,
    load: float,
    size: int,
    seed: int = 0,
    settings: PacketSettings | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Loaded:
    """Latencies of messages of ``size`` bytes that leave every endpoint as a Poisson process.

    ``tell`` is told before the packets run how long they take, where that is a minute or more.

    Raises:
        ParameterError: as ``check_loads``.
    """
    _check(fabric, policy, [load])
    settings = settings or PacketSettings()
    traffic, window = _drawn(fabric, profile, load, size, seed, settings)
    paths = _sent(fabric, policy, traffic, size, seed, settings)
    routed = RoutedPackets.of(fabric, traffic, policy, profile, settings, seed=seed)
    if words := routed.wait.foretold:
        tell(words)
    result = routed.run()
    counts = traffic.start >= _WARM * window
    latency = result.seconds[counts]
    paths = paths.take(np.flatnonzero(counts))
    return Loaded(load=load, size=size, classes=tuple(_classes(ways(paths, fabric), paths.length, latency)))


def _drawn(
    fabric: Fabric, profile: LatencyProfile, load: float, size: int, seed: int, settings: PacketSettings
) -> tuple[Traffic, float]:
    """The messages, in the order in which they leave, and the seconds during which they do."""
    n = fabric.n_endpoints
    draw = np.random.default_rng(seed)
    rate = np.zeros(n)  # bytes/s into the network; a server's own links are not loaded by this
    leaving = _leaving(fabric)
    np.add.at(rate, fabric.link_src[leaving], fabric.capacity[leaving])
    each = load * rate * profile.bandwidth / settings.wire(size)  # messages/s
    window = max(_MESSAGES, _EACH * n) / float(each.sum())
    count = draw.poisson(each * window)
    src = np.repeat(np.arange(n), count)
    dst = (src + draw.integers(1, n, len(src))) % n
    start = draw.uniform(0, window, len(src))
    order = np.argsort(start, kind="stable")
    every = np.full(len(src), float(size))
    return Traffic(src=src[order], dst=dst[order], size=every, start=start[order]), window


def _sent(
    fabric: Fabric, policy: Policy, traffic: Traffic, size: int, seed: int, settings: PacketSettings
) -> Paths:
    """The paths of the messages; raises ParameterError where their packets take more than an hour."""
    paths = route(fabric, traffic.src, traffic.dst, single_path(policy, seed))
    wait = packets_wait(float(paths.length.sum()) * settings.packets(size), len(paths), settings)
    replace(wait, instead="ask for smaller messages or a smaller fabric").require("--size", format_size(size))
    return paths


def _classes(
    way: NDArray[np.str_], links: NDArray[np.int64], latency: NDArray[np.float64]
) -> Sequence[HopClass]:
    found = []
    for name in ("server", "network", "relay"):
        for count in np.unique(links[way == name]).tolist():
            mine = np.sort(latency[(way == name) & (links == count)])
            found.append(HopClass(way=name, links=count, pairs=len(mine), latency=mine, exact=False))
    return found
