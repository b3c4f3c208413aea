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
from sims.show.figures.job_rows import MOST_BARS, figure_of_jobs
from sims.show.figures.job_rows.quantity import quantity_of
from sims.show.figures.job_rows.told import said, short, telling, varied
from sims.show.figures.of_job import figure_of_job
from sims.show.report import own_title
from sims.show.report.axes import number
from sims.show.report.markup import Column, Html, element, joined, page, table
from sims.show.report.picture import WIDTH, framed
from sims.show.report.stylesheet import stylesheet
from sims.studies.best import Best, answer_of
from topologies.catalogue import disclaimers

__all__ = ["job_report"]

_BARS = {
    "train": "Where the time of a step goes",
    "goodput": "Where the time of a job goes",
    "run": "How much slower jobs are than alone",
}
Apart = Mapping[str, Mapping[str, str]]  # of each key what tells its row from the others
_OVER_TIME = {
    "train": "What every stage computes and sends, and how busy links are",
    "goodput": "Where the time goes over sizes of the job",
    "run": "The jobs over time",
}
_CLAIM = "Simulated with fabricsim {}: exact for the stated model, not a measurement."
_MOST_AXES = 4  # figures over an axis


def job_report(
    results: Sequence[Row | JobRow | Failure],
    *,
    title: str | None,
    source: str,
    sweep_toml: str | None = None,
    fabrics: Html | None = None,
    best: Best | str = "",
) -> str:
    """A self-contained HTML page about results of one kind. Same results, same bytes.

    ``fabrics``: as of sims.show.report.report; ``best``: of the rows, or why there is none.

    Raises:
        ParameterError: there are no results, or of several kinds.
    """
    kinds = list(dict.fromkeys(getattr(one.scenario, "kind", "collective") for one in results))
    if len(kinds) != 1 or kinds[0] not in _BARS:
        raise ParameterError("rows", ", ".join(kinds), "a report is of one kind of job")
    rows = [result for result in results if isinstance(result, JobRow)]
    failures = [result for result in results if isinstance(result, Failure)]
    apart = {one.key: own for one, own in zip(results, telling(results))}  # type: ignore[arg-type]
    name = title or own_title(sweep_toml) or f"{kinds[0].capitalize()} at {counted(len(results), 'point')}"
    sections = [("What came out", _answers(rows, apart))] if rows else []
    if rows:
        sections.append(("Figures", _figures(rows, apart, best)))
        sections += [("The fabrics", fabrics)] if fabrics else []
        sections.append(("Rows", _rows(rows, apart)))
    if failures:
        lines = [[said(apart[one.key]) or one.key, one.error] for one in failures]
        columns = [Column(title="point"), Column(title="error")]
        sections.append(("What failed", table("Points that gave no row", columns, lines)))
    sections.append(("Where the numbers come from", _origin(results, source, sweep_toml)))
    head = [element("p", f"fabricsim {results[0].version}: {kinds[0]}", class_="kind"), element("h1", name)]
    notes = disclaimers(one.scenario.topology for one in results)
    claims = [_CLAIM.format(results[0].version), *(f"{text[:1].upper()}{text[1:]}." for text in notes)]
    head += [element("p", text, class_="note") for text in claims]
    parts = (element("section", element("h2", heading), Html("\n"), inner) for heading, inner in sections)
    body = [element("header", joined(head, "\n")), element("main", joined(parts, "\n"))]
    return page(name, stylesheet(), joined(body, "\n"))


def _answers(rows: Sequence[JobRow], apart: Apart) -> Html:
    answer = answer_of(rows)
    values = quantity_of(answer.column, rows).values
    order = sorted(zip(values, rows), key=lambda pair: pair[0], reverse=answer.more)
    told = []
    for what, (value, row) in {"Best": order[0], "Worst": order[-1]}.items():
        where = f" with {said(apart[row.key])}" if apart[row.key] else ""
        told.append(f"{what}: {answer.words} {number(float(value))}{where}.")
    return element(
        "ul", joined((element("li", text) for text in dict.fromkeys(told)), "\n"), class_="findings"
    )


def _figures(rows: Sequence[JobRow], apart: Apart, best: Best | str) -> Html:
    """A bar for each row, what counts over each axis of numbers, and the best run over time."""
    answer, kind = answer_of(rows), rows[0].scenario.kind
    values = quantity_of(answer.column, rows).values
    names = [said(apart[row.key]) or row.key for row in rows]
    seen = "; ".join(f"{name}: {number(float(value))}" for name, value in zip(names, values))
    found = []
    if len(rows) <= MOST_BARS:
        caption = "Every point with what it is made of."
        drawn = figure_of_jobs(rows, width=WIDTH)
        found.append(framed(drawn, rows, _BARS[kind], caption, f"{_BARS[kind]}. {answer.words}: {seen}."))
    axes = [name for name in telling(rows)[0] if quantity_of(name, rows).numeric]
    for name in axes[:_MOST_AXES]:
        title = (
            f"{answer.words.partition(' (')[0].capitalize()} over {name.rpartition('.')[2].replace('_', ' ')}"
        )
        drawn = figure_of_jobs(rows, x=name, width=WIDTH)
        found.append(
            framed(drawn, rows, title, "A line joins what differs in it alone.", f"{title}. {seen}.")
        )
    parts = [element("div", joined(found, "\n"), class_="figures")]
    if isinstance(best, Best):  # as wide as the page
        parts.append(_over_time(best, said(apart[best.row.key])))
    elif best:
        parts.append(element("p", f"The best run is not drawn: {best}.", class_="note"))
    return joined(parts, "\n")


def _over_time(best: Best, name: str) -> Html:
    """What the command of the best job draws of it."""
    title = _OVER_TIME[best.row.scenario.kind]
    caption = f"Of the best run: {name}." if name else "Run again from its row."
    drawn = figure_of_job(best.job, best.row, sizes=best.sizes)
    return framed(drawn, [best.row], title, caption, f"{title}. {caption}")


def _rows(rows: Sequence[JobRow], apart: Apart) -> Html:
    names = list(apart[rows[0].key])
    plain = [one.name for one in type(rows[0]).columns() if str(one.type) in ("int", "float")]
    columns = [Column(title=name) for name in names or ["key"]]
    columns += [Column(title=name, number=True) for name in plain]
    lines: list[list[str]] = []
    for row in rows:
        first = [short(apart[row.key][name]) for name in names] or [row.key]
        lines.append([*first, *(number(getattr(row, name)) for name in plain)])
    return table("Rounded to four digits; seconds end in _s", columns, lines)


def _origin(results: Sequence[Row | JobRow | Failure], source: str, sweep_toml: str | None) -> Html:
    names = varied(results)  # type: ignore[arg-type]
    same: Mapping[str, Any] = results[0].scenario.settings
    lines = [[name, short(text)] for name, text in same.items() if name not in names]
    parts = [
        element("p", f"{counted(len(results), 'result')} of {source}; a row holds all that runs it again."),
        table("The same at all points", [Column(title="setting"), Column(title="value")], lines),
    ]
    if sweep_toml:
        parts.append(element("pre", element("code", sweep_toml)))
    return joined(parts, "\n")
