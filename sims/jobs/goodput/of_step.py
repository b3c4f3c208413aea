"""The step of a training job as goodput takes it: how long it is, and what of it waits for the network."""

from __future__ import annotations

from collections.abc import Mapping

from fabric import Fabric
from sims.jobs.train.job import TrainJob
from sims.scenario.train_row import TrainRow
from sims.workload.job.memory import checkpoint_bytes
from sims.workload.job.model import model_named
from sims.workload.job.precision import precision_named
from sims.workload.job.step import OPTIMIZER
from sims.workload.job.tasks import COMPUTE

__all__ = ["step_of", "step_texts"]

_NO_NETWORK = (
    COMPUTE,
    OPTIMIZER,
    "waiting",
)  # kinds of exposed time that a slower network leaves as they are


def step_texts(row: TrainRow) -> dict[str, str]:
    """The settings of goodput that the row of a step says: ``step``, ``exposed``, ``ranks``, and of a step by
    model ``state``.

    Exposed is what a stage waits for messages and collectives; what it waits for others that compute is not.
    """
    waits = sum(seconds for kind, seconds in row.exposed.items() if kind not in _NO_NETWORK)
    said = row.scenario.settings
    found = {
        "step": f"{row.time_s:.12g}s",
        "exposed": f"{100 * waits / row.time_s:.10g}%",
        "ranks": str(row.gpus),
    }
    if not said["steps"]:
        held = checkpoint_bytes(model_named(said["model"]), precision_named(said["precision"]))
        found["state"] = str(held)
    return found


def step_of(fabric: Fabric, topology: str, digest: str | None, job: Mapping[str, str]) -> dict[str, str]:
    """``step_texts`` of a job with these settings of ``train``, run on ``fabric``.

    Raises:
        FabricsimError: the job cannot run there.
    """
    texts = {name: text for name, text in job.items() if name != "topology"}
    return step_texts(TrainJob(fabric, topology=topology, digest=digest, **texts).row())
