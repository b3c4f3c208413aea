"""A page about rows of jobs that are no single collective: what varied, what came out, where it comes from.

Knows of a kind only which number is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.scenario.row import Failure, Row
from sims.settings.table import table_of
from sims.show.report import own_title
from sims.show.report.axes import number
from sims.show.report.markup import Column, Html, element, joined, page, table
from sims.show.report.stylesheet import stylesheet
from topologies.catalogue import disclaimer

__all__ = ["job_report"]

# Of each kind the number that counts, its name, what it is multiplied by, and whether more is better.
_ANSWERS: Mapping[str, tuple[str, str, float, bool]] = {
    "goodput": ("share", "useful time (%)", 100.0, True),
    "train": ("time_s", "time of a step (s)", 1.0, False),
    "run": ("makespan_s", "end of the last job (s)", 1.0, False),
    "trace": ("makespan_s", "end of the last operation (s)", 1.0, False),
}
_CLAIM = "Simulated with fabricsim {}: exact for the stated model, not a measurement."
_LONG = 60  # signs of a setting in a table


def job_report(
    results: Sequence[Row | JobRow | Failure],
    *,
    title: str | None,
    source: str,
    sweep_toml: str | None = None,
) -> str:
    """A self-contained HTML page about results of one kind. Same results, same bytes.

    Raises:
        ParameterError: there are no results, or of several kinds.
    """
    kinds = list(dict.fromkeys(getattr(one.scenario, "kind", "collective") for one in results))
    if len(kinds) != 1 or kinds[0] not in _ANSWERS:
        raise ParameterError("rows", ", ".join(kinds), "a report is of one kind of job")
    rows = [result for result in results if isinstance(result, JobRow)]
    failures = [result for result in results if isinstance(result, Failure)]
    names = _varied(results)
    name = title or own_title(sweep_toml) or f"{kinds[0].capitalize()} at {counted(len(results), 'point')}"
    sections = [("What came out", _answers(rows, names))] if rows else []
    if rows:
        sections.append(("Rows", _rows(rows, names)))
    if failures:
        lines = [[_said(result, names) or result.key, result.error] for result in failures]
        columns = [Column(title="point"), Column(title="error")]
        sections.append(("What failed", table("Points that gave no row", columns, lines)))
    sections.append(("Where the numbers come from", _origin(results, names, source, sweep_toml)))
    head = [element("p", f"fabricsim {results[0].version}: {kinds[0]}", class_="kind"), element("h1", name)]
    said = dict.fromkeys(filter(None, (disclaimer(one.scenario.topology) for one in results)))
    claims = [_CLAIM.format(results[0].version), *(f"{text[:1].upper()}{text[1:]}." for text in said)]
    head += [element("p", text, class_="note") for text in claims]
    parts = (element("section", element("h2", heading), Html("\n"), inner) for heading, inner in sections)
    body = [element("header", joined(head, "\n")), element("main", joined(parts, "\n"))]
    return page(name, stylesheet(), joined(body, "\n"))


def _varied(results: Sequence[Row | JobRow | Failure]) -> list[str]:
    """The settings in which the results differ."""
    table_ = table_of(results[0].scenario.kind)
    return [name for name in table_ if len({one.scenario.settings[name] for one in results}) > 1]


def _said(result: Row | JobRow | Failure, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {_short(result.scenario.settings[name])}" for name in names)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}\N{HORIZONTAL ELLIPSIS}"


def _answers(rows: Sequence[JobRow], names: Sequence[str]) -> Html:
    column, words, factor, more = _ANSWERS[rows[0].scenario.kind]
    order = sorted(rows, key=lambda row: getattr(row, column), reverse=more)
    told = []
    for what, row in {"Best": order[0], "Worst": order[-1]}.items():
        where = f" with {_said(row, names)}" if names else ""
        told.append(f"{what}: {words} {number(factor * getattr(row, column))}{where}.")
    return element(
        "ul", joined((element("li", text) for text in dict.fromkeys(told)), "\n"), class_="findings"
    )


def _rows(rows: Sequence[JobRow], names: Sequence[str]) -> Html:
    plain = [one.name for one in type(rows[0]).columns() if str(one.type) in ("int", "float")]
    columns = [Column(title=name) for name in names or ["key"]]
    columns += [Column(title=name, number=True) for name in plain]
    lines: list[list[str]] = []
    for row in rows:
        first = [_short(row.scenario.settings[name]) for name in names] or [row.key]
        lines.append([*first, *(number(getattr(row, name)) for name in plain)])
    return table("Rounded to four digits; seconds end in _s", columns, lines)


def _origin(
    results: Sequence[Row | JobRow | Failure], names: Sequence[str], source: str, sweep_toml: str | None
) -> Html:
    same: Mapping[str, Any] = results[0].scenario.settings
    lines = [[name, _short(text)] for name, text in same.items() if name not in names]
    parts = [
        element("p", f"{counted(len(results), 'result')} of {source}; a row holds all that runs it again."),
        table("The same at all points", [Column(title="setting"), Column(title="value")], lines),
    ]
    if sweep_toml:
        parts.append(element("pre", element("code", sweep_toml)))
    return joined(parts, "\n")
