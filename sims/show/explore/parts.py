"""The parts of a page that one can play with, put together as markup, and what it says of its own grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fabric.words.counted import counted
from fabric.words.units import format_size
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import LATER, Scenario
from sims.show.explore.controls import Control
from sims.show.explore.scenes import fabric_scene, steps_scene
from sims.show.explore.settings import settings
from sims.show.explore.widgets import menu
from sims.show.report.axes import constant, listed, noun
from sims.show.report.markup import Html, element, joined
from topologies.catalogue import disclaimers

__all__ = ["Page", "body"]

_CLAIM = (
    "Every number is simulated: exact for the model that is stated, an illustration, and not a measurement "
    "of any real network. Whatever you set was run before; the page computes nothing but medians."
)
_FEWER = {
    "size": "message sizes",
    "work": "algorithms",
    "ranks": "numbers of ranks",
    "fail": "shares of failed cables",
    "oversubscription": "oversubscriptions",
    "seed": "seeds",
    "routing": "routings",
}
_THEMES = (("", "as the system"), ("light", "light"), ("dark", "dark"))


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page is of."""

    results: Sequence[Row | Failure]
    controls: Sequence[Control]
    title: str
    sweep: str
    fewer: tuple[str, ...]
    source: str
    pictured: bool


def body(page: Page) -> Html:
    """Everything between the head and the scripts."""
    sections = [("play", "Set it, and read what comes out", settings(page.controls))]
    sections += [("fabric", "Where the traffic goes", fabric_scene())] if page.pictured else []
    sections += [("steps", "Who sends what to whom", steps_scene()), ("grid", "What was run", _grid(page))]
    links = (element("li", element("a", heading, href=f"#{anchor}")) for anchor, heading, _ in sections)
    nav = element("nav", element("ul", *links), aria_label="Sections")
    theme = element("form", menu("theme", "Colours", _THEMES))
    said = disclaimers(one.scenario.topology for one in page.results)
    notes = [_CLAIM, *(f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." for text in said)]
    head = [
        element("p", f"fabricsim {page.results[0].version}: a page to play with", class_="kind"),
        element("h1", page.title),
        *(element("p", text, class_="note") for text in notes),
        element("noscript", element("p", "This page needs JavaScript, which is in it; nothing is loaded.")),
        element("div", nav, theme, class_="top"),
    ]
    main = (
        element("section", element("h2", heading, id=f"{anchor}-title"), inner, id=anchor,
                aria_labelledby=f"{anchor}-title")
        for anchor, heading, inner in sections
    )  # fmt: skip
    return joined([element("header", joined(head, "\n")), element("main", joined(main, "\n"))], "\n")


def _grid(page: Page) -> Html:
    failed = sum(isinstance(one, Failure) for one in page.results)
    seeds = {one.scenario.seed for one in page.results}
    text = f"{counted(len(page.results), 'run')}: every combination of these values"
    text += f", each with {len(seeds)} seeds where anything is drawn" if len(seeds) > 1 else ""
    text += f"; {counted(failed, 'run')} gave no result" if failed else ""
    lines = [element("p", f"{text}.")]
    if page.fewer:
        names = listed([_FEWER[name] for name in page.fewer], len(_FEWER))
        lines.append(element("p", f"There are fewer {names} than there would be on a smaller fabric."))
    lines.append(_pairs([(one.label, ", ".join(said for _, said in one.values)) for one in page.controls]))
    if same := _same(page.results):
        lines += [element("h3", "The same in all"), _pairs(same)]
    if page.source:
        words = f"The rows are in {page.source}; fabricsim plot and fabricsim report read them."
        lines.append(element("p", words, class_="note"))
    if page.sweep:
        summary = element("summary", "The same grid as a file for fabricsim sweep")
        lines.append(element("details", summary, element("pre", element("code", page.sweep))))
    return joined(lines, "\n")


def _pairs(pairs: Sequence[tuple[str, str]]) -> Html:
    return element("dl", *(joined([element("dt", name), element("dd", said)]) for name, said in pairs))


def _same(results: Sequence[Row | Failure]) -> list[tuple[str, str]]:
    """What is equal in all results and is not as usual, with how it is said."""
    found = []
    for name, value in constant(results).items():
        if name == "seed" or (name in LATER and value == Scenario.model_fields[name].default):
            continue
        said = format_size(value) if name == "size_bytes" else f"{value:,}" if name == "ranks" else str(value)
        found.append((noun(name).capitalize(), said))
    return found
