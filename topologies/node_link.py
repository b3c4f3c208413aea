"""A topology as a node-link JSON file, as ``networkx.node_link_data`` has it: written whole, read strictly.

Knows JSON and which node an edge names; does not know the schema of the attributes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import networkx as nx

from fabric.document import parse_json, read_text
from fabric.errors import FileFormatError, ParameterError, SchemaError
from topologies.whole_file import write_whole

__all__ = ["read_node_link", "write_node_link"]

_CABLES = "parallel cables are the edge attribute cables"


def write_node_link(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph; ``read_node_link`` gives it back: nodes and edges in order, all attributes, ints ints.

    Tuples become lists, numpy values plain ones. The file appears whole or not at all. Raises SchemaError for
    what strict JSON cannot hold, such as NaN, and ParameterError for a directed graph, a multigraph or a path
    that cannot be written.
    """
    if G.is_directed() or G.is_multigraph():
        raise ParameterError("G", type(G).__name__, f"an undirected nx.Graph: {_CABLES}")
    problems: list[str] = []
    encode = _encoder(problems)
    graph = encode("graph", G.graph, ())
    nodes = [encode(f"node {n}", {**d, "id": n}, d.keys() & {"id"}) for n, d in G.nodes(data=True)]
    edges = [
        encode(f"edge {u}-{v}", {**d, "source": u, "target": v}, d.keys() & {"source", "target"})
        for u, v, d in G.edges(data=True)
    ]
    if problems:
        raise SchemaError(str(G.name) or "without a name", problems)
    rows = (
        ",\n".join(rows) for rows in (nodes, edges)
    )  # a line per node: differences can be read, errors found
    text = '{{"directed": false, "multigraph": false, "graph": {},\n"nodes": [\n{}\n],\n"edges": [\n{}\n]}}\n'
    write_whole(path, [text.format(graph, *rows)])


def read_node_link(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file; the list of edges may be called ``edges`` or, as NetworkX once did, ``links``.

    Raises FileFormatError, with the place, for JSON that is cut off or not strict, and for anything but an
    undirected graph in which each node and each edge is listed once and edges name listed nodes.
    """
    name = os.fspath(path)
    data = _load(name)
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
        raise FileFormatError(name, "", 'not a node-link graph: no list "nodes"')
    key = "edges" if "edges" in data else "links"
    if not isinstance(data.get(key), list):
        raise FileFormatError(name, "", 'not a node-link graph: no list "edges"')
    if data.get("directed", False) is not False:
        raise FileFormatError(
            name, "directed", "the graph is undirected: an edge is a cable, both directions"
        )
    if data.get("multigraph", False) is not False:
        raise FileFormatError(name, "multigraph", f"each pair of nodes has one edge: {_CABLES}")
    if not isinstance(data.get("graph", {}), dict):
        raise FileFormatError(name, "graph", "an object of graph attributes is needed")
    G = nx.Graph()
    G.graph.update(data.get("graph", {}))
    _add_nodes(G, name, data["nodes"])
    _add_edges(G, name, key, data[key])
    return G


def _add_nodes(G: nx.Graph, name: str, nodes: Iterable[Any]) -> None:
    for i, row in enumerate(nodes):
        node = _id(name, f"nodes[{i}]", row, "id")
        if node in G:
            raise FileFormatError(name, f"nodes[{i}]", f"node {node!r} is listed twice")
        G.add_node(node)
        G.nodes[node].update((k, v) for k, v in row.items() if k != "id")


def _add_edges(G: nx.Graph, name: str, key: str, edges: Iterable[Any]) -> None:
    for i, row in enumerate(edges):
        u, v = (_id(name, f"{key}[{i}]", row, end) for end in ("source", "target"))
        for node in (u, v):
            if node not in G:
                raise FileFormatError(name, f"{key}[{i}]", f"node {node!r} is not among the nodes")
        if G.has_edge(u, v):
            raise FileFormatError(name, f"{key}[{i}]", f"edge {u!r}-{v!r} is listed twice: {_CABLES}")
        G.add_edge(u, v)
        G.edges[u, v].update((k, x) for k, x in row.items() if k not in ("source", "target"))


def _id(name: str, where: str, row: Any, key: str) -> Hashable:
    """The node id under ``key``: a number, a text, or a list of these, which stands for a tuple."""
    if not isinstance(row, dict):
        raise FileFormatError(name, where, "not an object")
    if key not in row:
        raise FileFormatError(name, where, f'without "{key}"')
    node = _tuple(row[key])
    try:
        hash(node)
    except TypeError:
        node = None
    if node is None or isinstance(node, bool):
        raise FileFormatError(name, where, f'"{key}" is {json.dumps(row[key])[:60]}, not a node id')
    return node


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _load(name: str) -> Any:
    """The JSON value in the file, all of its numbers finite."""
    text = read_text(name)
    if not text.strip():
        raise FileFormatError(name, "", "the file is empty")
    return parse_json(text, name)


def _encoder(problems: list[str]) -> Any:
    """A function (where, attributes, names the format needs itself) -> JSON text; problems are collected."""
    plain = json.JSONEncoder(allow_nan=False, default=_plain)

    def encode(where: str, attributes: Mapping[Any, Any], taken: Iterable[str]) -> str:
        problems.extend(f"{where}: {name}: the file format needs this name itself" for name in taken)
        problems.extend(
            f"{where}: {k!r}: an attribute name is text" for k in attributes if not isinstance(k, str)
        )
        try:
            return plain.encode(attributes)
        except (TypeError, ValueError):
            problems.extend(_unfit(plain, where, attributes))
            return ""

    return encode


def _unfit(plain: json.JSONEncoder, where: str, attributes: Mapping[Any, Any]) -> Iterable[str]:
    for name, value in attributes.items():
        try:
            plain.encode(value)
        except (TypeError, ValueError) as error:
            shown = repr(value)
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            yield f"{where}: {name} = {shown}: cannot be written to JSON ({error})"


def _plain(value: Any) -> Any:
    """numpy scalars and arrays as plain values: they leave numpy at the edge of the program."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON type")
