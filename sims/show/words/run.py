"""Several jobs in words: how long each takes, against alone, and who slows whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.scenario.run_row import RunRow

__all__ = ["remedy_lines", "run_lines"]

_WIDE = 14


def run_lines(row: RunRow, notes: Sequence[str] = (), disclaimer: str = "") -> Iterator[str]:
    """The lines that ``fabricsim run`` prints."""
    said = row.scenario.settings
    yield f"# fabric     {said['topology']}, {counted(row.endpoints, 'endpoint')}"
    yield from (f"# note       {note}" for note in notes)
    if disclaimer:
        yield f"# note       {disclaimer}"
    yield f"# routing    {said['routing']}, latency profile {said['latency_profile']}"
    yield f"# jobs       {counted(len(row.jobs), 'job')}, the last ends at {format_time(row.makespan_s)}"
    for name, one in row.background.items():
        late = f", {one['late']:.0%} of them late" if one["late"] else ""
        yield (
            f"# background {name}: {counted(int(one['bursts']), 'burst')}{late}; "
            f"{one['load']:.0%} of what was meant got through"
        )
    yield ""
    names = max(_WIDE, *map(len, row.jobs))
    head = ("ranks", "start", "iterations", "mean", "slowest", "alone", "slowdown", "exposed")
    yield f"{'job':<{names}}" + "".join(f"{word:>13}" for word in head)
    for name, one in row.jobs.items():
        cells = (
            f"{one['ranks']:,.0f}",
            format_time(one["start_s"]),
            f"{one['iterations']:,.0f}",
            format_time(one["mean_s"]),
            format_time(one["slowest_s"]),
            format_time(one["alone_s"]),
            f"{one['slowdown']:.3f}",
            f"{one['exposed']:.1%}",
        )
        yield f"{name:<{names}}" + "".join(f"{cell:>13}" for cell in cells)
    for name, one in row.jobs.items():
        if one["stragglers"]:
            yield f"# stragglers {name}: {counted(int(one['stragglers']), 'rank')}"
    yield from _table(row, names)


def _table(row: RunRow, wide: int) -> Iterator[str]:
    """Who slows whom; nothing of a single job on its own."""
    told = {other for one in row.slows.values() for other in one}
    others = [name for name in (*row.jobs, *row.background) if name in told]
    if not row.slows and len(row.jobs) > 1:
        yield "# who slows whom is left out: too many pairs"
    if not others:
        return
    yield ""
    yield "who slows whom: times as long as alone, with one other beside it"
    each = max(13, *(len(other) + 2 for other in others))
    yield f"{'':<{wide}}" + "".join(f"{other:>{each}}" for other in others)
    for name, one in row.slows.items():
        cells = (f"{one[other]:.3f}" if other in one else "-" for other in others)
        yield f"{name:<{wide}}" + "".join(f"{cell:>{each}}" for cell in cells)


def remedy_lines(row: RunRow, remedies: Sequence[tuple[str, Mapping[str, float]]]) -> Iterator[str]:
    """What each of ``remedies`` (its name, the mean iteration of each job with it) does, the best first."""
    wide = max(_WIDE, *(len(name) + 2 for name, _ in remedies)) if remedies else _WIDE
    each = max(13, *(len(name) + 2 for name in row.jobs))
    yield ""
    yield "what would help, all at once, each simulated: iterations take so many times as long as now"
    yield f"{'':<{wide}}" + "".join(f"{name:>{each}}" for name in row.jobs)
    shares = [
        (name, {job: times[job] / one["mean_s"] for job, one in row.jobs.items()}) for name, times in remedies
    ]
    for name, share in sorted(shares, key=lambda item: sum(item[1].values())):
        yield f"{name:<{wide}}" + "".join(f"{share[job]:>{each}.3f}" for job in row.jobs)
