"""Card: how a value shows itself in a notebook, a title and a few lines. Knows none of the values."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from fabric.words.attribute import no_attribute

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

    if not TYPE_CHECKING:  # else every name would pass for an attribute

        def __getattr__(self, name: str) -> Any:
            known = [*dir(type(self)), *_fields(self)]
            raise no_attribute(f"{type(self).__name__!r} object", name, known, hint=_setting(self, name))

    def __repr__(self) -> str:
        title, lines = self.card()
        said = [_said(name, text) for name, text in lines.items() if text]
        return f"<{title}: {', '.join(said)}>" if said else f"<{title}>"

    def _repr_html_(self) -> str:
        title, lines = self.card()
        rows = "".join(_ROW.format(escape(name), escape(text)) for name, text in lines.items() if text)
        return f'<table><caption style="{_TITLE}">{escape(title)}</caption>{rows}</table>'


def _fields(card: Card) -> list[str]:
    return list(getattr(type(card), "__dataclass_fields__", ()))


def _setting(card: Card, name: str) -> str:
    """Where the setting ``name`` is, if it is one: a row holds results, its scenario what made it."""
    if name.startswith("_") or name == "scenario" or "scenario" not in _fields(card):
        return ""
    return f"a setting, so .scenario.{name}" if hasattr(getattr(card, "scenario", None), name) else ""


def _said(name: str, text: str) -> str:
    """A count before what is counted, anything else behind its name."""
    return f"{text} {name}" if text.replace(",", "").isdigit() else f"{name} {text}"
