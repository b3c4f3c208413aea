"""A small topology as GraphML, for and from yEd, Gephi and Cytoscape. Knows XML; not the attributes' meaning.

Texts, numbers and booleans are GraphML's own types. What it has no type for (lists such as ``ports``, dicts,
None) is JSON text under the name ``json:ports``. Node ids that are no text are their JSON text, and the graph
attribute ``node ids`` says so.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import networkx as nx

from fabric.machine.whole_file import replaced
from fabric.machine.xml_file import Element, elements, parse_xml
from fabric.words.errors import FileFormatError, ParameterError, SchemaError
from topologies.files.listed_twice import in_node_order
from topologies.files.parallel import Listed, add_notes, joined

__all__ = ["MOST_NODES", "read_graphml", "write_graphml"]

MOST_NODES = 20_000  # what the tools that read GraphML still draw

_SPACE = "http://graphml.graphdrawing.org/xmlns"
_JSON = "json:"
_IDS = "node ids"
_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}
_UNFIT = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold, or not keep
_WHOLE = ("tier", "server", "cables")  # attributes that are whole numbers, whatever another program makes of
_REAL = ("rate", "delay")  # them, and that are numbers
_CABLES = "each pair of nodes has one edge: parallel cables are the edge attribute cables"


def write_graphml(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph; ``read_graphml`` gives an equal one back, tuples as lists but for node ids.

    The file appears whole or not at all.

    Raises:
        ParameterError: more than ``MOST_NODES`` nodes, a directed graph or a multigraph.
        FabricsimError: the file cannot be written.
        SchemaError: an attribute that JSON cannot hold either, such as NaN.
    """
    if G.is_directed() or G.is_multigraph():
        raise ParameterError("G", type(G).__name__, f"an undirected nx.Graph: {_CABLES}")
    nodes = G.number_of_nodes()
    if nodes > MOST_NODES:
        rule = f"GraphML is for small graphs, of {MOST_NODES:,} nodes at most: write .json or .csv"
        raise ParameterError("nodes", nodes, rule)
    pieces = list(_pieces(G))
    with replaced(path) as file:
        file.writelines(pieces)


def _pieces(G: nx.Graph) -> Iterator[str]:
    keys: dict[tuple[str, str, str], str] = {}
    problems: list[str] = []
    if _IDS in G.graph:
        problems.append(f"graph: {_IDS!r}: the file format needs this name itself")
    as_json = not all(isinstance(node, str) and not _UNFIT.search(node) for node in G)

    def name(node: Hashable) -> str:
        return _encoded(node, f"node {node!r}", problems) if as_json else str(node)

    def data(domain: str, where: str, attributes: Mapping[Any, Any]) -> str:
        text = ""
        for attribute, value in attributes.items():
            key, kind, shown = _typed(attribute, value, where, problems)
            number = keys.setdefault((domain, key, kind), f"d{len(keys)}")
            text += f'<data key="{number}">{escape(shown)}</data>'
        return text

    body = [data("graph", "graph", {**({_IDS: "json"} if as_json else {}), **G.graph}) + "\n"]
    for node, attributes in G.nodes(data=True):
        text = data("node", f"node {node!r}", attributes)
        body.append(f"<node id={quoteattr(name(node))}>{text}</node>\n")
    for u, v, attributes in G.edges(data=True):
        text = data("edge", f"edge {u!r} - {v!r}", attributes)
        body.append(f"<edge source={quoteattr(name(u))} target={quoteattr(name(v))}>{text}</edge>\n")
    if problems:
        raise SchemaError(str(G.graph.get("name") or "(unnamed)"), problems)
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns="{_SPACE}">\n'
    for (domain, key, kind), number in keys.items():
        yield f'<key id="{number}" for="{domain}" attr.name={quoteattr(key)} attr.type="{kind}"/>\n'
    yield '<graph edgedefault="undirected">\n'
    yield from body
    yield "</graph>\n</graphml>\n"


def _typed(attribute: Any, value: Any, where: str, problems: list[str]) -> tuple[str, str, str]:
    """(name in the file, GraphML type, text) of one attribute."""
    if not isinstance(attribute, str) or _UNFIT.search(attribute):
        problems.append(f"{where}: {attribute!r}: an attribute name is printable text")
        return "", "", ""
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy's values leave it here
    kind = _TYPES.get(type(value))
    plain = kind is not None and not attribute.startswith(_JSON)
    if isinstance(value, str):
        plain = plain and not _UNFIT.search(value)
    if not plain or (isinstance(value, float) and not math.isfinite(value)):
        return _JSON + attribute, "string", _encoded(value, f"{where}: {attribute}", problems)
    text = value if isinstance(value, str) else json.dumps(value)
    return attribute, kind or "string", text


