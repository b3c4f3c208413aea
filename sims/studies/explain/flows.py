"""Why plain flows take as long as they do, and what would help: the remedies of ``explainer``, run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fabric.measures.places import upgraded
from fabric.routing.policies import parse_policy
from fabric.words.errors import FabricsimError
from sims.jobs.flow_run import FlowRun
from sims.models.fluid.faults.setting import CALM
from sims.models.fluid.flows import FlowResult
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

__all__ = ["explain_flows"]

_FLUID = "the full links are those of the fluid model"
_UNDISTURBED = "the full links are those of the undisturbed run"


def explain_flows(run: FlowRun, result: FlowResult) -> Explanation:
    """Why ``result``, that of ``run``, takes its makespan. The latency is that of the flow that ends last."""
    now = result.makespan
    left_out: list[str] = []
    remedies = [*_same_paths(run, now, left_out), *_other_paths(run, now, left_out)]
    routed, last = run.routed, int(np.argmax(result.end))
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
        note=_FLUID if run.packets else _UNDISTURBED if run.course.source else "",
    )


def _same_paths(run: FlowRun, now: float, left_out: list[str]) -> Iterator[Remedy]:
    routed = run.routed
    quick = run.plain and keeps_paths(routed.fabric, run.policy)
    for kind, capacity in doublings(routed.fabric, routed.carried, left_out):
        if quick:
            then = routed.again(capacity=capacity).run(run.resolution).makespan
        else:
            then = _makespan(run, healthy=upgraded(run.healthy, "" if kind == EVERY else kind))
        yield doubling(kind, now, then)
    quiet = silent(run.profile)
    if quiet == run.profile:
        left_out.append(f"{NO_LATENCY} (latency profile is {quiet.spec})")
        return
    if run.plain:
        then = routed.again(profile=quiet).run(run.resolution).makespan
    else:
        then = _makespan(run, profile=quiet)
    yield remedy(NO_LATENCY, f"--latency-profile {quiet.spec}", now, then)


def _other_paths(run: FlowRun, now: float, left_out: list[str]) -> Iterator[Remedy]:
    ideal = parse_policy("adaptive")
    if run.policy == ideal:
        left_out.append(f"{BALANCED} (routing is {run.policy})")
    else:
        try:
            then = _makespan(run, policy=ideal)
            said = "" if run.packets else ideal.warning(run.fabric)
            yield remedy(BALANCED, f"--routing {ideal}", now, then, note=said)
        except FabricsimError as error:
            left_out.append(f"{BALANCED} ({error})")
    options = ["--fail none --degrade none"] if run.damage else []
    options += ["--faults none"] if run.course.source else []
    if options:
        yield remedy(NO_FAULTS, " ".join(options), now, _makespan(run, faults=(), course=CALM))
    else:
        left_out.append(f"{NO_FAULTS} (there are none)")


def _makespan(run: FlowRun, **changes: Any) -> float:
    changed: FlowRun = replace(run, **changes)
    return changed.run().makespan
