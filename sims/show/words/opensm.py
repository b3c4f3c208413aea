"""Routes over links as lines of text: a row per kind of link, a block per engine or policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fabric import Fabric
from sims.studies.opensm import Routes

__all__ = ["routes_lines"]


def routes_lines(
    topology: str, fabric: Fabric, entries: int, counts: Mapping[str, Sequence[Routes]]
) -> Iterator[str]:
    """What was asked, then fewest, mean and most routes of a link by each of ``counts``."""
    pairs = fabric.n_endpoints * (fabric.n_endpoints - 1)
    yield f"# topology   {topology}: {fabric.n_endpoints:,} endpoints, {fabric.n_switches:,} switches"
    yield f"# tables     {entries:,} entries by OpenSM's {next(iter(counts))}"
    yield f"# routes     those of all {pairs:,} pairs that lead over a link"
    width = max(len(one.kind) for found in counts.values() for one in found)
    for name, found in counts.items():
        yield ""
        yield f"{name:<{width}}  {'links':>8}  {'fewest':>8}  {'mean':>10}  {'most':>8}  {'with most':>9}"
        for one in found:
            links = sum(one.links.values())
            mean = sum(routes * count for routes, count in one.links.items()) / links
            fewest, most = min(one.links), max(one.links)
            row = f"{one.kind:<{width}}  {links:>8,}  {fewest:>8,}  {mean:>10,.1f}  {most:>8,}"
            yield f"{row}  {one.links[most]:>9,}"
