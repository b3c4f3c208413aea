"""How the owner of a fabric calls its nodes: by name, by host, or by a list of these. Reads no file.

A host is a server of endpoints; its name is what their names have in common, as ``lrdn0001`` of
``lrdn0001 mlx5_0`` and ``lrdn0001 mlx5_1``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError
from fabric.words.hostlist import expand, is_list

__all__ = ["NodeNames", "host_of"]

_SHOWN = 6  # names that are listed
_MOST_COMPARED = 5_000  # names among which the nearest is looked for


class NodeNames:
    """The nodes of ``fabric`` by their names."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric

    def nodes(self, text: str, what: str = "node") -> NDArray[np.int64]:
        """The nodes that ``text`` names, in its order: the name or the id of one, a host, or a list.

        A host stands for its endpoints, in their order; a list is one as Slurm writes it (fabric.hostlist),
        unless some node is called just so.

        Raises:
            ParameterError: of the argument ``what``: none or several are called so (the nearest name is
                given), or the list is none.

        >>> import networkx as nx
        >>> G = nx.star_graph([f"n{i:02}" for i in range(4)])
        >>> nx.set_node_attributes(G, {n: {"kind": "gpu", "tier": 0} for n in G})
        >>> G.nodes["n00"].update(kind="switch", tier=1)
        >>> nx.set_edge_attributes(G, {e: {"rate": 50e9, "delay": 0.0} for e in G.edges})
        >>> NodeNames(Fabric.from_graph(G)).nodes("n[01-02]").tolist()
        [0, 1]
        """
        if text in self._named or text in self._hosts or not is_list(text):
            return self._one(text, what)
        return np.concatenate([self._one(name, what) for name in expand(text, what)])

    def endpoints(self, text: str, what: str = "endpoint") -> NDArray[np.int64]:
        """The endpoints that ``text`` names, as ``nodes``; a whole number is that of an endpoint.

        Raises:
            ParameterError: as ``nodes``; a number out of range, or the name of a switch.
        """
        known = text in self._named if not text.isdecimal() else False
        names = [text] if known or not is_list(text) else expand(text, what)
        return np.concatenate([self._endpoint(name, what) for name in names])

    def _endpoint(self, name: str, what: str) -> NDArray[np.int64]:
        n = self.fabric.n_endpoints
        if name.isascii() and name.isdecimal():
            number = int(name) if len(name) < 19 else n
            if number >= n:
                raise ParameterError(what, name, f"an endpoint is a number from 0 to {n - 1} or a name")
            return np.array([number])
        found = self._one(name, what)
        if found[0] >= n:
            raise ParameterError(what, name, "the name of a switch: an endpoint or a host is needed")
        return found

    def _one(self, name: str, what: str) -> NDArray[np.int64]:
        if (node := self._named.get(name)) is not None and node >= 0:
            return np.array([node], np.int64)
        host = None if node == -1 else self._hosts.get(name)
        if host:
            return np.array(host, np.int64)
        several = node == -1 or host is not None
        near = "" if several else self._nearest(name)
        rule = f"{'several nodes are' if several else 'no node is'} called so in {self.fabric.name}"
        rule += f": the nearest is {near!r}" if near else ""
        raise ParameterError(what, name, rule, [] if several or near else self._some())

    def _some(self) -> list[str]:
        """What endpoints can be called: numbers, and the first names of hosts or endpoints."""
        n = self.fabric.n_endpoints
        hosts = [host for host, members in self._hosts.items() if members]
        names = hosts or [
            name for name, node in self._named.items() if 0 <= node < n and not name.isdecimal()
        ]
        more = f"and {len(names) - _SHOWN:,} more {'hosts' if hosts else 'names'}"
        return [f"0 to {n - 1}", *names[:_SHOWN], *([more] if len(names) > _SHOWN else [])]

    @cached_property
    def _named(self) -> dict[str, int]:
        """Each node by its id and by its name, which comes first; -1 where several have the name."""
        nodes = {str(label): node for node, label in enumerate(self.fabric.ids)}
        if self.fabric.labels:
            names: dict[str, int] = {}
            for node, label in enumerate(self.fabric.labels):
                names[label] = -1 if label in names else node
            nodes |= names
        return nodes

    @cached_property
    def _hosts(self) -> dict[str, list[int]]:
        """The endpoints of each host, in their order; none where several servers are called so.

        Also by what stands before the first dot of the name, as Slurm leaves domains out.
        """
        servers: dict[int, list[int]] = defaultdict(list)
        for endpoint in np.flatnonzero(self.fabric.server >= 0).tolist():
            servers[int(self.fabric.server[endpoint])].append(endpoint)
        if not self.fabric.labels and all(isinstance(one, int) for one in self.fabric.ids):
            return {}
        hosts: dict[str, list[int]] = {}
        short: dict[str, list[int]] = {}
        for members in servers.values():
            if name := host_of([self.fabric.label(endpoint) for endpoint in members]):
                hosts[name] = [] if name in hosts else members
                first = name.partition(".")[0]
                short[first] = [] if first in short else members
        return {**{name: found for name, found in short.items() if not name.isdecimal()}, **hosts}

    def _nearest(self, name: str) -> str:
        """The name most like ``name``; of those that differ in their digits only, where there are some."""
        hosts = [host for host, members in self._hosts.items() if members]
        every = hosts + [other for other, node in self._named.items() if node >= 0 and not other.isdecimal()]
        padded = re.sub(r"0*(\d+)", r"\1", name)
        for other in every:
            if re.sub(r"0*(\d+)", r"\1", other) == padded:
                return other  # zeros in front are all that tells them apart
        stem = re.sub(r"\d+", "#", name)
        alike = [other for other in every if re.sub(r"\d+", "#", other) == stem] or every
        alike.sort(key=lambda other: -_alike([name, other]))
        from difflib import get_close_matches

        near = get_close_matches(name, alike[:_MOST_COMPARED], n=1, cutoff=0.5)
        return near[0] if near else ""


def host_of(names: list[str]) -> str:
    """What the names of the endpoints of one server share: leading words, or all before a sign."""
    words = [name.split() for name in names]
    if any(len(one) > 1 for one in words):
        return " ".join(words[0][: _alike([one[:-1] for one in words])])
    if len(names) == 1:
        return names[0]
    return re.sub(r"[/:._-]?[^/:._-]*$", "", names[0][: _alike(names)])


def _alike(items: Sequence[Sequence[str]]) -> int:
    """How many leading items all have in common."""
    shared = 0
    for here in zip(*items):
        if len(set(here)) > 1:
            break
        shared += 1
    return shared
