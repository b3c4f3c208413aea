"""A page that one can play with: one file with its rows, its pictures and the library that draws. Runs no
job.

``explore_page`` returns the page's text; it works from disk, without a server, and loads nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.show.explore.charts import chart_specs, library, require_charts
from sims.show.explore.controls import Control, controls, place
from sims.show.explore.parts import Page, body
from sims.show.explore.picture import picture_data
from sims.show.explore.points import point_columns
from sims.show.explore.steps import step_data
from sims.show.report.markup import Html, joined, page
from sims.show.report.stylesheet import stylesheet
from sims.studies.explore.use import Picture

__all__ = ["MOST_BYTES", "explore_page"]

MOST_BYTES = 5_000_000  # of a page, its library among them
# Scripts of the page and no other, nothing from elsewhere; figures are saved by way of the browser's memory.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
_SCRIPTS = ("play.js", "fabric.js", "steps.js")


def explore_page(
    results: Sequence[Row | Failure],
    pictures: Sequence[Picture] = (),
    *,
    title: str | None = None,
    sweep: str = "",
    fewer: Sequence[str] = (),
    source: str = "",
) -> str:
    """A self-contained HTML page about ``results``, which may differ in any settings.

    ``pictures``: of their fabrics, with the use of links; ``sweep``: the file that runs the same grid;
    ``fewer``: settings of which the grid has fewer values than it would on a smaller fabric; ``source``:
    where the rows are. Same results, same bytes.

    Raises:
        ParameterError: no row among the results, or the page would be larger than MOST_BYTES.
        FabricsimError: the extra [explore] is not installed.
    """
    rows = [one for one in results if isinstance(one, Row)]
    if not rows:
        raise ParameterError("results", 0, "a page needs one row at least")
    require_charts()
    made = controls(results)
    columns = point_columns(results, made)
    data = {
        "controls": [_control(one) for one in made],
        "start": _start(rows, made),
        **{name: columns.pop(name) for name in ("words", "kind_names")},
        "points": columns,
        "charts": chart_specs(made),
        "pictures": picture_data(pictures, made),
        "steps": step_data(),
    }
    whole = Page(
        results=results,
        controls=made,
        title=title or f"Play with {_subject(rows)}",
        sweep=sweep,
        fewer=tuple(fewer),
        source=source,
        pictured=bool(pictures),
    )
    style = stylesheet() + _resource("explore.css")
    scripts = joined([_script(library()), _data(data), _script("\n".join(map(_resource, _SCRIPTS)))], "\n")
    text = page(whole.title, style, joined([body(whole), scripts], "\n"), policy=_POLICY)
    if (size := len(text.encode())) > MOST_BYTES:
        rule = (
            f"{size / 1e6:.1f} MB, and a page has at most {MOST_BYTES / 1e6:.0f}: fewer values or topologies"
        )
        raise ParameterError("results", counted(len(results), "run"), rule)
    return text


def _subject(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(str(place(row.scenario, "topology")) for row in rows))
    return names[0] if len(names) == 1 else f"{len(names)} topologies"


def _start(rows: Sequence[Row], made: Sequence[Control]) -> list[int]:
    """Where the controls stand at first: the first row's, of the largest size."""
    first: Scenario = rows[0].scenario
    alike = [row.scenario for row in rows if row.scenario.model_copy(update={"size_bytes": 1}) ==
             first.model_copy(update={"size_bytes": 1})]  # fmt: skip
    chosen = max(alike, key=lambda scenario: scenario.size_bytes)
    return [[value for value, _ in one.values].index(place(chosen, one.key)) for one in made]


def _control(one: Control) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": one.label,
        "slider": one.slider,
        "leads": one.leads,
        "values": [list(value) for value in one.values],
    }


def _resource(name: str) -> str:
    return files("sims.show.explore").joinpath(name).read_text(encoding="utf-8")


def _script(text: str) -> Html:
    """A script as markup; what would end it early is written otherwise, which means the same in its
    strings."""
    safe = text.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    return Html(f"<script>{safe}</script>")


def _data(data: Any) -> Html:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="data">{safe}</script>')
