"""Charts of a page that one can play with, as Vega-Lite by Altair: a curve with its bands over each axis.

The only door to altair and vl-convert, which are an extra. Holds no data: the page gives a chart the points
that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from fabric.words.errors import FabricsimError
from sims.show.explore.controls import Control

__all__ = ["METRICS", "chart_specs", "library", "require_charts"]

# What a curve can show: the column, its name, its axis, whether it grows by factors.
METRICS: tuple[tuple[str, str, str, bool], ...] = (
    ("busbw_GBps", "bus bandwidth", "bus bandwidth (GB/s)", False),
    ("time_s", "time", "time", True),
    ("algbw_GBps", "algorithm bandwidth", "algorithm bandwidth (GB/s)", False),
    ("efficiency", "share of the bound", "share of the bandwidth bound (%)", False),
    ("latency_share", "latency's share of the time", "latency's share of the time (%)", False),
)
_NEEDED = ("altair", "vl_convert")
_BYTES = (
    "datum.value >= 1073741824 ? datum.value / 1073741824 + ' GiB' : datum.value >= 1048576 ? "
    "datum.value / 1048576 + ' MiB' : datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'"
)
_SECONDS = "format(datum.value, '~s') + 's'"
_SHARE = "format(datum.value * 100, '~g')"


def require_charts() -> None:
    """Do nothing where charts can be made.

    Raises:
        FabricsimError: the extra is not installed; says how it is.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        rule = "a page needs the extra [explore]: python -m pip install 'fabricsim[explore]'"
        raise FabricsimError(f"explore: {rule} ({', '.join(missing)} not installed)")


def library() -> str:
    """The script that draws: Vega, Vega-Lite and their embedding, as ``vegaEmbed`` of the window."""
    import vl_convert

    make: Callable[..., str] = vl_convert.javascript_bundle
    return make()


def chart_specs(made: Sequence[Control]) -> dict[str, Any]:
    """A Vega-Lite specification for each axis and metric, under ``"axis|metric"``; the points, of which a
    page has the data set ``points``, have ``x``, ``y``, ``low`` and ``high`` over the seeds, ``least`` and
    ``most`` of machines, the name of the ``line``, ``said`` and ``now`` where the controls stand.
    """
    axes = [one for one in made if one.slider]
    return {f"{axis.key}|{metric[0]}": _chart(axis, metric) for axis in axes for metric in METRICS}


def _chart(axis: Control, metric: tuple[str, str, str, bool]) -> dict[str, Any]:
    import altair as alt

    name, noun, title, by_factors = metric
    values = [float(value) for value, _ in axis.values]
    label = _BYTES if axis.key == "size_bytes" else "format(datum.value, ',')"
    x = alt.X(
        "x:Q",
        title=axis.title,
        scale=alt.Scale(type="log", base=2, nice=False) if axis.log else alt.Scale(nice=False, zero=False),
        axis=alt.Axis(values=values, labelExpr=label, labelOverlap=True, grid=False, labelFlush=True),
    )
    percent = title.endswith("(%)")
    tick = _SECONDS if name == "time_s" else _SHARE if percent else "format(datum.value, '~g')"
    scale = alt.Scale(type="log", nice=False) if by_factors else alt.Scale(zero=True, nice=True)
    y_axis = alt.Axis(labelExpr=tick, tickCount=5)
    y = alt.Y("y:Q", title=title, scale=scale, axis=y_axis)
    # The page gives the colours, light or dark, and as many columns of the legend as there is room for.
    legend = alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1)
    lines = alt.Color("line:N", title=None, sort=None, legend=legend)
    dash = alt.StrokeDash("line:N", sort=None, legend=None)
    base = alt.Chart(alt.NamedData(name="points"))

    def band(low: str, high: str, opacity: float) -> alt.Chart:
        area = base.transform_filter(f"isValid(datum.{low})").mark_area(opacity=opacity, clip=True)
        return area.encode(x=x, y=alt.Y(f"{low}:Q", scale=scale), y2=f"{high}:Q", color=lines)

    curve = base.mark_line(strokeWidth=2).encode(x=x, y=y, color=lines, strokeDash=dash)
    shown = [
        alt.Tooltip("line:N", title=" "),
        alt.Tooltip("at:N", title=axis.title),
        alt.Tooltip("said:N", title=noun),
    ]
    dots = base.mark_point(filled=True, size=45).encode(x=x, y=y, color=lines, tooltip=shown)
    here = base.transform_filter("datum.now").mark_point(size=240, strokeWidth=2.5, filled=False)
    mark = here.encode(x=x, y=y, color=lines)
    at = (
        base.transform_filter("datum.now")
        .mark_rule(strokeDash=[2, 3], strokeWidth=1, opacity=0.7)
        .encode(x=x)
    )
    bands = [band("least", "most", 0.09), band("low", "high", 0.28)] if name not in ("latency_share",) else []
    whole = alt.layer(*bands, at, curve, dots, mark).properties(width="container", height=300)
    found: dict[str, Any] = whole.to_dict(validate=False)  # a test holds every one against the schema
    found.pop("config", None)
    return found
