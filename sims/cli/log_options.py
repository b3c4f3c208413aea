"""What commands ask of a log of nccl-tests. Reads none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.standard_input import piped_log

__all__ = ["Log", "LogRanks"]

Log = Annotated[
    Path,
    typer.Argument(
        help="Output of a program of nccl-tests, text or JSON; - is standard input.", callback=piped_log
    ),
]
LogRanks = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="Of a log that does not list its devices.  [default: as listed, else by busbw / algbw]",
        show_default=False,
    ),
]
