"""The sections of a page with pictures: the fabric that one can open, and ranks that do an algorithm step
by step."""

from __future__ import annotations

from sims.show.explore.steps import LEAST, MOST, SHOWN
from sims.show.explore.widgets import menu, slider, status, table
from sims.show.report.markup import Html, element, joined

__all__ = ["fabric_scene", "steps_scene"]

_MEASURES = (("mean", "use of all its cables"), ("peak", "use of the fullest cable"))
_WORDS = (
    "What each part of the fabric sends to the part around it or gets from it, in the direction that has "
    "more, as a share of what its cables can carry during the run. Choose a part to open it: with the "
    "pointer, or with Tab and Enter; Escape goes back."
)
_FIRST = 8  # ranks


def _button(id: str, words: str) -> Html:
    return element("button", words, type="button", id=id)


def fabric_scene() -> Html:
    """The picture of the fabric, which a script draws."""
    pages = element("span", id="fabric-pages", role="status")
    pager = [_button("fabric-before", "Before"), pages, _button("fabric-after", "After")]
    return joined(
        [
            element("p", _WORDS),
            element("div", menu("fabric-measure", "Colour and number", _MEASURES), class_="pick"),
            element("ol", id="fabric-way", class_="way", aria_label="Where you are"),
            status("fabric-words"),
            element("div", id="fabric-picture"),
            element("div", *pager, id="fabric-pager", class_="pick"),
            element("ul", id="fabric-scale", class_="scale", aria_label="Use, by colour and width"),
        ],
        "\n",
    )


def steps_scene() -> Html:
    """Ranks and their transfers, which a script draws."""
    now = element("output", str(_FIRST), id="steps-ranks-now", for_="steps-ranks")
    names = [(str(number), name) for number, (_, _, name) in enumerate(SHOWN)]
    controls = [
        menu("steps-what", "Algorithm", names),
        element(
            "label",
            element("span", "Ranks: ", now),
            slider("steps-ranks", LEAST, MOST, _FIRST),
            for_="steps-ranks",
        ),
        _button("steps-play", "Play"),
        _button("steps-back", "Step back"),
        _button("steps-next", "Step on"),
        element("label", element("span", "Step"), slider("steps-at", 0, 1, 0)),
    ]
    added = element("span", element("i"), "what arrives is added up", id="steps-added")
    kept = element("span", element("i", class_="keep"), "what arrives is kept", id="steps-kept")
    listed = element("ol", id="steps-list")
    held = [
        table("steps", kind="held"),
        element("details", element("summary", "The transfers of this step"), listed),
    ]
    drawn = [element("div", id="steps-picture"), element("p", added, kept, class_="note legend")]
    return joined(
        [
            element("p", "The program's own schedules, among a few ranks; no network, no time."),
            element("div", *controls, class_="pick"),
            status("steps-words"),
            element("div", element("div", *drawn), element("div", *held), class_="steps"),
        ],
        "\n",
    )
