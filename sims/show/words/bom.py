"""The terminal's words for bills: one column per fabric, side by side. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase

from fabric.words.counted import counted
from fabric.words.units import parse_rate
from sims.studies.bom import SECTIONS, Bill, Item
from sims.studies.bom.parts import Parts
from sims.studies.bom.site import Site

__all__ = ["bill_lines", "bill_rows", "site_words", "unlike_words"]

_NONE = "-"
_LARGE_SITE = 100e6  # W: what people ask of 100,000 GPUs
_POWERS = ((1e6, "MW"), (1e3, "kW"), (1.0, "W"))


def bill_lines(bills: Sequence[Bill], parts: Parts, sites: Sequence[Site] = ()) -> Iterator[str]:
    """Counts by section and item, ports left free, power, cost where there are prices, and all of it per
    endpoint; of ``sites``, one for each bill, the power of GPUs, servers and cooling beside the network's.
    """
    marks = [f"[{_mark(i)}]" for i in range(len(bills))] if len(bills) > 1 else [""]
    for mark, bill in zip(marks, bills):
        yield f"{mark + ' ' if mark else ''}{bill.name}"
        if bill.disclaimer:
            yield f"  note: {bill.disclaimer}"
    body = bill_rows(bills, sites)
    label = max(len(name) for name, _ in body) + 2
    widths = [max(map(len, column)) + 2 for column in zip(*(cells for _, cells in body), marks)]
    if len(bills) > 1:
        yield " " * label + "".join(f"{mark:>{width}}" for mark, width in zip(marks, widths))
    for name, cells in body:
        yield (
            f"{name:<{label}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths))
        ).rstrip()
    yield from _notes(bills, parts, marks)
    yield from _site_notes(sites, parts, marks)


def bill_rows(bills: Sequence[Bill], sites: Sequence[Site] = ()) -> list[tuple[str, list[str]]]:
    """What the bills hold, side by side: a label, indented where it is a part, and a cell for each bill."""
    return [*_body(bills), *_site_rows(sites)]


def _mark(place: int) -> str:
    """A, B, ..., Z, AA, AB, ... as columns are called."""
    head = _mark(place // 26 - 1) if place >= 26 else ""
    return head + ascii_uppercase[place % 26]


def _body(bills: Sequence[Bill]) -> Iterator[tuple[str, list[str]]]:
    def row(name: str, value: Callable[[Bill], str]) -> tuple[str, list[str]]:
        return name, [value(bill) for bill in bills]

    yield row("endpoints", lambda bill: f"{bill.endpoints:,}")
    for section in SECTIONS:
        names = _names(bills, section)
        if names:
            yield row(section, lambda bill, s=section: f"{bill.count(s):,}")  # type: ignore[misc]
        for name in names:
            if section == "NICs" and len(names) == 1:
                continue
            yield row(f"  {name}", lambda bill, s=section, n=name: _counted(bill, s, n))  # type: ignore[misc]
    yield row("length of all cables", lambda bill: f"{bill.metres / 1000:,.1f} km")
    places = _places(bills, "switches")
    yield row("free ports of these models", lambda bill: _free(bill, ""))
    for place in places if len(places) > 1 else ():
        yield row(f"  {place}", lambda bill, p=place: _free(bill, p))  # type: ignore[misc]
    yield row("power of the network", lambda bill: _power(bill.watts()))
    for section in SECTIONS:
        yield row(f"  {section}", lambda bill, s=section: _power(bill.watts(s)))  # type: ignore[misc]
    currency = next((bill.currency for bill in bills if bill.currency), "")
    if currency:
        yield row(f"cost ({currency})", lambda bill: _money(bill.cost()))
        for section in SECTIONS:
            yield row(f"  {section}", lambda bill, s=section: _money(bill.cost(s)))  # type: ignore[misc]
    yield "per endpoint", [""] * len(bills)
    for section in SECTIONS[:3]:
        yield row(f"  {section}", lambda bill, s=section: f"{bill.count(s) / bill.endpoints:.4g}")  # type: ignore[misc]
    yield row("  power of the network", lambda bill: _each(bill, bill.watts(), "{:,.1f} W"))
    if currency:
        yield row(f"  cost ({currency})", lambda bill: _each(bill, bill.cost(), "{:,.0f}"))


def _site_rows(sites: Sequence[Site]) -> Iterator[tuple[str, list[str]]]:
    if not sites:
        return
    yield "power of the site", [_power(site.total) for site in sites]
    yield "  GPUs", [_power(site.gpus) for site in sites]
    yield "  rest of the servers", [_power(site.servers) for site in sites]
    yield "  network, NICs included", [_power(site.network) for site in sites]
    yield "  cooling and losses", [_power(site.cooling) for site in sites]


def _site_notes(sites: Sequence[Site], parts: Parts, marks: Sequence[str]) -> Iterator[str]:
    if not sites:
        names = ", ".join(server.name for server in parts.servers)
        yield f"# the site: --gpu NAME adds the power of GPUs, servers and cooling ({names})"
    for mark, site in zip(marks, sites):
        if site.total is None:
            continue
        passes, assumes = site_words(site)
        of = f" {mark}" if mark else ""
        yield f"# site{of}: {passes}"
        yield f"# site{of} assumes: {assumes}"
        if unlike := unlike_words(site):
            yield f"# site{of} note: {unlike}"


def site_words(site: Site) -> tuple[str, str]:
    """Whether the site draws more than 100 MW, and what that assumes; both "" where it is not known."""
    if site.total is None:
        return "", ""
    server = site.server
    each = f"{server.gpu_watts:,.4g} W a GPU, {_power(server.watts)} a server of {server.gpus}"
    fits = int(_LARGE_SITE / (site.total / site.endpoints))
    than = "more" if site.total > _LARGE_SITE else "no more"
    draw = "draws" if site.endpoints == 1 else "draw"
    passes = (
        f"{counted(site.endpoints, 'GPU')} {draw} {than} than 100 MW: {_power(site.total)}; "
        f"at as much each, 100 MW are enough for {fits:,}"
    )
    return passes, f"{each} ({server.name}), all at their most; PUE {site.pue:g}; no storage"


def unlike_words(site: Site) -> str:
    """That servers of the fabric are not those whose power is counted; "" where they are, or it has none."""
    server = site.server
    if site.total is None or site.together in (0, server.gpus):
        return ""
    return (
        f"a server of the fabric has {counted(site.together, 'GPU')}, and one of {server.name} "
        f"{server.gpus:,}: another machine"
    )


def _places(bills: Sequence[Bill], section: str) -> list[str]:
    """The tiers, or pairs of them, from below: each bill has its own from below, some have fewer."""
    rank: dict[str, int] = {}
    for bill in bills:
        own = dict.fromkeys(item.place for item in bill.items if item.section == section)
        for at, place in enumerate(own):
            rank[place] = max(rank.get(place, 0), at)
    return sorted(rank, key=lambda place: rank[place])


def _names(bills: Sequence[Bill], section: str) -> list[str]:
    """The rows of a section, tier by tier."""
    places = _places(bills, section)
    items = [item for bill in bills for item in bill.items if item.section == section]
    return list(dict.fromkeys(_name(item) for place in places for item in items if item.place == place))


def _name(item: Item) -> str:
    if item.section == "NICs":
        return item.rate
    if item.section == "switches":
        return f"{item.place}: {item.model}"
    return f"{item.place}: {item.model}, {item.rate}"


def _counted(bill: Bill, section: str, name: str) -> str:
    mine = [item.count for item in bill.items if item.section == section and _name(item) == name]
    return f"{sum(mine):,}" if mine else _NONE


def _free(bill: Bill, place: str) -> str:
    mine = [i.ports_free for i in bill.items if i.section == "switches" and place in ("", i.place)]
    known = [free for free in mine if free is not None]
    return f"{sum(known):,}" if mine and len(known) == len(mine) else _NONE


def _power(watts: float | None) -> str:
    if watts is None:
        return _NONE
    factor, unit = next(((f, u) for f, u in _POWERS if watts >= f), _POWERS[-1])
    return f"{watts / factor:,.4g} {unit}"


def _money(cost: float | None) -> str:
    return _NONE if cost is None else f"{cost:,.0f}"


def _each(bill: Bill, total: float | None, form: str) -> str:
    return _NONE if total is None else form.format(total / bill.endpoints)


def _wasted(item: Item, ports: int) -> str:
    each = f"{item.ports_free / item.count:,.4g} of {counted(f'{ports / item.count:,.4g}', 'port')}"  # type: ignore[operator]
    return f"{each} of every {item.place} ({item.model}) in the mean, as no smaller model holds it"


def _notes(bills: Sequence[Bill], parts: Parts, marks: Sequence[str]) -> Iterator[str]:
    yield f"# power{' and cost' if parts.currency else ''}: {bills[0].source}"
    rates = sorted({item.rate: item for b in bills for item in b.items if item.section == "cables"})
    for rate in rates:
        reach = {kind.name: kind.longest(parse_rate(rate)) for kind in parts.cables}
        said = ", ".join(f"{name} to {m:,g} m" for name, m in reach.items() if m > 0)
        yield f"# cables of {rate} by length: {said}"
    for mark, bill in zip(marks, bills):
        cables, of = bill.count("cables"), f" {mark}" if mark else ""
        if bill.planned:
            some = "" if bill.planned == cables else f" of {bill.planned:,} of {counted(cables, 'cable')}"
            yield f"# lengths{of}{some}: by a floor plan ({bill.floor}); delay= or --floor say otherwise"
        if cables > bill.planned:
            some = f" of {cables - bill.planned:,} of {counted(cables, 'cable')}" if bill.planned else ""
            yield f"# lengths{of}{some}: by their delays, at 5 ns/m"
    yield "# switches: each the smallest model that holds its cables; ports can be split"
    for mark, bill in zip(marks, bills):
        for item in bill.items:
            ports = (item.ports_used or 0) + (item.ports_free or 0)
            if item.section == "switches" and item.ports_free and item.ports_free >= ports / 4:
                of = f" {mark}" if mark else ""
                yield f"# free{of}: {_wasted(item, ports)}"
    if any(item.model.startswith("chassis") for bill in bills for item in bill.items):
        yield "# a chassis is boxes of one model in two stages, its inner cables part of it and not counted"
    if any(bill.count("transceivers") for bill in bills):
        yield "# transceivers: one for each end of an optical cable; a module for several cables would be one"
    if any(bill.scaleup for bill in bills):
        yield "# scale-up switches and their cables are part of the servers and not of the bill"
    unknown = dict.fromkeys(words for bill in bills for words in bill.unknown)
    if unknown:
        yield f"# no power or cost without a model that fits: {', '.join(unknown)}"
    unpriced = dict.fromkeys(words for bill in bills for words in bill.unpriced)
    if parts.currency and unpriced:
        yield f"# no price given for: {', '.join(unpriced)}"
