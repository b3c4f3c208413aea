"""What the modules of a package declare by a decorator, found where it stands: in no list."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

__all__ = ["declared_in"]


def declared_in(package: str, attribute: str) -> Iterator[Any]:
    """The ``attribute`` of each function of a module of ``package`` that has one, module by module."""
    for module in iter_modules(import_module(package).__path__, f"{package}."):
        for value in vars(import_module(module.name)).values():
            if getattr(value, "__module__", None) == module.name and hasattr(value, attribute):
                yield getattr(value, attribute)
