"""Goodput in words: what a job's weeks came to, where the time went, and what the network did to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.models.goodput.hazards import parse_hazards
from sims.scenario.goodput_row import LOSSES, GoodputRow
from sims.settings.table import table_of

__all__ = ["goodput_lines", "goodput_remedies"]

_HEAD = f"{'cause':<28}{'stops':>10}{'lost':>10}{'restarting':>12}{'waiting':>10}{'slowed':>10}"


def goodput_lines(row: GoodputRow, notes: Sequence[str] = (), disclaimer: str = "") -> Iterator[str]:
    """The lines that ``fabricsim goodput`` prints."""
    said = row.scenario.settings
    days = format_time(_seconds(said["duration"]))
    yield f"# fabric     {said['topology']}, {counted(row.endpoints, 'endpoint')}"
    yield from (f"# note       {note}" for note in notes)
    if disclaimer:
        yield f"# note       {disclaimer}"
    hosts = counted(round(row.hosts), "host")
    if not float(row.hosts).is_integer():
        hosts = f"{row.hosts:g} hosts of 8 GPUs (the fabric has no servers)"
    job = f"{counted(row.gpus, 'GPU')} on {hosts}, {said['spares']} spare"
    yield f"# job        {job}; a step takes {_brief(said['step'])}"
    exposed = float(said["exposed"].rstrip("%"))
    yield (
        f"# network    {exposed:.4g}% of a step waits for it, as {said['collective']} of "
        f"{format_size(int(said['size']))} by {said['algorithm']} does; routing {said['routing']}"
    )
    yield f"# faults     {said['faults']} ({parse_hazards(said['faults']).source})"
    yield from map(_class_line, row.network, row.network.values())
    saved = f"every {format_time(row.interval_s)} of work" if row.interval_s else "never"
    best = f"best {format_time(row.best_s)}" if row.best_s else "best never"
    state = table_of("goodput")["state"]
    size = format_size(int(said["state"]))
    size += ", by default as of 405e9 parameters," if said["state"] == state.spell(state.default) else ""
    yield f"# state      {size} saved in {format_time(row.save_s)}, {saved} ({best})"
    late = format_time(row.restart_s)
    yield f"# restart    work goes on {late} after a failure: detection, restart, reading"
    yield f"# watched    {days}, {said['runs']} times"
    yield ""
    yield (
        f"useful       {row.share:.2%} of the time, 95% interval {row.low:.2%} to {row.high:.2%} "
        f"(one run: +- {row.spread:.2%})"
    )
    if row.mtti_s and not row.interruptions:
        none = "no run was interrupted: the interval is of what may not have been drawn, by Poisson's law"
        yield f"{'':13}{none}"
    yield (
        f"interrupted  {_times(row.interruptions)} times a run in the mean; "
        f"by the rates once in {format_time(row.mtti_s)}"
        if row.mtti_s
        else ("interrupted  never")
    )
    expects = "Daly         expects" if row.interval_s else "work since the last failure is, by the rates,"
    yield f"{expects} {row.daly:.2%} where nothing slows the job and hosts are there at once"
    yield ""
    yield _HEAD
    yield f"{'checkpoints':<28}{'':>10}{row.saving:>10.2%}"
    for name, one in sorted(row.causes.items(), key=lambda item: -sum(item[1][loss] for loss in LOSSES)):
        cells = [one[loss] for loss in LOSSES]
        widths = (10, 12, 10, 10)
        shares = "".join(f"{cell:>{width}.2%}" for cell, width in zip(cells, widths))
        yield f"{name:<28}{_times(one['interruptions']):>10}{shares}"


def _brief(time: str) -> str:
    """A time as it was written; of one that was computed four digits."""
    return time if len(time) < 9 else format_time(_seconds(time))


def _class_line(name: str, one: dict[str, float]) -> str:
    does = _stops(one["hosts"])
    if one["stretch"]:
        slows = f"the collective takes {one['stretch']:.4g} times as long"
        does = slows if one["stretch"] > 1 else "costs no time"
    return f"# one fails  {name}: {does}; of {one['count']:,.0f} {_times(one['per_day'])} fail a day"


def _stops(hosts: float) -> str:
    if hosts < 0:
        return "stops the job until it is repaired"
    out = counted(int(hosts), "host") if float(hosts).is_integer() else f"{hosts:g} hosts"
    return f"stops the job, {out} out"


def _times(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _seconds(text: str) -> float:
    from fabric.words.units import parse_time

    return parse_time(text)


def goodput_remedies(row: GoodputRow, remedies: Sequence[tuple[str, GoodputRow]]) -> Iterator[str]:
    """What each of ``remedies`` (its name, the row with it) would bring, the best first; once, which of them
    would change nothing.

    With a word where the intervals of both are wider than the difference.
    """
    days = _seconds(row.scenario.settings["duration"])
    yield ""
    yield f"what would help, of {format_time(days)}, each simulated ({row.share:.2%} are useful now):"
    same = [name for name, other in remedies if other.share == row.share]
    for name, other in sorted(remedies, key=lambda item: -item[1].share):
        if name in same:
            continue
        more = other.share - row.share
        sign = "+" if more >= 0 else "-"
        doubt = math.hypot(*((one.high - one.low) / 2 for one in (row, other)))
        chance = " (may be chance: more --runs tell)" if abs(more) < doubt else ""
        yield f"  {name:<36}{other.share:>8.2%}  {sign}{format_time(abs(more) * days)}{chance}"
    if same:
        yield f"  no change: {', '.join(same)}"
