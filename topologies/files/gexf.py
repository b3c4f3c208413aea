"""A graph in GEXF, as Gephi writes it: read only. Knows its elements; not the attributes' meaning.

Versions 1.1 to 1.3. Attributes of nodes and edges have the titles that the file declares; labels are names.
What Gephi draws with (positions, colours, sizes) and times of dynamic graphs are left out.
"""

from __future__ import annotations

import math
import os
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from fabric.machine.xml_file import Element, elements, streamed, text_place, value_place
from fabric.words.errors import FileFormatError
from fabric.words.place import at
from topologies.files.parallel import EdgeIds, Listed, add_notes, joined
from topologies.files.xml_edge import XmlEdge

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
    reader = _Reader(name)
    for _, begins, element in streamed(name, reader.opens):
        reader.take(element, begins=begins)
    return reader.graph()


class _Reader:
    """What the <attributes> of a file declare, title, type and default by class and id, and what has come."""

    def __init__(self, name: str) -> None:
        self.name, self.space, self.graphs = name, "", 0
        self.root: Element | None = None
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        self.defaults: dict[str, dict[str, Any]] = {"node": {}, "edge": {}}
        self.G = nx.Graph(name=Path(name).stem)
        self.edges: deque[XmlEdge] = deque()
        self.usual = False  # whether edges are directed that do not say it
        self.ways: Counter[bool] = Counter()
        self.ids = EdgeIds()

    def opens(self, depth: int, tag: str) -> bool:
        """Whether what stands in an element is wanted one by one: of the first graph of the file."""
        return (depth, tag) == (0, "gexf") or (
            ((depth, tag) == (1, "graph") and not self.graphs) or (depth == 2 and tag in ("nodes", "edges"))
        )

    def take(self, element: Element, *, begins: bool) -> None:
        tag = element.tag.removeprefix(self.space)
        if begins and self.root is None:
            self.root, self.space = element, element.tag.removesuffix("gexf")
        elif begins and tag == "graph":
            self.graphs += 1
            self.usual = _DIRECTED.get(element.get("defaultedgetype", "undirected"), False)
        elif self.root is None:
            raise self._no_graph(element)
        elif tag == "attributes":
            self._declare(element)
        elif tag == "node":
            self._node(element)
            for one in element.iter() if len(element) else ():  # as a hierarchy nests them
                if one is not element and one.tag in (f"{self.space}node", f"{self.space}edge"):
                    assert isinstance(one, Element)
                    (self._node if one.tag.endswith("node") else self._edge)(one)
        elif tag == "edge":
            self._edge(element)

    def graph(self) -> nx.Graph:
        """The graph of all that has come."""
        if not self.graphs:
            assert self.root is not None  # or nothing would have come
            raise self._no_graph(self.root)
        own, self.ids = self.ids.apart(), EdgeIds()  # their memory goes before the edges are joined
        directed, notes = self.ways[True] > 0, list[str]()
        listed = (self._listed(self.edges.popleft()) for _ in range(len(self.edges)))
        edges = joined(self.name, listed, parallel=own and not directed, directed=directed, notes=notes)
        self.G.add_edges_from([*edges])
        add_notes(self.G, notes)
        return self.G

    def _listed(self, edge: XmlEdge) -> Listed:
        edge.require_ends(self.name, self.G)
        return Listed(at(edge.line, edge.column), edge.u, edge.v, edge.attributes)

    def _no_graph(self, root: Element) -> FileFormatError:
        shown = root.tag.rpartition("}")[2]
        return FileFormatError(self.name, root.where, f"<{shown}>: not GEXF with a graph")

    def _declare(self, group: Element) -> None:
        of = group.get("class", "node")
        for one in elements(group, f"{self.space}attribute"):
            number, kind = self.attribute(one, "id"), one.get("type", "string").lower()
            if kind not in _TYPES:
                rule = f"unknown type {kind[:40]!r}: one of {', '.join(_TYPES)}"
                raise FileFormatError(self.name, value_place(self.name, one, "type"), rule)
            title = one.get("title", number)
            self.known[of, number] = title, kind
            default = one.find(f"{self.space}default")
            if default is not None and of in self.defaults:
                assert isinstance(default, Element)
                self.defaults[of][title] = self._value(default, title, kind, default.text or "")

    def _node(self, element: Element) -> None:
        node = self.attribute(element, "id")
        if node in self.G:
            where = value_place(self.name, element, "id")
            raise FileFormatError(self.name, where, f"node {node!r} is listed twice")
        label = element.get("label", "")
        self.G.add_node(node)
        self.G.nodes[node].update({"name": label} if label else {})
        self.G.nodes[node].update(self._values("node", element))

    def _edge(self, element: Element) -> None:
        u, v = (self.attribute(element, end) for end in ("source", "target"))
        self.ways[_DIRECTED.get(element.get("type", ""), self.usual)] += 1
        pair, own = (u, v) if u <= v else (v, u), element.get("id")
        self.ids.add(pair, own)
        self.edges.append(XmlEdge(element.line, element.column, u, v, self._values("edge", element)))

    def attribute(self, element: Element, key: str) -> str:
        """An attribute of the element that has to be there."""
        text = element.get(key, "")
        if not text:
            tag = element.tag.rpartition("}")[2]
            raise FileFormatError(self.name, element.where, f"<{tag}> without {key}")
        return text

    def _values(self, of: str, element: Element) -> dict[str, Any]:
        found = dict(self.defaults[of])
        for values in element.findall(f"{self.space}attvalues") if len(element) else ():
            for one in elements(values, f"{self.space}attvalue"):
                key = "for" if one.get("for") else "id"
                number = one.get(key) or ""
                if (of, number) not in self.known:
                    rule = f"a value of attribute {number[:40]!r}, which is not declared"
                    raise FileFormatError(self.name, value_place(self.name, one, key), rule)
                title, kind = self.known[of, number]
                found[title] = self._value(one, title, kind, one.get("value", ""))
        return found

    def _value(self, element: Element, title: str, kind: str, text: str) -> Any:
        try:
            value = _TYPES[kind](text)
        except (ValueError, KeyError):
            value = math.nan
        if isinstance(value, float) and not math.isfinite(value):
            rule = f"{title} = {text[:60]!r} is no finite {kind}"
            said = element.get("value") is not None
            where = value_place(self.name, element, "value") if said else text_place(self.name, element)
            raise FileFormatError(self.name, where, rule)
        return value
