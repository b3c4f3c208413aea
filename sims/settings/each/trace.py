"""Of ``trace``: the file of the program's trace."""

from __future__ import annotations

from sims.settings.setting import Setting

__all__ = ["TRACE"]

TRACE = Setting(
    name="trace",
    place=340,
    default="",
    metavar="FILE",
    help="GOAL, or one rank's file of a Chakra execution trace (NAME.0.et or NAME.0.json).",
    digest="trace_digest",
    unnamed=lambda text: "file",
    of="trace",
    noun="trace",
    nouns="traces",
)
