"""The options of what a run writes or draws besides its rows. Runs no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Explain", "ExplainPlot", "Ports", "Timeline"]

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
Ports = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Of --engine packet: write what each port saw, queues and pauses: .csv, .json or .jsonl.",
        show_default=False,
    ),
]
