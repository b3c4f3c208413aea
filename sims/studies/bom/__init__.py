"""What it takes to build a fabric: switches, cables, transceivers, NICs, their power and cost. Reads no
file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.link_kind import node_kind
from fabric.words.units import format_rate
from sims.studies.bom.floor import Floor, cable_lengths
from sims.studies.bom.parts import METRE, Cable, Parts, SwitchModel, read_parts
from topologies.assumed import assumed_delays

__all__ = ["SECTIONS", "Bill", "Item", "bill"]

SECTIONS = ("switches", "cables", "transceivers", "NICs")


@dataclass(frozen=True, kw_only=True)
class Item:
    """``count`` alike parts. ``section``: switches, cables, transceivers or NICs; ``place``: the tier, or
    the two that a cable joins; ``model``: of switch or cable. ``watts`` and ``cost`` are of all of them
    together, None where not known. Of switches ``ports_used`` and ``ports_free`` (None without a model that
    fits). Of cables ``metres``, all of them together.
    """

    section: str
    place: str
    model: str
    rate: str
    count: int
    watts: float | None
    cost: float | None
    ports_used: int | None = None
    ports_free: int | None = None
    metres: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """All items of one fabric. ``currency`` is "" where nothing has a price. ``planned``: how many cables
    have the length of the floor plan; the others have that of their delay.
    """

    name: str
    disclaimer: str
    endpoints: int
    items: tuple[Item, ...]
    scaleup: int  # cables of scale-up switches: part of the servers, not of this bill
    currency: str
    source: str
    floor: Floor
    planned: int
    together: int = 0  # endpoints of its largest server; 0: it has none

    def count(self, section: str) -> int:
        """How many parts of a section; transceivers are two for each optical cable."""
        return sum(item.count for item in self.items if item.section == section)

    @property
    def metres(self) -> float:
        """Of all cables together."""
        return sum(item.metres or 0.0 for item in self.items)

    def watts(self, section: str = "") -> float | None:
        """Of a section, or of everything; None where some switch or cable has no model."""
        return _total(item.watts for item in self.items if section in ("", item.section))

    def cost(self, section: str = "") -> float | None:
        """Of a section, or of everything; None where something has no price."""
        return _total(item.cost for item in self.items if section in ("", item.section))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What keeps ``cost`` from being known."""
        return tuple(dict.fromkeys(f"{i.model} ({i.section})" for i in self.items if i.cost is None))

    @property
    def unknown(self) -> tuple[str, ...]:
        """What keeps the power from being known."""
        return tuple(dict.fromkeys(f"{i.place}: {i.model}" for i in self.items if i.watts is None))

    def rows(self) -> list[dict[str, Any]]:
        """One record per item, of plain values; what is not known is None."""
        return [
            {
                "topology": self.name,
                "endpoints": self.endpoints,
                "section": item.section,
                "place": item.place,
                "model": item.model,
                "rate": item.rate,
                "count": item.count,
                "ports_used": item.ports_used,
                "ports_free": item.ports_free,
                "power_W": item.watts,
                "cost": item.cost,
                "currency": self.currency if item.cost is not None else None,
                "length_m": item.metres,
            }
            for item in self.items
        ]


def bill(network: Fabric | nx.Graph, parts: Parts | None = None) -> Bill:
    """The parts of a graph or a compiled fabric, by default the shipped ones without prices.

    Every switch is of the smallest model, by capacity, then by ports, on which its cables fit; where none is
    large enough it is a chassis of the fewest boxes of one model, wired as two stages without
    oversubscription inside; where none is fast enough it is listed without a model.

    A cable is as long as its delay says, at 5 ns/m; of a graph, cables whose delay nobody gave (the family's
    or the reader's default) are as long as ``parts.floor`` makes them. Its kind is the shortest that reaches
    so far at its rate. An optical cable has two transceivers; every endpoint with a cable has one NIC.
    Scale-up switches and their cables belong to the servers. Cables: as many as the fabric has; ports used:
    two per cable between switches, one per cable of an endpoint.

    >>> from topologies import fat_tree
    >>> [(item.model, item.count) for item in bill(fat_tree(k=8)).items if item.section == "switches"]
    [('32 x 400G', 32), ('32 x 400G', 32), ('32 x 400G', 16)]
    """
    parts = parts if parts is not None else read_parts()
    if isinstance(network, Fabric):
        fabric, assumed = network, np.zeros(0)
    else:
        fabric = Fabric.from_graph(network, allow_partition=True)
        assumed = np.array(sorted(assumed_delays(network)))
    by_plan = np.isin(fabric.delay, assumed) & ~np.any(fabric.kind[_ends(fabric)] == NVSWITCH, axis=0)
    metres = fabric.delay / METRE
    if by_plan.any():
        metres = np.where(by_plan, cable_lengths(fabric, parts.floor), metres)
    runs = list(_runs(fabric, parts, metres))
    transceivers = [item for item in map(_transceivers, runs) if item]
    return Bill(
        name=fabric.name,
        disclaimer=fabric.disclaimer,
        endpoints=fabric.n_endpoints,
        items=(*_switches(fabric, parts), *map(_cable, runs), *transceivers, *_nics(fabric, parts)),
        scaleup=int(np.sum(fabric.kind[fabric.link_dst] == NVSWITCH)),
        currency=parts.currency,
        source=f"{parts.source} (as of {parts.as_of})" if parts.as_of else parts.source,
        floor=parts.floor.of(fabric),
        planned=int(by_plan.sum()) // 2,
        together=int(np.bincount(fabric.server[fabric.server >= 0], minlength=1).max()),
    )


