"""All settings, by name: whatever module of sims.settings.each holds one. Knows what none of them means.

``SETTINGS`` are those of collectives. A command that simulates something else (a *kind*, as in ``goodput``)
has a table of its own: what it shares with collectives, and what is ``of`` it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from fabric.words.errors import ParameterError
from sims.settings import each
from sims.settings.setting import Setting

__all__ = ["BY_FIELD", "COLLECTIVES", "KINDS", "SETTINGS", "asides", "digest_fields", "spelled", "table_of"]


def _found() -> Iterator[Setting]:
    for module in iter_modules(each.__path__, f"{each.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Setting):
                yield value


# In their order, which is that of a row's columns.
_EVERY = sorted(_found(), key=lambda one: (one.place, one.name))
SETTINGS: Mapping[str, Setting] = {one.name: one for one in _EVERY if not one.of}
BY_FIELD: Mapping[str, Setting] = {one.field: one for one in SETTINGS.values()}


COLLECTIVES = ""  # the kind whose table is SETTINGS
# What a kind shares with collectives.
_NETWORK = ("topology", "ranks", "placement", "seed", "routing", "latency_profile")
_TRAFFIC = ("collective", "algorithm", "size", "groups", "experts", "over")
_BROKEN = ("upgrade", "fail", "degrade", "allow_partition")
KINDS: Mapping[str, tuple[str, ...]] = {
    "goodput": (*_NETWORK, *_TRAFFIC),
    "run": (*(name for name in _NETWORK if name != "ranks"), *_BROKEN),
    "trace": (
        *(name for name in _NETWORK if name != "ranks"),
        *("engine", "packet"),
        *_BROKEN,
        *("faults", "reroute_delay"),
    ),
    "train": (*_NETWORK, "upgrade", "fail", "degrade", "allow_partition", "groups", "experts"),
}


@lru_cache(maxsize=16)
def table_of(kind: str) -> Mapping[str, Setting]:
    """The settings of a kind by name, those that it shares with collectives first.

    Where both have one of a name, it is the kind's.

    Raises:
        ParameterError: there is no such kind.

    >>> list(table_of("goodput"))[0], table_of("goodput")["faults"].default
    ('topology', 'llama3')
    """
    if kind == COLLECTIVES:
        return SETTINGS
    if kind not in KINDS:
        raise ParameterError("command", kind, "nothing that has rows and sweeps of its own", KINDS)
    own = {one.name: one for one in _EVERY if one.of == kind}
    return {**{name: SETTINGS[name] for name in KINDS[kind] if name not in own}, **own}


def spelled(name: str, text: str, kind: str = COLLECTIVES) -> str:
    """The ``text`` of a setting in its one spelling, after every check that needs no fabric.

    ``kind``: as of ``table_of``.

    Raises:
        FabricsimError: what is wrong with it.

    >>> spelled("size", "1KiB"), spelled("algorithm", "tree:segment=1K")
    ('1024', 'tree:segment=1024')
    """
    found, files = _known(name, text, kind)
    return _of_files(name, text, kind, tuple(map(_stamp, files))) if files else found


@lru_cache(maxsize=65_536)
def _known(name: str, text: str, kind: str) -> tuple[str, tuple[str, ...]]:
    """The spelling, and the files that the text names, which may be others the next time."""
    found = table_of(kind)[name].spell(text)
    return found, tuple(filter(os.path.isfile, (text.strip(), *re.split(r"[:=,;]", text))))


@lru_cache(maxsize=1024)
def _of_files(name: str, text: str, kind: str, stamps: tuple[tuple[int, ...], ...]) -> str:
    return table_of(kind)[name].spell(text)


def _stamp(path: str) -> tuple[int, ...]:
    """What differs once a file was written again."""
    try:
        about = os.stat(path)
    except OSError:
        return ()
    return about.st_mtime_ns, about.st_size, about.st_ino


def asides() -> list[Setting]:
    """The settings that titles name only where they are not as usual: those added later, with an option."""
    return [one for one in SETTINGS.values() if one.later and one.help]


def digest_fields() -> dict[str, tuple[Setting, ...]]:
    """The columns of hashes, each with the settings that can name what it is the hash of.

    >>> [one.name for one in digest_fields()["fault_digest"]]
    ['fail', 'degrade', 'faults']
    """
    found: dict[str, tuple[Setting, ...]] = {}
    for one in SETTINGS.values():
        if one.digest:
            found[one.digest] = (*found.get(one.digest, ()), one)
    return found
