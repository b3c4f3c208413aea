"""Rows and failures as tables of a page: what varied first, then the numbers. Rounds for reading."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.words.units import format_size
from sims.scenario.row import Failure, Row
from sims.show.figures.parts import spelled
from sims.show.report.axes import label, noun, number, ordered, value, varied
from sims.show.report.markup import Column, Html, element, joined, table

__all__ = ["MOST_ROWS", "failures_table", "rows_table"]

MOST_ROWS = 200
_NUMBERS = {
    "time": "µs",
    "algbw": "GB/s",
    "busbw": "GB/s",
    "efficiency": "%",
    "contention": "times",
    "latency": "% of time",
}


def rows_table(rows: Sequence[Row], source: str) -> Html:
    """All rows, or the first MOST_ROWS and where the others are."""
    shown = rows[:MOST_ROWS]
    names = ordered(varied(rows)) or ["algorithm", "size_bytes"]
    used = any(row.used != row.scenario.algorithm for row in shown)
    columns = [_axis(name) for name in names]
    columns += [Column(title="used")] if used else []
    columns += [Column(title=name, unit=unit, number=True) for name, unit in _NUMBERS.items()]
    columns += [Column(title="limit"), Column(title="key")]
    lines = []
    for row in shown:
        line = [_value(name, value(row.scenario, name)) for name in names]
        line += [row.used] if used else []
        line += [
            number(row.time_s * 1e6),
            number(row.algbw_GBps),
            number(row.busbw_GBps),
            number(100 * row.efficiency),
            number(row.contention),
            number(100 * row.latency_share),
        ]
        line += [row.limit_link, element("code", row.key)]
        lines.append(line)
    held = f"all {len(rows):,} rows" if len(rows) > 1 else "the row"
    caption = f"Rounded to four digits; {source} holds {held} in full"
    parts = [table(caption, columns, lines)]
    if len(rows) > len(shown):
        words = f"These are the first {len(shown):,} of {len(rows):,} rows; the others are in {source}."
        parts.insert(0, element("p", words))
    return joined(parts, "\n")


def failures_table(failures: Sequence[Failure], axes: Sequence[str], source: str) -> Html:
    """The points that gave no row, each with its error, or the first MOST_ROWS of them."""
    shown = failures[:MOST_ROWS]
    names = list(axes) or ["algorithm", "size_bytes"]
    columns = [Column(title="point"), Column(title="error"), Column(title="key")]
    lines = [(label(f.scenario, names), f.error, element("code", f.key)) for f in shown]
    parts = [table("The points that gave no numbers, and why", columns, lines)]
    if len(failures) > len(shown):
        words = (
            f"These are the first {len(shown):,} of {len(failures):,} failures; the others are in {source}."
        )
        parts.insert(0, element("p", words))
    return joined(parts, "\n")


def _axis(name: str) -> Column:
    return Column(title=noun(name), number=name in ("size_bytes", "ranks", "seed"))


def _value(name: str, own: object) -> str:
    if name == "size_bytes" and isinstance(own, int):
        return format_size(own)
    if name == "ranks":
        return f"{own:,}"
    part = name.partition(".")[2]
    return spelled(part, own) if part and own is not None else str(own)
