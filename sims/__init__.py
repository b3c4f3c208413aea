"""Time (SimPy), collectives, traffic, scenario, results, tables, figures and the command line.

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.allreduce import AllReduce as AllReduce
    from sims.allreduce import all_reduce as all_reduce
    from sims.allreduce import simulate as simulate
    from sims.figures import allreduce_figure as allreduce_figure
    from sims.figures import plot_busbw as plot_busbw
    from sims.figures import plot_time as plot_time
    from sims.flows import run_flows as run_flows
    from sims.result import Row as Row
    from sims.scenario import Scenario as Scenario

_HOME = {
    "AllReduce": "allreduce",
    "all_reduce": "allreduce",
    "simulate": "allreduce",
    "allreduce_figure": "figures",
    "plot_busbw": "figures",
    "plot_time": "figures",
    "run_flows": "flows",
    "Row": "result",
    "Scenario": "scenario",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sims' has no attribute {name!r}")
    return getattr(import_module(f"sims.{_HOME[name]}"), name)
