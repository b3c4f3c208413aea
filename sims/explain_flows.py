"""Why plain flows take as long as they do, and what would help: the remedies of sims.explain, run again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fabric import Fabric
from fabric.errors import FabricsimError
from fabric.places import upgraded
from fabric.policy import Policy, parse_policy
from fabric.routing import caveat
from sims.bottleneck import Hotspot, fullest
from sims.explain import (
    BALANCED,
    EVERY,
    NO_FAULTS,
    NO_LATENCY,
    Explanation,
    Remedy,
    doubling,
    doublings,
    keeps_paths,
    remedy,
    silent,
)
from sims.flows import FlowResult, RoutedTraffic

__all__ = ["explain_flows"]


def explain_flows(
    routed: RoutedTraffic,
    result: FlowResult,
    fabric: Fabric,
    policy: Policy,
    *,
    sound: Fabric | None = None,
    resolution: float = 0.0,
) -> Explanation:
    """Why ``result``, the run of ``routed`` with that resolution, takes its makespan.

    ``fabric``, ``policy``: of which ``routed`` was made; ``sound``: the fabric before its faults, None where
    there are none. The latency is that of the flow that ends last.
    """
    now = result.makespan
    left_out: list[str] = []
    remedies = [
        *_same_paths(routed, fabric, policy, now, resolution, left_out),
        *_other_paths(routed, fabric, policy, sound, now, resolution, left_out),
    ]
    last = int(np.argmax(result.end))
    latency = max(float(part[last]) for part in routed.latency)
    return Explanation(
        time_s=now,
        latency_share=latency / now,
        phases=1,
        hotspots=(
            Hotspot(
                phases=(1,),
                seconds=now,
                latency=latency,
                share=1.0,
                bottlenecks=fullest(routed.fabric, routed.carried / routed.fabric.capacity, routed.flows),
            ),
        ),
        remedies=tuple(sorted(remedies, key=lambda one: -one.saved_s)),
        left_out=tuple(left_out),
    )


def _same_paths(
    routed: RoutedTraffic,
    fabric: Fabric,
    policy: Policy,
    now: float,
    resolution: float,
    left_out: list[str],
) -> Iterator[Remedy]:
    for kind, capacity in doublings(routed.fabric, routed.carried, left_out):
        if keeps_paths(routed.fabric, policy):
            then = routed.again(capacity=capacity).run(resolution).makespan
        else:
            then = _makespan(routed, upgraded(fabric, "" if kind == EVERY else kind), policy, resolution)
        yield doubling(kind, now, then)
    quiet = silent(routed.profile)
    if quiet == routed.profile:
        left_out.append(f"{NO_LATENCY} (latency profile is {quiet.spec})")
        return
    then = routed.again(profile=quiet).run(resolution).makespan
    yield remedy(NO_LATENCY, f"--latency-profile {quiet.spec}", now, then)


def _other_paths(
    routed: RoutedTraffic,
    fabric: Fabric,
    policy: Policy,
    sound: Fabric | None,
    now: float,
    resolution: float,
    left_out: list[str],
) -> Iterator[Remedy]:
    ideal = parse_policy("adaptive")
    if policy == ideal:
        left_out.append(f"{BALANCED} (routing is {policy})")
    else:
        try:
            then = _makespan(routed, fabric, ideal, resolution)
            yield remedy(BALANCED, f"--routing {ideal}", now, then, note=caveat(fabric, ideal))
        except FabricsimError as error:
            left_out.append(f"{BALANCED} ({error})")
    if sound is None:
        left_out.append(f"{NO_FAULTS} (there are none)")
    else:
        then = _makespan(routed, sound, policy, resolution)
        yield remedy(NO_FAULTS, "--fail none --degrade none", now, then)


def _makespan(routed: RoutedTraffic, fabric: Fabric, policy: Policy, resolution: float) -> float:
    again = RoutedTraffic.of(fabric, routed.traffic, policy, routed.profile)
    return again.run(resolution).makespan
