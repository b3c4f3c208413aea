"""One page about a set of results: what was run, answers, figures, limits, rows, where the numbers come from.

``report`` returns the page's text: it reads no file but its own style, writes none and runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from fabric.machine.document import parse_toml
from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import LATER, Scenario
from sims.show.figures.parts import parts, spelled
from sims.show.report.axes import constant, listed, noun, operation, said, varied
from sims.show.report.contests import contests_in_words
from sims.show.report.findings import findings
from sims.show.report.limits import limits
from sims.show.report.markup import Html, element, joined, page
from sims.show.report.picture import drawn
from sims.show.report.pictures import chosen
from sims.show.report.provenance import provenance
from sims.show.report.rows_table import failures_table, rows_table
from sims.show.report.stylesheet import stylesheet
from topologies.catalogue import disclaimers

__all__ = ["own_title", "report"]

_CLAIM = (
    "The numbers are simulated: exact for the model that is stated, a fluid model on the routes that the "
    "named policy picks; an illustration, and not a measurement of any real network."
)
_VALUES = 6  # of an axis named one by one


def report(
    results: Sequence[Row | Failure],
    *,
    title: str | None = None,
    sweep_toml: str | None = None,
    source: str,
    fabrics: Html | None = None,
) -> str:
    """A self-contained HTML page: no script, nothing loaded from elsewhere. Same results, same bytes.

    ``title``: by default the one in ``sweep_toml`` (the text of the sweep's file, shown whole), else what was
    run. ``source``: how the reader knows the file or the folder of the results. ``fabrics``: what
    sims.show.report.fabrics says of the topologies, which this page cannot know.

    Raises:
        ParameterError: there are no results.
    """
    if not results:
        raise ParameterError("results", 0, "a report needs one result at least")
    rows = [result for result in results if isinstance(result, Row)]
    failures = [result for result in results if isinstance(result, Failure)]
    name = title or own_title(sweep_toml) or _subject(results)
    sections: list[tuple[str, str, Html]] = []
    if rows:
        answers = element(
            "ul",
            joined((element("li", words) for words in [*contests_in_words(rows), *findings(rows)]), "\n"),
            class_="findings",
        )
        figures = element("div", joined(map(drawn, chosen(rows)), "\n"), class_="figures")
        sections += [
            ("answers", "What came out", answers),
            ("figures", "Figures", figures),
            *([("fabrics", "The fabrics", fabrics)] if fabrics else []),
            ("limits", "What limits it", limits(rows)),
        ]
    if failures:
        sections.append(("failures", "What failed", failures_table(failures, list(varied(results)), source)))
    if rows:
        sections.append(("rows", "Rows", rows_table(rows, source)))
    sections.append(("provenance", "Where the numbers come from", provenance(results, source, sweep_toml)))
    return page(name, stylesheet(), _body(name, results, sections))


def own_title(sweep_toml: str | None) -> str | None:
    """The title that the sweep's file gives itself; a file that cannot be read is shown all the same."""
    try:
        found = parse_toml(sweep_toml or "", "sweep.toml").get("title")
    except FabricsimError:
        return None
    return found if isinstance(found, str) and found.strip() else None


def _subject(results: Sequence[Row | Failure]) -> str:
    same = constant(results)
    who = f" of {same['ranks']:,} ranks" if "ranks" in same else ""
    where = same.get("topology") or _topologies(results)
    return f"{operation(results).capitalize()}{who} on {where}"


def _body(name: str, results: Sequence[Row | Failure], sections: Sequence[tuple[str, str, Html]]) -> Html:
    links = (element("li", element("a", heading, href=f"#{anchor}")) for anchor, heading, _ in sections)
    head = [
        element(
            "p", f"fabricsim {results[0].version}: a report of simulated {operation(results)}", class_="kind"
        ),
        element("h1", name),
        element("p", _lead(results), class_="lead"),
        *_claims(results),
        _same(results),
        element("nav", element("ul", joined(links, "\n")), aria_label="Sections"),
    ]
    parts = (
        element("section", element("h2", heading, id=anchor), Html("\n"), inner, aria_labelledby=anchor)
        for anchor, heading, inner in sections
    )
    return joined([element("header", joined(head, "\n")), element("main", joined(parts, "\n"))], "\n")


def _lead(results: Sequence[Row | Failure]) -> str:
    """How many points, on what, and what varied."""
    rows = [result for result in results if isinstance(result, Row)]
    axes = varied(results)
    count = f"{len(results):,} points" if len(results) > 1 else "one point"
    where = constant(results).get("topology") or _topologies(results)
    size = ""
    if rows:
        ends = sorted({row.endpoints for row in rows})
        size = (
            f" with {ends[0]:,} endpoints"
            if len(ends) == 1
            else f" with {ends[0]:,} to {ends[-1]:,} endpoints"
        )
    failed = len(results) - len(rows)
    without = {0: "", 1: " One of them failed."}.get(failed, f" {failed:,} of them failed.")
    if failed == len(results):
        without = " It failed." if failed == 1 else " All of them failed."
    what = operation(results).capitalize()
    were = "were" if "collective" in axes else "was"
    text = f"{what} {were} simulated at {count} on {where}{size}.{without}"
    if axes:
        text += f" What varies: {', '.join(_axis(axis, values) for axis, values in axes.items())}."
    return text


def _topologies(results: Sequence[Row | Failure]) -> str:
    """How many topologies there are, and of which family if of one."""
    texts = dict.fromkeys(result.scenario.topology for result in results)
    families = {parts("topology", text)["family"] for text in texts}
    return f"{len(texts):,} {families.pop() + ' ' if len(families) == 1 else ''}topologies"


def _axis(name: str, values: Sequence[Any]) -> str:
    """An axis with its values where they are few, else how many they are and between which."""
    part = name.partition(".")[2]
    plain = (lambda value: f"{value:,}") if name in ("ranks", "seed") else partial(said, name)
    shown = [spelled(part, value) if part and value is not None else plain(value) for value in values]
    if len(values) > _VALUES and not isinstance(values[0], str):
        return f"{noun(name)} ({len(values):,} from {shown[0]} to {shown[-1]})"
    return f"{noun(name)} ({listed(shown, _VALUES)})"


def _claims(results: Sequence[Row | Failure]) -> list[Html]:
    """What has to be said beside every number, each sentence once."""
    said_once = disclaimers(result.scenario.topology for result in results)
    words = [_CLAIM, *(f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." for text in said_once)]
    return [element("p", text, class_="note") for text in words]


def _same(results: Sequence[Row | Failure]) -> Html:
    """What was the same at all points."""
    pairs: list[Html] = []
    for name, value in constant(results).items():
        usual = Scenario.model_fields[name].default
        if (name == "seed" or name in LATER) and value == usual:
            continue  # nothing was drawn, nothing failed, nothing was made faster
        shown = (
            said(name, value) if name in ("size_bytes",) else f"{value:,}" if name == "ranks" else str(value)
        )
        pairs += [element("dt", noun(name).capitalize()), element("dd", shown)]
    return element("dl", *pairs) if pairs else Html("")
