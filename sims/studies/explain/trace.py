"""What would make a trace end sooner: each remedy is simulated. Prints nothing."""

from __future__ import annotations

from functools import partial

from fabric.damage.fault import NONE
from fabric.measures.places import slug
from sims.jobs.trace_job import TraceJob
from sims.scenario.trace_row import TraceRow
from sims.studies.explain.bottleneck import Hotspot, fullest
from sims.studies.explain.explainer import (
    BALANCED,
    NO_FAULTS,
    NO_LATENCY,
    PACKED,
    Explanation,
    Remedy,
    differing,
    doublings,
    options,
    remedy,
    silent,
    with_doubled,
)
from sims.studies.explain.trials import Trial, tried

__all__ = ["explain_trace"]


def explain_trace(job: TraceJob, row: TraceRow) -> Explanation:
    """What each doubled kind of link, better routing, placement and the like would save of ``row``, that of
    ``job``. The share of latency is what a run without any saves.
    """
    now, said, left_out = row.makespan_s, row.scenario.settings, list[str]()
    routed = job.routed.routed
    kinds = doublings(routed.fabric, routed.carried, left_out) if row.bytes else ()
    changes: list[tuple[str, dict[str, str]]] = [
        (f"2x {kind}", {"upgrade": with_doubled(said["upgrade"], kind)}) for kind, _ in kinds
    ]
    changes += [
        (BALANCED, {"routing": "adaptive"}),
        (PACKED, {"placement": "packed"}),
        (NO_FAULTS, {"fail": NONE, "degrade": NONE, "faults": NONE}),
        (NO_LATENCY, {"latency_profile": silent(job.profile).spec}),
    ]
    trials: list[Trial] = []
    for name, settings in changes:
        if new := differing(name, settings, said, left_out):
            trials.append((name, partial(_changed, job, now, name, new)))
    found = tried(trials, left_out)
    latency = sum(one.saved_s for one in found if one.name == NO_LATENCY)
    return Explanation(
        time_s=now,
        latency_share=latency / now if now else 0.0,
        phases=1,
        hotspots=(_spot(job, now, latency),) if row.bytes else (),
        remedies=found,
        left_out=tuple(left_out),
        note="" if job.calm else "the full links are those of the undisturbed fluid model",
    )


def _changed(job: TraceJob, now: float, name: str, new: dict[str, str]) -> Remedy:
    how = f"--upgrade {slug(name.removeprefix('2x '))}" if "upgrade" in new else options(new)
    return remedy(name, how, now, job.changed(**new).result.makespan)


def _spot(job: TraceJob, now: float, latency: float) -> Hotspot:
    routed = job.routed.routed
    full = fullest(routed.fabric, routed.carried / routed.fabric.capacity, routed.flows)
    return Hotspot(phases=(1,), seconds=now, latency=latency, share=1.0, bottlenecks=full)
