"""``fabricsim validate``: parse, run the ladder, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.output import Output, alone, outputs, write_text
from sims.cli.output_options import Format, Json, out_option
from sims.cli.progress import Progress
from sims.cli.standard_input import piped_rows

if TYPE_CHECKING:
    from sims.studies.measured.residuals import Residual
    from sims.studies.validation.case import Case
    from sims.studies.validation.suite import Group

__all__ = ["validate"]


def validate(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer points, up to 1,024 endpoints: about half a minute.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="All points, up to 100,000 endpoints: some minutes. The default.")
    ] = False,
    measured: Annotated[
        bool,
        typer.Option("--measured", help="Only against published times of machines: a table of how far off."),
    ] = False,
    times: Annotated[
        Path | None,
        typer.Option(
            "--times",
            metavar="FILE.csv",
            help="Of --measured: a table of your own measured times; - is standard input.",
            callback=piped_rows,
        ),
    ] = None,
    hosts: Annotated[
        Path | None,
        typer.Option(
            "--hosts",
            metavar="FOLDER",
            help="Of --measured: only runs with a table RUN.csv of ranks and hosts, where they ran.",
        ),
    ] = None,
    out: Annotated[
        list[Path] | None,
        out_option(
            "Write all points (.csv, .json, .jsonl, .parquet), the report, one page (.html), or with "
            "--measured the figure (.svg, .png, .pdf); - is standard output."
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Hold the models against each other and published numbers, and against machines.

    Exit status 1 if a case fails.
    """
    from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

    modes = {"--quick": quick, "--full": full, "--measured": measured}
    given = [option for option, asked in modes.items() if asked]
    if len(given) > 1:
        raise ParameterError("validate", " ".join(given), f"one of {', '.join(modes)} at a time")
    if times and not measured:
        raise ParameterError("--times", str(times), "a table of measured times is held against --measured")
    if hosts and not measured:
        raise ParameterError("--hosts", str(hosts), "runs are repeated where they ran by --measured")
    kinds: dict[str, Sequence[str]] = {"rows": ROW_FORMATS, "report": (".html",)}
    if measured:
        kinds["figure"] = FIGURE_FORMATS
    wanted = outputs(out, form, json, None, **kinds)
    found = _measured(wanted, times, hosts) if measured else _ladder(wanted, full=not quick)
    if any(case.verdict == "FAIL" for _, case in found):
        raise typer.Exit(1)


def _ladder(wanted: Mapping[str, Output], *, full: bool) -> list[tuple[Group, Case]]:
    """Run the ladder, tell and write it."""
    from sims.scenario.files import write_records
    from sims.scenario.version import model_version
    from sims.show.words.validate import case_lines, header, records, summary, title_lines
    from sims.studies.validation.suite import LADDER, cases

    found = []
    with Progress(silent=alone(wanted.values())) as progress:
        progress.print([f"# fabricsim {model_version()}: the ladder of fidelity"])
        total = sum(len(group.chosen(full)) for group in LADDER)
        last = None
        try:
            for group, case in progress.each(cases(full), total):
                if group is not last:
                    progress.print([*title_lines(group), *header()])
                last = group
                found.append((group, case))
                progress.print(case_lines(case))
        finally:
            # Also after Ctrl-C: what is finished is kept.
            if found:
                wanted["rows"].write(write_records, records(found))
        progress.print(["", summary(found)])
        if wanted["report"]:
            progress.drawing()
            _report(wanted["report"], found, "full" if full else "quick")
    return found


def _measured(
    wanted: Mapping[str, Output], times: Path | None, hosts: Path | None
) -> list[tuple[Group, Case]]:
    """Simulate what was measured, tell how far off it is, and write it."""
    from sims.scenario.files import write_records
    from sims.scenario.version import model_version
    from sims.show.words.measured import left_out_lines, measured_header, records, system_lines, verdict_lines
    from sims.studies.measured.places import read_places
    from sims.studies.measured.residuals import residuals
    from sims.studies.measured.suite import machine_case, systems
    from sims.studies.measured.table import measured, read_table
    from sims.studies.validation.suite import MACHINES

    rows = read_table(times) if times else measured()
    places = read_places(hosts) if hosts else {}
    points: list[Residual] = []
    cases: list[Case] = []
    skipped: dict[str, int] = {}
    with Progress(silent=alone(wanted.values())) as progress:
        progress.print([f"# fabricsim {model_version()}: held against machines", *measured_header()])
        of_system = systems(rows)
        try:
            for system, own in progress.each(of_system.items(), len(of_system)):
                progress.step(system)
                found, left_out = residuals(own, places=places)
                for why, number in left_out.items():
                    skipped[why] = skipped.get(why, 0) + number
                if found:
                    points += found
                    cases.append(machine_case(system, found, recorded=not (times or hosts)))
                    progress.print(system_lines(found))
        finally:
            # Also after Ctrl-C: what is finished is kept.
            if points:
                wanted["rows"].write(write_records, records(points))
        if not points:
            of = ("--times", str(times)) if times else ("--hosts", str(hosts))
            why = "; ".join(skipped) or "no run of these is of a site with hosts by name"
            raise ParameterError(*of, f"no line can be simulated: {why}")
        progress.print([*left_out_lines(skipped), *verdict_lines(points, cases)])
        grouped = [(MACHINES, case) for case in cases]
        if wanted["report"]:
            _report(wanted["report"], grouped, "measured")
        if wanted["figure"]:
            from sims.show.figures.diagonal import diagonal_figure
            from sims.show.figures.style import save_figure

            wanted["figure"].write(lambda path: save_figure(diagonal_figure(points), path))
    return grouped


def _report(output: Output, found: Sequence[tuple[Group, Case]], mode: str) -> None:
    from sims.scenario.version import model_version
    from sims.show.report.ladder import ladder_page

    output.write(write_text, ladder_page(found, version=model_version(), mode=mode))
