"""The first section of a page that one can play with: settings, what comes out there, and the curve around
it."""

from __future__ import annotations

from collections.abc import Sequence

from sims.show.explore.charts import METRICS
from sims.show.explore.controls import Control
from sims.show.explore.widgets import menu, slider, status, table
from sims.show.report.markup import Html, element, joined
from sims.show.words.band import FOOT

__all__ = ["settings"]

_NUMBERS = (
    ("busbw_GBps", "Bus bandwidth", True),
    ("time_s", "Time", True),
    ("algbw_GBps", "Algorithm bandwidth", False),
    ("efficiency", "Share of the bandwidth bound", False),
    ("latency_share", "Latency's share of the time", False),
    ("contention", "Contention (1: none)", False),
    ("limit", "Fullest kind of link", False),
    ("machines", "Four of five measured machines took", False),
)


def settings(made: Sequence[Control]) -> Html:
    """The controls beside what a script shows of the rows."""
    inner = [_control(number, one) for number, one in enumerate(made)]
    box = element("fieldset", element("legend", "Settings"), *inner)
    form = element("form", box, class_="set", autocomplete="off")
    numbers = (
        element("div", element("dt", words), element("dd", id=f"now-{name}"), class_="big" if big else None)
        for name, words, big in _NUMBERS
    )
    kinds = table("kinds", "Use of each kind of link", ("kind of link", "in the mean", "on the fullest"))
    result = element(
        "div",
        element("p", id="failed", class_="failed", hidden=""),
        element("div", element("dl", *numbers), element("p", id="now-note"), id="numbers", class_="numbers"),
        _curve(made),
        element("details", element("summary", "Use of each kind of link here"), kinds),
        element("p", "The command that runs this point:", class_="note"),
        element("pre", element("code", id="command")),
        element("button", "Copy the command", type="button", id="copy"),
    )
    return element("div", status("status"), form, result, class_="play")


def _control(number: int, one: Control) -> Html:
    name = f"control-{number}"
    label = element("label", one.label, for_=name)
    if not one.slider:
        return element("div", element("span", label), element("select", id=name), class_="one")
    now = element("output", id=f"value-{number}", for_=name)
    ends = element("small", id=f"ends-{number}")
    moved = slider(name, 0, 1, 0, about=f"ends-{number}")
    return element("div", element("span", label, now), moved, ends, class_="one")


def _curve(made: Sequence[Control]) -> Html:
    """The chart with its menus, and the same as a table; nothing where no axis has numbers."""
    numbered = [(str(number), one) for number, one in enumerate(made)]
    axes = sorted((pair for pair in numbered if pair[1].slider), key=lambda pair: pair[1].key != "size_bytes")
    if not axes:
        return Html("")
    lines = sorted(numbered, key=lambda pair: pair[1].key != "algorithm")
    each = [*((number, one.label.lower()) for number, one in lines), ("-1", "no other value")]
    pick = element(
        "div",
        menu("metric", "Curve", [(name, words) for name, words, _, _ in METRICS]),
        menu("axis", "over", [(number, one.label.lower()) for number, one in axes]),
        menu("lines", "a line for each", each),
        class_="pick",
    )
    band = f"Dark: 5th to 95th percentile of the seeds. {FOOT}. The ring marks where the settings stand."
    as_table = element("details", element("summary", "The curve as a table"), table("curve"))
    return joined([pick, element("div", id="chart"), element("p", band, class_="note"), as_table], "\n")
