"""What a reader of the rows wants to know first, in sentences. Knows nothing but the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.scenario.row import Row
from sims.scenario.tie import as_fast
from sims.show.report.axes import everywhere, label, listed, number, series, varied
from sims.show.words.fastest import fastest, fastest_words, size_runs

__all__ = ["findings", "median_row", "waits_for"]

_FEW_SEEDS = 3  # below, a median and quantiles say nothing that the values would not
_MOST_RUNS = 5


def findings(rows: Sequence[Row]) -> list[str]:
    """The answers that these rows give, the most asked first."""
    axes = varied(rows)
    if len(rows) == 1:
        return list(_only(rows[0]))
    parts = (_fastest, _best, _scaling, _spread, _slowest)
    return [sentence for part in parts for sentence in part(rows, list(axes))]


def median_row(rows: Sequence[Row]) -> Row:
    """The row of the median time (of an even number, the faster of the two in the middle)."""
    return sorted(rows, key=lambda row: (row.time_s, row.key))[(len(rows) - 1) // 2]


def waits_for(row: Row) -> str:
    """What most of the row's time goes into."""
    if row.limit == "latency":
        return f"latency takes {row.latency_share:.0%} of the time"
    words = f"its bytes wait for {row.limit_link} links"
    if row.contention > 1.0005:
        words += (
            f"; they take {row.contention:.2f} times what the endpoints' links need, "
            f"in the worst phase {row.worst_load:.2f} times, on {row.worst_link} links"
        )
    return words


def _only(row: Row) -> Iterator[str]:
    s, own = row.scenario, f" ({row.used})" if row.used != row.scenario.algorithm else ""
    yield (
        f"{s.algorithm}{own} takes {format_time(row.time_s)} for {format_size(s.size_bytes)} on {s.ranks:,} "
        f"ranks: a bus bandwidth of {number(row.busbw_GBps)} GB/s."
    )
    yield f"That is {row.efficiency:.1%} of the bandwidth bound of the algorithm; {waits_for(row)}."


def _medians(rows: Sequence[Row], axes: Sequence[str]) -> dict[str, Row]:
    """Per value of the axes the row of the median over whatever else differs: the seeds."""
    return {name: median_row(members) for name, members in series(rows, axes).items()}


def _fastest(rows: Sequence[Row], axes: Sequence[str]) -> Iterator[str]:
    """Who is fastest at the smallest and at the largest size; on one setting, from where to where."""
    if "algorithm" not in axes:
        return
    others = [name for name in axes if name not in ("algorithm", "size_bytes", "seed")]
    sizes = sorted({row.scenario.size_bytes for row in rows})
    winners: dict[int, list[list[str]]] = {}
    for size in sizes:
        at = [row for row in rows if row.scenario.size_bytes == size]
        for members in series(at, others).values():
            lines = _medians(members, ["algorithm"])
            if len(lines) > 1:
                winners.setdefault(size, []).append(fastest(list(lines.values())))
    contested = [size for size in sizes if size in winners]
    if not contested:
        return
    if not others and len(contested) > 2:
        yield from _runs([(size, winners[size][0]) for size in contested])
    for size in dict.fromkeys((contested[0], contested[-1])):
        if others:
            yield _votes(size, winners[size])
        else:
            yield _race(rows, size)


def _race(rows: Sequence[Row], size: int) -> str:
    at = list(_medians([row for row in rows if row.scenario.size_bytes == size], ["algorithm"]).values())
    first, last = min(at, key=lambda row: row.time_s), max(at, key=lambda row: row.time_s)
    names = fastest(at)
    if all(as_fast(row.time_s, first.time_s) for row in at):
        same = f"{'both' if len(at) == 2 else f'all {len(at)}'} algorithms take the same time"
        return f"At {format_size(size)} {same}: {format_time(first.time_s)}."
    return (
        f"At {format_size(size)} {_are(names)} the fastest: {format_time(first.time_s)}. "
        f"{last.scenario.algorithm}, the slowest of {len(at)}, takes {format_time(last.time_s)}, "
        f"{number(last.time_s / first.time_s, 3)} times as long."
    )


