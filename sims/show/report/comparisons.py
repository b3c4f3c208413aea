"""The first figures of a page: a bar for everything that varied, so that nothing of it stays unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.words.units import format_size, format_time
from sims.scenario.row import Row
from sims.show.report.axes import heading, listed, noun, number, percent, series, varied
from sims.show.report.contests import compared
from sims.show.report.findings import median_row
from sims.show.report.markup import Column, Html, table
from sims.show.report.picture import Picture

__all__ = ["comparisons"]

_MOST_BARS = 120  # of one figure; of more, each axis has one with the best of all else
_MOST_WORDS = 12


def comparisons(rows: Sequence[Row]) -> Iterator[Picture]:
    """Bars of the bandwidth at the largest size and of the time at the smallest, where something is compared.

    Of more bars than a figure may have each axis has a figure: for each of its values the fastest run,
    whatever else was varied; the label says with what.
    """
    if not compared(rows):
        return
    sizes = sorted({row.scenario.size_bytes for row in rows})
    for size, measure in ((sizes[-1], "busbw_GBps"), *(((sizes[0], "time_s"),) if len(sizes) > 1 else ())):
        own = [row for row in rows if row.scenario.size_bytes == size]
        what = "Bus bandwidth" if measure == "busbw_GBps" else "Time"
        title, options = f"{what} at {format_size(size)}", {"x": measure}
        if len(compared(own)) and len(_lines(own)) <= _MOST_BARS:
            caption = (
                f"Everything that was varied, at the {'largest' if size == sizes[-1] else 'smallest'} size."
            )
            yield _bars(own, title, caption, options)
            continue
        for axis in compared(own):
            best = [_fastest(members) for members in series(own, [axis]).values()]
            caption = f"For each value the fastest run, whatever else was varied ({_others(own, axis)})."
            yield _bars(best, f"{title}, the best of each {noun(axis)}", caption, options)


def _bars(rows: Sequence[Row], title: str, caption: str, options: dict[str, str]) -> Picture:
    seeds = " Bars are medians over the seeds." if "seed" in varied(rows) else ""
    return Picture(
        kind="bars", rows=rows, title=title, caption=caption + seeds, data=_data, options=dict(options)
    )


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    names = [name for name in varied(rows) if name != "seed"] or ["algorithm"]
    return series(rows, names)


def _fastest(rows: Sequence[Row]) -> Row:
    """Of several seeds that of the median time, of all else the least."""
    medians = (median_row(members) for members in _lines(rows).values())
    return min(medians, key=lambda row: row.time_s)


def _others(rows: Sequence[Row], axis: str) -> str:
    return listed([noun(name) for name in varied(rows) if name not in (axis, "seed")]) or "nothing"


def _data(rows: Sequence[Row]) -> tuple[str, Html]:
    """The numbers of the bars: a line each, and a sentence for those who cannot see them."""
    lines = {name: median_row(members) for name, members in _lines(rows).items()}
    names = [name for name in varied(rows) if name != "seed"] or ["algorithm"]
    columns = [
        Column(title=heading(names)),
        Column(title="time", unit="µs", number=True),
        Column(title="bus bandwidth", unit="GB/s", number=True),
        Column(title="efficiency", unit="%", number=True),
    ]
    body = [
        [name, number(row.time_s * 1e6), number(row.busbw_GBps), percent(row.efficiency)]
        for name, row in lines.items()
    ]
    words = [
        f"{name}: {number(row.busbw_GBps)} GB/s in {format_time(row.time_s)}" for name, row in lines.items()
    ]
    return f"{listed(words, _MOST_WORDS)}.", table("All bars", columns, body)
