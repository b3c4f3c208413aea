"""The words and records of a calibration. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.studies.calibrated import Calibration, hosts_words

__all__ = ["calibration_lines", "calibration_records"]


def calibration_lines(path: str, found: Calibration, disclaimer: str = "") -> Iterator[str]:
    """What was read, what was found per algorithm, how well it fits; ``disclaimer``: of the fabric."""
    log, fits = found.log, found.fits
    sizes = sorted({row.size_bytes for row in log.rows})
    span = f"{format_size(sizes[0])} to {format_size(sizes[-1])}"
    what = f"{found.collective} on {counted(log.ranks or 0, 'rank')}, {counted(len(log.rows), 'measurement')}"
    yield f"# log        {path}: {what}, {span}"
    if log.version:
        yield f"# versions   {log.version}"
    if log.servers:
        yield f"# devices    on {hosts_words(log.servers)}"
    for note in (*log.notes, *found.left_out):
        yield f"# note       {note}"
    yield f"# topology   {fits[0][1].topology}"
    if disclaimer:
        yield f"# note       {disclaimer}"
    widths = (26, 12, 12, 10, 10, 10)
    titles = ("algorithm", "alpha", "busbw", "median", "90%", "worst")
    yield _columns(titles, widths) + "  at"
    for item, fit in fits:
        off = np.abs(fit.residual)
        worst = int(np.argmax(off))
        cells = (item.label, format_time(fit.alpha), f"{fit.busbw / 1e9:.4g} GB/s")
        errors = (f"{np.median(off):.1%}", f"{np.quantile(off, 0.9):.1%}", f"{fit.residual[worst]:+.1%}")
        yield _columns((*cells, *errors), widths) + f"  {format_size(int(fit.size[worst]))}"
    yield "# alpha: latency of the whole collective; busbw: of the largest size, were there no latency"
    yield "# median, 90%, worst: of measured / modelled - 1"
    item, fit = found.best
    yield f"# best fit   {item.label}: {fit.profile}"
    if fit.runs_as != fit.algorithm:
        rule = "fitted one phase after another; in slices, the default, runs are faster than the log"
        yield f"# runs as    --algorithm {fit.runs_as}: {rule}"


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def calibration_records(found: Calibration) -> list[dict[str, Any]]:
    """One record per measurement and algorithm."""
    return [
        {
            "algorithm": item.label,
            "size_bytes": int(size),
            "measured_s": float(measured),
            "modelled_s": float(modelled),
            "residual": float(measured / modelled - 1),
        }
        for item, fit in found.fits
        for size, measured, modelled in zip(fit.size, fit.measured, fit.modelled)
    ]
