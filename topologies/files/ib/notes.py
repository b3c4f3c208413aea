"""The words of the notes on a discovered network: counts, and at most three names.

Knows how to say how many and which; does not know what is worth a note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from fabric.words.counted import counted
from topologies.files.ib.records import Records

__all__ = ["cable_name", "count", "names", "some"]


def count(items: Collection[Any], noun: str) -> str:
    """How many, with the noun in the number that fits.

    >>> count(["x"], "switch"), count(range(1200), "switch")
    ('1 switch', '1,200 switches')
    """
    return counted(len(items), noun)


def some(texts: Sequence[str]) -> str:
    """At most three of the texts, long ones cut, and how many more there are.

    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    shown = ", ".join(text if len(text) <= 90 else text[:87] + "..." for text in texts[:3])
    return shown + (f" and {len(texts) - 3:,} more" if len(texts) > 3 else "")


def names(records: Records, nodes: Iterable[str]) -> str:
    """Some of the nodes by their descriptions, each description once."""
    return some(list(dict.fromkeys(records.nodes[node] for node in nodes)))


def cable_name(records: Records, ends: Iterable[tuple[str, int]]) -> str:
    """A cable by the descriptions and ports of its two ends."""
    return " - ".join(f"{records.nodes[node]} [{port}]" for node, port in ends)
