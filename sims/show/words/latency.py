"""The words and records of one-way latency: by hop class, idle and under load. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fabric import Fabric
from fabric.routing.policies import Policy
from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.jobs.loaded_latency import Loaded
from sims.jobs.one_way import HopClass, quantile
from sims.models.profiles import LatencyProfile

__all__ = ["class_records", "latency_lines", "load_lines"]

_WIDTHS = (8, 5, 8, 16, 9)
_SHARES = (0.5, 0.99, 0.999)


def latency_lines(
    topology: str,
    fabric: Fabric,
    profile: LatencyProfile,
    policy: Policy,
    classes: Sequence[HopClass],
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """What was looked at, a line per hop class, and the distribution over all pairs."""
    yield f"# one-way latency of an idle fabric, without the time of the bytes; routing {policy}"
    yield f"# topology   {topology}: {counted(fabric.n_endpoints, 'endpoint')}"
    yield f"# latency    {profile}"
    if profile.about:
        changed = "" if profile.spec == profile.name else f"of {profile.name} as it is shipped: "
        yield f"# source     {changed}{profile.about}"
    for note in filter(None, [fabric.disclaimer, *notes]):
        yield f"# note       {note}"
    titles = ("way", "links", "switches", "pairs", "share")
    yield "  ".join(f"{title:>{width}}" for title, width in zip(titles, _WIDTHS)) + "  latency"
    total = sum(c.pairs for c in classes)
    for c in classes:
        cells = (c.way, c.links, c.switches, f"{c.pairs:,}", f"{c.pairs / total:.4%}")
        line = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS))
        yield f"{line}  {_between(c)}"
    mean = sum(c.pairs * c.mean for c in classes) / total
    parts = [f"mean {format_time(mean)}"]
    for words, share in (("half of them", 0.5), ("99%", 0.99), ("all", 1.0)):
        parts.append(f"{words} within {format_time(quantile(classes, share))}")
    yield f"# all {total:,} pairs: {', '.join(parts)}"
    every = fabric.n_endpoints * (fabric.n_endpoints - 1)
    if total < every:
        yield f"# {every - total:,} pairs have no path and are left out"


def _between(c: HopClass) -> str:
    least, most = float(c.latency[0]), float(c.latency[-1])
    if len(c.latency) == 1:
        return format_time(least) + ("" if c.exact else "   (of pairs drawn: cables of this fabric differ)")
    drawn = "" if c.exact else f", {counted(len(c.latency), 'pair')} drawn"
    return f"{format_time(least)} to {format_time(most)}   (mean {format_time(c.mean)}{drawn})"


def load_lines(found: Loaded, *, first: bool) -> Iterator[str]:
    """A line per load: the distribution over messages."""
    if first:
        yield "#"
        yield (
            f"# under load, packet model: messages of {format_size(found.size)} to random others, from the "
            "call to the receipt of the last byte"
        )
        titles = ("load", "messages", "median", "99%", "99.9%", "mean", "longest")
        yield "  ".join(f"{title:>10}" for title in titles)
    latency = found.latency
    values = [quantile(found.classes, share) for share in _SHARES]
    cells = [f"{found.load:g}", f"{len(latency):,}", *map(format_time, values)]
    cells += [format_time(float(latency.mean())), format_time(float(latency[-1]))]
    yield "  ".join(f"{cell:>10}" for cell in cells)


def class_records(
    topology: str,
    profile: LatencyProfile,
    policy: Policy,
    classes: Sequence[HopClass],
    *,
    load: float = 0.0,
    size: int = 0,
) -> list[dict[str, Any]]:
    """One record per hop class, for a file; under load ``pairs`` counts messages."""
    total = sum(c.pairs for c in classes)
    return [
        {
            "topology": topology,
            "latency_profile": profile.spec,
            "routing": str(policy),
            "load": load,
            "size_bytes": size,
            "way": c.way,
            "links": c.links,
            "switches": c.switches,
            "pairs": c.pairs,
            "share": c.pairs / total,
            "latency_min_s": float(c.latency[0]),
            "latency_mean_s": c.mean,
            "latency_p50_s": quantile([c], 0.5),
            "latency_p99_s": quantile([c], 0.99),
            "latency_max_s": float(c.latency[-1]),
            "exact": c.exact,
        }
        for c in classes
    ]
