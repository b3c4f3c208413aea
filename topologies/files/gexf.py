"""A graph in GEXF, as Gephi writes it: read only. Knows its elements; not the attributes' meaning.

Versions 1.1 to 1.3. Attributes of nodes and edges have the titles that the file declares; labels are names.
What Gephi draws with (positions, colours, sizes) and times of dynamic graphs are left out.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from fabric.machine.xml_file import Element, elements, parse_xml
from fabric.words.errors import FileFormatError
from topologies.files.parallel import Listed, add_notes, joined

__all__ = ["read_gexf"]

_TRUE = {"true": True, "1": True, "false": False, "0": False}
_TYPES: Mapping[str, Any] = {
    "boolean": lambda text: _TRUE[text.strip().lower()],
    **dict.fromkeys(("integer", "long", "short", "byte"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("string", "anyuri", "char", "liststring"), str),
}
_DIRECTED = {"directed": True, "undirected": False, "mutual": False}


def read_gexf(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file; a node without a ``name`` has the text of its label.

    Edges of one pair of nodes are parallel ``cables`` where each has an id of its own. A directed graph is
    taken as undirected, as one in GraphML is; ``graph["notes"]`` says so.

    Raises:
        FileFormatError: with line and column: no GEXF, a node listed twice, an edge to no node, a value that
            is not of the declared type.
    """
    name = os.fspath(path)
    root = parse_xml(name)
    space = root.tag.removesuffix("gexf")
    graph = next(elements(root, f"{space}graph"), None)
    if root.tag != f"{space}gexf" or graph is None:
        raise FileFormatError(name, root.where, f"<{root.tag.rpartition('}')[2]}>: not GEXF with a graph")
    reader = _Reader(name, space, graph)
    G = nx.Graph(name=Path(name).stem)
    for element in elements(graph, f"{space}node"):
        node = reader.attribute(element, "id")
        if node in G:
            raise FileFormatError(name, element.where, f"node {node!r} is listed twice")
        label = element.get("label", "")
        G.add_node(node)
        G.nodes[node].update({"name": label} if label else {})
        G.nodes[node].update(reader.values("node", element))
    notes: list[str] = []
    listed, parallel, directed = reader.edges(G, graph)
    G.add_edges_from(joined(name, listed, parallel=parallel, directed=directed, notes=notes))
    add_notes(G, notes)
    return G


class _Reader:
    """What the <attributes> of a file declare: title, type and default by class and id."""

    def __init__(self, name: str, space: str, graph: Element) -> None:
        self.name, self.space = name, space
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        self.defaults: dict[str, dict[str, Any]] = {"node": {}, "edge": {}}
        for group in elements(graph, f"{space}attributes"):
            of = group.get("class", "node")
            for one in elements(group, f"{space}attribute"):
                number, kind = self.attribute(one, "id"), one.get("type", "string").lower()
                if kind not in _TYPES:
                    rule = f"unknown type {kind[:40]!r}: one of {', '.join(_TYPES)}"
                    raise FileFormatError(name, one.where, rule)
                title = one.get("title", number)
                self.known[of, number] = title, kind
                default = one.find(f"{space}default")
                if default is not None and of in self.defaults:
                    self.defaults[of][title] = self._value(one, title, kind, default.text or "")

    def attribute(self, element: Element, key: str) -> str:
        """An attribute of the element that has to be there."""
        text = element.get(key, "")
        if not text:
            tag = element.tag.rpartition("}")[2]
            raise FileFormatError(self.name, element.where, f"<{tag}> without {key}")
        return text

    def values(self, of: str, element: Element) -> dict[str, Any]:
        found = dict(self.defaults[of])
        for one in elements(element, f"{self.space}attvalue"):
            number = one.get("for") or one.get("id") or ""
            if (of, number) not in self.known:
                rule = f"a value of attribute {number[:40]!r}, which is not declared"
                raise FileFormatError(self.name, one.where, rule)
            title, kind = self.known[of, number]
            found[title] = self._value(one, title, kind, one.get("value", ""))
        return found

    def edges(self, G: nx.Graph, graph: Element) -> tuple[list[Listed], bool, bool]:
        """The edges, whether each of a pair has an id of its own, and whether they are directed."""
        usual = _DIRECTED.get(graph.get("defaultedgetype", "undirected"), False)
        ways: Counter[bool] = Counter()
        listed: list[Listed] = []
        ids: dict[frozenset[Hashable], list[str | None]] = {}
        for element in elements(graph, f"{self.space}edge"):
            u, v = (self.attribute(element, end) for end in ("source", "target"))
            for node in (u, v):
                if node not in G:
                    raise FileFormatError(self.name, element.where, f"node {node!r} is not among the nodes")
            ways[_DIRECTED.get(element.get("type", ""), usual)] += 1
            ids.setdefault(frozenset((u, v)), []).append(element.get("id"))
            listed.append(Listed(element.where, u, v, self.values("edge", element)))
        own = all(None not in one and len(set(one)) == len(one) for one in ids.values() if len(one) > 1)
        return listed, own and not ways[True], ways[True] > 0

    def _value(self, element: Element, title: str, kind: str, text: str) -> Any:
        try:
            value = _TYPES[kind](text)
        except (ValueError, KeyError):
            value = math.nan
        if isinstance(value, float) and not math.isfinite(value):
            rule = f"{title} = {text[:60]!r} is no finite {kind}"
            raise FileFormatError(self.name, element.where, rule)
        return value
