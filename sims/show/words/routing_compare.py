"""Routing policies side by side as lines of text: one block of flows, one of loads per kind of link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric import Fabric
from fabric.words.counted import counted
from sims.jobs.demand import Demand
from sims.jobs.routing_compare import Balance

__all__ = ["balance_lines"]


def balance_lines(
    topology: str,
    fabric: Fabric,
    demand: Demand,
    balances: Sequence[Balance],
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """What was asked, what it meant for the flows, what for the links; then what has to be said beside it."""
    first = balances[0]
    what = f" ({demand.note})" if demand.note else ""
    yield f"# topology   {topology}: {counted(fabric.n_endpoints, 'endpoint')}"
    yield f"# traffic    {demand.text}{what}: {counted(first.flows, 'flow')}"
    yield f"# rates      max-min fair; full: {first.full / 1e9:,.6g} GB/s, if only endpoints' links bound it"
    yield "# load       what a link carries over its capacity; 1: as full as the fullest endpoint's"
    if fabric.disclaimer:
        yield f"# note       {fabric.disclaimer}"
    for note in notes:
        yield f"# note       {note}"
    for note in dict.fromkeys(one.note for one in balances if one.note):
        yield f"# note       {note}"
    width = max(map(len, ("routing", *(one.routing for one in balances))))
    yield ""
    yield f"{'routing':<{width}}  {'slowest flow':>20}  {'1% below':>10}  {'median':>10}  {'mean rate':>10}"
    yield f"{'':<{width}}  {'(GB/s)':>11} {'of full':>8}" + f"  {'(GB/s)':>10}" * 3
    for one in balances:
        steps = len(one.quantiles) - 1
        shown = [one.quantiles[steps // 100], one.quantiles[steps // 2], one.mean]
        values = "".join(f"  {_number(rate / 1e9):>10}" for rate in shown)
        share = f"{one.slowest / one.full:>8.1%}"
        yield f"{one.routing:<{width}}  {_number(one.slowest / 1e9):>11} {share}{values}"
    kinds = [tier.kind for tier in first.tiers]
    kinds_width = max(map(len, kinds))
    yield ""
    titles = ("used", "mean", "median", "99%", "fullest")
    head = "".join(f"{title:>9}" for title in titles)
    yield f"{'load of links':<{kinds_width}}  {'routing':<{width}}{head}"
    for place, kind in enumerate(kinds):
        for one in balances:
            tier = one.tiers[place]
            loads = "".join(f"{load:>9.3f}" for load in (tier.mean, tier.median, tier.p99, tier.most))
            name = kind if one is first else ""
            yield f"{name:<{kinds_width}}  {one.routing:<{width}}{tier.used:>9.1%}{loads}"


def _number(value: float) -> str:
    return f"{value:,.2f}" if value >= 1 else f"{value:.3g}"
