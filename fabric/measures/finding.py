"""What an audit of the cabling found, one fact each, and how nodes are called in it. Finds nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.link_kind import node_kind
from fabric.words.counted import counted

__all__ = [
    "EFFECT",
    "FAULT",
    "NOTE",
    "Finding",
    "Level",
    "held_against",
    "node_name",
    "pair_finding",
    "usual",
]

Level = Literal["fault", "effect", "note"]
FAULT: Level = "fault"
EFFECT: Level = "effect"
NOTE: Level = "note"

_USUAL = 0.75  # share of the members that makes a value the usual one, and the others odd


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as the rest of the fabric is.

    ``level``: ``fault`` (the cabling is not what it claims to be), ``effect`` (it follows from faults that
    are named) or ``note`` (uneven, yet by design for all one can tell). ``where``: a tier (``leaf``), a
    boundary (``leaf - spine``) or ``fabric``. ``nodes``: the names of the nodes concerned, at most two;
    ``at``: their numbers in the fabric. ``found`` and ``expected`` count in ``unit``.

    >>> text = "l3 - s7: 1 of 2 cables"
    >>> cut = Finding(level="fault", kind="missing-cable", where="leaf - spine", message=text,
    ...               nodes=("l3", "s7"), found=1, expected=2, unit="cables")
    >>> cut.to_dict()["peer"], cut.to_dict()["found"]
    ('s7', 1)
    """

    level: Level
    kind: str
    where: str
    message: str
    nodes: tuple[str, ...] = ()
    found: float | None = None
    expected: float | None = None
    unit: str = ""
    at: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values under fixed keys: a row of a table. What does not apply is None or ""."""
        node, peer = (*self.nodes, "", "")[:2]
        return {
            "level": self.level,
            "kind": self.kind,
            "where": self.where,
            "node": node,
            "peer": peer,
            "found": self.found,
            "expected": self.expected,
            "unit": self.unit,
            "message": self.message,
        }


def node_name(fabric: Fabric, node: int) -> str:
    """What the graph calls the node; where that is a bare number, its kind before it, as in ``leaf 16``."""
    label, named = fabric.label(node), isinstance(fabric.ids[node], str)
    return label if named or label != str(fabric.ids[node]) else f"{node_kind(fabric, node)} {label}"


def held_against(have: int, want: int) -> str:
    """So many cables where others are expected.

    >>> held_against(0, 1), held_against(3, 1)
    ('0 of 1 cable', '3 cables, 1 expected')
    """
    if have < want:
        return f"{have} of {counted(want, 'cable')}"
    return f"{counted(have, 'cable')}, {want} expected"


def pair_finding(
    fabric: Fabric,
    kind: str,
    lower: int,
    upper: int,
    text: str,
    values: tuple[float, float] | None,
    unit: str,
) -> Finding:
    """A fault of the cables between two nodes; ``values`` are found and expected."""
    names = node_name(fabric, lower), node_name(fabric, upper)
    found, expected = values or (None, None)
    return Finding(
        level=FAULT,
        kind=kind,
        where=f"{node_kind(fabric, lower)} - {node_kind(fabric, upper)}",
        message=f"{names[0]} - {names[1]}: {text}",
        nodes=names,
        found=found,
        expected=expected,
        unit=unit,
        at=(lower, upper),
    )


def usual(values: NDArray, weights: NDArray | None = None, share: float = _USUAL) -> float | None:
    """The value that at least ``share`` of the members have, or None; members count by ``weights``.

    >>> usual(np.array([2, 2, 1, 2])), usual(np.array([1, 2]))
    (2, None)
    """
    if not len(values):
        return None
    distinct, index = np.unique(values, return_inverse=True)
    count = np.bincount(index, weights=weights)
    most = int(np.argmax(count))
    return distinct[most].item() if count[most] >= share * count.sum() else None
