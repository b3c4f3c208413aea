"""``fabricsim plot``: figures of saved rows. Simulates nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.errors import FileFormatError, ParameterError
from sims.output import FIGURE_FORMATS, check_writable, tell_written

__all__ = ["plot"]


def plot(
    rows: Annotated[Path, typer.Argument(help="Rows written by allreduce --out: .csv, .json or .jsonl.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The figure: .svg, .png or .pdf.")
    ],
) -> None:
    """Draw saved rows: bus bandwidth and time over message size. Nothing is simulated."""
    check_writable(output, "--output", FIGURE_FORMATS)
    from sims.figures import allreduce_figure, save_figure
    from sims.output import read_records
    from sims.result import Row
    from topologies.catalogue import disclaimer

    found = []
    for number, record in enumerate(read_records(rows), 1):
        try:
            found.append(Row.from_dict(record))
        except ParameterError as error:
            raise FileFormatError(
                str(rows), f"record {number}", f"not a row of all-reduce: {error}"
            ) from None
    said = dict.fromkeys(filter(None, (disclaimer(row.scenario.topology) for row in found)))
    save_figure(allreduce_figure(found, "; ".join(said)), output, found)
    tell_written(None, output)
