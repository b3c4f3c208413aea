"""How long routing takes, about, before it is tried: a minute or more is said, more than an hour refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.routing.distance import distances
from fabric.routing.effort import search_seconds, takes_time
from fabric.routing.policies import Policy
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.workload.schedule import Schedule
from sims.workload.total_exchange import TotalExchange

__all__ = ["MOST_SECONDS", "Wait", "flows_wait", "schedule_wait"]

MOST_SECONDS = 3600.0
_LONG = 60.0  # s, from which on it is said


@dataclass(frozen=True, kw_only=True)
class Wait:
    """``seconds`` of one core, about; ``text``: what takes them, in which % stands for them; ``instead``:
    what to do where they are too many.
    """

    seconds: float
    text: str = ""
    instead: str = "take a smaller one"

    @property
    def words(self) -> str:
        return self.text.replace("%", f"about {format_time(float(f'{self.seconds:.2g}'))} of one core")

    @property
    def foretold(self) -> str:
        """A sentence where it is a minute or more, and is not refused; else nothing."""
        return self.words if _LONG <= self.seconds <= MOST_SECONDS else ""

    def require(self, parameter: str, value: str) -> None:
        """Refuse what takes more than an hour.

        Raises:
            ParameterError: of ``parameter``; says how long it would take, and why.
        """
        if self.seconds > MOST_SECONDS:
            rule = f"{self.words}; at most {format_time(MOST_SECONDS)} is tried: {self.instead}"
            raise ParameterError(parameter, value, rule)


def schedule_wait(schedule: Schedule, fabric: Fabric, placement: NDArray[np.int64]) -> Wait:
    """To find the paths of every phase; no seconds where it is a matter of seconds.

    ``placement``: (ranks,), the endpoint of each rank.
    """
    total, known = 0.0, set()
    if not takes_time(fabric):
        return Wait(seconds=total)
    for phase in schedule.phases:
        if phase.kind == "switched" or phase.transfers in known:
            continue
        known.add(phase.transfers)
        if isinstance(phase, TotalExchange):  # to near and far: half way round stands for all
            src, dst = placement, np.roll(placement, len(placement) // 2)
        else:
            src, dst = placement[phase.src], placement[phase.dst]
        total += search_seconds(fabric, src, dst)
    where = f", in {counted(len(schedule.phases), 'phase')}"
    return _search(schedule.name, "takes", total, fabric, where)


def flows_wait(
    fabric: Fabric, src: NDArray[np.int64], dst: NDArray[np.int64], policies: Iterable[Policy]
) -> Wait:
    """To find the paths of flows between endpoints, (flows,) each, under every policy."""
    policies = tuple(policies)
    total = search_seconds(fabric, src, dst, times=sum(policy.qps for policy in policies))
    if any(policy.detours for policy in policies):  # by way of switches anywhere
        total = max(total, search_seconds(fabric, src, np.roll(src, len(src) // 2), times=2 * len(policies)))
    flows = counted(len(src), "flow")
    return _search(flows, "takes" if len(src) == 1 else "take", total, fabric, "")


def _search(what: str, takes: str, seconds: float, fabric: Fabric, where: str) -> Wait:
    if not seconds:
        return Wait(seconds=0.0)
    pairs = f"{distances(fabric).pairs:,} distances between switches without tiers{where}"
    return Wait(
        seconds=seconds,
        text=f"{what} {takes} % to route: {pairs}",
    )
