"""A topology read from GraphML, an element at a time: of ``files.graphml``, yEd, Gephi, igraph or NetworkX.

Knows the elements, and which attributes are numbers whatever a program makes of them; not their meaning.
"""

from __future__ import annotations

import json
import math
import os
import xml.etree.ElementTree as ET
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import networkx as nx

from fabric.machine.xml_file import Element, streamed, text_place, value_place
from fabric.words.errors import FileFormatError
from fabric.words.place import at
from topologies.files.cells import as_tuples
from topologies.files.graphml import IDS, JSON
from topologies.files.listed_twice import in_node_order
from topologies.files.parallel import EdgeIds, Listed, add_notes, joined
from topologies.files.xml_edge import XmlEdge

__all__ = ["read_graphml"]

_WHOLE = ("tier", "server", "cables")  # attributes that are whole numbers, whatever another program makes of
_REAL = ("rate", "delay")  # them, and that are numbers


def read_graphml(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file, of ``write_graphml`` or another program; defaults of keys are filled in.

    A directed graph (yEd writes no other) is taken as undirected, parallel edges with ids of their own as
    parallel ``cables``; ``graph["notes"]`` says so. A node without a ``name`` has the text of its label. A
    group of nodes is no node. Whole numbers and rates that another program wrote as texts or floats, such as
    a tier of 1.0, are numbers again.

    Raises:
        FileFormatError: with line and column for XML that is cut off; with the element for anything but one
            graph in which each node is listed once and edges join two listed nodes.
    """
    name = os.fspath(path)
    reader = _Reader(name)
    for depth, _, element in streamed(name, reader.opens):
        reader.take(depth, element)
    return reader.graph()


class _Reader:
    """What has come of a file so far."""

    def __init__(self, name: str) -> None:
        self.name, self.graphs, self.nodes = name, 0, 0
        self.G = nx.Graph()
        self.root: Element | None = None
        self.top: Element | None = None  # the graph
        self.keys = _Keys(name)
        self.data: list[Element] = []  # of the graph as a whole
        self.edges: deque[XmlEdge] = deque()
        self.ways: Counter[bool] = Counter()
        self.ids = EdgeIds()

    def opens(self, depth: int, tag: str) -> bool:
        """Whether what stands in an element is wanted one by one."""
        return (depth, tag) == (0, "graphml") or ((depth, tag) == (1, "graph") and not self.graphs)

    def take(self, depth: int, element: Element) -> None:
        tag = element.tag.removeprefix(self.keys.space)
        if self.root is None:
            self.root = element
            self.keys.space = element.tag.removesuffix("graphml")
        elif depth == 1 and tag == "graph":
            self.graphs += 1
            self.top = self.top or element
        elif depth == 1 and tag == "key":
            self.keys.declare(element)
        elif depth == 2 and tag == "data":
            self.data.append(element)
            self.__dict__.pop("as_json", None)
        elif depth == 2:
            self._inside(tag, element)
            for one in element.iter() if len(element) else ():  # a group has a graph of its own inside
                if one is not element and isinstance(one, Element):
                    self._inside(one.tag.removeprefix(self.keys.space), one)

    def _inside(self, tag: str, element: Element) -> None:
        if tag == "node":
            self._node(element)
        elif tag == "edge":
            self._edge(element)
        elif tag == "hyperedge":
            raise FileFormatError(self.name, element.where, "a hyperedge: a cable joins two nodes")

    def graph(self) -> nx.Graph:
        """The graph of all that has come."""
        assert self.root is not None  # or nothing would have come
        if self.root.tag != f"{self.keys.space}graphml" or self.graphs != 1 or self.top is None:
            found = f"<{self.root.tag.rpartition('}')[2]}> with {self.graphs} graphs"
            raise FileFormatError(self.name, "", f"not GraphML with one graph: {found}")
        G = self.G
        G.graph.update(self.keys.attributes("graph", "", self.top, self.data))
        G.graph.pop(IDS, "")
        place = {node: i for i, node in enumerate(G)}
        own, self.ids = self.ids.apart(), EdgeIds()  # their memory goes before the edges are joined
        directed, notes = self.ways[True] > 0, list[str]()
        listed = (self._listed(i + 1, self.edges.popleft(), place) for i in range(len(self.edges)))
        G.add_edges_from([*joined(self.name, listed, parallel=own, directed=directed, notes=notes)])
        add_notes(G, notes)
        return G

    @cached_property
    def as_json(self) -> bool:
        """Whether node ids are JSON texts, by what has been said of the graph so far."""
        assert self.top is not None
        return self.keys.attributes("graph", "", self.top, self.data).get(IDS, "") == "json"

    def _node(self, element: Element) -> None:
        self.nodes += 1
        where = f"node {self.nodes}, "
        node = self._id(where, element, "id")
        if node in self.G:
            place = where + value_place(self.name, element, "id")
            raise FileFormatError(self.name, place, f"node {node!r} is listed twice")
        data = element.findall(f"{self.keys.space}data") if len(element) else []
        attributes = self.keys.attributes("node", where, element, data)
        if len(element) and element.find(f"{self.keys.space}graph") is not None and "kind" not in attributes:
            return  # a group, drawn round its nodes
        self.G.add_node(node)
        self.G.nodes[node].update(attributes)

    def _edge(self, element: Element) -> None:
        assert self.top is not None
        where = f"edge {len(self.edges) + 1}, "
        u, v = (self._id(where, element, end) for end in ("source", "target"))
        default = str(self.top.get("edgedefault", "undirected") == "directed").lower()
        self.ways[element.get("directed", default) in ("true", "1")] += 1
        swapped, own = not self.ways[True] and (v, u) in self.ids, element.get("id")
        pair = (v, u) if swapped else (u, v)
        self.ids.add(pair, own)
        data = element.findall(f"{self.keys.space}data") if len(element) else []
        attributes = self.keys.attributes("edge", where, element, data)
        self.edges.append(XmlEdge(element.line, element.column, u, v, attributes))

    def _listed(self, number: int, edge: XmlEdge, place: Mapping[Hashable, int]) -> Listed:
        edge.require_ends(self.name, place, f"edge {number}, ")
        if "ports" in edge.attributes:
            turned = place[edge.u] > place[edge.v]
            edge.attributes["ports"] = in_node_order(edge.attributes["ports"], turned)
        return Listed(f"edge {number}, {at(edge.line, edge.column)}", edge.u, edge.v, edge.attributes)

    def _id(self, where: str, element: Element, key: str) -> Hashable:
        text = element.get(key, "")
        try:
            node = as_tuples(json.loads(text)) if self.as_json else text
            hash(node)
        except (TypeError, ValueError, RecursionError):
            node = None
        if node is None or node == "":
            place = where + value_place(self.name, element, key)
            raise FileFormatError(self.name, place, f"{key}={text[:60]!r} is not a node id")
        return node


class _Keys:
    """What the <key> elements of a file say: the name, type and default of each attribute."""

    _READ: Mapping[str, Callable[[str], Any]] = {
        "boolean": {"true": True, "1": True, "false": False, "0": False}.__getitem__,
        **dict.fromkeys(("int", "long", "integer", "short"), int),
        **dict.fromkeys(("float", "double", "real"), float),
        "string": str,
    }

    def __init__(self, name: str) -> None:
        self.name, self.space = name, ""
        self.known: dict[str, tuple[str, str]] = {}
        self.drawn: set[str] = set()  # keys of a drawing program's own, which hold shapes and no values
        self.defaults: dict[str, dict[str, Any]] = {"graph": {}, "node": {}, "edge": {}}

    def declare(self, element: Element) -> None:
        """Take a <key>."""
        number, kind = element.get("id", ""), element.get("attr.type", "string").lower()
        if any(attribute.startswith("yfiles.") for attribute in element.attrib):
            self.drawn.add(number)
            return
        if kind not in self._READ:
            where = f"key {number}, {value_place(self.name, element, 'attr.type')}"
            raise FileFormatError(self.name, where, f"unknown type {kind!r}: one of {', '.join(self._READ)}")
        self.known[number] = element.get("attr.name", number), kind
        default = element.find(f"{self.space}default")
        if default is not None:
            domains = [d for d in self.defaults if element.get("for", "all") in (d, "all")]
            for attribute, value in self._value(f"key {number}, ", default, number).items():
                for domain in domains:
                    self.defaults[domain][attribute] = value

    def attributes(
        self, domain: str, where: str, element: Element, of: Sequence[ET.Element]
    ) -> dict[str, Any]:
        """The attributes of one element, by the <data> ``of`` it. Of what a drawing program keeps there the
        first label is read.
        """
        found, label = dict(self.defaults[domain]), ""
        for data in of:
            number = data.get("key", "")
            if number not in self.known and number not in self.drawn:
                assert isinstance(data, Element)
                place = where + value_place(self.name, data, "key")
                raise FileFormatError(self.name, place, f"data of key {number!r}, which is not declared")
            if number in self.drawn or len(data):
                texts = (e.text.strip() for e in data.iter() if e.tag.endswith("}NodeLabel") and e.text)
                label = label or next(filter(None, texts), "")
            else:
                found.update(self._value(where, data, number))
        if domain == "node" and "name" not in found:
            label = next((v for k, v in found.items() if k.lower() == "label" and isinstance(v, str)), label)
            found |= {"name": label} if label else {}
        return found

    def _value(self, where: str, element: ET.Element, number: str) -> dict[str, Any]:
        """The attribute and its value, the text of the element; nothing where a program says it is none."""
        attribute, kind = self.known[number]
        text = element.text or ""
        try:
            if attribute.startswith(JSON):
                return {attribute.removeprefix(JSON): json.loads(text)}
            if kind == "string":
                return {attribute: _number(text) if attribute in (*_WHOLE, *_REAL) else text}
            value = self._READ[kind](text.strip().lower())
        except (ValueError, KeyError, RecursionError):
            raise self._wrong(where, element, f"{attribute} = {text[:60]!r} is no {kind}") from None
        if isinstance(value, float) and math.isnan(value) and attribute in _WHOLE:
            return {}  # igraph's word for a node that lacks what others have
        if isinstance(value, float) and not math.isfinite(value):
            raise self._wrong(where, element, f"{attribute} = {text[:60]!r} is not a finite number")
        if isinstance(value, float) and attribute in _WHOLE and value.is_integer():
            value = int(value)
        return {attribute: value}

    def _wrong(self, where: str, element: ET.Element, problem: str) -> FileFormatError:
        assert isinstance(element, Element)
        return FileFormatError(self.name, where + text_place(self.name, element), problem)


def _number(text: str) -> Any:
    """A number that was typed into a field for text, as drawing programs have it; else the text."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and text.strip().lstrip("+-").isdigit() else value
