"""The program in five statements: a scenario in, its row out. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fabric import Fabric
from fabric.damage.fault import NONE
from fabric.words.errors import FabricsimError, ParameterError
from sims.jobs.collective import CollectiveJob
from sims.scenario.digest import content_digest
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import JOB_SETTINGS, Scenario

__all__ = ["fabric_of", "job_of", "simulate"]


def simulate(scenario: Scenario | JobScenario, fabric: Fabric | None = None) -> Any:
    """The row of ``scenario``: what the model gives, whoever asks and whenever.

    ``fabric`` is needed only where the scenario speaks of a graph in memory. A JobScenario gives the row of
    its kind. Raises as ``fabric_of`` and ``job_of``.

    >>> from topologies.named import named
    >>> tree = named("fat-tree:k=4")
    >>> row = CollectiveJob(tree.fabric(), topology=tree.text, digest=tree.digest).row("ring", 2**20)
    >>> simulate(row.scenario) == row
    True
    """
    if isinstance(scenario, JobScenario):
        return _simulators()[scenario.kind](scenario, fabric)
    algorithm, size = scenario.algorithm, scenario.size_bytes
    fabric = fabric or fabric_of(scenario)  # endpoints, switches and cables as arrays
    job = job_of(scenario, fabric)  # ranks on it, and what is broken taken out
    job.check(algorithm, [size])  # who sends what to whom, and over which cables
    return job.row(algorithm, size)  # how long that takes, and what it takes so long


def _simulators() -> Mapping[str, Callable[[JobScenario, Fabric | None], JobRow]]:
    """What runs a scenario of each kind."""
    from sims.jobs.goodput.job import simulate_goodput

    return {"goodput": simulate_goodput}


def fabric_of(scenario: Scenario) -> Fabric:
    """The fabric that ``scenario`` names, built or read, and compiled.

    Raises:
        FabricsimError: it was a graph in memory, or its file's contents are no longer those that the scenario
            was made of.
    """
    if scenario.topology.startswith("graph "):
        raise FabricsimError(f"{scenario.topology} was in memory: pass it, as in simulate(scenario, fabric)")
    from topologies.named import named

    topology = named(scenario.topology)
    found = topology.digest
    if found and not scenario.topology_digest:
        rule = f"must be the SHA-256 of {scenario.topology}: {found}"
        raise ParameterError("topology_digest", "", rule)
    if found != scenario.topology_digest:
        raise FabricsimError(f"{scenario.topology}: its contents changed since this scenario was made")
    return topology.fabric(allow_partition=scenario.allow_partition)


def job_of(scenario: Scenario, fabric: Fabric) -> CollectiveJob:
    """All of ``scenario`` but algorithm and size, set up on its fabric: serves all that differ in those.

    Raises:
        FabricsimError: ``fabric`` is not the one that the scenario was made of, or the contents of a file of
            its placement, its routing or its faults are no longer those.
    """
    in_memory = scenario.topology.startswith("graph ")
    if in_memory and scenario.topology_digest not in ("", content_digest(fabric)):
        raise FabricsimError(f"{fabric.name}: not the graph that this scenario was made of")
    job = CollectiveJob(
        fabric,
        topology=scenario.topology,
        digest=scenario.topology_digest,
        **{name: getattr(scenario, name) for name in JOB_SETTINGS},
    )
    found = job.scenario(scenario.algorithm, scenario.size_bytes)
    if found.fault_digest != scenario.fault_digest:
        texts = (scenario.fail, scenario.degrade, scenario.faults)
        files = ";".join(text for text in texts if text != NONE)
        raise FabricsimError(f"{files}: what its file names changed since this scenario was made")
    if found != scenario:
        changed = scenario.routing if found.routing_digest != scenario.routing_digest else scenario.placement
        raise FabricsimError(f"{changed}: its contents changed since this scenario was made")
    return job
