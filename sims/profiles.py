"""Latency constants, each with its source, as named profiles. The only place where such a number is written.

The latency of one step of a collective is an overhead per message at the sender plus, for every hop, the
latency of the switch and the delay of the cable (which the topology knows). The bytes are the fluid model's
business.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.errors import ParameterError
from fabric.schema import NVSWITCH, SWITCH
from fabric.units import format_time, parse_time

__all__ = ["DEFAULT_PROFILE", "PROFILES", "LatencyProfile", "latency_profile", "link_latency"]


@dataclass(frozen=True, kw_only=True)
class LatencyProfile:
    """Seconds. ``overhead``: software and NICs of one message over the fabric, both ends; ``switch_latency``:
    port to port of one switch; ``scaleup_overhead`` and ``scaleup_switch_latency``: the same inside a server.

    Raises:
        ParameterError: a constant is below zero or not finite.
    """

    name: str
    overhead: float
    switch_latency: float
    scaleup_overhead: float
    scaleup_switch_latency: float

    def __post_init__(self) -> None:
        for key, value in _constants(self).items():
            if not 0 <= value < math.inf:
                raise ParameterError(f"latency-profile {self.name}: {key}", value, "seconds, zero or more")

    @property
    def spec(self) -> str:
        """The text that ``latency_profile`` reads back, the same for equal profiles."""
        usual = _constants(PROFILES[self.name])
        own = {key: value for key, value in sorted(_constants(self).items()) if value != usual[key]}
        changes = ",".join(f"{key}={value * 1e9:.15g}ns" for key, value in own.items())
        return f"{self.name}:{changes}" if changes else self.name

    def __str__(self) -> str:
        parts = (f"{key}={format_time(value).replace(' ', '')}" for key, value in _constants(self).items())
        return f"{self.name} ({', '.join(parts)})"


def _constants(profile: LatencyProfile) -> dict[str, float]:
    return {key: value for key, value in asdict(profile).items() if key != "name"}


# One NVLink step of NCCL's LL protocol, 0.6 us: NCCL 2.30.7, src/graph/tuning.cc. It includes the switch.
_NVLINK_STEP = 0.6e-6

PROFILES = {
    profile.name: profile
    for profile in (
        # No latency but that of the cables: for comparing with closed forms.
        LatencyProfile(
            name="ideal", overhead=0.0, switch_latency=0.0, scaleup_overhead=0.0, scaleup_switch_latency=0.0
        ),
        # 64 B end to end under one leaf: 3.6 us (RoCE; "Insights into DeepSeek-V3", ISCA 2025, Table 5, as
        # reported). A hop through one more switch, with its cable: 0.725 us (ib_write_lat 5.09 us under a
        # leaf, 6.54 us two hops further, MRC, arXiv:2605.04333, as reported), less a cable of 50 m (0.25 us).
        # Overhead: 3.6 us less one switch and two cables of 5 m (0.05 us).
        LatencyProfile(
            name="roce-400g",
            overhead=3.075e-6,
            switch_latency=0.475e-6,
            scaleup_overhead=_NVLINK_STEP,
            scaleup_switch_latency=0,
        ),
        # 64 B end to end under one leaf: 2.8 us (InfiniBand; same table). Port to port of an NDR switch:
        # sources print 150 to 400 ns; the middle is taken. Overhead: the rest, less two cables of 5 m.
        LatencyProfile(
            name="ib-ndr",
            overhead=2.475e-6,
            switch_latency=0.275e-6,
            scaleup_overhead=_NVLINK_STEP,
            scaleup_switch_latency=0,
        ),
    )
}
DEFAULT_PROFILE = "roce-400g"


def latency_profile(text: str) -> LatencyProfile:
    """A named profile, constants replaced where the text says so: ``ib-ndr:switch_latency=300ns``.

    Raises:
        ParameterError: an unknown profile or constant, one given twice, a time without its unit or below
        zero.
    """
    name, _, rest = text.partition(":")
    if name not in PROFILES:
        raise ParameterError("latency-profile", name, "unknown profile", PROFILES)
    profile = PROFILES[name]
    constants = _constants(profile)
    changes: dict[str, float] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in constants:
            raise ParameterError(f"latency-profile {name}", key, "unknown constant", constants)
        if key in changes:
            raise ParameterError(f"latency-profile {name}: {key}", value, "given twice")
        changes[key] = parse_time(value, f"latency-profile {name}: {key}")
    return replace(profile, **changes)  # type: ignore[arg-type]


def link_latency(fabric: Fabric, profile: LatencyProfile) -> NDArray[np.float64]:
    """(links,) in s: what crossing each link adds to a message's latency; summed along a path, that of a
    step.

    A link holds its cable's delay, the switch that it leads into, and, where it leaves an endpoint, the
    overhead.
    """
    into = fabric.kind[fabric.link_dst]
    latency = fabric.delay + np.where(into == SWITCH, profile.switch_latency, 0.0)
    latency += np.where(into == NVSWITCH, profile.scaleup_switch_latency, 0.0)
    overhead = np.where(into == NVSWITCH, profile.scaleup_overhead, profile.overhead)
    return latency + np.where(fabric.link_src < fabric.n_endpoints, overhead, 0.0)
