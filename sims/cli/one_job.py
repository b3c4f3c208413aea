"""How a command runs one job: what is made, printed and written, in which order. Knows no kind of job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fabric.words.errors import inside
from sims.cli.fabric_options import opened
from sims.cli.output import Output, alone
from sims.cli.progress import Progress

__all__ = ["run_one"]

Lines = Iterable[str]


def run_one(
    texts: Mapping[str, str],
    wanted: Mapping[str, Output],
    make: Callable[..., Any],
    *,
    lines: Callable[[Any, Sequence[str], str], Lines],
    why: Callable[[Any, Any], tuple[Any, Lines]] | None = None,
    records: Callable[[Any], list[dict[str, Any]]] = lambda row: [row.to_dict()],
    figure: Callable[[Any, Any, Progress], Any],
) -> Any:
    """Run the job of the settings ``texts`` and hand out what is ``wanted``, ``rows``, a ``figure`` and,
    where rows are lines of it, the ``row`` too. Its row.

    ``make``: of the fabric, its text and hash and the other settings a job, which has ``warnings`` and a
    ``row``. ``lines``: of the row, what is printed; ``why``: of the job and its row what is printed of
    remedies, and the row that knows them; ``records``: of the row, what is written; ``figure``: of both.
    """
    from sims.scenario.files import write_records

    said = dict(texts)
    with Progress(silent=alone(wanted.values())) as progress:
        partial = said.get("allow_partition") == "true"
        with inside("topology"):
            fabric, text, digest, notes = opened(said.pop("topology"), progress, allow_partition=partial)
        progress.step("setting up the job")
        job = make(fabric, topology=text, digest=digest, **said)
        row = job.row(progress.step)
        progress.print(lines(row, [*notes, *job.warnings], fabric.disclaimer))
        with progress.stoppable():
            if why:
                progress.step("trying what would help")
                row, remedies = why(job, row)
                progress.print(remedies)
        wanted["rows"].write(write_records, records(row))
        if "row" in wanted:
            wanted["row"].write(write_records, [row.to_dict()])
        if wanted["figure"] and not progress.stopped:
            progress.drawing()
            from sims.show.figures import save_figure

            drawn = figure(job, row, progress)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
    return row
