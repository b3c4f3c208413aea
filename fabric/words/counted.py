"""Nouns beside their number: 1 leaf, 2 leaves. Knows words only."""

from __future__ import annotations

__all__ = ["counted", "plural"]

_PLURALS = {"leaf": "leaves"}


def counted(number: int | str, noun: str) -> str:
    """The number, which may be text, with its noun in the plural where it takes one.

    >>> counted(1563, "leaf"), counted("1", "cable"), counted("2 to 4", "tier-4 switch")
    ('1,563 leaves', '1 cable', '2 to 4 tier-4 switches')
    """
    text = number if isinstance(number, str) else f"{number:,}"
    return f"{text} {noun if text.strip() == '1' else plural(noun)}"


def plural(noun: str) -> str:
    """Several of a noun of which only the last word changes.

    >>> plural("leaf"), plural("scale-up switch")
    ('leaves', 'scale-up switches')
    """
    head, _, last = noun.rpartition(" ")
    return f"{head} " * bool(head) + _PLURALS.get(last, last + ("es" if last.endswith("ch") else "s"))
