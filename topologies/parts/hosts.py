"""Endpoints, and the servers that they form, put on the switches of any network.

Knows the first cable, servers and scale-up switches; does not know how the switches are joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from topologies.parts.assemble import Edges, Nodes, assemble
from topologies.parts.builder import Call
from topologies.parts.checks import divisor
from topologies.parts.memory import Size, require_memory

__all__ = ["Hosts", "trunks"]


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """``count`` endpoints; ``gpus`` consecutive ones are a server (0: no servers).

    ``access`` and ``nvlink`` are the attributes of the cables to the fabric's switch and to the scale-up
    switch. There are ``scaleup`` scale-up switches: one per server, or none.
    """

    count: int
    gpus: int
    scaleup: int
    access: Mapping[str, float]
    nvlink: Mapping[str, float]

    @classmethod
    def of(cls, call: Call, count: int) -> Hosts:
        """The ``count`` endpoints of a call, and the servers and links that it asks for.

        Raises:
            ParameterError: ``count`` endpoints are no whole servers, or a scale-up link is given without
                servers.
        """
        gpus = call["gpus_per_server"]
        if gpus == 0:
            for name in ("nvlink", "nvlink_delay"):
                if call[name] and call.is_given(name):
                    raise ParameterError(name, call[name], "needs servers: give gpus_per_server, 1 or more")
        else:
            divisor("gpus_per_server", gpus, "endpoints", count)
        return cls(
            count=count,
            gpus=gpus,
            scaleup=count // gpus if gpus > 1 and call["nvlink"] > 0 else 0,
            access={"rate": call["rate"], "delay": call.delay(1)},
            nvlink={"rate": call["nvlink"], "delay": call["nvlink_delay"]},
        )

    def require_memory(self, what: str, switches: int, trunk_edges: int, places: int | None = None) -> None:
        """Do nothing where the graph on so many switches, so many pairs of them cabled, fits in memory.

        ``places``: switches with endpoints; left out, all of them.

        Raises:
            TooLargeError: it does not.
        """
        edges = self.count + trunk_edges + (self.count if self.scaleup else 0)
        nodes = self.count + switches + self.scaleup
        require_memory(what, Size(nodes, edges, self.count, switches, places or switches))

    def graph(
        self,
        about: Mapping[str, Any],
        switch: NDArray[np.int64],
        switches: Sequence[Nodes],
        cables: Sequence[Edges],
        columns: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> nx.Graph:
        """Endpoints 0 .. count-1, each on its entry of ``switch`` (count,), then the switches, then scale-up.

        Switches are counted from 0 in ``switch`` and ``cables``. ``about`` becomes the attributes of the
        graph, ``columns`` (count,) those of the endpoints beside ``server``.
        """
        endpoint = np.arange(self.count, dtype=np.int64)
        server = endpoint // max(self.gpus, 1)
        label = {**(columns or {}), **({"server": server} if self.gpus else {})}
        n = sum(block.count for block in switches)
        nodes = [
            Nodes(count=self.count, common={"kind": "gpu", "tier": 0}, columns=label),
            *switches,
            Nodes(
                count=self.scaleup,
                common={"kind": "nvswitch", "tier": 1},
                columns={"server": np.arange(self.scaleup)},
            ),
        ]
        edges = [Edges(tail=endpoint, head=self.count + switch, common=self.access)]
        edges += [replace(run, tail=self.count + run.tail, head=self.count + run.head) for run in cables]
        if self.scaleup:
            edges.append(Edges(tail=endpoint, head=self.count + n + server, common=self.nvlink))
        return assemble(about, nodes, edges)

    def notes(self, switch: NDArray[np.int64]) -> list[str]:
        """What is worth saying on servers where each endpoint is on its entry of ``switch`` (count,)."""
        if self.gpus == 0:
            return []
        apart = int(np.sum(switch[:: self.gpus] != switch[self.gpus - 1 :: self.gpus]))
        return [f"{apart:,} of {self.count // self.gpus:,} servers straddle switches."] if apart else []


def trunks(
    tail: NDArray[np.int64], head: NDArray[np.int64], cables: NDArray[np.int64], common: Mapping[str, Any]
) -> list[Edges]:
    """Edges between switches of which each has its entry of ``cables`` parallel cables; 1 is not said."""
    runs = []
    for count in np.unique(cables).tolist():
        mine = cables == count
        attributes = {**common, **({"cables": count} if count > 1 else {})}
        runs.append(Edges(tail=tail[mine], head=head[mine], common=attributes))
    return runs
