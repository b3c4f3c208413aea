"""Groups in words: which there are, and how long the slowest, the mean and the fastest of them takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.scenario.row import Row
from sims.scenario.scenario import usual
from sims.workload.mesh import NO_GROUPS, Mesh, mesh_of

__all__ = ["group_lines", "groups_header", "mesh_in"]


def mesh_in(scenario: Mapping[str, Any]) -> Mesh | None:
    """The mesh that the fields of a scenario mean; None where all ranks are one group."""
    if scenario["groups"] == NO_GROUPS:
        return None
    return mesh_of(scenario["groups"], scenario["experts"], scenario["over"], scenario["ranks"])


def groups_header(scenario: Mapping[str, Any]) -> Iterator[str]:
    """A line on the groups of a run, from the fields of its scenario; nothing where there is only one."""
    mesh = mesh_in(scenario)
    if mesh is None:
        return
    sizes = mesh.experts if mesh.folded else mesh.dimensions
    whole = ",".join(f"{name}={size}" for name, size in sizes.items())
    kind = "experts " if mesh.folded else ""
    pace = "in step, phase by phase"
    if scenario["drift"] != NO_GROUPS:
        pace = f"each at its own pace, {_resolution(scenario['drift'])}"
    elif scenario["engine"] == "packet" or scenario["sync"] != usual("sync"):
        pace = "each at its own pace"
    yield (
        f"# groups     {counted(mesh.count, 'group')} of {mesh.size:,} ranks at once, "
        f"over {'+'.join(mesh.over)} of {kind}{whole}; {pace}"
    )


def _resolution(text: str) -> str:
    return "exact" if text == "0" else f"resolution {text}"


def group_lines(row: Row, start: str = "# groups") -> Iterator[str]:
    """What the groups of a row took, and what it costs the slowest that the others are there."""
    mesh, times = mesh_in(row.scenario.model_dump()), row.group_times
    if mesh is None or not times:
        return
    slowest, alone = times["slowest"], times["alone"]
    who = mesh.label(int(times["group"]))
    yield (
        f"{start}: slowest {format_time(slowest)} ({who}), mean {format_time(times['mean'])}, "
        f"fastest {format_time(times['fastest'])}; alone the slowest takes {format_time(alone)}, "
        f"so that sharing costs {slowest / alone:.2f} times"
    )
    if times.get("late"):
        share = times["late"] / slowest
        waited = f"none waited longer than {format_time(times['late'])} to set out with others"
        yield f"{start}: {waited}, {share:.2%} of the time"
