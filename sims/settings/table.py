"""All settings, by name: whatever module of sims.settings.each holds one. Knows what none of them means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from sims.settings import each
from sims.settings.setting import Setting

__all__ = ["BY_FIELD", "SETTINGS", "asides", "digest_fields", "spelled"]


def _found() -> Iterator[Setting]:
    for module in iter_modules(each.__path__, f"{each.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Setting):
                yield value


# In their order, which is that of a row's columns.
SETTINGS: Mapping[str, Setting] = {
    one.name: one for one in sorted(_found(), key=lambda one: (one.place, one.name))
}
BY_FIELD: Mapping[str, Setting] = {one.field: one for one in SETTINGS.values()}


@lru_cache(maxsize=65_536)
def spelled(name: str, text: str) -> str:
    """The ``text`` of a setting in its one spelling, after every check that needs no fabric.

    Raises:
        FabricsimError: what is wrong with it.

    >>> spelled("size", "1KiB"), spelled("algorithm", "tree:segment=1K")
    ('1024', 'tree:segment=1024')
    """
    return SETTINGS[name].spell(text)


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
