"""Choice: an algorithm and a latency profile that a library may run. Simulates nothing.

Without being told, what NCCL chooses from: rings and trees, each with its protocols LL, LL128 and Simple, as
its published cost model has them (sims.models.profiles).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sims.models.profiles import latency_profile
from sims.workload.collectives import algorithms, sliced_each, split_algorithms, usual_algorithms

__all__ = ["Choice", "choices"]

_PROTOCOLS = ("ll", "ll128", "simple")
# What NCCL calls ring and tree, by our names: the first that a collective has.
_RINGS, _TREES = ("ring", "chain"), ("chain-tree",)
# Which NCCL makes of sends and receives, that LL128 does not carry (src/enqueue.cc).
_POINT_TO_POINT = ("all-to-all", "send-recv", "gather", "scatter")
_TREELIKE = ("tree", "binomial", "doubling")  # parts of names whose steps are those of trees


class Choice(NamedTuple):
    """``algorithm`` and ``profile``: texts of these settings."""

    algorithm: str
    profile: str


def choices(collective: str, algorithm: str = "", profile: str = "", engine: str = "flow") -> list[Choice]:
    """What a library may run for ``collective``; ``algorithm``, a list, and ``profile``: where they are said.

    Raises:
        ParameterError: an unknown name.

    >>> [one.profile for one in choices("all-gather")]
    ['nccl-ring-ll', 'nccl-ring-ll128', 'nccl-ring-simple']
    >>> choices("all-reduce", "tree", "ib-ndr")
    [Choice(algorithm='tree', profile='ib-ndr')]
    """
    named = algorithm or ",".join(_usual(collective))
    names = split_algorithms(sliced_each(named, engine, collective), collective)
    if profile:
        return [Choice(name, latency_profile(profile).spec) for name in names]
    return [Choice(name, one) for name in names for one in _profiles(name, collective)]


def _usual(collective: str) -> Sequence[str]:
    """Our names of what NCCL runs, or the first of the usual ones."""
    known = algorithms(collective)
    found = [next((name for name in kind if name in known), "") for kind in (_RINGS, _TREES)]
    return [name for name in found if name] or usual_algorithms(collective)[:1]


def _profiles(name: str, collective: str) -> list[str]:
    """NCCL's profiles of an algorithm: of reduction in switches, of trees, or of rings."""
    head = name.partition(":")[0]
    if head == "in-network":
        return ["nccl-nvls"]
    kind = "tree" if any(part in head for part in _TREELIKE) else "ring"
    without = ["ll128"] if collective in _POINT_TO_POINT else []
    return [f"nccl-{kind}-{protocol}" for protocol in _PROTOCOLS if protocol not in without]
