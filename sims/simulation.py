"""The program in five statements: a scenario in, its row out. Writes nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from fabric import Fabric
from fabric.damage.fault import NONE
from fabric.words.errors import FabricsimError, ParameterError
from fabric.words.given import require
from sims.jobs.collective import CollectiveJob
from sims.scenario.digest import content_digest
from sims.scenario.job_row import JobRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import JOB_SETTINGS, Scenario

__all__ = ["KindJob", "fabric_of", "job_of", "kind_job", "kind_job_of", "simulate"]


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
    kinds = "a Scenario or JobScenario, as a row has it: row.scenario"
    require("scenario", scenario, (Scenario, JobScenario), kinds)
    if isinstance(scenario, JobScenario):
        return kind_job_of(scenario, fabric or fabric_of(scenario)).row()
    algorithm, size = scenario.algorithm, scenario.size_bytes
    fabric = fabric or fabric_of(scenario)  # endpoints, switches and cables as arrays
    job = job_of(scenario, fabric)  # ranks on it, and what is broken taken out
    job.check(algorithm, [size])  # who sends what to whom, and over which cables
    return job.row(algorithm, size)  # how long that takes, and what it takes so long


class KindJob(Protocol):
    """A job of a kind on its fabric: its ``scenario``, from which it can be made again, and its ``row``."""

    scenario: JobScenario

    @property
    def warnings(self) -> list[str]: ...

    def row(self) -> JobRow: ...


_KINDS = {
    "goodput": ("sims.jobs.goodput.job", "GoodputJob"),
    "run": ("sims.jobs.together.job", "RunJob"),
    "trace": ("sims.jobs.trace_job", "TraceJob"),
    "train": ("sims.jobs.train.job", "TrainJob"),
}


def kind_job(kind: str, fabric: Fabric, topology: str, digest: str | None, **texts: str) -> KindJob:
    """The job of a kind with these settings; ``topology``, ``digest`` as of CollectiveJob.

    Raises:
        FabricsimError: the first mistake.
    """
    module, name = _KINDS[kind]
    found: KindJob = getattr(import_module(module), name)(fabric, topology=topology, digest=digest, **texts)
    return found


def kind_job_of(scenario: JobScenario, fabric: Fabric) -> KindJob:
    """The job of ``scenario``, ready to run.

    Raises:
        FabricsimError: ``fabric`` is not the one that the scenario was made of, or what a file of it holds is
            no longer that.
    """
    texts = dict(scenario.settings)
    topology = texts.pop("topology")
    digest = None if topology.startswith("graph ") else scenario.digest_of("topology")
    job = kind_job(scenario.kind, fabric, topology, digest, **texts)
    if job.scenario != scenario:
        raise FabricsimError(f"{topology}: what this scenario was made of changed since")
    return job


def fabric_of(scenario: Scenario | JobScenario) -> Fabric:
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
    if isinstance(scenario, JobScenario):
        if found != scenario.digest_of("topology"):
            raise FabricsimError(f"{scenario.topology}: its contents changed since this scenario was made")
        return topology.fabric(allow_partition=scenario.settings.get("allow_partition") == "true")
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
