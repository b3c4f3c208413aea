"""What is done, and with how much: ``algorithm``, ``size``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sims.settings.setting import Setting

__all__ = ["ALGORITHM", "SIZE"]


def _spell(text: str) -> str:
    from sims.workload.collectives import canonical_algorithm

    return canonical_algorithm(text)


def _parts(text: str) -> Mapping[str, str | None]:
    from sims.workload.collectives import parameters_of

    return dict.fromkeys(parameters_of(text.partition(":")[0].strip()))


def _all_parts() -> Iterable[str]:
    from sims.workload.collectives import parameters_of

    return parameters_of()


def _listed() -> str:
    from sims.workload.collectives import listed

    return listed()


ALGORITHM = Setting(
    name="algorithm",
    place=60,
    default="ring",
    metavar="NAME[,NAME...]",
    help="{names}; with parameters as in ring:channels=4,tree:segment=1MiB.",
    listed=_listed,
    spell=_spell,
    parts=_parts,
    all_parts=_all_parts,
    required=True,
    later=False,
    of_flows=False,
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
