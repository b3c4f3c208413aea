"""Time (SimPy), collectives, traffic, scenario, results, tables, figures and the command line.

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.jobs.allreduce import AllReduce as AllReduce
    from sims.jobs.allreduce import all_reduce as all_reduce
    from sims.jobs.allreduce import collective as collective
    from sims.jobs.flow_row import FlowRow as FlowRow
    from sims.jobs.flow_row import simulate_flows as simulate_flows
    from sims.jobs.goodput.job import goodput as goodput
    from sims.jobs.routing_compare import balances as balances
    from sims.jobs.together.job import run_jobs as run_jobs
    from sims.jobs.trace_job import run_trace as run_trace
    from sims.jobs.train.job import train as train
    from sims.models.fluid.flows import run_flows as run_flows
    from sims.scenario.row import Row as Row
    from sims.scenario.rows import read_results as read_results
    from sims.scenario.rows import read_rows as read_rows
    from sims.scenario.scenario import Scenario as Scenario
    from sims.show.figures import allreduce_figure as allreduce_figure
    from sims.show.figures import balance_figure as balance_figure
    from sims.show.figures import figure_of as figure_of
    from sims.show.figures import plot_busbw as plot_busbw
    from sims.show.figures import plot_cdf as plot_cdf
    from sims.show.figures import plot_crossover as plot_crossover
    from sims.show.figures import plot_gains as plot_gains
    from sims.show.figures import plot_groups as plot_groups
    from sims.show.figures import plot_heatmap as plot_heatmap
    from sims.show.figures import plot_lines as plot_lines
    from sims.show.figures import plot_link_loads as plot_link_loads
    from sims.show.figures import plot_pareto as plot_pareto
    from sims.show.figures import plot_rates as plot_rates
    from sims.show.figures import plot_ratio as plot_ratio
    from sims.show.figures import plot_scaling as plot_scaling
    from sims.show.figures import plot_time as plot_time
    from sims.show.figures import plot_utilisation as plot_utilisation
    from sims.show.figures import ratio_figure as ratio_figure
    from sims.show.figures import save_figure as save_figure
    from sims.show.figures import where as where
    from sims.show.frame import frame as frame
    from sims.simulation import simulate as simulate
    from sims.studies.bom.costs import Costs as Costs
    from sims.studies.bom.costs import costs as costs
    from sims.studies.compare import compare as compare
    from sims.studies.diagnose.diagnosis import diagnose as diagnose
    from sims.studies.expect.expectation import expect as expect
    from sims.studies.explain.explainer import Explainer as Explainer
    from sims.studies.nccl_log import read_nccl as read_nccl

_HOME = {
    "AllReduce": "jobs.allreduce",
    "all_reduce": "jobs.allreduce",
    "collective": "jobs.allreduce",
    "simulate": "simulation",
    "FlowRow": "jobs.flow_row",
    "simulate_flows": "jobs.flow_row",
    "goodput": "jobs.goodput.job",
    "train": "jobs.train.job",
    "balances": "jobs.routing_compare",
    "run_jobs": "jobs.together.job",
    "run_trace": "jobs.trace_job",
    "Costs": "studies.bom.costs",
    "costs": "studies.bom.costs",
    "compare": "studies.compare",
    "Explainer": "studies.explain.explainer",
    "allreduce_figure": "show.figures",
    "balance_figure": "show.figures",
    "figure_of": "show.figures",
    "plot_busbw": "show.figures",
    "plot_cdf": "show.figures",
    "plot_crossover": "show.figures",
    "plot_gains": "show.figures",
    "plot_groups": "show.figures",
    "plot_heatmap": "show.figures",
    "plot_lines": "show.figures",
    "plot_link_loads": "show.figures",
    "plot_pareto": "show.figures",
    "plot_rates": "show.figures",
    "plot_ratio": "show.figures",
    "plot_scaling": "show.figures",
    "plot_time": "show.figures",
    "plot_utilisation": "show.figures",
    "ratio_figure": "show.figures",
    "save_figure": "show.figures",
    "where": "show.figures",
    "frame": "show.frame",
    "run_flows": "models.fluid.flows",
    "diagnose": "studies.diagnose.diagnosis",
    "expect": "studies.expect.expectation",
    "read_nccl": "studies.nccl_log",
    "Row": "scenario.row",
    "read_results": "scenario.rows",
    "read_rows": "scenario.rows",
    "Scenario": "scenario.scenario",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from fabric.words.attribute import no_attribute

        raise no_attribute("module 'sims'", name, _HOME)
    return getattr(import_module(f"sims.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
