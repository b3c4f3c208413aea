"""Listing: the lines that tell what a sweep will run and about what it takes. Computes nothing of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.words.counted import counted
from fabric.words.units import format_size
from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import Scenario
from sims.studies.sweep.plan import Plan

__all__ = ["duration", "listing"]


def listing(plan: Plan, workers: int = 1) -> Iterator[str]:
    """The points, a line each with the fields in which they differ; then what they share, and how many there
    are, on which topologies, and about the time on ``workers`` processes and the memory of each.
    """
    columns = {name: [_shown(name, point) for point in plan.points] for name in plan.points[0].model_dump()}
    columns = {name: values for name, values in columns.items() if any(values)}
    differ = {name: values for name, values in columns.items() if len(set(values)) > 1}
    for name, values in columns.items():
        if name not in differ:
            yield f"{name.removesuffix('_bytes')}: {values[0]}"
    yield ""
    table = {"#": [str(number + 1) for number in range(len(plan.points))], **differ}
    heads = [name.removesuffix("_bytes") for name in table]
    widths = [max(len(head), *map(len, values)) for head, values in zip(heads, table.values())]
    for row in (heads, *zip(*table.values())):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
    yield ""
    yield from _totals(plan, workers)


def _totals(plan: Plan, workers: int) -> Iterator[str]:
    left_out = [f"{plan.excluded:,} excluded by where"] if plan.excluded else []
    left_out += [f"{plan.collapsed:,} equal to an earlier one"] if plan.collapsed else []
    yield counted(len(plan.points), "point") + (f" ({', '.join(left_out)})" if left_out else "")
    for topology, endpoints in plan.endpoints.items():
        yield f"{topology}: {counted(endpoints, 'endpoint')}"
    memory = plan.worker_bytes / 1e9
    seconds = plan.seconds / max(1, min(workers, len(plan.points)))
    yield (
        f"about {duration(seconds)} on {counted(workers, 'worker')}, "
        f"about {memory:.1f} GB of memory per worker"
    )


def _shown(name: str, point: Scenario | JobScenario) -> str:
    value = point.model_dump()[name]
    if name.endswith("_digest"):
        return value[:12] if isinstance(value, str) else ""
    return format_size(value) if name == "size_bytes" else str(value)


def duration(seconds: float) -> str:
    """About so long.

    >>> duration(0.2), duration(125), duration(7200)
    ('1 s', '2 min', '2.0 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
