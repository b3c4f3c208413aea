"""Which algorithm takes the least time at which message size and scale, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import Column, column
from sims.show.figures.grid import cells_of, label_cells, other_axis
from sims.show.figures.kind import Entries, figure
from sims.show.figures.labels import CellLabels, CellText
from sims.show.figures.series import Point, require_rows
from sims.show.figures.style import COLOURS, HATCHES
from sims.workload.collectives import is_auto

__all__ = ["TIE", "legend_of", "letters_of", "plot_crossover", "winner"]

_OTHERS = ("ranks", "endpoints", "topology", "routing", "placement")
TIE = 1.005  # a lead that the number in the cell does not tell from 1.00
_GREY = "#dcdcdc"  # of a tie
_CLEAR = 2.0  # a lead by this factor has the full colour
# A white plate under a text, so that neither colour nor hatch is in its way.
_PLATE: dict[str, Any] = {
    "fontsize": 7,
    "bbox": {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
}
_FAINT = 0.25  # the share of colour where there is no lead


def letters_of(names: Sequence[str]) -> dict[str, str]:
    """A short code for each name: the first letters of its words, numbered where two are the same.

    >>> letters_of(["ring", "halving-doubling", "tree", "tree:segment=1048576"])
    {'ring': 'R', 'halving-doubling': 'HD', 'tree': 'T', 'tree:segment=1048576': 'T2'}
    """
    codes: dict[str, str] = {}
    for name in names:
        code = "".join(word[:1] for word in name.partition(":")[0].replace("_", "-").split("-")).upper()
        same = sum(other.rstrip("0123456789") == code for other in codes.values())
        codes[name] = f"{code}{same + 1}" if same else code
    return codes


def winner(times: dict[str, float]) -> tuple[str, float]:
    """The name of the least time, and the time of the second over it (infinite if there is none).

    >>> winner({"ring": 3.0, "tree": 2.0})
    ('tree', 1.5)
    """
    first, *rest = sorted(times, key=lambda name: times[name])
    return first, times[rest[0]] / times[first] if rest else float("inf")


def _legend(panels: Sequence[Sequence[Row]], given: Mapping[str, Any]) -> Entries:
    color, every = given.get("color", "algorithm"), [row for rows in panels for row in rows]
    who = column(color, every)
    across, up = _axes(every, given.get("x", "size_bytes"), given.get("y"), color)
    names = _contending(every, who)
    own = [[row for row in rows if who.value(row) in names] for rows in panels]
    cells = [points for rows in own if rows for points in cells_of(rows, across, up, who)[2].values()]
    found = [_fastest(points, names, who) for points in cells]
    first = {name for name, lead in found if lead >= TIE}
    entries = [entry for name, entry in zip(names.values(), legend_of(every, color)) if name in first]
    tie = (Patch(facecolor=_GREY, edgecolor="white"), "tie")
    return [*entries, tie] if any(lead < TIE for _, lead in found) else entries


def _axes(rows: Sequence[Row], x: str, y: str | None, color: str) -> tuple[Column, Column]:
    up = y or other_axis(rows, [name for name in _OTHERS if name not in (x, color)])
    return column(x, rows), column(up, rows)


def _contending(rows: Sequence[Row], who: Column) -> dict[Any, str]:
    """The values that contend, and what each is called."""
    values = [name for name in dict.fromkeys(who.of(rows)) if not is_auto(str(name))]
    return {value: str(value) if who.scale == "words" else who.named(value) for value in values}


def _fastest(points: Sequence[Point], names: Mapping[Any, str], who: Column) -> tuple[str, float]:
    """Who wins a cell, and its lead."""
    return winner({names[who.value(p.rows[0])]: p.spread(lambda row: row.time_s)[1] for p in points})


@figure(
    "crossover",
    "the fastest algorithm by message size and scale",
    takes=("x", "y", "color"),
    note="Numbers: time of the second over that of the fastest; a tie: they are less than 0.5% apart",
    inside=False,
    legend=_legend,
    place=80,
)
def plot_crossover(
    ax: Axes,
    rows: Sequence[Row],
    x: str = "size_bytes",
    y: str | None = None,
    color: str = "algorithm",
    *,
    panels: Sequence[Sequence[Row]] = (),
) -> None:
    """The winner in each cell of ``x`` and ``y``: its colour and letter, fainter where the lead is small.

    Where there is room, the number below the letter is the time of the second over that of the winner; where
    that is 1.00 it is a tie, in grey. Medians over the seeds count. ``y``: by default the first of ranks,
    endpoints, topology ... that differs; ``color``: the column whose values contend (``auto``, which is one
    of the others, does not); the legend names those that win somewhere.

    Raises:
        ParameterError: fewer than two contend, or they do so on different terms; names what differs.
    """
    require_rows(rows)
    every = [row for own in panels for row in own] or list(rows)
    who = column(color, every)
    names = _contending(every, who)
    if len(names) < 2:
        found = ", ".join(map(str, dict.fromkeys(who.of(every))))
        rule = f"crossover needs rows of at least two values of {color}, and found {found}"
        raise ParameterError("color", color, rule)
    codes = letters_of([*names.values()])
    rows = [row for row in rows if who.value(row) in names]
    across, up = _axes(every, x, y, color)
    xs, ys, cells = cells_of(rows, across, up, who)
    label_cells(ax, xs, ys, across, up)
    letters: list[CellText] = []
    leads: list[CellText] = []
    for (at_x, at_y), points in cells.items():
        name, lead = _fastest(points, names, who)
        place, column_of, row_of = list(names.values()).index(name), xs.index(at_x), ys.index(at_y)
        strength = _FAINT + (1 - _FAINT) * min(1.0, (lead - 1) / (_CLEAR - 1))
        tie = lead < TIE
        for patch in _tied(column_of, row_of) if tie else _cell(column_of, row_of, place, strength):
            ax.add_patch(patch)
        weight = {"fontweight": "normal" if tie else "bold"}
        letters.append(CellText(column_of, row_of, "tie" if tie else codes[name], _PLATE | weight))
        if lead < float("inf"):
            under = f"{lead:.2f}" if lead < 9.995 else f"{lead:.0f}" if lead < 999 else ">999"
            leads.append(CellText(column_of, row_of, under, _PLATE, above=-5))
    both = [*(one._replace(above=5) for one in letters), *leads]
    CellLabels(ax, [both, letters])
    ax.set_facecolor("#f4f4f4")


def legend_of(rows: Sequence[Row], color: str = "algorithm") -> list[tuple[Any, str]]:
    """The contenders with colour, hatch and letter."""
    who = column(color, rows)
    names = [*_contending(rows, who).values()]
    codes = letters_of(names)
    return [
        (Patch(facecolor=_tint(i, 0.75), edgecolor="white", hatch=_hatch(i)), f"{codes[name]}  {name}")
        for i, name in enumerate(names)
    ]


def _cell(x: int, y: int, place: int, strength: float) -> tuple[Rectangle, Rectangle]:
    """The colour of a cell, and over it the hatch, which so is the same pattern in cells of any colour."""
    corner = (x - 0.5, y - 0.5)
    return (
        Rectangle(corner, 1, 1, facecolor=_tint(place, strength), edgecolor="white", linewidth=0.8),
        Rectangle(corner, 1, 1, fill=False, edgecolor="white", linewidth=0, hatch=_hatch(place)),
    )


def _tied(x: int, y: int) -> tuple[Rectangle, ...]:
    """A cell that nobody wins."""
    return (Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=_GREY, edgecolor="white", linewidth=0.8),)


def _hatch(place: int) -> str:
    return HATCHES[place % len(HATCHES)]


def _tint(place: int, strength: float) -> tuple[float, float, float]:
    r, g, b = (1 - strength * (1 - part) for part in to_rgb(COLOURS[place % len(COLOURS)]))
    return r, g, b
