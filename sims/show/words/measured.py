"""What is said of measured times beside modelled ones: the table, the headline, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sims.studies.measured.machines import machine
from sims.studies.measured.residuals import Residual, Spread, headline, spread
from sims.studies.validation.case import Case

__all__ = ["left_out_lines", "measured_header", "records", "system_lines", "verdict_lines"]

_WIDTHS = (18, 15, 7, 8, 8, 9, 8)


def _columns(cells: Sequence[str]) -> str:
    left = [f"{cell:<{width}}" for cell, width in zip(cells[:2], _WIDTHS)]
    right = [f"{cell:>{width}}" for cell, width in zip(cells[2:], _WIDTHS[2:])]
    return "  ".join(left + right).rstrip()


def measured_header() -> Iterator[str]:
    """The head of the table."""
    yield "# |modelled / measured - 1|; noise: how far repeats of a point are apart"
    yield _columns(("system", "collective", "points", "median", "90%", "worst", "noise"))


def system_lines(found: Sequence[Residual]) -> Iterator[str]:
    """A line for each collective of one system, and one for all of them where there are several."""
    system = found[0].of.system
    groups: dict[str, list[Residual]] = {}
    for one in found:
        groups.setdefault(one.of.collective, []).append(one)
    lines = [spread(own, system, collective) for collective, own in groups.items()]
    if len(lines) > 1:
        lines.append(spread(found, system, "all"))
    yield f"# {machine(system).words}"
    for line in lines:
        yield _columns(_cells(line))


def _cells(line: Spread) -> tuple[str, ...]:
    shares = [f"{share:.1%}" for share in (line.median, line.p90, line.worst)]
    noise = "-" if line.noise is None else f"{line.noise:.1%}"
    return (line.system, line.collective, f"{line.points:,}", *shares, noise)


def verdict_lines(found: Sequence[Residual], cases: Sequence[Case]) -> Iterator[str]:
    """The headline, and where a system is worse than it was."""
    yield f"# {headline(found)}"
    for case in cases:
        if case.verdict == "FAIL":
            yield f"# WORSE: {case.name}: median error {case.error:.1%}, recorded is {case.tolerance:.1%}"


def left_out_lines(left_out: Mapping[str, int]) -> Iterator[str]:
    """How many points were not simulated, and why."""
    for why, number in left_out.items():
        yield f"# left out: {number:,} time{'s' * (number > 1)}: {why}"


def records(found: Sequence[Residual]) -> list[dict[str, str | float | None]]:
    """One record per point, for a file."""
    return [
        {
            "system": one.of.system,
            "nodes": one.of.nodes,
            "per_node": one.of.per_node,
            "collective": one.of.collective,
            "algorithm": one.of.algorithm,
            "called": one.of.called,
            "size_bytes": one.of.size_bytes,
            "measured_s": one.measured,
            "modelled_s": one.modelled,
            "error": one.error,
            "repeats": one.repeats,
            "noise": one.noise,
            "source": one.of.source,
        }
        for one in found
    ]
