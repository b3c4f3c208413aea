"""Plan: the servers and switches of an infrastructure and the cables between them, and the graph that it is.

Knows instances and components; no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import networkx as nx

from fabric.words.counted import counted
from topologies.files.parallel import Listed, joined

__all__ = ["MOST", "Cable", "End", "Plan"]

MOST = 1_000_000  # components of a kind, nodes in all, and cables of an edge


class End(NamedTuple):
    """An end of a cable: instance, its number, and the component there, such as ``nic.0``."""

    instance: str
    number: int
    component: str


class Cable(NamedTuple):
    """Where it stands in the file, its ends, and its rate (bytes/s) and delay (s), None where unsaid."""

    where: str
    ends: tuple[End, End]
    rate: float | None
    delay: float | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """``path``: as errors call the file; ``xpus``: of each instance and its number the components that are
    XPUs, of switches none.
    """

    path: str
    title: str
    xpus: Mapping[tuple[str, int], Sequence[str]]
    cables: Sequence[Cable]

    def graph(self) -> nx.Graph:
        """Each XPU an endpoint, each instance without any a switch.

        A server's cables are dealt to its XPUs in order, as many to each; where there are fewer, XPUs share
        one and its rate.

        Raises:
            FileFormatError: as ``joined``.
        """
        G = nx.Graph(name=self.title, family="InfraGraph", notes=[])
        servers = [key for key, own in self.xpus.items() if own]
        for server, (instance, number) in enumerate(servers):
            for xpu in self.xpus[instance, number]:
                label = f"{instance}.{number}.{xpu}"
                G.add_node(label, kind="gpu", name=label, server=server)
        for (instance, number), own in self.xpus.items():
            if not own:
                label = f"{instance}.{number}"
                G.add_node(label, kind="switch", name=label)
        nics: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        for cable in self.cables:
            for end in cable.ends:
                mine = nics[end.instance, end.number]
                mine.setdefault(end.component, len(mine))
        listed: list[Listed] = []
        shared = 0
        for cable in self.cables:
            sides = [self._nodes(end, nics[end.instance, end.number]) for end in cable.ends]
            shared += max(map(len, sides)) > 1
            about = {} if cable.delay is None else {"delay": cable.delay}
            if cable.rate is not None:
                about["rate"] = cable.rate / (len(sides[0]) * len(sides[1]))
            listed += [Listed(cable.where, u, v, about) for u, v in product(*sides)]
        notes: list[str] = []
        G.add_edges_from(joined(self.path, listed, parallel=True, directed=False, notes=notes))
        if shared:
            notes.append(
                f"Shared {counted(shared, 'cable')} of servers with fewer NICs than XPUs among these."
            )
        alone = [node for node, degree in G.degree if not degree]
        if alone:
            notes.append(f"Left out {counted(len(alone), 'node')} without a cable (the first is {alone[0]}).")
            G.remove_nodes_from(alone)
        G.graph["notes"] = notes
        return G

    def _nodes(self, end: End, nics: Mapping[str, int]) -> list[str]:
        """The node of an end, or the XPUs of a server that share it. ``nics``: those with cables."""
        xpus, label = self.xpus[end.instance, end.number], f"{end.instance}.{end.number}"
        if not xpus:
            return [label]
        place, count = nics[end.component], len(nics)
        if count >= len(xpus):
            chosen = [xpus[place * len(xpus) // count]]
        else:
            chosen = [xpu for i, xpu in enumerate(xpus) if i * count // len(xpus) == place]
        return [f"{label}.{xpu}" for xpu in chosen]
