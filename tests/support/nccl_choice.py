"""What NCCL believes fastest on a measured machine among what a log leaves open, as the table spells it."""

from __future__ import annotations

from functools import cache

import numpy as np

from sims.jobs.library import communicator
from sims.models.nccl import Communicator, beliefs
from sims.studies.measured.machines import machine
from sims.studies.measured.table import Measured
from topologies.named import named

_UNSWITCHED = ("gh200-alps", "gh200-cray", "h100-kestrel")  # NVLink from GPU to GPU: no NVLS there
_OURS = {
    "ring": "ring:protocol={}",
    "tree": "chain-tree:protocol={}",
    "nvls-tree": "hierarchical-tree:pipeline=8,protocol={}",
}


@cache
def _communicator(system: str, nodes: int, per_node: int) -> Communicator:
    fabric = named(machine(system).topology(nodes, per_node)).fabric()
    return communicator(fabric, np.arange(nodes * per_node))


def choice_of(row: Measured) -> str:
    """The algorithm with its protocol. ``row.called``: the one that the log names, "" where it names none."""
    ranks = _communicator(row.system, row.nodes, row.per_node)
    open_to_it = [
        one
        for one in beliefs(ranks, row.collective, row.size_bytes)
        if row.called in ("", one.algorithm, one.protocol)
        and not (one.algorithm.startswith("nvls") and row.system in _UNSWITCHED)
    ]
    best = min(open_to_it, key=lambda one: one.time)
    return _OURS[best.algorithm].format(best.protocol)
