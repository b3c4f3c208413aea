"""Widgets: menus, sliders and tables of a page as markup, each with its label. Knows no row."""

from __future__ import annotations

from collections.abc import Sequence

from sims.show.report.markup import Html, element

__all__ = ["menu", "scrolled", "slider", "status", "table"]


def menu(id: str, words: str, options: Sequence[tuple[str, str]]) -> Html:
    """A menu of ``options`` (value, text) below its label."""
    chosen = element("select", *(element("option", text, value=value) for value, text in options), id=id)
    return element("label", element("span", words), chosen)


def slider(id: str, least: int, most: int, value: int, *, about: str | None = None) -> Html:
    """A slider of whole numbers; ``about``: the id of what describes it."""
    return element(
        "input", type="range", id=id, min=least, max=most, step=1, value=value, aria_describedby=about
    )


def status(id: str) -> Html:
    """A line that a screen reader reads when it changes."""
    return element("p", id=id, class_="status", role="status", aria_live="polite")


def scrolled(inner: Html, labelled_by: str) -> Html:
    """What may be wider than a phone, in a box of its own that the keyboard can scroll."""
    return element("div", inner, class_="wide", role="region", aria_labelledby=labelled_by, tabindex=0)


def table(name: str, caption: str = "", heads: Sequence[str] = (), kind: str | None = None) -> Html:
    """A table whose lines a script fills in: ``name``-caption, ``name``-heads and ``name``-rows."""
    cells = (
        element("th", text, scope="col", class_="number" if place else None)
        for place, text in enumerate(heads)
    )
    inner = element(
        "table",
        element("caption", element("span", caption, id=f"{name}-caption")),
        element("thead", element("tr", *cells, id=f"{name}-heads")),
        element("tbody", id=f"{name}-rows"),
        class_=kind,
    )
    return scrolled(inner, f"{name}-caption")
