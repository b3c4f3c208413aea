"""Figures from rows: functions that draw on axes, figures by name, and files that say what they show.

Each ``plot_X(ax, rows, ...)`` draws on the axes that it is given; ``figure_of`` makes a whole figure. Runs
nothing and reads no file.
"""

from sims.show.figures.balance import balance_figure, plot_link_loads, plot_rates
from sims.show.figures.kinds.allreduce import allreduce_figure, plot_busbw, plot_time
from sims.show.figures.kinds.cdf import plot_cdf
from sims.show.figures.kinds.crossover import plot_crossover
from sims.show.figures.kinds.gains import gains_figure, plot_gains
from sims.show.figures.kinds.groups import plot_groups
from sims.show.figures.kinds.heatmap import plot_heatmap
from sims.show.figures.kinds.lines import plot_lines
from sims.show.figures.kinds.pareto import plot_pareto
from sims.show.figures.kinds.scaling import plot_scaling
from sims.show.figures.kinds.utilisation import plot_utilisation
from sims.show.figures.named import FIGURES
from sims.show.figures.panels import figure_of
from sims.show.figures.ratio import plot_ratio, ratio_figure, ratios_figure
from sims.show.figures.selection import where
from sims.show.figures.style import figure_file, save_figure, svg_text
from sims.show.figures.timeline import flows_timeline_figure, plot_timeline, timeline_figure

__all__ = [
    "FIGURES",
    "allreduce_figure",
    "balance_figure",
    "figure_file",
    "figure_of",
    "flows_timeline_figure",
    "gains_figure",
    "plot_busbw",
    "plot_cdf",
    "plot_crossover",
    "plot_gains",
    "plot_groups",
    "plot_heatmap",
    "plot_lines",
    "plot_link_loads",
    "plot_pareto",
    "plot_rates",
    "plot_ratio",
    "plot_scaling",
    "plot_time",
    "plot_timeline",
    "plot_utilisation",
    "ratio_figure",
    "ratios_figure",
    "save_figure",
    "svg_text",
    "timeline_figure",
    "where",
]
