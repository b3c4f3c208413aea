"""Sweeps: many scenarios from one file, run anywhere, each result kept as it arrives.

Names are loaded when first used, so that importing a part of this package costs only that part.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.studies.sweep.merge import merge_results as merge_results
    from sims.studies.sweep.plan import plan_sweep as plan_sweep
    from sims.studies.sweep.run import run_sweep as run_sweep
    from sims.studies.sweep.spec import read_sweep as read_sweep

_HOME = {"merge_results": "merge", "plan_sweep": "plan", "run_sweep": "run", "read_sweep": "spec"}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from fabric.words.attribute import no_attribute

        raise no_attribute("module 'sims.studies.sweep'", name, _HOME)
    return getattr(import_module(f"sims.studies.sweep.{_HOME[name]}"), name)
