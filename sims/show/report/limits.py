"""What bounds the points, in words and in a table: links, contention, latency. Computes nothing new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fabric.words.units import format_size
from sims.scenario.row import Row
from sims.show.report.axes import heading, number, percent, series, varied
from sims.show.report.findings import median_row
from sims.show.report.markup import Column, Html, element, joined, table
from sims.show.words.band import band_words

__all__ = ["limits"]

_MOST = 40
_EXPLAINED = (
    "Efficiency is the bandwidth bound of the algorithm on that fabric, with neither contention nor latency, "
    "over the time. Contention is the time of the bytes over what the endpoints' own links need: 1 is none."
)


def limits(rows: Sequence[Row]) -> Html:
    """How many points each limit bounds, then every line of the sweep at its largest size, and what would
    help where the rows say it."""
    counted = [_counted(rows)] if len(rows) > 1 else []
    largest = max(rows, key=lambda row: (row.scenario.ranks, row.scenario.size_bytes))
    machines = element("p", f"How far from machines, at the largest point: {band_words(largest)}.")
    return joined([element("p", _EXPLAINED), *counted, *_each(rows), *_helping(rows), machines], "\n")


def _kind(row: Row) -> str:
    return row.limit if row.limit == "latency" else f"bytes on {row.limit} links"


def _counted(rows: Sequence[Row]) -> Html:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_kind(row), []).append(row)
    columns = (
        Column(title="Most time goes into"),
        Column(title="points", number=True),
        Column(title="efficiency", unit="%", number=True),
        Column(title="contention", unit="times", number=True),
        Column(title="latency", unit="% of time", number=True),
    )
    lines = [
        (
            name,
            f"{len(members):,}",
            _range([row.efficiency for row in members], percent),
            _range([row.contention for row in members], partial(number, digits=3)),
            _range([row.latency_share for row in members], percent),
        )
        for name, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return table("What limits the points, and between which values", columns, lines)


def _range(values: Sequence[float], shown: Callable[[float], str]) -> str:
    low, high = shown(min(values)), shown(max(values))
    return low if low == high else f"{low} to {high}"


def _each(rows: Sequence[Row]) -> list[Html]:
    axes = varied(rows)
    names = _names(rows)
    largest = _largest(rows)
    columns = (
        Column(title=heading(names or ["algorithm"])),
        Column(title="size"),
        Column(title="most time goes into"),
        Column(title="efficiency", unit="%", number=True),
        Column(title="contention", unit="times", number=True),
        Column(title="worst phase", unit="times", number=True),
        Column(title="on links"),
        Column(title="latency", unit="% of time", number=True),
    )
    lines = [
        (
            name or row.scenario.algorithm,
            format_size(row.scenario.size_bytes),
            _kind(row),
            percent(row.efficiency),
            number(row.contention, 3),
            number(row.worst_load, 3),
            row.worst_link,
            percent(row.latency_share),
        )
        for name, row in largest[:_MOST]
    ]
    seeds = ", of its seeds the one of the median time" if "seed" in axes else ""
    caption = f"The limit at the largest size of each{seeds}" if len(rows) > 1 else "The limit of this point"
    parts = [table(caption, columns, lines)]
    if len(largest) > _MOST:
        words = f"These are the first {_MOST} of {len(largest):,}; the rows hold the limit of every point."
        parts.append(element("p", words, class_="note"))
    return parts


def _names(rows: Sequence[Row]) -> list[str]:
    return [name for name in varied(rows) if name not in ("size_bytes", "seed")]


def _largest(rows: Sequence[Row]) -> list[tuple[str, Row]]:
    """Every line of the sweep and its row at the largest size, of its seeds the one of the median time."""
    found = []
    for name, members in series(rows, _names(rows)).items():
        top = max(row.scenario.size_bytes for row in members)
        found.append((name, median_row([row for row in members if row.scenario.size_bytes == top])))
    return found


def _helping(rows: Sequence[Row]) -> list[Html]:
    """The remedies that would save most of each line, where the rows hold gains."""
    largest = [(name, row) for name, row in _largest(rows) if row.gains]
    if not largest:
        return []
    columns = (
        Column(title=heading(_names(rows) or ["algorithm"])),
        Column(title="size"),
        Column(title="time", unit="µs", number=True),
        *(Column(title=title) for title in ("saves most", "second", "third")),
    )
    lines = []
    for name, row in largest[:_MOST]:
        best = sorted(row.gains.items(), key=lambda item: -item[1])[:3]
        told = [f"{what}: {percent(saved / row.time_s)}%" for what, saved in best if saved > 0]
        told = (told or ["nothing"]) + [""] * 3
        size = format_size(row.scenario.size_bytes)
        lines.append((name or row.scenario.algorithm, size, number(row.time_s * 1e6), *told[:3]))
    return [table("What would help, each found by a run with that change", columns, lines)]
