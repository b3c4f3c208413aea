"""Band: how far machines have been from such modelled times. Read from a table that is made of residuals.

A band is of a kind of profile, a collective and a regime: how much of the time is latency. It holds the time
of four new machines of five, as far as those that were measured tell: the logarithm of measured over modelled
is taken as normal, with a share that a machine has to itself and one that a point has. The fewer machines
were measured, the wider it is (Student's t). Beyond what was measured it widens by an assumption that is
said. The table is made in sims.studies.measured.bands.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["MANY_SYSTEMS", "REGIMES", "Band", "Measurements", "band_of", "kind_of", "regime_of"]

REGIMES = {"latency": 2 / 3, "middle": 1 / 3, "bandwidth": 0.0}  # from which share of latency in the time on
MANY_SYSTEMS = 3  # from which on the measurements of one collective are a band of their own
_WIDER = 0.1  # more width for each doubling of nodes, and each of size twice, beyond what was measured


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """A line of the table. ``middle`` and ``half``: of log(measured / modelled), the middle of the band and
    half its width; ``collective`` "": of all; ``nodes``: the largest machine; ``least`` and ``most`` bytes;
    ``deviation``: the standard deviation of it at a point of one more machine, ``within``: of what is left of
    it among the points of one machine.
    """

    kind: str
    collective: str
    regime: str
    middle: float
    half: float
    systems: int
    points: int
    nodes: int
    least: int
    most: int
    deviation: float
    within: float


@dataclass(frozen=True, kw_only=True)
class Band:
    """``low``, ``high``: machines take (1 + low) to (1 + high) times the modelled time, four of five.

    ``doublings``: how far beyond what was measured. ``of``: the measurements; ``same``: of the collective.
    """

    low: float
    high: float
    doublings: float
    same: bool
    of: Measurements


@cache
def _table() -> dict[tuple[str, str, str], Measurements]:
    text = resources.files(__package__).joinpath("bands.csv").read_text(encoding="utf-8")
    rows = [
        Measurements(
            kind=line["kind"],
            collective=line["collective"],
            regime=line["regime"],
            middle=float(line["middle"]),
            half=float(line["half"]),
            systems=int(line["systems"]),
            points=int(line["points"]),
            nodes=int(line["nodes"]),
            least=int(line["least"]),
            most=int(line["most"]),
            deviation=float(line["deviation"]),
            within=float(line["within"]),
        )
        for line in csv.DictReader(text.splitlines())
    ]
    return {(row.kind, row.collective, row.regime): row for row in rows}


def kind_of(profile: str) -> str:
    """The kind of the profile of this name: profiles of NCCL's cost model are one."""
    return "nccl" if profile.startswith("nccl-") else profile


def regime_of(latency_share: float) -> str:
    """latency, middle or bandwidth, by the share of latency in the modelled time."""
    return next(name for name, least in REGIMES.items() if latency_share >= least)


def band_of(profile: str, collective: str, latency_share: float, nodes: int, size: float) -> Band | None:
    """The band of a modelled time, or None where nothing near was measured.

    ``profile``: the name of its latency profile; ``nodes``: of servers, or of ranks without.

    >>> one = band_of("host-mpi", "all-reduce", 0.9, 512, 2**20)
    >>> one.low < 0 < one.high, one.doublings
    (True, 0.0)
    >>> band_of("ideal", "all-reduce", 0.9, 512, 2**20) is None
    True
    """
    table, kind, regime = _table(), kind_of(profile), regime_of(latency_share)
    found = table.get((kind, collective, regime)) or table.get((kind, "", regime))
    if found is None:
        return None
    beyond = max(0.0, math.log2(nodes / found.nodes))
    beyond += max(0.0, math.log2(size / found.most), math.log2(found.least / size)) / 2
    half = found.half * (1 + _WIDER * beyond)
    measured = any((kind, collective, other) in table for other in REGIMES)
    return Band(
        low=math.expm1(found.middle - half),
        high=math.expm1(found.middle + half),
        doublings=beyond,
        same=measured,
        of=found,
    )
