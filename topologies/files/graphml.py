"""A small topology written as GraphML, for yEd, Gephi and Cytoscape. Knows XML; not the attributes' meaning.

Texts, numbers and booleans are GraphML's own types. What it has no type for (lists such as ``ports``, dicts,
None) is JSON text under the name ``json:ports``. Node ids that are no text are their JSON text, and the graph
attribute ``node ids`` says so.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import networkx as nx

from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError, SchemaError

__all__ = ["IDS", "JSON", "MOST_NODES", "write_graphml"]

MOST_NODES = 20_000  # what the tools that read GraphML still draw

_SPACE = "http://graphml.graphdrawing.org/xmlns"
JSON = "json:"
IDS = "node ids"
_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}
_UNFIT = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold, or not keep
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
    if IDS in G.graph:
        problems.append(f"graph: {IDS!r}: the file format needs this name itself")
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

    body = [data("graph", "graph", {**({IDS: "json"} if as_json else {}), **G.graph}) + "\n"]
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
    plain = kind is not None and not attribute.startswith(JSON)
    if isinstance(value, str):
        plain = plain and not _UNFIT.search(value)
    if not plain or (isinstance(value, float) and not math.isfinite(value)):
        return JSON + attribute, "string", _encoded(value, f"{where}: {attribute}", problems)
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
