"""What a topology brings along: the texts of settings that nobody said, where it says them itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sims.settings.table import SETTINGS

__all__ = ["brought", "suited"]


def suited(texts: Mapping[str, str], said: Collection[str]) -> dict[str, str]:
    """``texts`` of settings by name, with those that suit their topology in place of defaults.

    ``said``: the settings that somebody said, which stay, as do those that are not at their default.

    >>> suited({"topology": "preset:superpod-h100", "latency_profile": "roce-400g"}, ())["latency_profile"]
    'ib-ndr'
    """
    found = dict(texts)
    for name in SETTINGS.keys() & texts.keys():  # what a kind of job has of its own suits any topology
        one = SETTINGS[name]
        if name not in said and texts[name] == one.default and (text := one.suited(texts["topology"])):
            found[name] = text
    return found


def brought(topology: str) -> dict[str, str]:
    """The settings that a topology of this text brings along where nobody says them.

    >>> brought("fat-tree:k=4"), brought("preset:gb200-su")
    ({}, {'latency_profile': 'ib-ndr'})
    """
    return {name: text for name, one in SETTINGS.items() if (text := one.suited(topology))}
