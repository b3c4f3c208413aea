"""Why plain flows take as long as they do, and what would help: the remedies of ``explainer``, run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.measures.places import upgraded
from fabric.routing.policies import Policy, parse_policy
from sims.jobs.flow_run import FlowRun
from sims.models.fluid.faults.setting import CALM
from sims.models.fluid.flows import FlowResult
from sims.models.profiles import LatencyProfile
from sims.studies.explain.bottleneck import Hotspot, fullest
from sims.studies.explain.explainer import (
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
from sims.studies.explain.trials import Trial, tried

__all__ = ["explain_flows"]

_FLUID = "the full links are those of the fluid model"
_UNDISTURBED = "the full links are those of the undisturbed run"


def explain_flows(run: FlowRun, result: FlowResult) -> Explanation:
    """Why ``result``, that of ``run``, takes its makespan. The latency is that of the flow that ends last."""
    now = result.makespan
    left_out: list[str] = []
    remedies = tried([*_same_paths(run, now, left_out), *_other_paths(run, now, left_out)], left_out)
    routed, last = run.routed, int(np.argmax(result.ended))
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
        remedies=remedies,
        left_out=tuple(left_out),
        note=_FLUID if run.packets else _UNDISTURBED if run.course.source else "",
    )


def _same_paths(run: FlowRun, now: float, left_out: list[str]) -> Iterator[Trial]:
    routed = run.routed
    for kind, capacity in doublings(routed.fabric, routed.carried, left_out):
        yield f"2x {kind}", partial(_twice, run, now, kind, capacity)
    quiet = silent(run.profile)
    if quiet == run.profile:
        left_out.append(f"{NO_LATENCY} (latency profile is {quiet.spec})")
    else:
        yield NO_LATENCY, partial(_silent, run, now, quiet)


def _twice(run: FlowRun, now: float, kind: str, capacity: NDArray[np.float64]) -> Remedy:
    if run.plain and keeps_paths(run.routed.fabric, run.policy):
        then = run.routed.again(capacity=capacity).run(run.resolution).makespan
    else:
        then = _makespan(run, healthy=upgraded(run.healthy, "" if kind == EVERY else kind))
    return doubling(kind, now, then)


def _silent(run: FlowRun, now: float, quiet: LatencyProfile) -> Remedy:
    if run.plain:
        then = run.routed.again(profile=quiet).run(run.resolution).makespan
    else:
        then = _makespan(run, profile=quiet)
    return remedy(NO_LATENCY, f"--latency-profile {quiet.spec}", now, then)


def _other_paths(run: FlowRun, now: float, left_out: list[str]) -> Iterator[Trial]:
    ideal = parse_policy("adaptive")
    if run.policy == ideal:
        left_out.append(f"{BALANCED} (routing is {run.policy})")
    else:
        yield BALANCED, partial(_balanced, run, now, ideal)
    options = ["--fail none --degrade none"] if run.damage else []
    options += ["--faults none"] if run.course.source else []
    if options:
        yield NO_FAULTS, partial(_undisturbed, run, now, " ".join(options))
    else:
        left_out.append(f"{NO_FAULTS} (there are none)")


def _balanced(run: FlowRun, now: float, ideal: Policy) -> Remedy:
    then = _makespan(run, policy=ideal)
    said = ideal.warning(run.fabric, packets=bool(run.packets))
    return remedy(BALANCED, f"--routing {ideal}", now, then, note=said)


def _undisturbed(run: FlowRun, now: float, how: str) -> Remedy:
    return remedy(NO_FAULTS, how, now, _makespan(run, faults=(), course=CALM))


def _makespan(run: FlowRun, **changes: Any) -> float:
    changed: FlowRun = replace(run, **changes)
    return changed.run().makespan
