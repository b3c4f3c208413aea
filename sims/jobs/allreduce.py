"""All-reduce: the job of it; and the rows of any collective in one call. Writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from fabric import Fabric
from fabric.machine.under_way import watched
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.opened import AnyFabric, opened
from sims.scenario.row import Row
from sims.settings.several import bytes_of, each_of
from sims.settings.signature import OF_JOBS, takes_settings
from sims.settings.table import SETTINGS
from sims.workload.collective import ALL_REDUCE, collective_named
from sims.workload.collectives import sliced_each, split_algorithms, usual_algorithms

__all__ = ["AllReduce", "all_reduce", "collective"]

_OWN = ("fabric", "algorithm", "sizes")  # said by arguments of their own
_LEGAL = (*_OWN, *OF_JOBS, "topology", "digest")


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
    fabric: AnyFabric,
    algorithm: str | Sequence[str] = "ring",
    sizes: Sequence[int | str] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of an all-reduce: ``collective`` of it.

    >>> for row in all_reduce("fat-tree:k=4", "ring,tree", "64KiB", routing="dmodk"):
    ...     print(row.used, round(row.time_s * 1e6))
    ring 148
    tree 54
    """
    return collective(fabric=fabric, algorithm=algorithm, sizes=sizes, **_of_all_reduce(settings))


def _of_all_reduce(settings: dict[str, Any]) -> dict[str, Any]:
    name = settings.setdefault("collective", ALL_REDUCE.name)
    if not isinstance(name, str) or name != ALL_REDUCE.name:
        rule = "AllReduce is the job of all-reduce: CollectiveJob is of any"
        raise ParameterError("collective", name, rule)
    return settings


@takes_settings
def collective(
    collective: str,
    fabric: AnyFabric,
    algorithm: str | Sequence[str] = "",
    sizes: Sequence[int | str] | int | str = (2**30,),
    **settings: Any,
) -> list[Row]:
    """Rows of a collective on ``fabric``: one per algorithm and size.

    ``fabric``: a Fabric, a graph, which is compiled, or what the command line takes, as ``"fat-tree:k=8"``,
    ``"preset:colossus-100k"`` or the path of a file.
    ``collective``: the name of one of sims.workload.collective.COLLECTIVES, as in ``"reduce-scatter"``.
    ``algorithm``: one or several names, as in ``"ring,tree:segment=1MiB"`` or a list; without any, the first
    of the usual ones. ``sizes``: in bytes, or as text (``"8:16G:x4"``, ``["1MiB", "1GiB"]``); they mean what
    nccl-tests means.
    ``settings``: those of CollectiveJob. Hierarchical algorithms run in ``SLICES`` slices where
    the text names no ``pipeline`` (sims.workload.collectives.sliced); the rows say so.

    Raises:
        ParameterError: the first mistake.

    >>> row, = collective("all-gather", "star:endpoints=8", "bruck", "1G")
    >>> row.busbw_GBps / row.algbw_GBps
    0.875
    """
    return list(collective_rows(collective, fabric, algorithm, sizes, **settings))


def collective_rows(
    collective: str,
    fabric: AnyFabric,
    algorithm: str | Sequence[str] = "",
    sizes: Sequence[int | str] | int | str = (2**30,),
    **settings: Any,
) -> Iterator[Row]:
    """The same, each row as it is found."""
    for name in settings:
        if name not in _LEGAL:
            raise ParameterError("setting", name, "unknown", _LEGAL)
    counts = bytes_of(sizes)
    texts = ",".join(map(SETTINGS["algorithm"].text_of, each_of("algorithm", algorithm)))
    of = collective_named(collective).name
    job = _job(fabric, of, settings)
    named = sliced_each(texts or usual_algorithms(of)[0], job.engine, of)
    names = split_algorithms(named, of)
    yield from watched(job.rows(names, counts), len(names) * len(counts))


def _job(fabric: AnyFabric, of: str, settings: dict[str, Any]) -> CollectiveJob:
    """The job on ``fabric``, which is compiled where it is none; a text names itself in the rows."""
    if isinstance(fabric, str | os.PathLike):
        from sims.settings.setup import Setup
        from sims.settings.suited import brought
        from topologies.named import named

        topology = named(os.fspath(fabric))
        settings = {**brought(topology.text), **settings}
        given = {"topology": topology.text, "digest": topology.digest, **settings}
        setup = Setup(
            collective=of, **{name: given[name] for name in given if name not in ("topology", "digest")}
        )
        if topology.size:
            setup.fits(topology.text, topology.size)
        return CollectiveJob(topology.fabric(allow_partition=setup.allow_partition), collective=of, **given)
    return CollectiveJob(opened(fabric)[0], collective=of, **settings)
