"""All-reduce: the job of it, and its rows in one call. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx

from fabric import Fabric
from fabric.words.errors import ParameterError
from fabric.words.units import parse_sizes
from sims.jobs.collective import CollectiveJob
from sims.scenario.row import Row
from sims.settings.signature import takes_settings
from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives import format_algorithm, parse_algorithms, sliced_each

__all__ = ["DEFAULT_ALGORITHMS", "AllReduce", "all_reduce"]

DEFAULT_ALGORITHMS = ("ring", "tree", "halving-doubling", "hierarchical-ring", "hierarchical-tree")


class AllReduce(CollectiveJob):
    """Ranks placed on a fabric, ready for an all-reduce; arguments as of CollectiveJob.

    Raises:
        ParameterError: ``collective`` is another; more as CollectiveJob.
    """

    @takes_settings
    def __init__(self, fabric: Fabric, **settings: Any) -> None:
        name = settings.setdefault("collective", ALL_REDUCE.name)
        if name != ALL_REDUCE.name:
            raise ParameterError(
                "collective", name, "AllReduce is the job of all-reduce: CollectiveJob is of any"
            )
        super().__init__(fabric, **settings)


@takes_settings
def all_reduce(
    fabric: Fabric | nx.Graph,
    algorithm: str = "ring",
    sizes: Sequence[int] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of an all-reduce on ``fabric`` (or on a graph, which is compiled): one per algorithm and size.

    ``algorithm``: one or several names, as in ``"ring,tree:segment=1MiB"``. ``sizes``: in bytes, or as text
    (``"8:16G:x4"``). ``settings``: those of AllReduce. Hierarchical algorithms run in ``SLICES`` slices where
    the text names no ``pipeline`` (sims.workload.collectives.sliced); the rows say so.
    """
    if isinstance(sizes, (int, str)):
        sizes = parse_sizes(str(sizes))
    if not isinstance(algorithm, str):
        raise ParameterError("algorithm", algorithm, "text, as on the command line")
    job = AllReduce(fabric if isinstance(fabric, Fabric) else Fabric.from_graph(fabric), **settings)
    named = parse_algorithms(sliced_each(algorithm, job.engine))
    return list(job.rows([format_algorithm(*item) for item in named], sizes))
