"""A folded fabric drawn: a box per tier within a pod, a stack of boxes for pods that are alike. Counts
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes

from fabric.graph.fabric import Fabric
from fabric.words.units import format_rate
from sims.show.drawing.failed import draw_cross
from sims.show.drawing.fold import Block, Fold, Joint, Layer, Span, fold
from sims.show.drawing.page import COLOURS, GREY, band, box, counted, letters, write
from sims.show.drawing.servers import server_words

__all__ = ["draw_folded", "ratio_text"]

_LEDGER = 1.7  # inches, the totals on the left
_COLUMNS = (3.2, 2.35, 1.9)  # the width of one where there are one, two or more
_BOX, _GAP = 0.62, 1.0  # heights of a box and of the cables between two
_PAD, _LABEL = 0.14, 0.26  # of a frame: beside what is in it, and for its words
_STACK, _BETWEEN = 2, 0.2
_BAND = 0.55  # of a column is the width of the endpoints' cables
_HALO = {"facecolor": "white", "alpha": 0.6, "edgecolor": "none", "pad": 1.0}
_NOTE = {"ha": "left", "va": "top", "color": GREY}
_LEGEND = "Bands are as wide as their capacity, in relation to that of the endpoints below them."
_LEGEND_OF_TIERS = f"{_LEGEND} a:b is capacity below to capacity above."


def draw_folded(ax: Axes, fabric: Fabric, before: Fabric | None = None) -> tuple[float, float, float]:
    """Draw ``fabric`` folded on ``ax``, in inches; returns the width, and the lowest and highest y.

    Totals stand on the left; on the right, what is alike stands once. A band of cables is as wide as its
    capacity in relation to that of the endpoints below it, so oversubscription can be seen. All is drawn as
    it was ``before`` cables failed, with a cross and a number for these.
    """
    page = _Page(ax, fold(before or fabric, after=fabric))
    return page.draw(server_words(fabric))


def ratio_text(ratio: float) -> str:
    """Capacity below to capacity above.

    >>> ratio_text(3.0), ratio_text(0.5), ratio_text(0.0)  # the last: nothing below
    ('3:1', '1:2', '0:1')
    """
    return f"{ratio:.3g}:1" if ratio >= 1 or not ratio else f"1:{1 / ratio:.3g}"


class _Page:
    """Where everything stands; heights are those of `Hierarchy`, -1 for the endpoints."""

    def __init__(self, ax: Axes, folded: Fold) -> None:
        self.ax, self.fold = ax, folded
        self.top = len(folded.tiers) - 1
        number = sum(block.number for block in folded.blocks)
        self.several = number > 1  # groups at the top: planes, or without tiers the groups
        self.grouped = self.several and not folded.tiered
        self.column = _COLUMNS[min(sum(map(_columns, folded.blocks)), len(_COLUMNS)) - 1]
        # The blocks that hold their endpoints; where none does they stand below all.
        alone = self.top == 0 and not self.grouped
        near = folded.home == 0 or (folded.home == 1 and self.top > 0)
        self.holder = 0 if near or alone else folded.home

    def draw(self, servers: Sequence[str]) -> tuple[float, float, float]:
        start = x = _LEDGER + 0.15
        for block in self.fold.blocks:
            width = self._width(block, self.several)
            self._block(block, x, width, self.several, self.fold.blocks)
            x += width + _BETWEEN
        room = x - _BETWEEN - start
        low = self._y(-1) - _PAD * (self.top + 1)
        high = self._y(self.top) + _BOX + (_LABEL + _PAD if self.several else 0.05)
        if self.holder > self.top:
            everyone = Span(self.fold.endpoints, self.fold.endpoints)
            self._endpoints(everyone, start, room)
        if self.grouped:
            between = sum(b.number * (b.stage.above.low + b.stage.above.high) / 4 for b in self.fold.blocks)
            words = [counted(round(between), "cable"), "each joins two groups"]
            box(self.ax, start, self._y(1), room, _BOX, words, colour=COLOURS[1], fill="white", line="--")
            high = self._y(1) + _BOX + 0.05
        self._ledger(servers)
        self.ax.plot([_LEDGER] * 2, [self._y(-1), high], color="#cccccc", linewidth=0.8)
        for joint in (j for j in self.fold.joints if not j.adjacent and j.low != j.high):
            also = f"and {counted(joint.cables, 'cable')} {joint.low} - {joint.high}"
            also += f", {format_rate(joint.capacity)}"
            write(self.ax, start, low - 0.1, also, 6.8, ha="left", color=GREY)
            low -= 0.18
        right = start + room + _PAD
        legend = _LEGEND_OF_TIERS if self.fold.tiered and self.top else _LEGEND
        write(self.ax, start, low - 0.1, "\n".join(wrap(legend, letters(right - start, 6.2))), 6.2, **_NOTE)
        return right, low - 0.4, high

    def _y(self, height: int) -> float:
        return (height + 1) * (_BOX + _GAP)

    def _width(self, block: Block, framed: bool) -> float:
        """The least width of a block with all that is in it."""
        inner = [self._width(b, _framed(block)) + _BETWEEN for b in block.inner]
        return max(self.column, sum(inner) - _BETWEEN) + (_edge() if framed else 0)

    def _block(self, block: Block, x: float, width: float, framed: bool, siblings: Sequence[Block]) -> None:
        h = block.height
        if framed:
            self._frame(block, x, width - _STACK * 0.05, siblings)
            x, width = x + _PAD, width - _edge()
        if block.stage.count.high:
            box(self.ax, x, self._y(h), width, _BOX, self._stage_lines(block.stage, h), colour=_colour(h))
        if h == self.holder:
            self._endpoints(block.endpoints, x, width)
        if h == 0:
            self._access(block, x + width / 2)
        if self.grouped:
            self._cables(block, x + width / 2, self._y(1), True)
        least = [self._width(b, _framed(block)) for b in block.inner]
        spare = (width - sum(least) - _BETWEEN * (len(least) - 1)) / max(len(least), 1)
        for inner, own in zip(block.inner, least):
            self._block(inner, x, own + spare, _framed(block), block.inner)
            self._cables(inner, x + (own + spare) / 2, self._y(h), _framed(block))
            x += own + spare + _BETWEEN

    def _frame(self, block: Block, x: float, width: float, siblings: Sequence[Block]) -> None:
        h = block.height
        low = self._y(-1 if self.holder <= h else 0) - _PAD * max(h, 1)
        high = self._y(h) + _BOX + _LABEL
        stack = _STACK if block.each.high > 1 else 0
        shade = (0.975 - 0.02 * (self.top - h),) * 3
        box(
            self.ax,
            x,
            low,
            width,
            high - low,
            colour="#8a8a8a",
            fill=shade,
            stack=stack,
            zorder=0.2 + 0.1 * (9 - h),
        )
        write(
            self.ax,
            x + _PAD,
            high - _LABEL / 2,
            self._frame_words(block, siblings),
            7.8,
            ha="left",
            weight="bold",
            zorder=6,
        )

    def _frame_words(self, block: Block, siblings: Sequence[Block]) -> str:
        if not self.fold.tiered:
            name = "group"
        elif block.height == self.top:
            name = "separate plane"
        else:
            name = "pod" if block.height == 1 else "block of pods" if block.height == 2 else "larger block"
        many = "blocks of pods" if name == "block of pods" else name + "s"
        if block.mixed:
            return f"{block.each.text()} other {many}" if block.each.high > 1 else f"1 other {name}"
        if block.each.high > 1:
            return f"{block.each.text()} {many}, in each:"
        smaller = any(block.endpoints.high < other.endpoints.low for other in siblings)
        return (
            f"1 {name}, partly filled:"
            if smaller
            else f"1 {name}{' that differs' if len(siblings) > 1 else ''}:"
        )

    def _stage_lines(self, stage: Layer, h: int) -> list[str]:
        lines = [counted(stage.count.text(), stage.name)]
        if not self.fold.tiered:
            words = [f"{stage.down.text()} to endpoints"] if stage.down.high else []
            own = "inside" if self.grouped else "to other switches"
            words += [f"{stage.level.text()} {own}"] if stage.level.high else []
            words += [f"{stage.up.text()} outside"] if self.grouped else []
            among = [f"{counted(stage.inside.text(), 'cable')} among them"] if stage.inside.high else []
            return [*lines, f"cables each: {', '.join(words)}", *among]
        ways = [f"{stage.down.text()} down"] if stage.down.high else []
        ways += [f"{stage.up.text()} up"] if stage.up.high else []
        lines.append(f"cables each: {', '.join(ways)}")
        if stage.up.high:
            # Two lines of a span would not fit.
            bundles = f", {stage.parallel.text()} to one {self.fold.tiers[h + 1][0]}" if h < self.top else ""
            bundles = bundles if stage.parallel.high > 1 else ""
            lines.append(f"{stage.rate_up.text(format_rate)} up{bundles}")
        return lines

    def _endpoints(self, count: Span, x: float, width: float) -> None:
        ports, rate = self.fold.ports, self.fold.rate.text(format_rate)
        each = f"{rate} each" if ports.high <= 1 else f"{ports.text()} cables each, together {rate}"
        box(
            self.ax, x, self._y(-1), width, _BOX, [counted(count.text(), "endpoint"), each], colour=COLOURS[0]
        )

    def _access(self, block: Block, x: float) -> None:
        stage = block.stage
        low, high = self._y(-1) + _BOX, self._y(0)
        if stage.below.high:
            band(self.ax, x, low, high, self.column * _BAND, COLOURS[0])
            words = f"{counted(stage.below.text(), 'cable')}\n{block.injection.text(format_rate)}"
            write(self.ax, x, (low + high) / 2, words, 7, zorder=5)
            self._lost(stage.lost_below, x, low)

    def _lost(self, cables: int, x: float, low: float) -> None:
        """Failed cables, at the foot of their band."""
        if cables:
            draw_cross(self.ax, x - 0.18, low + 0.12, cables)

    def _cables(self, block: Block, x: float, high: float, framed: bool) -> None:
        """The band from a block to the switches above it."""
        stage, low = block.stage, self._y(block.height) + _BOX + (_LABEL if framed else 0)
        if not stage.above.high:
            return
        share = stage.capacity_above.high / block.injection.high if block.injection.high else 1.0
        width = self.column * min(_BAND * max(share, 0.04), 0.97)
        band(self.ax, x, low, high, width, _colour(block.height))
        clear = low + (0.05 * _STACK if framed else 0)
        each = " from each" if framed and block.each.high > 1 else ""
        words = f"{counted(stage.above.text(), 'cable')}{each}\n{stage.capacity_above.text(format_rate)}"
        if self.fold.tiered and stage.capacity_above.low:
            ratio = (
                stage.capacity_below.low / stage.capacity_above.low,
                stage.capacity_below.high / stage.capacity_above.high,
            )
            words += f", {Span(min(ratio), max(ratio)).text(ratio_text)}"
        self._lost(stage.lost_above, x, clear)
        wider = max(map(len, words.split("\n"))) > letters(width, 7)
        write(self.ax, x, (clear + high) / 2, words, 7, zorder=5, bbox=_HALO if wider else None)

    def _ledger(self, servers: Sequence[str]) -> None:
        """The totals: of each tier beside its boxes, of the cables between two tiers beside their bands."""
        x = _LEDGER - 0.12
        y = self._y(-1) + _BOX / 2 + 0.06 * len(servers)
        total = counted(self.fold.endpoints, "endpoint")
        write(self.ax, x, y, total, 8.2, ha="right", weight="bold")
        write(self.ax, x, y - 0.09, "\n".join(servers), 6.8, ha="right", va="top", color=GREY)
        for h, (name, count) in enumerate(self.fold.tiers):
            write(self.ax, x, self._y(h) + _BOX / 2, counted(count, name), 8.2, ha="right", weight="bold")
        names = [name for name, _ in self.fold.tiers]
        for joint in (j for j in self.fold.joints if j.adjacent or (self.grouped and j.low == j.high)):
            at = names.index(joint.high) - (joint.low != joint.high)
            y = self._y(at) + _BOX + _GAP / 2
            write(self.ax, x, y, "\n".join(_joint_lines(joint)), 6.8, ha="right", color=GREY)


def _joint_lines(joint: Joint) -> list[str]:
    lines = [counted(joint.cables, "cable"), f"{format_rate(joint.capacity)} one way"]
    best, worst = joint.ratio
    if worst == worst:
        lines.append(
            ratio_text(worst)
            if ratio_text(best) == ratio_text(worst)
            else f"{ratio_text(worst)} at the worst {joint.low}"
        )
    return lines


def _framed(block: Block) -> bool:
    """Whether the blocks inside stand in frames: leaves never do, and one pod alone is no pod."""
    return block.height > 1 and (len(block.inner) > 1 or block.inner[0].each.high > 1)


def _columns(block: Block) -> int:
    return sum(map(_columns, block.inner)) or 1


def _edge() -> float:
    """How much wider a frame is than what is in it, its stack counted."""
    return 2 * _PAD + _STACK * 0.05


def _colour(height: int) -> str:
    return COLOURS[1 + height % (len(COLOURS) - 1)]
