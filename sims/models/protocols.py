"""The latency profile of a protocol of NCCL on a network. Chooses nothing."""

from __future__ import annotations

from dataclasses import replace

from fabric.words.errors import ParameterError
from sims.models.profiles import PROFILES, LatencyProfile

__all__ = ["in_protocol", "require_network"]

_PROFILES = {"nvls": "nccl-nvls", "nvls-tree": "nccl-nvlstree", "pat": "nccl-pat"}  # of one protocol
_PAT_RANK = 2.8e-6  # s of each rank: "still a linear part" (src/graph/tuning.cc)


def in_protocol(protocol: str, network: LatencyProfile, *, alone: bool) -> LatencyProfile:
    """The profile of ``protocol`` (algorithm, protocol, ranks: ``ring ll128 64``) on the links of a network.

    Latencies are NCCL's, which count whole steps; of ``network`` stay the shares of the links' rates, with
    which the protocol's are multiplied, and what ranks compute. ``alone``: each rank is a server to itself,
    where NCCL takes the latency of trees for rings, too.

    Raises:
        ParameterError: as ``require_network``.

    >>> one = in_protocol("ring ll 4", PROFILES["roce-400g"], alone=False)
    >>> one.name, one.net_step, one.bandwidth, one.overhead
    ('nccl-ring-ll', 2.7e-06, 0.5, 0.0)
    """
    require_network(network)
    algorithm, how, ranks = protocol.split()
    own = PROFILES[_PROFILES.get(algorithm, f"nccl-{algorithm}-{how}")]
    if algorithm == "ring" and alone:
        own = replace(own, net_step=PROFILES[f"nccl-tree-{how}"].net_step)
    if algorithm == "pat":
        own = replace(own, base=own.base + int(ranks) * _PAT_RANK)
    return replace(
        own,
        bandwidth=own.bandwidth * network.bandwidth,
        scaleup_bandwidth=own.scaleup_bandwidth * network.scaleup_bandwidth,
        injection=network.injection,
        reduction=network.reduction,
        uncached=network.uncached,
        staging=network.staging,
        cache=network.cache,
    )


def require_network(profile: LatencyProfile) -> None:
    """Raise ParameterError where ``profile`` is that of a protocol already."""
    if profile.name.startswith("nccl-"):
        rule = "a protocol of NCCL brings its own latencies: the profile is that of the network"
        legal = [name for name in PROFILES if not name.startswith("nccl-")]
        raise ParameterError("latency_profile", profile.spec, rule, legal)
