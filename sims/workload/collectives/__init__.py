"""Collectives: their algorithms as schedules, by name. No network, no clock.

Every file of this folder is imported, so that one which enters an algorithm is all that it needs.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sims.workload.collectives.algorithm import AUTO, Algorithm, algorithms, build
from sims.workload.collectives.names import (
    canonical_algorithm,
    contenders,
    format_algorithm,
    has_protocol,
    in_protocols,
    is_auto,
    library_of,
    listed,
    parameters_of,
    parse_algorithms,
    sliced,
    sliced_each,
    split_algorithms,
    usual_algorithms,
)
from sims.workload.collectives.parameters import SLICES

__all__ = [
    "AUTO",
    "SLICES",
    "Algorithm",
    "algorithms",
    "build",
    "canonical_algorithm",
    "contenders",
    "discover",
    "format_algorithm",
    "has_protocol",
    "in_protocols",
    "is_auto",
    "library_of",
    "listed",
    "parameters_of",
    "parse_algorithms",
    "sliced",
    "sliced_each",
    "split_algorithms",
    "usual_algorithms",
]


def discover() -> None:
    """Import every file of the folder (of ``__path__``), which enters the algorithms that it holds."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


discover()
