"""``sync``: whether ranks wait for each other between the phases of a collective."""

from __future__ import annotations

from sims.settings.setting import Setting, one_of

__all__ = ["SYNC", "SYNCS"]

SYNCS = ("phase", "rank")


def _words(text: str) -> str:
    return "phase by phase" if text == SYNCS[0] else "each rank at its own pace"


SYNC = Setting(
    name="sync",
    place=200,
    default=SYNCS[0],
    metavar="WHEN",
    help="Of --engine flow: a phase begins when all ranks have ended the one before (phase), or each rank "
    "goes on when it has received what it needs (rank).",
    choices=lambda: SYNCS,
    spell=one_of("sync", SYNCS, "unknown"),
    of_flows=False,
    words=_words,
    noun="pace of ranks",
    nouns="paces of ranks",
)
