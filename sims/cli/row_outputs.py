"""Where rows go, and in which form: as rows, or as nccl-tests prints and writes what it measures.

Knows no command.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fabric.words.errors import ParameterError
from sims.cli.output import BINARY, STDOUT, Output, outputs, write_text
from sims.cli.output_options import format_option
from sims.scenario.files import ROW_FORMATS

if TYPE_CHECKING:
    from sims.jobs.collective import CollectiveJob
    from sims.scenario.row import Row
    from sims.show.words.dtype import Dtype

__all__ = ["RowFormat", "log_sizes", "row_outputs", "with_log", "write_log"]

_FORMS = {"nccl-tests": (".log", ".txt"), "nccl-tests-json": (".json",)}

RowFormat = Annotated[
    str | None,
    format_option("csv, json or jsonl; and nccl-tests or nccl-tests-json, of a file too", "csv"),
]


def row_outputs(
    out: Sequence[Path] | None, form: str | None, json: bool, **kinds: Sequence[str]
) -> dict[str, Output]:
    """As ``outputs`` of ``rows`` and ``kinds``, and where a ``log`` goes: to the files of ``out`` with its
    ending, else to standard output. Raises as ``outputs``.
    """
    if form is None or form.lower() not in _FORMS:
        every = chain(ROW_FORMATS, *kinds.values())
        texts = [*(ending[1:] for ending in every if ending not in BINARY), *_FORMS]
        if form is not None and form.lower().removeprefix(".") not in texts:
            raise ParameterError("--format", form, "unknown", texts)
        return {"log": Output(), **outputs(out, form, json, None, rows=ROW_FORMATS, **kinds)}
    if json:
        raise ParameterError("--format", form, "--json is another format: one of them")
    found = {kind: Output() for kind in ("rows", *kinds)}
    files = [path for path in out or () if str(path) != STDOUT]
    piped = len(out or ()) > len(files) or not files
    own = outputs(files, log=_FORMS[form.lower()])["log"]
    return {"log": Output(own.files, f".{form.lower()}" if piped else ""), **found}


def with_log(output: Output, names: list[str]) -> list[str]:
    """``names``, algorithms; a ParameterError where a log is wanted of several."""
    if output and len(names) > 1:
        raise ParameterError("--format", "nccl-tests", "a log is of one algorithm: name one --algorithm")
    return names


def log_sizes(output: Output, sizes: Sequence[int], job: CollectiveJob, dtype: Dtype) -> tuple[int, ...]:
    """``sizes``, or those that nccl-tests makes of them on the ranks of ``job`` where a log is wanted."""
    if not output:
        return tuple(sizes)
    from sims.show.words.nccl_tests import divided

    return tuple(divided(sizes, job.collective, job.together, dtype))


def write_log(output: Output, form: str, rows: Sequence[Row], job: CollectiveJob, dtype: Dtype) -> None:
    """Write ``rows`` of ``job`` as a log of nccl-tests, if that is wanted."""
    if not output:
        return
    from sims.show.words.nccl_tests import devices_of, nccl_tests

    output.write(write_text, nccl_tests(form.lower(), rows, devices_of(job), dtype))
