"""Small sweeps, simulated once, and what measures the texts of a figure."""

from functools import cache
from itertools import combinations

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from fabric import Fabric
from sims import Row, all_reduce
from sims.show.figures.labels import CellLabels, PointLabels
from topologies import load
from topologies.catalogue import canonical

SIZES = "1K:1G:x32"  # 1 KiB, 32 KiB, 1 MiB, 32 MiB, 1 GiB


@cache
def fabric(text: str) -> Fabric:
    return Fabric.from_graph(load(text))


def run(text: str, algorithm: str = "ring,tree", sizes: str = SIZES, **settings: object) -> list[Row]:
    return all_reduce(fabric(text), algorithm, sizes, topology=canonical(text), digest="", **settings)  # type: ignore[arg-type]


@cache
def over_seeds() -> tuple[Row, ...]:
    """Two algorithms at five sizes on a fat tree of 54, six seeds each."""
    return tuple(row for seed in range(6) for row in run("fat-tree:k=6", seed=seed))


@cache
def over_scale() -> tuple[Row, ...]:
    """Three algorithms at five sizes on fat trees of 16 to 432 endpoints."""
    return tuple(row for k in (4, 6, 8, 12) for row in run(f"fat-tree:k={k}", "ring,tree,halving-doubling"))


@cache
def over_designs() -> tuple[Row, ...]:
    """Oversubscription by routing on leaf-spine fabrics of 48, one size."""
    text = "leaf-spine:leaves=4,spines=4,endpoints_per_leaf={}"
    return tuple(
        row
        for hosts in (4, 8, 12)
        for routing in ("ecmp", "dmodk", "adaptive")
        for row in run(text.format(hosts), sizes="64M", routing=routing)
    )


def texts(figure: Figure) -> dict[Text, Bbox]:
    """Every text that is seen, and where it stands, in pixels."""
    figure.canvas.draw() if isinstance(figure.canvas, FigureCanvasAgg) else figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    seen: list[Text] = []
    hidden = {label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in out_of_view(axis)}
    for artist in figure.findobj(lambda a: isinstance(a, (Text, CellLabels, PointLabels))):
        if isinstance(artist, (CellLabels, PointLabels)):
            seen += artist.placed
        elif artist.get_text().strip() and shown(artist) and artist not in hidden:
            seen.append(artist)
    return {text: text.get_window_extent(renderer) for text in seen}


def out_of_view(axis: Axis) -> list[Text]:
    """Labels of ticks that lie outside the limits, which matplotlib keeps and does not draw."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    outside = [tick.label1 for tick in ticks if not low - slack <= tick.get_loc() <= high + slack]
    return [*outside, *(tick.label2 for tick in ticks)]


def shown(text: Text) -> bool:
    return text.get_visible() and (text.axes is None or text.axes.get_visible())


def clashes(figure: Figure) -> list[tuple[str, str]]:
    """Texts that overlap, and texts that leave the figure (with an empty partner)."""
    boxes = texts(figure)
    # A pixel is less than the white round a letter.
    tight = {text: Bbox.from_extents(b.x0 + 1, b.y0 + 1, b.x1 - 1, b.y1 - 1) for text, b in boxes.items()}
    found = [
        (one.get_text(), other.get_text())
        for one, other in combinations(tight, 2)
        if tight[one].overlaps(tight[other])
    ]
    frame = figure.bbox
    found += [
        (text.get_text(), "")
        for text, box in tight.items()
        if box.x0 < frame.x0 or box.y0 < frame.y0 or box.x1 > frame.x1 or box.y1 > frame.y1
    ]
    return found
