"""The numbers behind a figure: a table of medians, and a sentence per line for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.scenario.row import Row
from sims.show.figures.kinds.crossover import TIE, winner
from sims.show.report.axes import heading, label, listed, noun, number, percent, said, series, value, varied
from sims.show.report.findings import median_row
from sims.show.report.markup import Column, Html, table
from sims.workload.collectives import is_auto

__all__ = ["ended", "gains", "over", "quantiles", "shares", "subject", "winners"]

_MOST_LINES = 12
_MEASURES = {"busbw_GBps": ("bus bandwidth", "GB/s"), "time_s": ("time", "µs")}


def _shown(measure: str, row: Row) -> str:
    return number(row.time_s * 1e6 if measure == "time_s" else row.busbw_GBps)


def _worded(measure: str, row: Row) -> str:
    return format_time(row.time_s) if measure == "time_s" else f"{number(row.busbw_GBps)} GB/s"


def _head(axis: str, own: float) -> str:
    return f"{own:,}" if axis == "ranks" else said(axis, own)


def over(rows: Sequence[Row], axis: str, measure: str) -> tuple[str, Html]:
    """Lines over a numeric axis: from where to where each goes, and the value of each at each point."""
    names = [name for name in varied(rows) if name not in (axis, "seed")] or ["algorithm"]
    lines = series(rows, names)
    at: dict[str, dict[int, Row]] = {}
    for name, members in lines.items():
        values = sorted({value(row.scenario, axis) for row in members})
        at[name] = {own: median_row([r for r in members if value(r.scenario, axis) == own]) for own in values}
    words = []
    for name, points in at.items():
        (low, first), (high, last) = next(iter(points.items())), list(points.items())[-1]
        span = f"{_worded(measure, first)} at {_head(axis, low)}"
        span += f", {_worded(measure, last)} at {_head(axis, high)}" if low != high else ""
        words.append(f"{name}: {span}")
    what, unit = _MEASURES[measure]
    seen = f"{what.capitalize()} over {noun(axis)}. {_sentences(words)}"
    columns = [Column(title=noun(axis), number=True), *(Column(title=n, unit=unit, number=True) for n in at)]
    body = [
        [_head(axis, own), *(_shown(measure, p[own]) if own in p else "" for p in at.values())]
        for own in sorted({own for points in at.values() for own in points})
    ]
    medians = ", medians over the seeds" if "seed" in varied(rows) else ""
    return seen, table(f"{what.capitalize()} by {noun(axis)}{medians}", columns, body)


def quantiles(rows: Sequence[Row]) -> tuple[str, Html]:
    """How the times of the seeds spread, per line."""
    names = [name for name in varied(rows) if name != "seed"] or ["algorithm"]
    columns = [Column(title=heading(names)), Column(title="seeds", number=True)]
    columns += [Column(title=t, unit="µs", number=True) for t in ("least", "5%", "median", "95%", "most")]
    words, body = [], []
    for name, members in series(rows, names).items():
        levels = np.percentile([row.time_s for row in members], (0, 5, 50, 95, 100)).tolist()
        words.append(
            f"{name}: {format_time(levels[0])} to {format_time(levels[4])}, median {format_time(levels[2])}"
        )
        body.append([name, f"{len(members):,}", *(number(level * 1e6) for level in levels)])
    seen = f"Distribution of the time over the seeds. {_sentences(words)}"
    return seen, table("Time over the seeds, quantiles interpolated between neighbours", columns, body)


def ended(rows: Sequence[Row]) -> tuple[str, Html]:
    """How long the groups of a run take that are at it at once, per line; of its seeds the median time."""
    names = [name for name in varied(rows) if name != "seed"] or ["algorithm"]
    keys = ("fastest", "p10", "p50", "p90", "slowest", "alone")
    titles = ("fastest", "a tenth within", "half", "nine tenths", "slowest", "slowest alone")
    columns = [Column(title=heading(names))]
    columns += [Column(title=title, unit="µs", number=True) for title in titles]
    words, body = [], []
    for name, members in series(rows, names).items():
        times = median_row(members).group_times
        words.append(
            f"{name}: {format_time(times['fastest'])} to {format_time(times['slowest'])}, "
            f"the slowest alone {format_time(times['alone'])}"
        )
        body.append([name, *(number(times[key] * 1e6) for key in keys)])
    seen = f"Time of each of the groups that run at once. {_sentences(words)}"
    return seen, table("Time over the groups", columns, body)


def shares(rows: Sequence[Row]) -> tuple[str, Html]:
    """What share of each kind of link is used in the mean and on the fullest, per line."""
    names = [name for name in varied(rows) if name != "seed"] or ["algorithm"]
    columns = [Column(title=heading(names)), Column(title="links")]
    columns += [Column(title=t, unit="% of capacity", number=True) for t in ("mean", "fullest")]
    words, body = [], []
    for name, members in series(rows, names).items():
        used = median_row(members).utilisation
        for kind, share in used.items():
            body.append([name, kind, percent(share["mean"]), percent(share["peak"])])
        if used:
            kind = max(used, key=lambda kind: used[kind]["mean"])
            words.append(f"{name}: most on {kind} links, {used[kind]['mean']:.1%} in the mean")
    seen = f"Share of the capacity of each kind of link that is used. {_sentences(words)}"
    return seen, table("Use of links by kind", columns, body)


def gains(rows: Sequence[Row]) -> tuple[str, Html]:
    """What each remedy would save of the time of one line, of its seeds the one of the median time."""
    row = median_row(rows)
    columns = [
        Column(title="remedy"),
        Column(title="saved", unit="µs", number=True),
        Column(title="of the time", unit="%", number=True),
    ]
    order = sorted(row.gains.items(), key=lambda item: -item[1])
    body = [
        [name, number(saved * 1e6), f"{'−' if saved < 0 else ''}{percent(abs(saved) / row.time_s)}"]
        for name, saved in order
    ]
    words = [f"{name} {format_time(saved)}" for name, saved in order if saved > 0]
    seen = f"Of {format_time(row.time_s)} would save: {listed(words, _MOST_LINES) or 'nothing'}."
    return seen, table("Time that each remedy would save", columns, body)


def winners(rows: Sequence[Row]) -> tuple[str, Html]:
    """Which algorithm is fastest at each size and number of ranks, ties as the figure has them."""
    sizes = sorted({row.scenario.size_bytes for row in rows})
    ranks = sorted({row.scenario.ranks for row in rows})
    best: dict[tuple[int, int], str] = {}
    contending = [row for row in rows if not is_auto(row.scenario.algorithm)]
    for members in series(contending, ["size_bytes", "ranks"]).values():
        medians = [median_row(own) for own in series(members, ["algorithm"]).values()]
        name, lead = winner({row.scenario.algorithm: row.time_s for row in medians})
        at = medians[0].scenario
        best[at.size_bytes, at.ranks] = name if lead >= TIE else "tie"
    columns = [Column(title=noun("size_bytes"), number=True), *(Column(title=f"{n:,} ranks") for n in ranks)]
    body = [[format_size(size), *(best.get((size, n), "") for n in ranks)] for size in sizes]
    counts: dict[str, int] = {}
    for name in best.values():
        counts[name] = counts.get(name, 0) + 1
    order = sorted(counts.items(), key=lambda item: -item[1])
    words = [f"{_won(name)} at {count} of {counted(len(best), 'point')}" for name, count in order]
    seen = f"The fastest algorithm by message size and number of ranks: {listed(words, _MOST_LINES)}."
    return seen, table("The fastest algorithm", columns, body)


def _won(name: str) -> str:
    return "none (a tie: less than 0.5% apart)" if name == "tie" else name


def _sentences(words: Sequence[str]) -> str:
    more = f"; {counted(len(words) - _MOST_LINES, 'more line')}" if len(words) > _MOST_LINES else ""
    return "; ".join(words[:_MOST_LINES]) + more + "."


def subject(rows: Sequence[Row], axes: Sequence[str]) -> str:
    """What all rows of a picture share of what varies elsewhere."""
    own = varied(rows)
    return label(rows[0].scenario, [name for name in axes if name not in own and name != "size_bytes"])
