"""Who takes part, and what draws: ``ranks``, ``placement``, ``seed``."""

from __future__ import annotations

import re

from sims.settings.setting import Setting, whole_number

__all__ = ["PLACEMENT", "RANKS", "SEED"]

_AT_LEAST_TWO = whole_number("ranks", 2, "a whole number from 2, or all")

RANKS = Setting(
    name="ranks",
    place=20,
    default="all",
    metavar="NUMBER",
    help="How many GPUs take part.",
    spell=lambda text: "all" if text.strip().lower() == "all" else _AT_LEAST_TWO(text),
    value=lambda text: None if text == "all" else int(text),
    kind=int,
    least=2,
    required=True,
    later=False,
    of_flows=False,
    noun="number of ranks",
    nouns="numbers of ranks",
    words=lambda ranks: f"{ranks:,} ranks",
    label="ranks (GPUs)",
    scale="log10",
)


def _placement(text: str) -> str:
    from sims.workload.placement import canonical_placement, check_placement

    check_placement(text)
    return canonical_placement(text)


PLACEMENT = Setting(
    name="placement",
    place=30,
    default="packed",
    metavar="NAME|FILE",
    help="packed, strided-servers[:STEP], strided-endpoints:STEP, random, fragmented:0.3 (between other "
    "jobs), hostlist:n[01-16], or a file with an endpoint or host per line.",
    spell=_placement,
    later=False,
    digest="placement_digest",
    unnamed=lambda text: "file:" + ",".join(re.findall(r"(?<![\w-])[\w-]++=[^,:]+", text)),
    of_flows=False,
    noun="placement",
    nouns="placements",
)

SEED = Setting(
    name="seed",
    place=40,
    default="0",
    metavar="NUMBER",
    help="Draws random placements and traffic, the salts of ECMP, detours, faults.",
    spell=whole_number("seed", 0, "a whole number, zero or more, below 2^63"),
    value=int,
    kind=int,
    usual=0,
    least=0,
    below=2**63,
    later=False,
    noun="seed",
    nouns="seeds",
    words=lambda seed: f"seed {seed}",
    label="seed (number)",
)
