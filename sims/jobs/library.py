"""What NCCL would run on the ranks of a job, by its cost model (sims.models.nccl). Runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.words.errors import ParameterError
from sims.models.profiles import LatencyProfile
from sims.models.protocols import require_network
from sims.workload.collectives import algorithms, contenders, format_algorithm, parse_algorithms
from sims.workload.collectives.hierarchical import UnequalGroupsError

if TYPE_CHECKING:  # most runs ask nobody what to choose
    from sims.models.nccl import Communicator

__all__ = ["chosen_by", "communicator", "protocol_words", "require_choice"]


def require_choice(collective: str, profile: LatencyProfile) -> None:
    """Raise ParameterError where NCCL has no choice, or the profile is that of one already."""
    from sims.models.nccl import COLLECTIVES

    if collective not in COLLECTIVES:
        rule = "NCCL makes it of sends and receives and chooses no algorithm"
        raise ParameterError("collective", collective, rule, COLLECTIVES)
    require_network(profile)


def communicator(fabric: Fabric, endpoints: NDArray[np.int64], library: str = "nccl") -> Communicator:
    """What NCCL would see of ranks on ``endpoints``, (ranks,). A server is what one NVLink switch reaches; of
    unequal ones the least counts. ``library``: with the generation of the GPUs behind a -, or without.
    """
    from sims.models.nccl import Communicator

    own = fabric.scaleup[endpoints]
    nodes = np.where(own >= 0, own, int(own.max(initial=-1)) + 1 + np.arange(len(own)))
    _, node, sizes = np.unique(nodes, return_inverse=True, return_counts=True)
    out = fabric.kind[fabric.link_src] < SWITCH  # those of endpoints
    to_network = out & (fabric.kind[fabric.link_dst] == SWITCH)
    nic, nvlink = (
        np.bincount(fabric.link_src[mask], fabric.capacity[mask], fabric.n_endpoints)[endpoints]
        for mask in (to_network, out & ~to_network)
    )
    nics = np.bincount(node[nic > 0], minlength=len(sizes))
    inside = float(nvlink.min()) if sizes.max() > 1 else 0.0
    outside = float(nic[nic > 0].min(initial=np.inf)) if (nic > 0).any() else 0.0
    named = library.partition("-")[2]
    return Communicator(
        ranks=len(endpoints),
        nodes=len(sizes),
        nics=max(1, int(nics.min())),
        nvlink=inside,
        nic=outside,
        generation=named or Communicator.generation_of(inside, outside),
    )


def chosen_by(of: Communicator, collective: str, text: str, size: float, run: Callable[[str], object]) -> str:
    """The algorithm that NCCL chooses of ``text``, an ``auto:library=nccl``, for ``size`` bytes, its protocol
    and as many channels as there are NICs for: ``ring:channels=8,protocol=ll128``.

    run: is given each until it raises no UnequalGroupsError, which passes over what needs equal servers.
    """
    from sims.models.nccl import beliefs

    known = {
        algorithms(collective)[name].nccl: (name, params)
        for each in contenders(text, collective)
        for name, params in parse_algorithms(each, collective)
    }
    believed = sorted(beliefs(of, collective, size), key=lambda one: one.time)
    rings = of.nics if of.nodes > 1 else int(of.per_node)
    for one in (one for one in believed if one.algorithm in known):
        name, params = known[one.algorithm]
        said = {**params, "protocol": one.protocol}
        if "channels" in algorithms(collective)[name].parameters:
            said["channels"] = min(one.channels, rings)
        chosen = format_algorithm(name, said, collective)
        with suppress(UnequalGroupsError):
            run(chosen)
            return chosen
    raise AssertionError("rings run on any ranks")


def protocol_words(protocol: str) -> str:
    """What to say beside rows whose schedule has a protocol.

    >>> protocol_words("ring ll128 64")
    "latencies and shares of bandwidth of NCCL 2.30.7 in place of the profile's latencies"
    """
    if not protocol:
        return ""
    from sims.models.nccl import VERSION

    return f"latencies and shares of bandwidth of NCCL {VERSION} in place of the profile's latencies"
