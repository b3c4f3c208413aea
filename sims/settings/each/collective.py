"""``collective``: what the ranks do together."""

from __future__ import annotations

from collections.abc import Iterable

from sims.settings.setting import Setting

__all__ = ["COLLECTIVE"]


def _spell(text: str) -> str:
    from sims.workload.collective import collective_named

    return collective_named(text).name


def _choices() -> Iterable[str]:
    from sims.workload.collective import COLLECTIVES

    return COLLECTIVES


COLLECTIVE = Setting(
    name="collective",
    place=55,
    default="all-reduce",
    metavar="NAME",
    help="What the ranks do together: {names}.",
    choices=_choices,
    spell=_spell,
    words=str,
    of_flows=False,
    noun="collective",
    nouns="collectives",
)
