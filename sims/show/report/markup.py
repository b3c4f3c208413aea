"""HTML as text: elements, tables, whole pages. Escapes what is not markup yet; knows no row and no figure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Column", "Html", "element", "joined", "legal", "page", "table"]

_VOID = frozenset({"input", "link", "meta"})
# Control characters have no place in HTML, and half a surrogate pair cannot be written as UTF-8.
_ILLEGAL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")
# Nothing may be loaded or run, whatever a label holds: the style is in the page, raster parts are data.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Html(str):
    """Text that is markup already. Every other text is escaped where it enters an element."""

    __slots__ = ()


def _markup(part: str) -> str:
    if isinstance(part, Html):
        return part
    return html.escape(legal(part))


def legal(text: str) -> str:
    """``text`` with a replacement character for what no page may hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def joined(parts: Iterable[str], between: str = "") -> Html:
    """The parts one after another, each as markup."""
    return Html(_markup(between).join(map(_markup, parts)))


def element(tag: str, *parts: str, **attributes: str | int | None) -> Html:
    """``<tag attributes>parts</tag>``; attributes that are None are left out, ``class_`` is ``class``.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    given = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    written = "".join(
        f' {name}="{_markup(str(value))}"' for name, value in given.items() if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{joined(parts)}</{tag}>")


@dataclass(frozen=True, kw_only=True)
class Column:
    """The head of a column; ``number``: set to the right, as its ``unit`` goes into the head."""

    title: str
    unit: str = ""
    number: bool = False

    @property
    def head(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


def table(caption: str, columns: Sequence[Column], lines: Iterable[Sequence[str]]) -> Html:
    """A table in a box of its own that scrolls sideways; the first cell of a line is the line's head."""
    kinds = ["number" if column.number else None for column in columns]
    heads = joined(element("th", c.head, scope="col", class_=kind) for c, kind in zip(columns, kinds))
    body = []
    for line in lines:
        first, *others = zip(line, kinds, strict=True)
        cells = [element("th", first[0], scope="row", class_=first[1])]
        cells += [element("td", text, class_=kind) for text, kind in others]
        body.append(element("tr", *cells))
    inner = joined(
        [
            element("caption", element("span", caption)),
            element("thead", element("tr", heads)),
            element("tbody", joined(body, "\n")),
        ],
        "\n",
    )
    # The keyboard can scroll only what it can reach.
    return element(
        "div", element("table", inner), class_="wide", role="region", aria_label=caption, tabindex=0
    )


def page(title: str, style: str, body: Html, *, policy: str = _POLICY) -> str:
    """A whole document in English around ``body``; by the usual ``policy`` it loads nothing and runs
    nothing."""
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content="fabricsim"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html(style)),
    ]
    whole = element("html", element("head", joined(head, "\n")), Html("\n"), element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"