def _encoded(value: Any, where: str, problems: list[str]) -> str:
    try:
        return json.dumps(value, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        problems.append(f"{where} = {repr(value)[:60]}: cannot be written to GraphML ({error})")
        return ""


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON type")


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
    root = parse_xml(name)
    space = root.tag.removesuffix("graphml")
    graphs = [graph for graph in elements(root, f"{space}graph") if graph in list(root)]
    if root.tag != f"{space}graphml" or len(graphs) != 1:
        found = f"<{root.tag.rpartition('}')[2]}> with {len(graphs)} graphs"
        raise FileFormatError(name, "", f"not GraphML with one graph: {found}")
    (graph,) = graphs
    keys = _Keys(name, root, space)
    G = nx.Graph()
    G.graph.update(keys.attributes("graph", graph.where, graph))
    as_json = G.graph.pop(_IDS, "") == "json"
    for element in elements(graph, f"{space}hyperedge"):
        raise FileFormatError(name, element.where, "a hyperedge: a cable joins two nodes")

    def node_id(where: str, element: Element, key: str) -> Hashable:
        text = element.get(key, "")
        try:
            node = _tuple(json.loads(text)) if as_json else text
            hash(node)
        except (TypeError, ValueError, RecursionError):
            node = None
        if node is None or node == "":
            raise FileFormatError(name, where, f"{key}={text[:60]!r} is not a node id")
        return node

    for i, element in enumerate(elements(graph, f"{space}node")):
        where = f"node {i + 1}, {element.where}"
        node = node_id(where, element, "id")
        if node in G:
            raise FileFormatError(name, where, f"node {node!r} is listed twice")
        attributes = keys.attributes("node", where, element)
        if element.find(f"{space}graph") is not None and "kind" not in attributes:
            continue  # a group, drawn round its nodes
        G.add_node(node)
        G.nodes[node].update(attributes)
    place = {node: i for i, node in enumerate(G)}
    ways: Counter[bool] = Counter()
    ids: dict[tuple[Hashable, Hashable], list[str | None]] = defaultdict(list)
    listed = []
    default = graph.get("edgedefault", "undirected")
    for i, element in enumerate(elements(graph, f"{space}edge")):
        where = f"edge {i + 1}, {element.where}"
        u, v = (node_id(where, element, end) for end in ("source", "target"))
        for node in (u, v):
            if node not in G:
                raise FileFormatError(name, where, f"node {node!r} is not among the nodes")
        ways[element.get("directed", str(default == "directed").lower()) in ("true", "1")] += 1
        ids[(v, u) if not ways[True] and (v, u) in ids else (u, v)].append(element.get("id"))
        data = keys.attributes("edge", where, element)
        if "ports" in data:
            data["ports"] = in_node_order(data["ports"], place[u] > place[v])
        listed.append(Listed(where, u, v, data))
    directed, notes = ways[True] > 0, list[str]()
    own = all(None not in found and len(set(found)) == len(found) for found in ids.values() if len(found) > 1)
    G.add_edges_from(joined(name, listed, parallel=own, directed=directed, notes=notes))
    add_notes(G, notes)
    return G


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


class _Keys:
    """What the <key> elements of a file say: the name, type and default of each attribute."""

    _READ: Mapping[str, Callable[[str], Any]] = {
        "boolean": {"true": True, "1": True, "false": False, "0": False}.__getitem__,
        **dict.fromkeys(("int", "long", "integer", "short"), int),
        **dict.fromkeys(("float", "double", "real"), float),
        "string": str,
    }

    def __init__(self, name: str, root: Element, space: str) -> None:
        self.name, self.space = name, space
        self.known: dict[str, tuple[str, str]] = {}
        self.drawn: set[str] = set()  # keys of a drawing program's own, which hold shapes and no values
        self.defaults: dict[str, dict[str, Any]] = {"graph": {}, "node": {}, "edge": {}}
        for element in elements(root, f"{space}key"):
            number, kind = element.get("id", ""), element.get("attr.type", "string").lower()
            where = f"key {number}, {element.where}"
            if any(attribute.startswith("yfiles.") for attribute in element.attrib):
                self.drawn.add(number)
                continue
            if kind not in self._READ:
                raise FileFormatError(name, where, f"unknown type {kind!r}: one of {', '.join(self._READ)}")
            self.known[number] = element.get("attr.name", number), kind
            default = element.find(f"{space}default")
            if default is not None:
                domains = [d for d in self.defaults if element.get("for", "all") in (d, "all")]
                for attribute, value in self._value(where, number, default.text or "").items():
                    for domain in domains:
                        self.defaults[domain][attribute] = value

    def attributes(self, domain: str, where: str, element: Element) -> dict[str, Any]:
        """The attributes of one element. Of what a drawing program keeps there the first label is read."""
        found, label = dict(self.defaults[domain]), ""
        for data in element.findall(f"{self.space}data"):
            number = data.get("key", "")
            if number not in self.known and number not in self.drawn:
                raise FileFormatError(self.name, where, f"data of key {number!r}, which is not declared")
            if number in self.drawn or len(data):
                texts = (e.text.strip() for e in data.iter() if e.tag.endswith("}NodeLabel") and e.text)
                label = label or next(filter(None, texts), "")
            else:
                found.update(self._value(where, number, data.text or ""))
        if domain == "node" and "name" not in found:
            label = next((v for k, v in found.items() if k.lower() == "label" and isinstance(v, str)), label)
            found |= {"name": label} if label else {}
        return found

    def _value(self, where: str, number: str, text: str) -> dict[str, Any]:
        """The attribute and its value; nothing where a program says that there is none."""
        attribute, kind = self.known[number]
        try:
            if attribute.startswith(_JSON):
                return {attribute.removeprefix(_JSON): json.loads(text)}
            if kind == "string":
                return {attribute: _number(text) if attribute in (*_WHOLE, *_REAL) else text}
            value = self._READ[kind](text.strip().lower())
        except (ValueError, KeyError, RecursionError):
            raise FileFormatError(self.name, where, f"{attribute} = {text[:60]!r} is no {kind}") from None
        if isinstance(value, float) and math.isnan(value) and attribute in _WHOLE:
            return {}  # igraph's word for a node that lacks what others have
        if isinstance(value, float) and not math.isfinite(value):
            raise FileFormatError(self.name, where, f"{attribute} = {text[:60]!r} is not a finite number")
        if isinstance(value, float) and attribute in _WHOLE and value.is_integer():
            value = int(value)
        return {attribute: value}


def _number(text: str) -> Any:
    """A number that was typed into a field for text, as drawing programs have it; else the text."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and text.strip().lstrip("+-").isdigit() else value