def _are(names: Sequence[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _votes(size: int, winners: Sequence[Sequence[str]]) -> str:
    counts: dict[str, int] = {}
    for names in winners:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    total, order = len(winners), sorted(counts.items(), key=lambda item: -item[1])
    always = [name for name, count in order if count == total]
    if len(always) == len(order):
        where = f" {everywhere(total)}" if total > 1 else ""
        return f"At {format_size(size)} {_are(always)} the fastest{where}."
    words = [f"{name} in {count} of {counted(total, 'setting')}" for name, count in order]
    ties = ", ties counted for each" if sum(counts.values()) > total else ""
    return f"At {format_size(size)} the fastest is {listed(words)}{ties}."


def _runs(winners: Sequence[tuple[int, Sequence[str]]]) -> Iterator[str]:
    """The sizes at which the same algorithms are the fastest, each run as long as it can be."""
    runs = size_runs(winners)
    if len(runs) == 1:
        yield f"{_are(runs[0][0])} the fastest at every size."
    elif len(runs) <= _MOST_RUNS:
        alone = all(len(names) == 1 for names, _, _ in runs)
        words = fastest_words(runs)
        yield f"The fastest algorithm changes with the size: {listed(words) if alone else '; '.join(words)}."


def _best(rows: Sequence[Row], axes: Sequence[str]) -> Iterator[str]:
    best = max(rows, key=lambda row: row.busbw_GBps)
    where = label(best.scenario, axes)
    if best.used != best.scenario.algorithm:
        where += f": {best.used}"
    yield (
        f"The highest bus bandwidth is {number(best.busbw_GBps)} GB/s ({where}): {best.efficiency:.1%} of "
        "the bandwidth bound of its algorithm."
    )


def _scaling(rows: Sequence[Row], axes: Sequence[str]) -> Iterator[str]:
    """From the fewest to the most ranks at the largest size, where little else varies."""
    others = [name for name in axes if name not in ("algorithm", "size_bytes", "seed", "ranks")]
    if "ranks" not in axes or others:
        return
    size = max(row.scenario.size_bytes for row in rows)
    at = [row for row in rows if row.scenario.size_bytes == size]
    words: dict[tuple[int, int], list[str]] = {}
    for name, members in series(at, ["algorithm"]).items():
        by = sorted(_medians(members, ["ranks"]).values(), key=lambda row: row.scenario.ranks)
        if len(by) > 1:
            span = by[0].scenario.ranks, by[-1].scenario.ranks
            change = f"{number(by[0].busbw_GBps)} to {number(by[-1].busbw_GBps)} GB/s ({name})"
            words.setdefault(span, []).append(change)
    for (few, many), changes in words.items():
        yield (
            f"From {few:,} to {many:,} ranks the bus bandwidth at {format_size(size)} goes from "
            f"{listed(changes)}."
        )


def _spread(rows: Sequence[Row], axes: Sequence[str]) -> Iterator[str]:
    """How far the seeds lie apart: where they do most."""
    if "seed" not in axes:
        return
    others = [name for name in axes if name != "seed"]
    groups = {name: [row.time_s for row in members] for name, members in series(rows, others).items()}
    drawn = {name: times for name, times in groups.items() if len(times) >= _FEW_SEEDS}
    if not drawn:
        return
    quantiles = {name: np.percentile(times, (5, 50, 95)).tolist() for name, times in drawn.items()}
    name = max(quantiles, key=lambda name: (quantiles[name][2] - quantiles[name][0]) / quantiles[name][1])
    low, middle, high = quantiles[name]
    if low == high:
        yield "The seeds make no difference to any time."
        return
    at = f" of {name}" if name else ""
    most = f"Over {len(drawn[name])} seeds the time{at} has the median {format_time(middle)}"
    widest = ", the widest spread of all" if len(drawn) > 1 else ""
    yield f"{most}, and 5% to 95% of them lie from {format_time(low)} to {format_time(high)}{widest}."


def _slowest(rows: Sequence[Row], axes: Sequence[str]) -> Iterator[str]:
    size = max(row.scenario.size_bytes for row in rows)
    row = max((row for row in rows if row.scenario.size_bytes == size), key=lambda row: row.time_s)
    names = [name for name in axes if name != "size_bytes"]
    where = f" ({label(row.scenario, names)})" if names else ""
    yield (
        f"The slowest at {format_size(size)}{where} takes {format_time(row.time_s)}, "
        f"at {row.efficiency:.1%} of its bandwidth bound: {waits_for(row)}."
    )
