"""Figures from rows. The only place that draws; runs nothing, reads no file."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sims.output import replaced
from sims.result import Row

__all__ = ["allreduce_figure", "plot_busbw", "plot_time", "save_figure"]

# Okabe and Ito's colours, apart for all common kinds of colour blindness; markers and dashes keep them apart
# in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "os^Dv<>"
_DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (3, 2)), (0, (6, 3)))
# What tells lines of one algorithm apart, with the word that goes before its value.
_SETTINGS = {
    "topology": "",
    "topology_digest": "contents ",
    "ranks": "ranks ",
    "placement": "",
    "placement_digest": "endpoints ",
    "seed": "seed ",
    "routing": "",
    "latency_profile": "",
    "engine": "",
}
_UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def plot_busbw(ax: Axes, rows: Sequence[Row]) -> None:
    """Bus bandwidth over message size, one line per algorithm."""
    _lines(ax, rows, "busbw_GBps")
    ax.set_ylabel("bus bandwidth (GB/s)")
    ax.set_ylim(bottom=0, top=max(row.busbw_GBps for row in rows) * 1.08)


def plot_time(ax: Axes, rows: Sequence[Row]) -> None:
    """Time over message size, both logarithmic, one line per algorithm."""
    _lines(ax, rows, "time_s")
    ax.set_yscale("log")
    ax.set_ylabel("time (logarithmic)")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value, _TIMES)))
    ax.yaxis.set_minor_locator(NullLocator())


def _lines(ax: Axes, rows: Sequence[Row], column: str) -> None:
    for i, (name, members) in enumerate(_series(rows).items()):
        members = sorted(members, key=lambda r: r.scenario.size_bytes)
        ax.plot(
            [r.scenario.size_bytes for r in members],
            [getattr(r, column) for r in members],
            label=name,
            color=_COLOURS[i % len(_COLOURS)],
            marker=_MARKERS[i % len(_MARKERS)],
            linestyle=_DASHES[i % len(_DASHES)],
            linewidth=1.6,
            markersize=4,
            # Where lines lie on one another the marker's hollow lets the one below be seen.
            markerfacecolor="white",
        )
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(LogLocator(base=2**5, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value, _UNITS)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("message size")
    ax.grid(True, which="major", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each line: of one algorithm under one setting, named by what tells the lines apart."""
    differing = [name for name in _SETTINGS if len({getattr(r.scenario, name) for r in rows}) > 1]
    series: dict[str, list[Row]] = {}
    for row in {row.key: row for row in rows}.values():
        own = [f"{_SETTINGS[name]}{str(getattr(row.scenario, name))[:24]}" for name in differing]
        series.setdefault(", ".join([row.scenario.algorithm, *own]), []).append(row)
    return series


def allreduce_figure(rows: Sequence[Row], disclaimer: str = "") -> Figure:
    """Bus bandwidth and time side by side, with what was run above and what it claims below."""
    figure = Figure(figsize=(9.6, 4.4))
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.86, bottom=0.185, wspace=0.24)
    plot_busbw(left, rows)
    plot_time(right, rows)
    left.legend(frameon=False, fontsize=8, loc="upper left")
    same = {name: len({getattr(r.scenario, name) for r in rows}) == 1 for name in _SETTINGS}
    s = rows[0].scenario
    subject = f"{s.topology}: all-reduce" if same["topology"] else "all-reduce"
    subject += f" of {s.ranks:,} ranks" if same["ranks"] else ""
    figure.text(0.5, 0.975, subject, ha="center", va="top", fontsize=12, fontweight="bold")
    parts = {
        "placement": f"placement {s.placement}",
        "routing": f"routing {s.routing}",
        "latency_profile": f"latency profile {s.latency_profile}",
        "engine": f"{s.engine} model",
    }
    setting = ", ".join(text for name, text in parts.items() if same[name])
    figure.text(0.5, 0.915, setting, ha="center", va="top", fontsize=8, color="#444444")
    claim = "Simulated with fabricsim: exact for the stated model, an illustration and not a measurement."
    words = "\n".join(textwrap.wrap(f"{claim} {disclaimer[:1].upper()}{disclaimer[1:]}".strip(), 170))
    figure.text(0.5, 0.015, words, ha="center", va="bottom", fontsize=7, color="#555555")
    return figure


def save_figure(figure: Figure, path: str | Path, rows: Sequence[Row] = ()) -> None:
    """Write ``figure`` as .svg, .png or .pdf by its ending, whole or not at all; same rows, same bytes.

    The file's metadata holds the version and the keys of the first and last row.
    """
    import matplotlib

    kind = Path(path).suffix[1:] or "svg"
    words = f"fabricsim {rows[0].version}, rows {rows[0].key} to {rows[-1].key}" if rows else "fabricsim"
    formats: dict[str, dict[str, Any]] = {
        "svg": {"Description": words, "Date": None},
        "png": {"Description": words},
        "pdf": {"Subject": words, "CreationDate": None},
    }
    settings = {"svg.hashsalt": "fabricsim", "svg.fonttype": "none", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings), replaced(path, "wb") as file:
        figure.savefig(file, format=kind, dpi=160, metadata=formats[kind])


def _short(value: float, units: Sequence[tuple[float, str]]) -> str:
    for factor, unit in units:
        if value >= factor * 0.999:
            return f"{value / factor:.3g} {unit}"
    return f"{value / units[-1][0]:.3g} {units[-1][1]}"
