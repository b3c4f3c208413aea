"""The options of what a command makes. Runs no command.

``--out`` (``-o``) is the same thing everywhere: what the command makes, in the format that the ending of the
file tells. It may be given again: for another thing that the command makes, or the same in another format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fabric.words.errors import ParameterError

__all__ = [
    "Explain",
    "ExplainPlot",
    "Format",
    "Json",
    "Out",
    "Ports",
    "RowFile",
    "Timeline",
    "format_option",
    "out_option",
    "title_option",
]


_LONGEST_TITLE = 1_000  # a page and more; to measure 100,000 letters takes a minute


def out_option(help: str, metavar: str = "FILE") -> Any:
    """``--out`` of a command that makes what ``help`` says, as ``Files``; of one folder a ``Path``."""
    again = "" if metavar == "FOLDER" else " May be given again."
    return typer.Option("--out", "-o", metavar=metavar, help=f"{help}{again}", show_default=False)


def format_option(names: str, default: str) -> Any:
    """``--format`` of a command whose standard output may be of the formats ``names``."""
    words = f"Of what --out - sends to standard output: {names}.  [default: {default}]"
    return typer.Option("--format", metavar="NAME", help=words, show_default=False)


def title_option(help: str) -> Any:
    """``--title``. A byte that is no UTF-8 becomes the sign for that: no figure or page could hold it."""
    return typer.Option("--title", metavar="TEXT", help=help, show_default=False, callback=_in_letters)


def _in_letters(text: str | None) -> str | None:
    if text is not None and len(text) > _LONGEST_TITLE:
        rule = f"{len(text):,} characters, of which a title has at most {_LONGEST_TITLE:,}"
        raise ParameterError("--title", text, rule)
    return text if text is None else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


Out = Annotated[
    list[Path] | None, out_option("Write the rows: .csv, .json, .jsonl or .parquet; - is standard output.")
]
Format = Annotated[str | None, format_option("csv, json or jsonl", "csv")]
Json = Annotated[
    bool,
    typer.Option("--json", help="Send the rows to standard output as JSON, and nothing else."),
]
RowFile = Annotated[
    Path | None,
    typer.Option(
        "--row",
        metavar="FILE",
        help="Write the run as one row, from which it can be run again: .csv, .json or .jsonl.",
        show_default=False,
    ),
]
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
