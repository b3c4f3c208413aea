"""Bands from residuals: how far a machine that was not measured may be off, and how often that is right.

Profiles are taken as they are for everybody, without what was fitted to one machine. A system is one draw,
whatever number of points it has; the band is that of one more, which few systems tell less surely than many
(Student's t). ``python -m sims.studies.measured.bands`` makes the table of sims.models.band anew, and says
how many points of systems, and of runs, that are left out the band of the others holds, and how many of
systems that no band is made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np

import sims.models.band as table_of
from sims.models.band import MANY_SYSTEMS, REGIMES, Measurements, regime_of
from sims.studies.measured.machine import HOST, Machine
from sims.studies.measured.machines import machine
from sims.studies.measured.residuals import Residual, residuals
from sims.studies.measured.table import Measured, measured
from sims.workload.collectives import format_algorithm, has_protocol, parse_algorithms

__all__ = ["KINDS", "Sample", "bands", "coverage", "held", "samples", "student"]

_INSIDE = 0.8  # the share of points on one more system that the band holds


Profile = Callable[[Machine, Measured], str | None]


def _as_published(own: Machine, of: Measured) -> str | None:
    """NCCL's profile of a machine without what was fitted to it, or to machines like it."""
    name = own.latency_profile(of.algorithm).partition(":")[0]
    return name if name.startswith("nccl-") or has_protocol(of.algorithm) else None


def _network(name: str) -> Profile:
    """The profile of a network, for whatever ran on one from GPUs."""
    return lambda own, of: None if own.kind == HOST else name


def _without_protocol(of: Measured) -> Measured:
    """A measurement as one simulates it who names no protocol of NCCL: that brings its own latencies."""
    if not has_protocol(of.algorithm):
        return of
    ((name, parameters),) = parse_algorithms(of.algorithm, of.collective)
    del parameters["protocol"]
    return replace(of, algorithm=format_algorithm(name, parameters, of.collective))


