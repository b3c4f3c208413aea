"""Causes: what of a job on its fabric determines its rows, besides algorithm and size. Runs nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.breakage import Damage, draws
from fabric.graph.nic import planes
from fabric.routing.policies import policy_file
from sims.models.fluid.faults.schedule_file import FaultSchedule
from sims.scenario.digest import content_digest, digest_of
from sims.settings.setup import Setup
from sims.workload.placement import placement_draws, placement_names

__all__ = ["causes"]


def causes(
    setup: Setup,
    fabric: Fabric,
    placement: NDArray[np.int64],
    damage: Damage,
    topology: str | None,
    digest: str | None,
) -> dict[str, Any]:
    """The fields of a Scenario that a job has once: its settings, and the hashes of what their files hold.

    Arguments as of sims.jobs.collective.CollectiveJob, ``damage``: what its faults do from the start.
    """
    policy = setup.policy(planes(fabric))
    chosen = setup.engine == "packet" and bool(policy.packets)  # for each packet, on its way
    drawn = policy.drawn or placement_draws(setup.placement) or draws(setup.faults_from_start) or chosen
    table = policy_file(setup.routing)
    return setup.values | {
        "topology": topology or f"graph {fabric.name}",
        "topology_digest": content_digest(fabric) if digest is None else digest,
        "ranks": len(placement),
        # The endpoints, not the text: names in it mean something only together with the graph's.
        "placement_digest": digest_of(placement.astype("<i8")) if placement_names(setup.placement) else "",
        "seed": setup.seed if drawn or setup.course.draws else 0,
        "routing": str(policy),
        "routing_digest": hashlib.sha256(table.read_bytes()).hexdigest() if table else "",
        "packet": str(setup.packet_settings) if setup.engine == "packet" else "",
        "fault_digest": _fault_digest(setup, damage),
        **setup.course.texts,
    }


def _fault_digest(setup: Setup, damage: Damage) -> str:
    """SHA-256 of what files say of faults; nothing without a file."""
    found = digest_of(*damage.named) if damage.named else ""
    source = setup.course.source
    if isinstance(source, FaultSchedule):
        return hashlib.sha256(f"{found};{source.digest}".encode()).hexdigest()
    return found
