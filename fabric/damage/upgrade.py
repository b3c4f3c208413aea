"""Upgrade: which kinds of cable are how many times as fast, as text. Knows places; no faults, no flows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fabric.damage.fault import NONE
from fabric.graph.fabric import Fabric
from fabric.measures.places import upgraded
from fabric.words.errors import ParameterError

__all__ = ["EVERY", "Upgrade", "format_upgrades", "improved", "parse_upgrades"]

EVERY = "every-cable"
_MOST = 1_000
_FORM = re.compile(r"([a-z](?:[a-z0-9-]| +(?=[a-z0-9-]))*+)\s*+(?:=\s*+(.*))?", re.ASCII)
_FACTOR = re.compile(r"(\d+(?:\.\d+)?)x?", re.ASCII)
_RULE = f"a factor above zero, at most {_MOST:,}, in plain digits"


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """All cables of ``kind`` are ``factor`` times as fast. ``kind``: as of fabric.places.cable_kinds, with
    hyphens for spaces."""

    kind: str
    factor: Fraction

    def __str__(self) -> str:
        places = self.factor.denominator.bit_length()  # enough for every digit of a decimal number
        digits = f"{round(self.factor * 10**places):0{places + 1}d}"
        return f"{self.kind}=" + f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


def parse_upgrades(text: str) -> tuple[Upgrade, ...]:
    """What ``leaf-spine``, ``leaf-spine=2;spine-core=1.5x`` or ``every-cable=2`` say; ``none`` is nothing.

    One kind named twice is upgraded by both factors.

    Raises:
        ParameterError: not of this form, or a factor that is zero or above 1,000.

    >>> [str(one) for one in parse_upgrades("spine-core = 1.5x; leaf - spine")]
    ['leaf-spine=2', 'spine-core=1.5']
    """
    found: dict[str, Fraction] = {}
    if text.strip() in ("", NONE):
        return ()
    for item in (piece.strip() for piece in text.split(";")):
        match = _FORM.fullmatch(item)
        if not match or item == NONE:
            rule = f"kinds of cable with ; between them, or {NONE}"
            raise ParameterError("upgrade", item, rule, ("leaf-spine", "leaf-spine=1.5", EVERY, NONE))
        kind = re.sub(r"[\s-]+", "-", match[1])
        factor = _FACTOR.fullmatch(match[2] if match[2] is not None else "2")
        if factor is None or len(factor[1]) > 30:
            raise ParameterError(f"upgrade {kind}", match[2], f"{_RULE}, such as 2 or 1.5x")
        found[kind] = found.get(kind, Fraction(1)) * Fraction(factor[1])
        if not 0 < found[kind] <= _MOST:
            raise ParameterError(f"upgrade {kind}", match[2], _RULE)
    return tuple(Upgrade(kind=kind, factor=found[kind]) for kind in sorted(found))


def format_upgrades(upgrades: Sequence[Upgrade]) -> str:
    """The text that ``parse_upgrades`` reads back, the same for equal upgrades."""
    return ";".join(map(str, upgrades)) or NONE


def improved(fabric: Fabric, upgrades: Sequence[Upgrade]) -> Fabric:
    """``fabric`` after ``upgrades``; itself where there are none.

    Raises:
        ParameterError: no cable is of a kind; names those that there are.
    """
    for one in upgrades:
        try:
            fabric = upgraded(fabric, "" if one.kind == EVERY else one.kind, float(one.factor))
        except ParameterError as error:
            raise ParameterError(error.name, error.value, error.rule, (*error.choices, EVERY)) from None
    return fabric
