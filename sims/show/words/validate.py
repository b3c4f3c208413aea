"""What is said of a case: numbers with their units, and the lines of a terminal. Prints nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.studies.validation.case import Case
from sims.studies.validation.suite import Group

__all__ = [
    "case_lines",
    "deviation",
    "header",
    "reason",
    "records",
    "summary",
    "title_lines",
    "tolerance",
    "value",
]

_WIDTHS = (7, 34, 13, 13, 10, 10)
_LINE = 108


def value(number: float, unit: str) -> str:
    """A number in the unit of its case."""
    if unit == "s":
        return format_time(number)
    if unit == "B":
        return format_size(float(f"{number:.4g}"))
    return f"{number:.4g} {unit}" if unit not in ("", "1 or GB/s") else f"{number:.5g}"


def _share(number: float) -> str:
    return "0" if number == 0 else f"{number:.2%}" if number >= 1e-4 else f"{number:.1e}"


def deviation(case: Case) -> str:
    """How far the worst point is off."""
    return f"x{case.error:.3g}" if case.rule == "within a factor" else _share(case.error)


def tolerance(case: Case) -> str:
    """What the case allows."""
    if case.rule == "shown":
        return "none"
    return f"x{case.tolerance:.3g}" if case.rule == "within a factor" else _share(case.tolerance)


def _columns(cells: Sequence[str]) -> str:
    left = [f"{cell:<{width}}" for cell, width in zip(cells[:2], _WIDTHS)]
    right = [f"{cell:>{width}}" for cell, width in zip(cells[2:], _WIDTHS[2:])]
    return "  ".join(left + right).rstrip()


def header() -> Iterator[str]:
    """The head of the table."""
    yield _columns(("verdict", "case", "expected", "got", "error", "tolerance"))


def case_lines(case: Case) -> Iterator[str]:
    """The worst point of a case in columns; below, what it is held against and why so closely."""
    worst = case.worst
    numbers = (
        value(worst.expected, case.unit),
        value(worst.got, case.unit),
        deviation(case),
        tolerance(case),
    )
    yield _columns((case.verdict, case.name, *numbers))
    many = f"{len(case.points)} points, the worst: {worst.label}" if len(case.points) > 1 else worst.label
    said = f"{case.tested}, against {case.against}. {many}. {reason(case)}."
    yield from textwrap.wrap(
        f"{said} {case.note}".strip(), _LINE, initial_indent=" " * 9, subsequent_indent=" " * 9
    )


def title_lines(group: Group) -> Iterator[str]:
    """The name of a group, and what it shows."""
    yield ""
    yield f"# {group.title}"
    yield from textwrap.wrap(group.shows, _LINE + 9, initial_indent="# ", subsequent_indent="# ")


def records(found: Sequence[tuple[Group, Case]]) -> list[dict[str, str | float]]:
    """One record per point, for a file."""
    return [
        {
            "group": group.title,
            "case": case.name,
            "tested": case.tested,
            "against": case.against,
            "point": point.label,
            "unit": case.unit,
            "expected": point.expected,
            "got": point.got,
            "deviation": case.deviation(point),
            "rule": case.rule,
            "tolerance": case.tolerance,
            "basis": case.basis,
            "verdict": case.verdict,
        }
        for group, case in found
        for point in case.points
    ]


def reason(case: Case) -> str:
    """Where the tolerance comes from, or why there is none."""
    return f"No verdict: {case.basis}" if case.rule == "shown" else f"Tolerance: {case.basis}"


def summary(found: Sequence[tuple[Group, Case]]) -> str:
    """How many cases there were, and the names of those that failed."""
    failed = [case.name for _, case in found if case.verdict == "FAIL"]
    shown = sum(case.verdict == "shown" for _, case in found)
    points = sum(len(case.points) for _, case in found)
    text = f"{counted(len(found), 'case')} with {counted(points, 'point')}: "
    text += f"{len(found) - len(failed) - shown} agree"
    text += f", {shown} shown without a verdict" if shown else ""
    return text + (f", {len(failed)} FAILED: {', '.join(failed)}" if failed else "")
