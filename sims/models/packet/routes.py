"""Routes: the links of every flow for the packet model, and what of its latency lies outside the network.

The paths are those of the fluid model. A policy that spreads each flow has none there; here its packets
start and end on the links that ECMP would pick, and choose on the way. No clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric import Ecmp, Fabric, Paths
from fabric.routing.policies import POLICIES, Policy
from fabric.words.errors import ParameterError
from sims.models.latency import link_latency, transfer_latency
from sims.models.profiles import LatencyProfile

__all__ = ["Latencies", "single_path"]


def single_path(policy: Policy, seed: int = 0) -> Policy:
    """The policy by which flows get the path that their packets take, or begin and end on.

    Raises:
        ParameterError: a policy that the packet model does not know.
    """
    if policy.packets is None:
        rule = "the packet engine has no such routing: use engine flow"
        legal = [kind.name for kind in POLICIES.values() if kind.packets is not None]
        raise ParameterError("routing", str(policy), rule, legal)
    return Ecmp(seed=seed) if policy.packets else policy


@dataclass(frozen=True, kw_only=True, eq=False)
class Latencies:
    """The latency of a profile in parts: what a packet takes on its way, and what a message takes once.

    ``cable``: (links,) in s, what a slot's return takes; ``hop``: (links,) in s, the cable and the switch
    that it leads into, first bit in to first bit out.
    """

    fabric: Fabric
    profile: LatencyProfile
    cable: NDArray[np.float64]
    hop: NDArray[np.float64]

    @classmethod
    def of(cls, fabric: Fabric, profile: LatencyProfile) -> Latencies:
        hop = link_latency(fabric, replace(profile, overhead=0.0, scaleup_overhead=0.0))
        cable = fabric.delay * profile.cable_factor
        return cls(fabric=fabric, profile=profile, cable=cable, hop=hop)

    def round_trip(self, paths: Iterable[Paths], wire: float) -> float:
        """s, of a packet of ``wire`` bytes and its acknowledgement, on the longest of ``paths``, all idle."""
        longest = max(float(part.total(self.hop).max(initial=0.0)) for part in paths)
        used = np.concatenate([part.link for part in paths])
        return 2 * longest + wire / float(self.fabric.capacity[used].min())

    def once(self, paths: Paths) -> list[float]:
        """For each of the transfers of one phase, what a message waits before its first packet, in s.

        Software and NICs of both ends, and whole steps where the profile counts those.
        """
        whole = transfer_latency(paths, self.fabric, self.profile)
        found: list[float] = np.maximum(whole - paths.total(self.hop), 0.0).tolist()
        return found
