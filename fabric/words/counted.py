"""Nouns beside their number: 1 leaf, 2 leaves. Knows words only."""

from __future__ import annotations

__all__ = ["counted"]

_PLURALS = {"leaf": "leaves"}


def counted(number: int | str, noun: str) -> str:
    """The number with its noun in the plural where it takes one.

    >>> counted(1563, "leaf"), counted("1", "cable"), counted("2 to 4", "tier-4 switch")
    ('1,563 leaves', '1 cable', '2 to 4 tier-4 switches')
    """
    text = number if isinstance(number, str) else f"{number:,}"
    plural = _PLURALS.get(noun, noun + ("es" if noun.endswith("ch") else "s"))
    return f"{text} {noun if text == '1' else plural}"
