"""What a run writes besides its rows: the options, and the check that all of it can be written.

Knows typer's options; runs and draws nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.output import FIGURE_FORMATS, ROW_FORMATS, check_writable

__all__ = ["Explain", "ExplainPlot", "Timeline", "check_outputs"]

Explain = Annotated[
    bool,
    typer.Option("--explain", help="Say why it takes so long and what would help, each remedy simulated."),
]
ExplainPlot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw what would help, at the largest size: .svg, .png or .pdf; implies --explain.",
        show_default=False,
    ),
]
Timeline = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the goodput over time, with the faults that strike: .svg, .png or .pdf.",
        show_default=False,
    ),
]


def check_outputs(
    out: Path | None, plot: Path | None, explain_plot: Path | None, timeline: Path | None
) -> None:
    """Find out before a long run that one of its files cannot be written.

    Raises:
        ParameterError: as sims.output.check_writable.
    """
    if out:
        check_writable(out, "--out", ROW_FORMATS)
    figures = (("--plot", plot), ("--explain-plot", explain_plot), ("--timeline", timeline))
    for option, figure in figures:
        if figure:
            check_writable(figure, option, FIGURE_FORMATS)
