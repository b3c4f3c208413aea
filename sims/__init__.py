"""Time (SimPy), collectives, traffic, scenario, results, tables, figures and the command line.

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.allreduce import AllReduce as AllReduce
    from sims.allreduce import all_reduce as all_reduce
    from sims.balance import balances as balances
    from sims.bill.costs import Costs as Costs
    from sims.bill.costs import costs as costs
    from sims.comparison import compare as compare
    from sims.explain import Explainer as Explainer
    from sims.figures import allreduce_figure as allreduce_figure
    from sims.figures import balance_figure as balance_figure
    from sims.figures import figure_of as figure_of
    from sims.figures import plot_busbw as plot_busbw
    from sims.figures import plot_cdf as plot_cdf
    from sims.figures import plot_crossover as plot_crossover
    from sims.figures import plot_gains as plot_gains
    from sims.figures import plot_heatmap as plot_heatmap
    from sims.figures import plot_lines as plot_lines
    from sims.figures import plot_link_loads as plot_link_loads
    from sims.figures import plot_pareto as plot_pareto
    from sims.figures import plot_rates as plot_rates
    from sims.figures import plot_ratio as plot_ratio
    from sims.figures import plot_scaling as plot_scaling
    from sims.figures import plot_time as plot_time
    from sims.figures import plot_utilisation as plot_utilisation
    from sims.figures import ratio_figure as ratio_figure
    from sims.figures import save_figure as save_figure
    from sims.figures import where as where
    from sims.flows import run_flows as run_flows
    from sims.from_scenario import simulate as simulate
    from sims.nccl_log import read_nccl as read_nccl
    from sims.result import Row as Row
    from sims.rows import read_results as read_results
    from sims.rows import read_rows as read_rows
    from sims.scenario import Scenario as Scenario

_HOME = {
    "AllReduce": "allreduce",
    "all_reduce": "allreduce",
    "simulate": "from_scenario",
    "balances": "balance",
    "Costs": "bill.costs",
    "costs": "bill.costs",
    "compare": "comparison",
    "Explainer": "explain",
    "allreduce_figure": "figures",
    "balance_figure": "figures",
    "figure_of": "figures",
    "plot_busbw": "figures",
    "plot_cdf": "figures",
    "plot_crossover": "figures",
    "plot_gains": "figures",
    "plot_heatmap": "figures",
    "plot_lines": "figures",
    "plot_link_loads": "figures",
    "plot_pareto": "figures",
    "plot_rates": "figures",
    "plot_ratio": "figures",
    "plot_scaling": "figures",
    "plot_time": "figures",
    "plot_utilisation": "figures",
    "ratio_figure": "figures",
    "save_figure": "figures",
    "where": "figures",
    "run_flows": "flows",
    "read_nccl": "nccl_log",
    "Row": "result",
    "read_results": "rows",
    "read_rows": "rows",
    "Scenario": "scenario",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sims' has no attribute {name!r}")
    return getattr(import_module(f"sims.{_HOME[name]}"), name)
