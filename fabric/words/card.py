"""Card: how a value shows itself in a notebook, a title and a few lines. Knows none of the values."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import ClassVar

__all__ = ["Card"]

_TITLE = "text-align:left;font-weight:bold"
_CELL = 'style="text-align:left;padding:2px 12px 2px 0;border:0"'
_ROW = f'<tr><th scope="row" {_CELL}>{{}}</th><td {_CELL}>{{}}</td></tr>'


class Card:
    """A class that says ``card``: its name, and what stands beside it; ``repr`` and notebooks show that.

    >>> class Box(Card):
    ...     def card(self) -> tuple[str, dict[str, str]]:
    ...         return "Box", {"wide": "2 m", "note": "<open>"}
    >>> Box()
    <Box: wide 2 m, note <open>>
    >>> "&lt;open&gt;" in Box()._repr_html_()
    True
    """

    __slots__: ClassVar[tuple[str, ...]] = ()

    def card(self) -> tuple[str, Mapping[str, str]]:
        """The title, and what is said of it by name."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title, lines = self.card()
        said = [_said(name, text) for name, text in lines.items() if text]
        return f"<{title}: {', '.join(said)}>" if said else f"<{title}>"

    def _repr_html_(self) -> str:
        title, lines = self.card()
        rows = "".join(_ROW.format(escape(name), escape(text)) for name, text in lines.items() if text)
        return f'<table><caption style="{_TITLE}">{escape(title)}</caption>{rows}</table>'


def _said(name: str, text: str) -> str:
    """A count before what is counted, anything else behind its name."""
    return f"{text} {name}" if text.replace(",", "").isdigit() else f"{name} {text}"