# Which profiles have a band, and with which profile each of the machines of that kind is simulated.
KINDS: dict[str, Profile] = {
    "host-mpi": lambda own, of: "host-mpi" if own.kind == HOST else None,
    "nccl": _as_published,
    "roce-400g": _network("roce-400g"),
    "ib-ndr": _network("ib-ndr"),
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A residual: log(measured / modelled), and where it belongs."""

    system: str
    run: str
    collective: str
    regime: str
    off: float
    nodes: int
    size: int


def samples(kind: str, *, plugin: bool = False) -> list[Sample]:
    """The residuals of the machines of a kind, each with its profile as published: of those that bands are
    made of, or of those whose network NCCL reaches by a plug-in.
    """
    rows = [row for row in measured() if bool(machine(row.system).plugin) == plugin]
    found, _ = residuals(rows if kind == "nccl" else map(_without_protocol, rows), profile=KINDS[kind])
    return [_sample(one) for one in found]


def _sample(one: Residual) -> Sample:
    return Sample(
        system=one.of.system,
        run=one.of.run,
        collective=one.of.collective,
        regime=regime_of(one.latency_share),
        off=math.log(one.measured / one.modelled),
        nodes=one.of.nodes,
        size=one.of.size_bytes,
    )


def bands(kind: str, of: Sequence[Sample]) -> list[Measurements]:
    """A band for each regime, of all collectives and of those that MANY_SYSTEMS tell of."""
    found = []
    for regime in REGIMES:
        own = [one for one in of if one.regime == regime]
        names = ["", *dict.fromkeys(one.collective for one in own)]
        for name in names:
            some = [one for one in own if name in ("", one.collective)]
            systems = len({one.system for one in some})
            if systems >= (MANY_SYSTEMS if name else 2):
                middle, half, deviation, within = _one_more(some)
                found.append(
                    Measurements(
                        kind=kind,
                        collective=name,
                        regime=regime,
                        middle=round(middle, 3),
                        half=round(half, 3),
                        deviation=round(deviation, 3),
                        within=round(within, 3),
                        systems=systems,
                        points=len(some),
                        nodes=max(one.nodes for one in some),
                        least=min(one.size for one in some),
                        most=max(one.size for one in some),
                    )
                )
    return found


def _one_more(some: Sequence[Sample]) -> tuple[float, float, float, float]:
    """The middle and half the width of the band of a point on one more system; the standard deviation of
    such a point, and of the points of one system.

    It is the prediction interval of a point: its variance is that among systems and that of their mean (both
    known by as many degrees as there are systems, less one) and that among the points of one system, with
    the degrees of freedom of their sum by Satterthwaite (Biometrics Bulletin 2, 1946).
    """
    groups: dict[str, list[float]] = {}
    for one in some:
        groups.setdefault(one.system, []).append(one.off)
    means = np.array([np.mean(values) for values in groups.values()])
    inside = np.concatenate([np.array(values) - np.mean(values) for values in groups.values()])
    systems, points = len(means) - 1, max(1, len(inside) - len(means))
    within = float((inside**2).sum()) / points
    between = float(means.var(ddof=1)) * (1 + 1 / len(means))
    variance = between + within
    freedom = variance**2 / (between**2 / systems + within**2 / points) if variance else systems
    deviation = math.sqrt(variance)
    return float(means.mean()), student(freedom) * deviation, deviation, math.sqrt(within)


def student(freedom: float) -> float:
    """How many standard deviations on both sides hold 80%, where these are known by ``freedom`` >= 1 degrees.

    With t = sqrt(freedom) tan(a) the density of Student's distribution is that of cos(a)^(freedom - 1).

    >>> [round(student(freedom), 3) for freedom in (1, 2, 10)]
    [3.078, 1.886, 1.372]
    """
    steps = 200_000
    density = np.cos((np.arange(steps) + 0.5) * (math.pi / 2 / steps)) ** (freedom - 1)
    held = np.cumsum(density) / density.sum()
    at = np.interp(_INSIDE, held, np.arange(1, steps + 1) * (math.pi / 2 / steps))
    return math.sqrt(freedom) * math.tan(float(at))


def coverage(of: Sequence[Sample], left_out: Callable[[Sample], str]) -> dict[str, tuple[int, float]]:
    """By what ``left_out`` tells apart (systems, runs): points, and the share that the others' band holds."""
    found: dict[str, tuple[int, float]] = {}
    for name in dict.fromkeys(map(left_out, of)):
        others = [one for one in of if left_out(one) != name]
        found |= held(others, [one for one in of if left_out(one) == name], left_out)
    return found


def held(
    made_of: Sequence[Sample], tried_on: Sequence[Sample], by: Callable[[Sample], str]
) -> dict[str, tuple[int, float]]:
    """By what ``by`` tells apart: points of ``tried_on``, and the share that bands of ``made_of`` hold."""
    rest = {(one.collective, one.regime): one for one in bands("", made_of)}
    found: dict[str, list[bool]] = {}
    for one in tried_on:
        near = rest.get((one.collective, one.regime)) or rest.get(("", one.regime))
        if near is not None:
            found.setdefault(by(one), []).append(abs(one.off - near.middle) <= near.half)
    return {name: (len(inside), float(np.mean(inside))) for name, inside in found.items()}


def _shares(of: dict[str, tuple[int, float]]) -> str:
    points = sum(number for number, _ in of.values())
    share = sum(number * part for number, part in of.values()) / points
    mean = np.mean([part for _, part in of.values()])
    return f"{share:.0%} of {points} points held, {mean:.0%} in their mean"


def _record(tell: Callable[[str], None] = print) -> None:
    lines = [",".join(field.name for field in fields(Measurements))]
    for kind in KINDS:
        of = samples(kind)
        lines += [",".join(map(str, astuple(one))) for one in bands(kind, of)]
        for what, key in (("systems", lambda one: one.system), ("runs", lambda one: one.run)):
            tell(f"{kind}, {what} left out: {_shares(coverage(of, key))}")
        if others := samples(kind, plugin=True):
            tell(f"{kind}, by a plug-in: {_shares(held(of, others, lambda one: one.system))}")
    Path(table_of.__file__).with_name("bands.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _record()
