"""``root``: the rank that a broadcast comes from, and that a reduce goes to."""

from __future__ import annotations

from sims.settings.setting import Setting, whole_number

__all__ = ["ROOT"]

ROOT = Setting(
    name="root",
    place=190,
    default="0",
    metavar="RANK",
    help="Of broadcast, reduce, scatter and gather: the rank that has or gets the whole.",
    spell=whole_number("root", 0, "a rank, from 0"),
    value=int,
    kind=int,
    usual=0,
    least=0,
    of_flows=False,
    noun="root",
    nouns="roots",
    words=lambda root: f"root {root}",
    label="root (rank)",
)
