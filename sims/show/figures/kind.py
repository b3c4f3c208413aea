"""A kind of figure: a function that draws on axes, its name, and what it takes. Knows no kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypeVar

from sims.scenario.row import Row

__all__ = ["BAND", "Entries", "Kind", "Legend", "figure"]

Entries = list[tuple[Any, str]]
Legend = Callable[[Sequence[Sequence[Row]], Mapping[str, Any]], Entries]
Draw = TypeVar("Draw", bound=Callable[..., None])

BAND = "median and 5-95%"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``draw``: (axes, rows, panels=, ...); ``takes``: which of x, y, color, costs and overlay it knows.

    ``height``: inches of a figure with one panel, 3.5 wide, or what tells them of its rows and the arguments
    given; ``axes``: how many stand over one another in a panel; ``inside``: whether a legend may stand inside
    the axes; ``seeds``, ``note``: words for the foot; ``legend``: its entries, of the rows of all panels and
    the arguments given, where it is not what the drawn artists say; ``place``: where it stands in lists,
    those of no place last, by name.
    """

    name: str
    summary: str
    draw: Callable[..., None]
    takes: tuple[str, ...]
    height: float | Callable[[Sequence[Row], Mapping[str, Any]], float] = 2.6
    axes: int = 1
    inside: bool = True
    seeds: str = "medians"
    note: str = ""
    legend: Legend | None = None
    place: float = inf

    def inches(self, panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> float:
        """The height of the highest panel."""
        if isinstance(self.height, (int, float)):
            return self.height
        return max(self.height(rows, given) for rows in panels)


def figure(name: str, summary: str, *, takes: tuple[str, ...], **more: Any) -> Callable[[Draw], Draw]:
    """Make a function a kind of figure; ``more`` are fields of ``Kind``. It stays the function that it is."""

    def register(draw: Draw) -> Draw:
        draw.kind = Kind(name=name, summary=summary, draw=draw, takes=takes, **more)  # type: ignore[attr-defined]
        return draw

    return register
