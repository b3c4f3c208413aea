"""The words and records of an expectation: the curve, the marks, and what a log is worth. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.scenario.row import Row
from sims.scenario.scenario import usual
from sims.show.words.band import band_words
from sims.studies.expect.expectation import SLOW, UNREAL, WRONG, Expectation, Mark
from sims.workload.members import used
from sims.workload.placement import placement_words

__all__ = ["expect_lines", "expect_records", "fabric_lines", "ran_words"]

_WIDTHS = (12, 11, 9, 11, 11)
_TITLES = ("size", "time", "busbw", "at least", "quick")
_UNITS = ("(B)", "(us)", "(GB/s)", "(GB/s)", "(GB/s)")


def expect_lines(found: Expectation) -> Iterator[str]:
    """What was asked, a line a size, what the marks mean, and whether the log passes."""
    first = found.marks[0].row
    yield f"# fabricsim {first.version}: what {first.scenario.collective} should reach"
    yield from fabric_lines(first, used(found.job.fabric, found.job.placement), found.job.fabric.disclaimer)
    if found.log:
        yield f"# log        {found.log.name}: {counted(len(found.log.rows), 'measurement')}"
    for note in (*found.job.warnings, *found.notes):
        yield f"# note       {note}"
    judged = found.log is not None
    titles, units = (*_TITLES, *(["log"] if judged else [])), (*_UNITS, *(["(GB/s)"] if judged else []))
    yield _line("#", titles) + ("  verdict" if judged else "") + "  ran"
    yield _line("#", units)
    for mark in found.marks:
        yield from _mark_line(mark, judged)
    yield from _meaning(found)


def fabric_lines(row: Row, where: str, disclaimer: str = "") -> Iterator[str]:
    """The fabric of a row, its ranks and what is broken."""
    s = row.scenario
    yield f"# topology   {s.topology}: {counted(row.endpoints, 'endpoint')}"
    placed = f"placement {placement_words(s.placement)}, routing {s.routing}, seed {s.seed}"
    yield f"# ranks      {s.ranks:,} {where}, {placed}"
    for name in ("fail", "degrade", "upgrade"):
        if getattr(s, name) != usual(name):
            yield f"# {name:<10} {getattr(s, name)}"
    if disclaimer:
        yield f"# note       {disclaimer}"


def ran_words(row: Row) -> str:
    """What ran: the algorithm and its profile."""
    return f"{row.used}, {row.scenario.latency_profile}"


def _line(start: str, cells: Sequence[object]) -> str:
    widths = (*_WIDTHS, 9)
    return f"{start} " + " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths))


def _mark_line(mark: Mark, judged: bool) -> Iterator[str]:
    slow, quick = (mark.busbw(seconds) / 1e9 for seconds in (mark.slow_s, mark.quick_s))
    time = mark.row.time_s * 1e6
    cells: list[object] = [mark.size, f"{time:.2f}" if time < 1e5 else f"{time:.0f}"]
    cells += [_rate(mark.row.busbw_GBps), _rate(slow), _rate(quick)]
    if judged:
        measured = mark.measured_s
        cells.append("-" if measured is None else _rate(mark.busbw(measured) / 1e9))
    verdict = f"  {mark.verdict:<7}" if judged else ""
    yield f"{_line(' ', cells)}{verdict}  {ran_words(mark.row)}"


def _rate(value: float) -> str:
    """GB/s with three digits that count, as small sizes have little of it."""
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def _meaning(found: Expectation) -> Iterator[str]:
    last = found.marks[-1]
    least = f"{_rate(last.busbw(last.slow_s) / 1e9)} GB/s"
    size = format_size(last.size)
    yield f"# below {least} at {size} ({format_time(last.slow_s)}) something may be wrong: {_whose(found)}"
    if found.tolerance is None:
        yield f"# band at {size}: {band_words(last.row)}"
    if found.log is None:
        return
    held = [mark for mark in found.marks if mark.verdict]
    count = f"{len(found.failed)} of {counted(len(held), 'size')}"
    if found.passed:
        yield f"# verdict    pass: {counted(len(held), 'size')} at least as fast as the marks"
        return
    yield f"# verdict    FAIL: {count}"
    for fault, words in _FAULTS.items():
        own = [mark for mark in found.failed if mark.fault == fault]
        if own:
            worst = max(own, key=lambda mark: _worse(mark, fault))
            yield f"#   {_span(own, held)}: {words(worst)}"


def _span(own: Sequence[Mark], held: Sequence[Mark]) -> str:
    """Which sizes are ``own``, and of how many of those that were ``held`` against marks between the ends."""
    least, most = own[0].size, own[-1].size
    between = sum(least <= mark.size <= most for mark in held)
    if len(own) == 1:
        return f"1 size, {format_size(least)}"
    count = counted(len(own), "size") + "," if between == len(own) else f"{len(own)} of {between} sizes from"
    return f"{count} {format_size(least)} to {format_size(most)}"


def _worse(mark: Mark, fault: str) -> float:
    slower = (mark.measured_s or 0) / mark.slow_s
    return slower if fault == SLOW else 1 / slower


_FAULTS: dict[str, Callable[[Mark], str]] = {
    WRONG: lambda mark: "results were wrong",
    UNREAL: lambda mark: (
        f"faster than these links can be, {format_size(mark.size)} "
        f"{mark.least_s / (mark.measured_s or 1):.2f} times: the log is of another machine"
    ),
    SLOW: lambda mark: (
        f"below the marks, the worst {format_size(mark.size)}, which takes "
        f"{(mark.measured_s or 0) / mark.slow_s - 1:.1%} longer than it may"
    ),
}


def _whose(found: Expectation) -> str:
    """Where the marks are from."""
    if found.tolerance is not None:
        return f"that is more than {found.tolerance * 100:.4g}% above the modelled time"
    return "nine of ten healthy machines are faster, and one of ten is not"


def expect_records(found: Expectation) -> list[dict[str, Any]]:
    """One record a size, for acceptance scripts; ``verdict``: "" where the log has no such size."""
    return [
        {
            "collective": mark.row.scenario.collective,
            "topology": mark.row.scenario.topology,
            "ranks": mark.row.scenario.ranks,
            "size_bytes": mark.size,
            "algorithm": mark.row.used,
            "latency_profile": mark.row.scenario.latency_profile,
            "time_s": mark.row.time_s,
            "quick_s": mark.quick_s,
            "slow_s": mark.slow_s,
            "busbw_GBps": mark.row.busbw_GBps,
            "least_busbw_GBps": mark.busbw(mark.slow_s) / 1e9,
            "quick_busbw_GBps": mark.busbw(mark.quick_s) / 1e9,
            "measured_s": "" if mark.measured_s is None else mark.measured_s,
            "measured_busbw_GBps": "" if mark.measured_s is None else mark.busbw(mark.measured_s) / 1e9,
            "verdict": mark.verdict,
            "fault": mark.fault,
            "version": mark.row.version,
        }
        for mark in found.marks
    ]
