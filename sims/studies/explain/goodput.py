"""What would make more of a job's time useful: each remedy is simulated. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fabric.machine.under_way import watched
from fabric.words.units import parse_rate, parse_time
from sims.jobs.goodput.job import GoodputJob
from sims.models.fluid.faults.wear import time_text
from sims.models.goodput.hazards import UNITS
from sims.scenario.goodput_row import GoodputRow

__all__ = ["explain_goodput"]


def explain_goodput(job: GoodputJob) -> Iterator[tuple[str, GoodputRow]]:
    """(remedy, the row with it), one after another, each a run of its own."""
    every = [*_remedies(job.scenario.settings), *_healthier(job)]
    for name, changes in watched(every, len(every)):
        yield name, job.changed(**changes).row()


_NAMES = {
    "gpu": "GPUs",
    "host": "hosts",
    "nic": "NICs",
    "link": "cables",
    "switch": "switches",
    "software": "software",
}


def _healthier(job: GoodputJob) -> Iterator[tuple[str, dict[str, str]]]:
    """What may fail less often, and how that is said."""
    for unit in UNITS:
        if job.hazards.rate(unit) > 0:
            yield f"half as many failures of {_NAMES[unit]}", {"faults": job.hazards.changed(unit, 2.0).spec}
    if any(one.stretch > 1 for one in job.network):
        yield "a network that no fault slows", {"exposed": "0%"}


def _remedies(said: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What can be changed of the job, and how."""
    for name in ("detection", "restart"):
        if (seconds := parse_time(said[name])) > 0:
            yield f"{name} in half the time", {name: time_text(seconds / 2)}
    yield "storage of twice the rate", {"storage": f"{2 * parse_rate(said['storage']) / 1e9:.12g}GB/s"}
    if said["checkpoint"] != "optimal":
        yield "checkpoints at the best interval", {"checkpoint": "optimal"}
    if said["spares"] != "any":
        yield "spares without end", {"spares": "any"}
        yield "repairs in half the time", {"repair": time_text(parse_time(said["repair"]) / 2)}
