"""A figure of a page: what it is drawn of, and the words, the picture and the table that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sims.scenario.job_row import JobRow
from sims.scenario.row import Row
from sims.show.report.markup import Html, element, joined, legal

__all__ = ["WIDTH", "Picture", "drawn", "framed"]

WIDTH = 3.5  # inches: on a phone of 360 px its text is still as large as it was set


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure to be drawn from ``rows``: its kind, its title, and what gives its words and its table."""

    kind: str
    rows: Sequence[Row]
    title: str
    caption: str
    data: Callable[[Sequence[Row]], tuple[str, Html]]
    options: dict[str, Any] = field(default_factory=dict)


def drawn(picture: Picture) -> Html:
    """The figure with its caption, its picture as SVG and its data; titles and words are also in the SVG."""
    from sims.show.figures import figure_of

    seen, data = picture.data(picture.rows)
    figure = figure_of(picture.rows, figure=picture.kind, width=WIDTH, **picture.options)
    return framed(figure, picture.rows, picture.title, picture.caption, seen, data)


def framed(
    figure: Any,
    rows: Sequence[Row | JobRow],
    title: str,
    caption: str,
    seen: str,
    data: Html | None = None,
) -> Html:
    """A ``figure`` of ``rows`` as a page shows it; ``seen``: what it shows, in words."""
    from sims.show.figures import svg_text

    image = Html(svg_text(figure, rows, legal(title), legal(seen)))
    parts = [element("figcaption", element("strong", title), caption), element("div", image, class_="drawn")]
    if data is not None:
        parts.append(element("details", element("summary", "The numbers of this figure"), data))
    return element("figure", joined(parts, "\n"))
