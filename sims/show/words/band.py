"""What is said of how far machines have been from a modelled time. Prints nothing."""

from __future__ import annotations

import math

from fabric.words.units import format_size
from sims.models.band import Band, band_of
from sims.models.profiles import latency_profile
from sims.scenario.row import Row
from sims.workload.collectives import has_protocol

__all__ = ["FOOT", "band_words", "extrapolated", "has_band"]

FOOT = "Pale: where four of five measured machines were, of such runs"


def has_band(row: Row) -> bool:
    """Whether machines near enough were measured."""
    return row.error_low != row.error_high


def band_words(row: Row) -> str:
    """Between which multiples of the time machines were, which machines, and how far that is stretched."""
    name, near = _near(row)
    if near is None or not has_band(row):
        return f"none: nothing near was measured that profile {name} could be held against"
    times = f"{1 + row.error_low:.2f} to {1 + row.error_high:.2f} times this time"
    of = near.of
    whose = f"profiles {of.kind}: {of.points} measured times on {of.systems} machines"
    text = f"four of five machines took {times} ({whose})"
    if not near.same:
        text += f"; no {row.scenario.collective} was measured: the band of other collectives"
    if _stretched(row, near):
        sizes = f"{format_size(of.least)} to {format_size(of.most)}"
        text += f"; extrapolated from {of.nodes:,} nodes and {sizes}"
    return text


def extrapolated(row: Row) -> bool:
    """Whether its band reaches beyond what was measured."""
    near = _near(row)[1]
    return near is not None and has_band(row) and _stretched(row, near)


def _near(row: Row) -> tuple[str, Band | None]:
    """The name of the profile of a row, and what was measured nearest to it."""
    name = "nccl" if has_protocol(row.used) else latency_profile(row.scenario.latency_profile).name
    return name, band_of(name, row.scenario.collective, row.latency_share, 1, row.scenario.size_bytes)


def _stretched(row: Row, near: Band) -> bool:
    return not math.isclose(math.log1p(row.error_high), near.of.middle + near.of.half, abs_tol=1e-9)
