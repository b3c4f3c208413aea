"""A whole figure of rows of jobs: axes, title, legend and foot. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.show.figures.job_rows.bars import LETTERS, plot_exposed, plot_slowdown, plot_useful
from sims.show.figures.job_rows.over import plot_over
from sims.show.figures.job_rows.told import names_of, shared, short
from sims.show.figures.page import Page
from sims.show.figures.style import styled
from topologies.catalogue import disclaimers

__all__ = ["JOB_FIGURES", "MOST_BARS", "figure_of_jobs"]

Draw = Callable[..., None]
_BARS: Mapping[str, tuple[str, Draw, str]] = {
    "train": (
        "exposed",
        plot_exposed,
        "In the mean over stages; black: if what a step sends takes what it took four of five machines",
    ),
    "goodput": ("useful", plot_useful, "Black: the 95% interval of what is useful"),
    "run": ("slowdown", plot_slowdown, ""),
}
_LINES = "lines"
JOB_FIGURES = (*(name for name, _, _ in _BARS.values()), _LINES)
_WIDTH, _HEIGHT = 3.5, 2.6  # inches
_FRAME, _EACH = 1.1, 0.19  # inches of what is round the bars, and of a bar
MOST_BARS = 60
_TOLD = 6  # settings that all share, at the foot


def figure_of_jobs(
    rows: Sequence[JobRow],
    *,
    figure: str | None = None,
    x: str | None = None,
    y: str | None = None,
    color: str | None = None,
    title: str | None = None,
    width: float | None = None,
    height: float | None = None,
) -> Figure:
    """Rows of one kind: a bar each of what it is made of, or with ``x`` a result over it.

    ``figure``: exposed (of train), useful (goodput), slowdown (run) or lines; ``x``, ``y``, ``color``: as of
    plot_over; the other arguments as of sims.show.figures.figure_of.

    Raises:
        ParameterError: no rows, of several kinds, no such figure of that kind, too many bars.
    """
    if not rows:
        raise ParameterError("rows", 0, "a figure needs at least one row")
    kinds = list(dict.fromkeys(row.scenario.kind for row in rows))
    if len(kinds) > 1:
        raise ParameterError("rows", ", ".join(kinds), "a figure is of one kind of job")
    bars, draw, note = _BARS[kinds[0]]
    name = figure or (_LINES if x or y or color else bars)
    if name not in (bars, _LINES):
        raise ParameterError("figure", name, f"no figure of rows of {kinds[0]}", (bars, _LINES))
    if name == _LINES and x is None:
        raise ParameterError("--x", None, "lines need an axis: a setting, a part of one, or a result")
    for option, value in {"--x": x, "--y": y, "--color": color}.items():
        if name == bars and value:
            raise ParameterError(option, value, f"the figure {bars} does not take it", (_LINES,))
    for option, inches in {"width": width, "height": height}.items():
        if inches is not None and not 1.5 <= inches <= 60:
            raise ParameterError(option, inches, "inches, from 1.5 to 60")
    own = rows if name == _LINES else _few(rows)
    with styled():
        usual = _HEIGHT if name == _LINES else _FRAME + _EACH * _lines(own)
        drawn = Figure(figsize=(width or _WIDTH, height or usual), layout="constrained")
        ax = drawn.subplots()
        if name == _LINES:
            plot_over(ax, own, x or "", y, color)
            note = ""
        else:
            draw(ax, own)
        entries = [(handle, text) for handle, text in zip(*ax.get_legend_handles_labels())]
        page = Page(figure=drawn, grow=height is None, inside=name == _LINES)
        page.frame(_words(rows, note), title, entries)
    return drawn


def _few(rows: Sequence[JobRow]) -> Sequence[JobRow]:
    if len(rows) > MOST_BARS:
        rule = f"at most {MOST_BARS} bars in a figure: choose with --where, or draw lines over --x"
        raise ParameterError("rows", len(rows), rule)
    return rows


def _lines(rows: Sequence[Any]) -> float:
    """How many lines the bars take under each other: as many as their words do, or one for each job."""
    words = max(-(-len(name) // LETTERS) for name in names_of(rows))
    return len(rows) * max(0.8 * words + 0.2, max(0.7 * len(getattr(row, "jobs", ())) for row in rows))


def _words(rows: Sequence[JobRow], note: str) -> tuple[list[str], list[str]]:
    """The parts of a title, and the sentences of the foot."""
    kind, same = rows[0].scenario.kind, shared(rows)
    topologies = dict.fromkeys(row.scenario.topology for row in rows)
    families = dict.fromkeys(text.partition(":")[0] for text in topologies)
    above = list(topologies if len(topologies) == 1 else families if len(families) == 1 else ())
    above.append({"train": "a training step", "goodput": "weeks of a job", "run": "several jobs"}[kind])
    above += [same["model"]] if "model" in same else []
    told = [f"{name.replace('_', ' ')} {short(text)}" for name, text in same.items() if name != "model"]
    more = [counted(len(told) - _TOLD, "more setting")] if len(told) > _TOLD else []
    version = rows[0].version
    claims = disclaimers(row.scenario.topology for row in rows)
    below = [
        note,
        f"All: {', '.join([*told[:_TOLD], *more])}" if told else "",
        f"Simulated with fabricsim {version}: exact for the stated model, not a measurement",
        *claims,
    ]
    return above, [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in below if text]
