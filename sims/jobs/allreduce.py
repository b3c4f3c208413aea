"""All-reduce: the job of it; and the rows of any collective in one call. Writes nothing."""

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
from sims.workload.collective import ALL_REDUCE, collective_named
from sims.workload.collectives import sliced_each, split_algorithms, usual_algorithms

__all__ = ["AllReduce", "all_reduce", "collective"]


class AllReduce(CollectiveJob):
    """Ranks placed on a fabric, ready for an all-reduce; arguments as of CollectiveJob.

    Raises:
        ParameterError: ``collective`` is another; more as CollectiveJob.
    """

    @takes_settings
    def __init__(self, fabric: Fabric, **settings: Any) -> None:
        super().__init__(fabric, **_of_all_reduce(settings))


@takes_settings
def all_reduce(
    fabric: Fabric | nx.Graph,
    algorithm: str = "ring",
    sizes: Sequence[int] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of an all-reduce: ``collective`` of it."""
    return collective(fabric=fabric, algorithm=algorithm, sizes=sizes, **_of_all_reduce(settings))


def _of_all_reduce(settings: dict[str, Any]) -> dict[str, Any]:
    name = settings.setdefault("collective", ALL_REDUCE.name)
    if name != ALL_REDUCE.name:
        rule = "AllReduce is the job of all-reduce: CollectiveJob is of any"
        raise ParameterError("collective", name, rule)
    return settings


@takes_settings
def collective(
    collective: str,
    fabric: Fabric | nx.Graph,
    algorithm: str = "",
    sizes: Sequence[int] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of a collective on ``fabric`` (or on a graph, which is compiled): one per algorithm and size.

    ``collective``: the name of one of sims.workload.collective.COLLECTIVES, as in ``"reduce-scatter"``.
    ``algorithm``: one or several names, as in ``"ring,tree:segment=1MiB"``; without any, the first of the
    usual ones. ``sizes``: in bytes, or as text (``"8:16G:x4"``), which mean what nccl-tests means.
    ``settings``: those of CollectiveJob. Hierarchical algorithms run in ``SLICES`` slices where
    the text names no ``pipeline`` (sims.workload.collectives.sliced); the rows say so.

    Raises:
        ParameterError: the first mistake.

    >>> from topologies import load
    >>> row, = collective("all-gather", load("star:endpoints=8"), "bruck", "1G")
    >>> row.busbw_GBps / row.algbw_GBps
    0.875
    """
    if isinstance(sizes, (int, str)):
        sizes = parse_sizes(str(sizes))
    if not isinstance(algorithm, str):
        raise ParameterError("algorithm", algorithm, "text, as on the command line")
    of = collective_named(collective).name
    job = CollectiveJob(
        fabric if isinstance(fabric, Fabric) else Fabric.from_graph(fabric), collective=of, **settings
    )
    named = sliced_each(algorithm or usual_algorithms(of)[0], job.engine, of)
    return list(job.rows(split_algorithms(named, of), sizes))