def _ends(fabric: Fabric) -> NDArray[np.int64]:
    """(2, links)"""
    return np.stack([fabric.link_src, fabric.link_dst])


def _total(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _switches(fabric: Fabric, parts: Parts) -> Iterator[Item]:
    """One item per tier and model, and per set of rates."""
    n = fabric.n_endpoints
    switches = slice(n, n + fabric.n_switches)
    tier = fabric.tier[switches] if fabric.tiered else np.ones(fabric.n_switches, np.int16)
    rates, which = np.unique(fabric.capacity, return_inverse=True)
    mine = fabric.kind[fabric.link_src] == SWITCH
    mine &= fabric.kind[fabric.link_dst] != NVSWITCH
    key = (fabric.link_src[mine].astype(np.int64) - n) * len(rates) + which[mine]
    ports = np.bincount(key, minlength=fabric.n_switches * len(rates)).reshape(fabric.n_switches, len(rates))
    for value in np.unique(tier):
        members = np.flatnonzero(tier == value)
        # Switches with the same cables are alike, and such sorts of switch are few.
        sorts, count = np.unique(ports[members], axis=0, return_counts=True)
        found: dict[tuple[SwitchModel | None, str], list[int]] = {}
        for i, own in enumerate(sorts):
            used = own > 0
            model = _model(parts, own[used], rates[used])
            text = " + ".join(format_rate(float(rate)) for rate in rates[used])
            found.setdefault((model, text), []).append(i)
        order = sorted(found, key=lambda k: (-int(count[found[k]].sum()), k[1]))
        for model, text in order:
            at = found[model, text]
            own, number = sorts[at], int(count[at].sum())
            used = own.any(axis=0)
            free = _free(model, own[:, used], rates[used]) if model else None
            yield Item(
                section="switches",
                place=node_kind(fabric, n + int(members[0])),
                model=model.name if model else "no model fits",
                rate=text,
                count=number,
                watts=model.watts * number if model else None,
                cost=model.price * number if model and model.price is not None else None,
                ports_used=int(own.sum(axis=1) @ count[at]),
                ports_free=int(free @ count[at]) if free is not None else None,
            )


def _model(parts: Parts, own: NDArray[np.int64], rates: NDArray[np.float64]) -> SwitchModel | None:
    """What holds cables of these numbers and rates: one box, else the fewest in a chassis, else None."""
    fast = [m for m in parts.switches if all(m.shares(float(rate)) for rate in rates)]
    single = next((m for m in fast if _whole_ports(m, own[np.newaxis], rates)[0] <= m.ports), None)
    if single:
        return single
    made = [_chassis(m, int(_whole_ports(m, own[np.newaxis], rates)[0])) for m in fast]
    return min((c for c in made if c), key=lambda c: (c.boxes, c.capacity), default=None)


def _chassis(model: SwitchModel, ports: int) -> SwitchModel | None:
    """A switch of so many ports from boxes of one model: half of the ports of each of the outer ones lead in,
    evenly to the inner ones; None where an inner one has too few ports to reach every outer one.
    """
    half = model.ports // 2
    outer = -(-ports // half) if half else model.ports + 1
    if outer > model.ports:
        return None
    inner = next((n for n in range(-(-outer * half // model.ports), half + 1) if half % n == 0), None)
    if inner is None:
        return None
    boxes = outer + inner
    return replace(
        model,
        name=f"chassis of {boxes} x ({model.name})",
        ports=outer * half,
        watts=model.watts * boxes,
        price=None if model.price is None else model.price * boxes,
        boxes=boxes,
    )


def _whole_ports(model: SwitchModel, own: NDArray[np.int64], rates: NDArray[np.float64]) -> NDArray[np.int64]:
    """(switches,): ports of the model that the cables of each take, those of one rate sharing."""
    shares = np.array([max(model.shares(float(rate)), 1) for rate in rates], np.int64)
    return np.sum(-(-own // shares), axis=1)


def _free(model: SwitchModel, own: NDArray[np.int64], rates: NDArray[np.float64]) -> NDArray[np.int64]:
    """(switches,): ports left of each, counted at the fastest rate in use; at one rate used and free add up
    to the model's.
    """
    if not len(rates):
        return np.full(len(own), model.ports)
    fastest = model.shares(float(rates.max()))
    if len(rates) == 1:
        return model.ports * fastest - own.sum(axis=1)
    return (model.ports - _whole_ports(model, own, rates)) * fastest


@dataclass(frozen=True, kw_only=True)
class _Run:
    """``count`` cables of one kind and rate between two tiers, ``metres`` long all together."""

    place: str
    kind: Cable | None  # None: longer than any
    rate: float
    count: int
    metres: float


def _runs(fabric: Fabric, parts: Parts, length: NDArray[np.float64]) -> Iterator[_Run]:
    src, dst = fabric.link_src.astype(np.int64), fabric.link_dst.astype(np.int64)
    network = (fabric.kind[src] != NVSWITCH) & (fabric.kind[dst] != NVSWITCH)
    tier = fabric.tier.astype(np.int64) if fabric.tiered else np.minimum(fabric.tier, 1).astype(np.int64)
    # Each cable once: its link upwards, or between equals that from the lower number.
    once = np.flatnonzero(network & ((tier[src] < tier[dst]) | ((tier[src] == tier[dst]) & (src < dst))))
    length = length[once]
    rates, which = np.unique(fabric.capacity[once], return_inverse=True)
    reach = np.full(len(once), len(parts.cables))
    for i, rate in enumerate(rates.tolist()):
        mine = which == i
        longest = np.array([kind.longest(rate) for kind in parts.cables]) * (1 + 1e-9)
        order = np.argsort(longest, kind="stable")
        reach[mine] = np.append(order, len(order))[np.searchsorted(longest[order], length[mine])]
    tiers, kinds = int(tier.max(initial=0)) + 1, len(parts.cables) + 1
    key = ((tier[src[once]] * tiers + tier[dst[once]]) * kinds + reach) * len(rates) + which
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    total = np.add.reduceat(length[order], starts) if len(starts) else starts
    for start, stop, metres in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], total.tolist()):
        first = order[start]
        ends = (int(src[once[first]]), int(dst[once[first]]))
        at = int(reach[first])
        yield _Run(
            place=" - ".join(node_kind(fabric, node) for node in ends),
            kind=parts.cables[at] if at < len(parts.cables) else None,
            rate=float(rates[which[first]]),
            count=stop - start,
            metres=metres,
        )


def _cable(run: _Run) -> Item:
    """Ends that are transceivers are items of their own; other ends are part of the cable."""
    kind, watts, cost = run.kind, None, None
    if kind is not None:
        ends = 0.0 if kind.transceivers else 2 * run.count * run.rate
        watts = ends * kind.end_watts
        if kind.price_per_m is not None and (kind.transceivers or kind.end_price is not None):
            cost = kind.price_per_m * run.metres + ends * (kind.end_price or 0.0)
    return Item(
        section="cables",
        place=run.place,
        model=kind.name if kind else "no kind reaches",
        rate=format_rate(run.rate),
        count=run.count,
        watts=watts,
        cost=cost,
        metres=run.metres,
    )


def _transceivers(run: _Run) -> Item | None:
    kind = run.kind
    if kind is None or not kind.transceivers:
        return None
    ends = 2 * run.count * run.rate
    return Item(
        section="transceivers",
        place=run.place,
        model=kind.name,
        rate=format_rate(run.rate),
        count=2 * run.count,
        watts=ends * kind.end_watts,
        cost=None if kind.end_price is None else ends * kind.end_price,
    )


def _nics(fabric: Fabric, parts: Parts) -> Iterator[Item]:
    """One item per rate: that of all cables of an endpoint."""
    mine = (fabric.link_src < fabric.n_endpoints) & (fabric.kind[fabric.link_dst] != NVSWITCH)
    rate = np.bincount(fabric.link_src[mine], weights=fabric.capacity[mine], minlength=fabric.n_endpoints)
    for value, count in zip(*(a.tolist() for a in np.unique(rate[rate > 0], return_counts=True))):
        yield Item(
            section="NICs",
            place="endpoint",
            model="NIC",
            rate=format_rate(value),
            count=count,
            watts=count * value * parts.nic.watts,
            cost=None if parts.nic.price is None else count * value * parts.nic.price,
        )
