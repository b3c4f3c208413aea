"""``fabricsim validate``: parse, run the ladder, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.output import alone, outputs, write_text
from sims.cli.output_options import Format, Json, out_option
from sims.cli.progress import Progress

__all__ = ["validate"]


def validate(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer points, up to 1,024 endpoints: about half a minute.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="All points, up to 100,000 endpoints: some minutes. The default.")
    ] = False,
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write all points (.csv, .json, .jsonl, .parquet) or the report, one page (.html); - is standard "
            "output. May be given again."
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Hold the models against each other and published numbers.

    Exit status 1 if a case fails.
    """
    from sims.scenario.files import ROW_FORMATS, write_records

    if quick and full:
        raise ParameterError("--quick and --full", "both", "one of them")
    wanted = outputs(out, form, json, rows=ROW_FORMATS, report=(".html",))
    from sims.scenario.version import model_version
    from sims.show.words.validate import case_lines, header, records, summary, title_lines
    from sims.studies.validation.suite import LADDER, cases

    found = []
    with Progress(silent=alone(wanted.values())) as progress:
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
        wanted["rows"].write(write_records, records(found))
        if wanted["report"]:
            progress.step("drawing")
            from sims.show.report.ladder import ladder_page

            text = ladder_page(found, version=model_version(), mode="quick" if quick else "full")
            wanted["report"].write(write_text, text)
    if any(case.verdict == "FAIL" for _, case in found):
        raise typer.Exit(1)
