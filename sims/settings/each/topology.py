"""``topology``: what a fabric is built or read from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache

from fabric.words.errors import ParameterError
from fabric.words.grammar import in_any_case, read_named, read_pairs
from sims.settings.setting import Setting

__all__ = ["TOPOLOGY"]

_FILE = re.compile(r"(.+):([A-Za-z_]+=[^:]*)", re.DOTALL)
_OF_FILES = ("nvlink", "delay")


def _spell(text: str) -> str:
    from topologies.catalogue import canonical

    return canonical(text)


def _parts(text: str) -> Mapping[str, str | None]:
    name = _name(text)
    unknown = name.startswith("preset:") or not re.search(r"[./\\]", text)
    return _catalogue().get(name, {} if unknown else dict.fromkeys(_OF_FILES))


def _name(text: str) -> str:
    named = [in_any_case(piece.strip()) for piece in text.strip().split(":")]
    return ":".join(named[:2]) if named[0] == "preset" else named[0]


def _all_parts() -> Iterable[str]:
    return (*(part for parts in _catalogue().values() for part in parts), *_OF_FILES)


def _apart(text: str) -> tuple[str, dict[str, str]]:
    """
    >>> _apart("preset:hpn-pod:rate=200Gbps")
    ('preset:hpn-pod', {'rate': '200Gbps'})
    """
    text = text.strip()
    name, _, rest = (piece.strip() for piece in text.partition(":"))
    name = in_any_case(name)
    if name == "preset":
        named = read_named("topology preset", rest)
        return f"preset:{named.name}", named.given
    if name in _catalogue():
        return read_named("topology", text)
    match = None if os.path.isfile(text) else _FILE.fullmatch(text)
    return (match[1], read_pairs(f"topology {match[1]}", match[2])) if match else (text, {})


@cache
def _catalogue() -> Mapping[str, Mapping[str, str | None]]:
    from topologies.catalogue import listing

    return {entry.name: entry.parameters for entry in listing()}


def _unnamed(text: str) -> str:
    """What follows the path (such as :nvlink=450GB/s) is a cause; the path is not."""
    return "file:" + ",".join(re.findall(r"(?<![\w-])[\w-]++=[^,:]+", text))


def _value(text: str) -> str:
    if not text:
        raise ParameterError(
            "topology", None, "FAMILY:key=value,..., preset:NAME or the path of a graph file"
        )
    return text


TOPOLOGY = Setting(
    name="topology",
    place=10,
    default="preset:colossus-100k",
    metavar="FAMILY:key=value,...",
    help="The fabric by family, e.g. fat-tree:k=74.",
    spell=_spell,
    value=_value,
    parts=_parts,
    all_parts=_all_parts,
    apart=_apart,
    required=True,
    later=False,
    digest="topology_digest",
    unnamed=_unnamed,
    noun="topology",
    nouns="topologies",
)
