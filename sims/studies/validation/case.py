"""Case: one comparison of a model with something else, point by point, and what is to be said of it.

Knows no model, no table and no figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Literal

from fabric.words.errors import ParameterError

__all__ = ["RULES", "Case", "Point", "Rule", "Verdict"]

Rule = Literal["equal", "at most", "within a factor", "median", "shown"]
Verdict = Literal["ok", "FAIL", "shown"]

RULES: dict[str, str] = {
    "equal": "|got / expected - 1| is at most the tolerance",
    "at most": "got / expected - 1 is at most the tolerance",
    "within a factor": "neither is more than the tolerance times the other",
    "median": "half of |got / expected - 1| are at most the tolerance",
    "shown": "measured and shown, without a verdict",
}


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was expected of one run, and what it gave; both above zero, in the unit of the case."""

    label: str
    expected: float
    got: float

    def __post_init__(self) -> None:
        for name in ("expected", "got"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ParameterError(f"{self.label}: {name}", value, "a finite number above zero")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A comparison. ``tolerance`` is a share (of ``within a factor``: the factor), ``basis`` says where it
    comes from.

    ``name``: short and unique; ``tested``: the model under test; ``against``: what it is held against;
    ``unit``: of the numbers; ``rule``: one of RULES; ``note``: what a reader should know besides.

    Raises:
        ParameterError: no points, an unknown rule, a tolerance below zero, a factor below one.
    """

    name: str
    tested: str
    against: str
    unit: str
    points: tuple[Point, ...]
    rule: Rule
    tolerance: float
    basis: str
    note: str = ""

    def __post_init__(self) -> None:
        if not self.points:
            raise ParameterError(self.name, 0, "a case compares one point at least")
        if self.rule not in RULES:
            raise ParameterError(f"{self.name}: rule", self.rule, "unknown rule", RULES)
        least = 1.0 if self.rule == "within a factor" else 0.0
        if not least <= self.tolerance < math.inf:
            raise ParameterError(f"{self.name}: tolerance", self.tolerance, f"finite, at least {least:g}")

    def deviation(self, point: Point) -> float:
        """How far a point is off, on the scale of the tolerance: what the rule compares with it.

        >>> from_one = Point(label="", expected=1.0, got=0.5)
        >>> case = Case(name="", tested="", against="", unit="", points=(from_one,), rule="equal",
        ...             tolerance=0.1, basis="")
        >>> case.deviation(from_one), case.verdict
        (0.5, 'FAIL')
        """
        ratio = point.got / point.expected
        if self.rule == "within a factor":
            return max(ratio, 1 / ratio)
        return max(ratio - 1, 0.0) if self.rule == "at most" else abs(ratio - 1)

    def holds(self, point: Point) -> bool:
        """Whether a point is within the tolerance (always, where there is no verdict)."""
        return self.rule == "shown" or self.deviation(point) <= self.tolerance

    @property
    def worst(self) -> Point:
        """The point that is furthest off."""
        return max(self.points, key=lambda point: (self.deviation(point), point.got / point.expected))

    @property
    def error(self) -> float:
        """The deviation of the worst point, or that which the rule speaks of."""
        if self.rule == "median":
            return median(map(self.deviation, self.points))
        return self.deviation(self.worst)

    @property
    def verdict(self) -> Verdict:
        if self.rule == "shown":
            return "shown"
        if self.rule == "median":
            return "ok" if self.error <= self.tolerance else "FAIL"
        return "ok" if all(map(self.holds, self.points)) else "FAIL"
