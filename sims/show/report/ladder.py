"""The ladder of fidelity as one page: a table of verdicts, and per case its figure and its points.

``ladder_page`` returns the page's text; it writes no file and runs no model.
"""

from __future__ import annotations

from collections.abc import Sequence

from fabric.words.counted import counted
from sims.show.figures.agreement import agreement_figure
from sims.show.figures.style import svg_text
from sims.show.report.markup import Column, Html, element, joined, page, table
from sims.show.report.stylesheet import stylesheet
from sims.show.words.validate import deviation, reason, summary, tolerance, value
from sims.studies.validation.case import RULES, Case
from sims.studies.validation.suite import Group

__all__ = ["ladder_page"]

_MOST_POINTS = 400  # of a case in its table; all are in its figure
_LEAD = (
    "A figure for 100,000 endpoints cannot be measured by most who need one. This page shows why it can be "
    "believed: closed forms, a fluid model and a packet model, three models of rising cost, agree where "
    "theory says that they must, and with numbers that others have published."
)
_HOW = (
    "In each figure, left: what was got over what was expected, in which the diagonal is right. Right: how "
    "far each point is off. The shaded band is the tolerance; a circle lies in it, a cross outside. Grey "
    "circles are shown without a verdict."
)


def ladder_page(found: Sequence[tuple[Group, Case]], *, version: str, mode: str) -> str:
    """A self-contained HTML page: no script, nothing loaded from elsewhere. Same cases, same bytes.

    ``mode``: how thorough the run was, ``quick`` or ``full``.
    """
    title = "The ladder of fidelity"
    groups = list({id(group): group for group, _ in found}.values())
    head = [
        element("p", f"fabricsim {version}: fabricsim validate --{mode}", class_="kind"),
        element("h1", title),
        element("p", _LEAD, class_="lead"),
        element("p", element("strong", f"{summary(found)}.")),
        element(
            "nav",
            element(
                "ul",
                *(element("li", element("a", g.title, href=f"#group-{i}")) for i, g in enumerate(groups)),
            ),
            aria_label="Sections",
        ),
    ]
    sections = [_overview(found)]
    number = 0
    for i, group in enumerate(groups):
        figures = []
        for case in (case for own, case in found if own is group):
            figures.append(_drawn(case, number))
            number += 1
        sections.append(
            element(
                "section",
                element("h2", group.title, id=f"group-{i}"),
                element("p", group.shows),
                element("div", joined(figures, "\n"), class_="figures"),
                aria_labelledby=f"group-{i}",
            )
        )
    body = [element("header", joined(head, "\n")), element("main", joined(sections, "\n"))]
    return page(title, stylesheet(), joined(body, "\n"))


def _overview(found: Sequence[tuple[Group, Case]]) -> Html:
    columns = [Column(title=t) for t in ("case", "verdict")]
    columns += [Column(title=t, number=True) for t in ("expected", "got", "error", "tolerance")]
    columns += [Column(title=t) for t in ("held against", "where the tolerance comes from", "tested")]
    lines = []
    for number, (_, case) in enumerate(found):
        worst = case.worst
        name = element("a", case.name, href=f"#case-{number}")
        lines.append(
            [
                *(name, case.verdict),
                *(value(worst.expected, case.unit), value(worst.got, case.unit)),
                *(deviation(case), tolerance(case)),
                *(case.against, case.basis, case.tested),
            ]
        )
    caption = "All cases; expected, got and error are those of the point that is furthest off"
    return element(
        "section",
        element("h2", "Verdicts", id="verdicts"),
        table(caption, columns, lines),
        element("p", _HOW, class_="note"),
        aria_labelledby="verdicts",
    )


def _drawn(case: Case, number: int) -> Html:
    worst = case.worst
    words = (
        f"{case.tested}, against {case.against}. "
        f"The worst of {counted(len(case.points), 'point')}, {worst.label}: "
        f"expected {value(worst.expected, case.unit)}, got {value(worst.got, case.unit)}, "
        f"error {deviation(case)}, tolerance {tolerance(case)}. {reason(case)}. {case.note}"
    ).strip()
    svg = Html(svg_text(agreement_figure(case), (), f"{case.name}: {case.verdict}", words))
    columns = [Column(title="point")]
    columns += [Column(title=t, number=True) for t in ("expected", "got", "error")]
    lines = [
        [p.label, value(p.expected, case.unit), value(p.got, case.unit), _off(case.deviation(p), case)]
        for p in case.points[:_MOST_POINTS]
    ]
    more = f"; the first {_MOST_POINTS}" if len(case.points) > _MOST_POINTS else ""
    rule = f"{counted(len(case.points), 'point')}{more}. Rule: {RULES[case.rule]}"
    return element(
        "figure",
        element("figcaption", element("strong", f"{case.name}: {case.verdict}"), words),
        element("div", svg, class_="drawn"),
        element("details", element("summary", "The points as a table"), table(rule, columns, lines)),
        id=f"case-{number}",
    )


def _off(off: float, case: Case) -> str:
    return f"x{off:.3g}" if case.rule == "within a factor" else f"{off:.3g}"
