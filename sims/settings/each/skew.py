"""``skew``: how unequal the parts of an all-to-all are."""

from __future__ import annotations

from sims.settings.setting import Setting

__all__ = ["SKEW"]


def _spell(text: str) -> str:
    from sims.workload.skew import canonical_skew

    return canonical_skew(text)


SKEW = Setting(
    name="skew",
    place=195,
    default="1",
    metavar="RATIO",
    help="Of all-to-all: what the first rank gets over the mean; the others get less by Zipf's law.",
    spell=_spell,
    of_flows=False,
    words=lambda text: "equal parts" if text == "1" else f"skew {text}",
    noun="skew",
    nouns="skews",
)
