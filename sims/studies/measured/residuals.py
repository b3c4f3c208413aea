"""Residuals: every measured point, and what the model gives for it. Prints nothing.

A point is a measurement that may have been repeated in other runs of the same system: its time is the median
of the runs, and how far these are apart is the noise below which no model can be held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import latency_time
from sims.studies.measured.machine import Machine
from sims.studies.measured.machines import machine
from sims.studies.measured.table import Measured
from topologies.named import named

__all__ = ["Residual", "Spread", "headline", "residuals", "spread"]


@dataclass(frozen=True, kw_only=True)
class Residual:
    """A point. ``measured``, ``modelled``: s; ``repeats``: how many runs; ``noise``: half of the pairs of
    these runs are further apart than this share, None where there is one run only. ``latency_share``: of the
    modelled time.
    """

    of: Measured
    measured: float
    modelled: float
    latency_share: float
    repeats: int
    noise: float | None

    @property
    def error(self) -> float:
        """Modelled over measured, less one."""
        return self.modelled / self.measured - 1

    @property
    def label(self) -> str:
        """What it is of, without the system."""
        of = self.of
        each = f" x {of.per_node}" if of.per_node > 1 else ""
        return f"{of.collective} {of.called or of.algorithm}, {of.nodes}{each}, {of.size_bytes:,} B"


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far ``points`` points of ``system`` and ``collective`` are off: shares without their sign.

    ``noise``: the median over points that were repeated, None where none was.
    """

    system: str
    collective: str
    points: int
    median: float
    p90: float
    worst: float
    noise: float | None


def residuals(
    rows: Iterable[Measured],
    watch: Callable[[str], None] = lambda system: None,
    profile: Callable[[Machine, Measured], str | None] = lambda own, of: own.latency_profile(of.algorithm),
    places: Mapping[str, Sequence[str]] = {},
) -> tuple[list[Residual], dict[str, int]]:
    """Each point of ``rows`` with what the model gives, and why so many others were left out.

    ``watch``: is told each system before it is simulated. ``profile``: the latency profile of a point, None
    where it is not asked for. ``places``: the host of each rank by run (places.read_places): such a run
    is a point of its own, simulated on the whole site, where it ran; all others are left out.

    Raises:
        ParameterError: a system that is no machine here.
    """
    points: dict[tuple[object, ...], list[Measured]] = {}
    for row in rows:
        if not places:
            points.setdefault(row.point, []).append(row)
        elif machine(row.system).site and row.run in places:
            points.setdefault((*row.point, row.run), []).append(row)
    found: list[Residual] = []
    left_out: dict[str, int] = {}
    jobs: dict[tuple[str, ...], CollectiveJob] = {}
    last = ""
    for repeats in points.values():
        of = repeats[0]
        if of.system != last:
            watch(last := of.system)
        own = machine(of.system)
        if (constants := profile(own, of)) is None:
            continue
        try:
            engine = "flow" if "pipeline" in of.algorithm else "bound"  # which has no closed form of slices
            text, placement = own.topology(of.nodes, of.per_node), "packed"
            if places:
                text = own.whole_site(of.per_node)
                placement = f"hostlist:{','.join(dict.fromkeys(places[of.run]))}"
            job = _job(of, text, placement, constants, engine, jobs)
            program = job.program(of.algorithm)
            modelled = job.time(program, of.size_bytes)
        except ParameterError as error:
            left_out[str(error)] = left_out.get(str(error), 0) + 1
            continue
        times = [row.time_s for row in repeats]
        found.append(
            Residual(
                of=of,
                measured=float(np.median(times)),
                modelled=modelled,
                latency_share=latency_time(program, of.size_bytes, modelled) / modelled,
                repeats=len(times),
                noise=_apart(times),
            )
        )
    return found, left_out


def _job(
    of: Measured,
    text: str,
    placement: str,
    profile: str,
    engine: str,
    jobs: dict[tuple[str, ...], CollectiveJob],
) -> CollectiveJob:
    key = (text, placement, of.collective, profile, engine)
    if key not in jobs:
        topology = named(text)
        same = next((job.fabric for (other, *_), job in jobs.items() if other == text), None)
        jobs[key] = CollectiveJob(
            same or topology.fabric(),
            topology=topology.text,
            placement=placement,
            collective=of.collective,
            latency_profile=profile,
            routing="adaptive",
            engine=engine,
        )
    return jobs[key]


def _apart(times: Sequence[float]) -> float | None:
    """The median over all pairs of the longer over the shorter, less one."""
    pairs = [max(a, b) / min(a, b) - 1 for i, a in enumerate(times) for b in times[:i]]
    return float(np.median(pairs)) if pairs else None


def spread(found: Sequence[Residual], system: str = "", collective: str = "") -> Spread:
    """How far ``found`` are off, which are of one system, or one collective of it."""
    errors = np.abs([one.error for one in found])
    noise = [one.noise for one in found if one.noise is not None]
    return Spread(
        system=system,
        collective=collective,
        points=len(found),
        median=float(np.median(errors)),
        p90=float(np.quantile(errors, 0.9)),
        worst=float(errors.max()),
        noise=float(np.median(noise)) if noise else None,
    )


def headline(found: Sequence[Residual]) -> str:
    """One sentence on all points.

    >>> row = Measured(system="lumi", run="", nodes=2, per_node=1, collective="all-reduce", algorithm="ring",
    ...                called="", size_bytes=8, time_s=1.0, source="")
    >>> headline([Residual(of=row, measured=1.0, modelled=1.1, latency_share=0, repeats=1, noise=None)])
    'median error 10.0% over 1 point on 1 system, up to 2 nodes (2 ranks)'
    """
    median = float(np.median([abs(one.error) for one in found]))
    systems = len({one.of.system for one in found})
    nodes, ranks = max(one.of.nodes for one in found), max(one.of.ranks for one in found)
    return (
        f"median error {median:.1%} over {len(found):,} point{'s' * (len(found) > 1)} on {systems} "
        f"system{'s' * (systems > 1)}, up to {nodes:,} nodes ({ranks:,} ranks)"
    )
