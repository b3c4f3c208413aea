"""What is done, and with how much: ``algorithm``, ``size``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fabric.words.errors import ParameterError
from sims.settings.setting import Setting

__all__ = ["ALGORITHM", "SIZE"]


def _spell(text: str) -> str:
    from sims.workload.collectives import format_algorithm, parse_algorithms

    found = parse_algorithms(text)
    if len(found) > 1:
        raise ParameterError("algorithm", text, "one algorithm each: several are a list")
    return format_algorithm(*found[0])


def _parts(text: str) -> Mapping[str, str | None]:
    from sims.workload.collectives import parameters_of

    return dict.fromkeys(parameters_of(text.partition(":")[0].strip()))


def _all_parts() -> Iterable[str]:
    from sims.workload.collectives import ALGORITHMS

    return [part for one in ALGORITHMS.values() for part in one.parameters]


ALGORITHM = Setting(
    name="algorithm",
    place=60,
    default="ring",
    metavar="NAME[,NAME...]",
    help="ring, recursive-doubling, halving-doubling, tree, hierarchical-ring|tree|halving-doubling, auto; "
    "with parameters as in ring:channels=4,tree:segment=1MiB.",
    spell=_spell,
    parts=_parts,
    all_parts=_all_parts,
    required=True,
    later=False,
    noun="algorithm",
    nouns="algorithms",
)


def _size(text: str) -> str:
    from fabric.words.units import parse_size

    return str(parse_size(text))


def _size_words(size: int) -> str:
    from fabric.words.units import format_size

    return format_size(size)


SIZE = Setting(
    name="size",
    place=70,
    default="1GiB",
    metavar="SIZES",
    help="8:16G:x4, a list or one size (1GiB).",
    options=("--sizes",),
    spell=_size,
    value=int,
    column="size_bytes",
    kind=int,
    least=1,
    required=True,
    later=False,
    noun="message size",
    nouns="message sizes",
    words=_size_words,
    label="message size (bytes)",
    scale="log2",
    ticks="size",
)
