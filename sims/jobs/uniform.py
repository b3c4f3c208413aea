"""Every endpoint sends to every other one: loads of the links without a list of the flows. Knows policies.

The loads are those of ``fabric.routing.exchange``; the rates here are of a sample of the flows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, route
from fabric.routing.cells import Exchange
from fabric.routing.exchange import exchanged
from fabric.routing.policies import Policy
from fabric.words.errors import ParameterError

__all__ = ["Uniform", "listed", "uniform"]

_MOST_LISTED = 4_000_000  # flows and parts of flows
_SAMPLE = 200_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Uniform:
    """Loads and rates of all to all. ``carried``: (links of the carrier,) bytes if every flow is of one byte;
    ``rates``: (sample,) bytes/s; ``slowest``: of all flows.
    """

    carried: NDArray[np.float64]
    rates: NDArray[np.float64]
    slowest: float
    note: str = ""


def listed(on: Fabric, policy: Policy) -> bool:
    """Whether the flows of all to all are few enough to be listed."""
    return _listed(on.n_endpoints, policy, on.tiered)


def require_known(policy: Policy, endpoints: int) -> None:
    """Raise ParameterError where, with tiers or without, the loads of so many are known by a list only, which
    would be too long.
    """
    if not any(policy.uniform(tiered) or _listed(endpoints, policy, tiered) for tiered in (True, False)):
        raise _too_many(policy, endpoints, min(policy.pieces(tiered) for tiered in (True, False)))


def _listed(endpoints: int, policy: Policy, tiered: bool) -> bool:
    return endpoints * (endpoints - 1) * policy.pieces(tiered) <= _MOST_LISTED


def _too_many(policy: Policy, endpoints: int, pieces: int, why: str = "") -> ParameterError:
    what = f"alltoall of {endpoints:,} endpoints under {policy}"
    rule = f"needs its flows listed, which ends at about {int((_MOST_LISTED / pieces) ** 0.5):,} endpoints"
    return ParameterError("traffic", what, rule + why)


def uniform(fabric: Fabric, on: Fabric, policy: Policy, seed: int = 0) -> Uniform:
    """The loads of all to all under ``policy`` on its carrier ``on``.

    Raises:
        ParameterError: a policy whose loads are not known without listing all flows.
    """
    try:
        found = exchanged(on, Exchange.of(np.arange(on.n_endpoints)), policy, seed)
    except ParameterError as error:
        raise _too_many(policy, fabric.n_endpoints, policy.pieces(on.tiered), f": {error.rule}") from None
    used = found.carried > 0
    share = np.full(on.n_links, np.inf)
    share[used] = on.capacity[used] / found.carried[used]
    rng = np.random.default_rng([seed % 2**63, 0xA11])
    src = rng.integers(0, on.n_endpoints, _SAMPLE)
    dst = (src + rng.integers(1, on.n_endpoints, _SAMPLE)) % on.n_endpoints
    paths = route(on, src, dst, policy).expanded()
    rates = np.minimum.reduceat(share[paths.link], paths.ptr[:-1])
    return Uniform(carried=found.carried, rates=rates, slowest=float(share.min()), note=found.note)
