"""The terminal's words for an audit of the cabling, subnets, boundaries and ports. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

from fabric.graph.fabric import Fabric
from fabric.measures.finding import EFFECT, FAULT, NOTE, Finding
from fabric.measures.subnet import Subnet, boundary_bisections, port_use, subnet_lids
from fabric.words.counted import counted
from fabric.words.units import format_rate

__all__ = ["audit_lines", "bisection_lines", "finding_columns", "port_lines", "subnet_line"]

_TITLES = {
    "cables": "cabling",
    "missing-cable": "missing cables",
    "extra-cable": "cables too many",
    "stray-cable": "cables to the wrong place",
    "uplinks": "cables up",
    "downlinks": "cables down",
    "degree": "cables of a switch",
    "rate": "rates",
    "oversubscription": "oversubscription",
    "bisection": "bisection",
    "no-path": "endpoints without a path",
    "filling": "endpoints on a leaf",
}


def audit_lines(
    name: str, fabric: Fabric, findings: Sequence[Finding], notes: Sequence[str] = (), shown: int = 40
) -> Iterator[str]:
    """The findings kind by kind, faults first, under them what follows, then notes; at most ``shown`` of a
    kind. Faults alone are counted.
    """
    yield name
    if fabric.disclaimer:
        yield f"  note: {fabric.disclaimer}"
    for note in notes:
        yield f"  note: {note}"
    faults = [f for f in findings if f.level == FAULT]
    effects = [f for f in findings if f.level == EFFECT]
    yield from _kinds(faults, "", shown)
    if effects:
        yield f"  follows from {'this' if len(faults) == 1 else 'these'}"
        yield from ("  " + line for line in _kinds(effects, "", shown))
    yield from _kinds([f for f in findings if f.level == NOTE], " (note)", shown)
    if faults:
        yield f"  {counted(len(faults), 'fault')} found"
    else:
        size = f"{counted(fabric.n_links // 2, 'cable')}, {counted(fabric.n_switches, 'switch')}"
        yield f"  no fault found: {size}, {counted(fabric.n_endpoints, 'endpoint')}"


def _kinds(some: Sequence[Finding], mark: str, shown: int) -> Iterator[str]:
    for kind in dict.fromkeys(f.kind for f in some):
        mine = [f for f in some if f.kind == kind]
        count = f" ({len(mine):,})" if len(mine) > 1 else ""
        yield f"  {_TITLES.get(kind, kind)}{count}{mark}"
        yield from (f"    {f.message}" for f in mine[:shown])
        if len(mine) > shown:
            yield f"    and {len(mine) - shown:,} more: --out FILE writes all"


def finding_columns(findings: Sequence[Finding]) -> dict[str, list[Any]]:
    """The findings as columns for ``write_columns``: the header is there even where nothing was found."""
    empty = Finding(level=FAULT, kind="", where="", message="").to_dict()
    rows = [f.to_dict() for f in findings]
    return {key: [row[key] for row in rows] for key in empty}


def subnet_line(fabric: Fabric) -> str:
    """How many InfiniBand subnets it is, one for each network of its own, and whether they have LIDs enough.

    >>> from topologies import fat_tree
    >>> subnet_line(Fabric.from_graph(fat_tree(k=4))).removeprefix("  InfiniBand         ")
    "fits one subnet: 16 endpoint ports + 20 switches take 36 of a subnet's 49,151 addresses (LIDs)"
    """
    return f"  InfiniBand         {_subnets(subnet_lids(fabric))}"


def _subnets(s: Subnet) -> str:
    if not s.parts:
        return "no subnet: no endpoint is cabled to a switch"
    whose = f"{counted(s.endpoint_ports, 'endpoint port')} + {counted(s.switches, 'switch')}"
    addresses = f"a subnet's {s.limit:,} addresses (LIDs)"
    routers = "several subnets joined by routers are needed, or RoCE"
    if s.parts > 1:
        what = "planes" if s.planes else "separate parts"
        need = f"the largest takes {s.largest:,} of {addresses}, all together {s.lids:,} ({whose})"
        rest = "" if s.parts_fit else f"; that is too many for one: {routers}"
        return f"{s.parts:,} subnets, one for each of its {what}: {need}{rest}"
    if s.fits:
        return f"fits one subnet: {whose} take {s.lids:,} of {addresses}"
    return f"too large for one subnet: {whose} need {s.lids:,} of {addresses}: {routers}"


def bisection_lines(fabric: Fabric) -> Iterator[str]:
    """Per tier boundary: half of what crosses it, and its share of what the endpoints can send."""
    for b in boundary_bisections(fabric):
        of_full = "" if isnan(b.share) else f": {b.share:.1%} of full bisection"
        yield f"    {b.name:<26} {format_rate(b.bisection):>10} one way{of_full}"


def port_lines(fabric: Fabric, shown: int = 4) -> Iterator[str]:
    """Cabled ports, down + up, of the switches of each tier."""
    for use in port_use(fabric):
        parts = [f"{down} + {up} on {count:,}" for down, up, count in use.ports[:shown]]
        more = f", {counted(len(use.ports) - shown, 'other pair')}" if len(use.ports) > shown else ""
        what = "down + up" if fabric.tiered else "to endpoints + to switches"
        yield f"  ports ({use.name})".ljust(21) + f"{what}: {', '.join(parts)}{more}"
