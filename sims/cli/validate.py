"""``fabricsim validate``: parse, run the ladder, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.progress import Progress
from sims.scenario.files import check_outputs, tell_written

__all__ = ["validate"]


def validate(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer points, up to 1,024 endpoints: about half a minute.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="All points, up to 100,000 endpoints: some minutes. The default.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.html", help="Write the report, one page.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write all points: .csv, .json or .jsonl."),
    ] = None,
) -> None:
    """Hold the models against each other and against published numbers; exit status 1 if a case fails."""
    from fabric.machine.whole_file import replaced
    from sims.scenario.files import ROW_FORMATS, write_records

    if quick and full:
        raise ParameterError("--quick and --full", "both", "one of them")
    check_outputs(("--output", output, (".html",)), ("--out", out, ROW_FORMATS))
    from sims.scenario.version import model_version
    from sims.show.words.validate import case_lines, header, records, summary, title_lines
    from sims.studies.validation.suite import LADDER, cases

    found = []
    with Progress() as progress:
        progress.print([f"# fabricsim {model_version()}: the ladder of fidelity"])
        total = sum(len(group.chosen(not quick)) for group in LADDER)
        last = None
        for group, case in progress.each(cases(not quick), total):
            if group is not last:
                progress.print([*title_lines(group), *header()])
            last = group
            found.append((group, case))
            progress.print(case_lines(case))
        progress.print(["", summary(found)])
        if out:
            write_records(out, records(found))
        if output:
            progress.step("drawing")
            from sims.show.report.ladder import ladder_page

            text = ladder_page(found, version=model_version(), mode="quick" if quick else "full")
            with replaced(output) as file:
                file.write(text)
    tell_written(out, output)
    if any(case.verdict == "FAIL" for _, case in found):
        raise typer.Exit(1)
