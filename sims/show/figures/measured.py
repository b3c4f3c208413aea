"""Measurements of nccl-tests beside simulated lines. Knows no figure around its axes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.style import MARKERS
from sims.workload.collective import COLLECTIVES, TOOLS

if TYPE_CHECKING:
    from sims.studies.nccl_log import Measurement, NcclLog

__all__ = ["COLUMNS", "draw_measured", "fitting", "measured_entries", "measured_note"]

COLUMNS = ("time_s", "busbw_GBps", "algbw_GBps")  # what a log and a row both say, by the same definitions


def fitting(logs: Sequence[NcclLog], rows: Sequence[Row], x: str, y: str) -> list[NcclLog]:
    """``logs``, if they can stand beside ``rows`` on these axes.

    Raises:
        ParameterError: other axes than message size and what is measured, another collective, or a number of
            ranks that none of the rows has.
    """
    if logs and (x != "size_bytes" or y not in COLUMNS):
        rule = "measurements are drawn over size_bytes, as one of time_s, busbw_GBps, algbw_GBps"
        raise ParameterError("overlay", f"{y} over {x}", rule)
    tools = _ranks_of(rows)
    for log in logs:
        if log.collective not in tools:
            own = dict.fromkeys(COLLECTIVES[row.scenario.collective].tool for row in rows)
            rule = f"measures {log.collective}, and the rows {' and '.join(own)}"
            raise ParameterError("overlay", log.name, rule)
        ranks = tools[log.collective]
        if log.ranks is not None and log.ranks not in ranks:
            rule = f"measured on {log.ranks:,} ranks, and no row is of as many"
            raise ParameterError("overlay", log.name, rule, [f"{n:,}" for n in sorted(ranks)])
    return list(logs)


def _ranks_of(rows: Sequence[Row]) -> dict[str, set[int]]:
    """The numbers of ranks that rows have of each collective, by the name that it has in a log."""
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.scenario.collective, set()).add(row.scenario.ranks)
    return {tool: found[of.name] for tool, of in TOOLS.items() if of.name in found}


def draw_measured(ax: Axes, logs: Sequence[NcclLog], rows: Sequence[Row], y: str) -> list[float]:
    """A black line with filled marks for each log of a row's collective and ranks; the values that it shows.

    Out of place, as far as that was measured; the median where a size was measured again.
    """
    tools = _ranks_of(rows)
    shown: list[float] = []
    for place, log in enumerate(logs):
        ranks = tools.get(log.collective, set())
        if not ranks or (log.ranks is not None and log.ranks not in ranks):
            continue
        own = [row for row in log.rows if not row.in_place] or list(log.rows)
        sizes = sorted({row.size_bytes for row in own})
        values = [median(_value(row, y) for row in own if row.size_bytes == size) for size in sizes]
        ax.plot(sizes, values, label=_name(log, logs), **_style(place))
        shown += values
    return shown


def measured_entries(logs: Sequence[NcclLog]) -> list[tuple[Line2D, str]]:
    """A mark and a name for each log."""
    return [(Line2D([], [], **_style(place)), _name(log, logs)) for place, log in enumerate(logs)]


def measured_note(logs: Sequence[NcclLog]) -> str:
    """What was measured, for the foot of a figure."""
    words = []
    for log in logs:
        ranks = f" on {log.ranks:,} ranks" if log.ranks else ""
        version = f" with {log.version}" if log.version else ""
        words.append(f"{log.collective}_perf{ranks}{version}")
    return f"Measured: {'; '.join(dict.fromkeys(words))}" if words else ""


def _value(row: Measurement, y: str) -> float:
    return float(getattr(row, y))


def _name(log: NcclLog, logs: Sequence[NcclLog]) -> str:
    return "measured" if len(logs) == 1 else f"measured: {log.name}"


def _style(place: int) -> dict[str, Any]:
    return {
        "color": "black",
        "linewidth": 0.9,
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 3.2,
        "zorder": 3,
    }
