"""How long routing a schedule takes, about, and what nobody would wait for. Routes nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.routing.distance import distances
from fabric.routing.effort import search_seconds, takes_time
from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from fabric.words.units import format_time
from sims.workload.schedule import Schedule
from sims.workload.total_exchange import TotalExchange

__all__ = ["foretold", "require_patience", "routing_seconds"]

_MOST = 3600.0  # s
_LONG = 60.0  # s, from which on it is said


def routing_seconds(schedule: Schedule, fabric: Fabric, placement: NDArray[np.int64]) -> float:
    """Seconds of one core, about, to find the paths of every phase; 0 where it is a matter of seconds.

    ``placement``: (ranks,), the endpoint of each rank.
    """
    total, known = 0.0, set()
    if not takes_time(fabric):
        return total
    for phase in schedule.phases:
        if phase.kind == "switched" or phase.transfers in known:
            continue
        known.add(phase.transfers)
        if isinstance(phase, TotalExchange):  # to near and far: half way round stands for all
            src, dst = placement, np.roll(placement, len(placement) // 2)
        else:
            src, dst = placement[phase.src], placement[phase.dst]
        total += search_seconds(fabric, src, dst)
    return total


def require_patience(schedule: Schedule, fabric: Fabric, placement: NDArray[np.int64]) -> None:
    """Refuse what takes more than an hour to route.

    Raises:
        ParameterError: says how long it would take, and why.
    """
    seconds = routing_seconds(schedule, fabric, placement)
    if seconds > _MOST:
        rule = (
            f"{_words(schedule, fabric, seconds)}; at most {format_time(_MOST)} is tried: take a smaller one"
        )
        raise ParameterError("topology", fabric.name, rule)


def foretold(schedule: Schedule, fabric: Fabric, placement: NDArray[np.int64]) -> str:
    """A sentence where routing takes a minute or more, else nothing."""
    seconds = routing_seconds(schedule, fabric, placement)
    return _words(schedule, fabric, seconds) if seconds >= _LONG else ""


def _words(schedule: Schedule, fabric: Fabric, seconds: float) -> str:
    pairs, phases = distances(fabric).pairs, len(schedule.phases)
    return (
        f"{schedule.name} takes about {format_time(seconds)} of one core to route: {pairs:,} distances "
        f"between switches without tiers, in {counted(phases, 'phase')}"
    )
