"""``fabricsim sweep`` and ``merge``: parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.cli.output import STDOUT, outputs
from sims.cli.output_options import Format, Json, out_option
from sims.cli.progress import Progress
from sims.cli.standard_input import piped_rows
from sims.scenario.files import ROW_FORMATS, tell_written
from sims.settings.setting import whole_number

_JOBS = whole_number("--jobs", 1, "a whole number from 1")

__all__ = ["merge", "sweep"]

_SOME_FAILED = 3


def sweep(
    spec: Annotated[
        Path | None,
        typer.Argument(metavar="SPEC.toml", help="What to sweep; without it, --set.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        out_option("Where the rows go.", "FOLDER"),
    ] = None,
    jobs: Annotated[
        str | None,
        typer.Option(
            "-j", "--jobs", metavar="N", help="Processes.  [default: one per core]", show_default=False
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Run on the workers of a Dask scheduler; tls:// beyond this machine.",
            show_default=False,
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=V1,V2,...", help="One value for all points, or an axis.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the points, and what they will take.")
    ] = False,
) -> None:
    """Run every point of a grid, or what is missing of it.

    The same command again goes on where it stopped. Exit status 3 if a point failed.
    """
    if out is None and not dry_run:
        raise ParameterError("--out", None, "a folder for the rows: -o FOLDER")
    if str(out) == STDOUT:
        raise ParameterError("--out", STDOUT, "a folder is needed: a sweep is kept, and gone on with")
    if spec is None and not sets:
        raise ParameterError(
            "SPEC", None, "name a file, or axes as in --set topology.k=8,16 --set size=1M:1G:x4"
        )
    most = None if jobs is None else int(_JOBS(jobs))
    from sims.studies.sweep.listing import listing
    from sims.studies.sweep.plan import plan_sweep
    from sims.studies.sweep.run import run_sweep, workers_for
    from sims.studies.sweep.spec import read_sweep
    from topologies.catalogue import disclaimers

    with Progress() as progress:
        wanted = read_sweep(spec, sets or ())
        found = plan_sweep(wanted, lambda topology: progress.step(f"checking {topology}"))
        notes = [f"note: {said}" for said in disclaimers(wanted.topologies)]
        if dry_run:
            workers, note = workers_for(found, len(found.points), most)
            progress.print([*listing(found, workers), *filter(None, [note]), *notes])
            return
        assert out is not None
        progress.step("running")
        outcome = run_sweep(
            wanted,
            out,
            jobs=most,
            scheduler=scheduler,
            planned=found,
            say=lambda line: progress.say([line]),
            watch=progress.each,
        )
    print(outcome, *notes, sep="\n")
    tell_written(*outcome.files)
    if outcome.failures:
        raise typer.Exit(_SOME_FAILED)


def merge(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B [...]",
            help="Folders of sweeps, files of rows; - is standard input.",
            callback=piped_rows,
        ),
    ],
    out: Annotated[
        list[Path] | None,
        out_option(
            "What they become: .csv, .json, .jsonl, .parquet or a folder; - is standard output.",
            "FILE|FOLDER",
        ),
    ] = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Join results: each scenario once, sorted by key.

    Rows of one scenario that differ are an error.
    """
    named = out or []
    folders = [
        path for path in named if str(path) != STDOUT and (path.is_dir() or path.suffix not in ROW_FORMATS)
    ]
    if folders and len(named) > 1:
        raise ParameterError(
            "--out", str(folders[0]), "a folder is named alone; files may be several", ROW_FORMATS
        )
    wanted = outputs([] if folders else named, form, json, rows=ROW_FORMATS)["rows"]
    if not named and not wanted:
        raise ParameterError("--out", None, "a file or a folder for the rows: -o all.csv")
    from sims.scenario.files import write_records
    from sims.studies.sweep.merge import merge_results, merged

    written: list[Path] = []
    if folders:
        count, written = merge_results(paths, folders[0])
    else:
        with Progress() as progress:
            progress.step("reading the rows")
            results = merged(paths)
        count = len(results)
        wanted.write(write_records, [result.to_dict() for result in results])
    if not wanted.form:
        for path in named:
            print(f"{path}: {counted(count, 'result')} of {counted(len(paths), 'source')}")
    tell_written(*written)
