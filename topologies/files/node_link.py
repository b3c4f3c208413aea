"""A topology as a node-link JSON file, as ``networkx.node_link_data`` has it: written whole, read strictly.

Knows JSON and which node an edge names; does not know the schema of the attributes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import networkx as nx

from fabric.machine.document import parse_json, read_text
from fabric.machine.json_place import json_place
from fabric.machine.json_stream import NotStreamed, json_members
from fabric.machine.whole_file import replaced
from fabric.words.errors import FileFormatError, ParameterError, SchemaError
from fabric.words.given import require_path
from topologies.files.cells import as_tuples
from topologies.files.foreign import foreign_json
from topologies.files.listed_twice import in_node_order
from topologies.files.parallel import Listed, add_notes, joined

__all__ = ["EDGES", "read_node_link", "write_node_link"]

_CABLES = "parallel cables are the edge attribute cables"


def write_node_link(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph; ``read_node_link`` gives it back: nodes and edges in order, all attributes, ints ints.

    Tuples become lists, numpy values plain ones. The file appears whole or not at all. Raises SchemaError for
    what strict JSON cannot hold, such as NaN, ParameterError for a directed graph or a multigraph, and
    FabricsimError where the file cannot be written.
    """
    require_path("path", path)
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
    with replaced(path) as file:
        file.write(text.format(graph, *rows))


def read_node_link(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file; the list of edges may be called ``edges`` or, as NetworkX once did, ``links``.

    Parallel edges of a multigraph are parallel ``cables``; each edge of a directed graph is a cable, or where
    all stand both ways, the two are one. ``graph["notes"]`` says so.

    Raises FileFormatError, with the place, for JSON that is cut off or not strict, and for anything but a
    graph in which each node and, unless it says ``multigraph``, each edge is listed once and edges name
    listed nodes.
    """
    require_path("path", path)
    name = os.fspath(path)
    if os.path.isfile(name):
        with suppress(
            NotStreamed, FileFormatError
        ):  # then the whole says what is wrong, or is right after all
            return _streamed(name)
    return _whole(name)


_FLAGS = ("directed", "multigraph")
EDGES = ("edges", "links")  # what the list of edges is called


def _streamed(name: str) -> nx.Graph:
    """The graph of a file in which the nodes stand before the edges, and what is said of all before both."""
    G = nx.Graph()
    flags = dict.fromkeys(_FLAGS, False)
    seen: set[str] = set()
    full = ""
    for key, value in json_members(name, ("nodes", *EDGES)):
        if key == "nodes" and isinstance(value, Iterator):
            _add_nodes(G, name, value)
        elif key in EDGES and isinstance(value, Iterator):
            first = next(value, None)
            if "nodes" not in seen or (first is not None and full):
                raise NotStreamed
            if first is not None:
                full = key
                _add_edges(G, name, key, chain([first], value), flags)
        elif key in _FLAGS and isinstance(value, bool) and not full:
            flags[key] = value
        elif key == "graph" and isinstance(value, dict):
            G.graph.update({**value, **G.graph})
        elif key in ("nodes", *EDGES, *_FLAGS, "graph"):
            raise NotStreamed
        seen.add(key)
    if "nodes" not in seen or not seen.intersection(EDGES):
        raise NotStreamed
    return G


def _whole(name: str) -> nx.Graph:
    data = _load(name)
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
        raise FileFormatError(name, "", f'not a node-link graph: no list "nodes"; {foreign_json(data)}')
    key = _edge_list(name, data)
    flags = {flag: data.get(flag, False) for flag in _FLAGS}
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise _wrong(name, (flag,), f"{json.dumps(value)[:60]}: true or false")
    if not isinstance(data.get("graph", {}), dict):
        raise _wrong(name, ("graph",), "an object of graph attributes is needed")
    G = nx.Graph()
    G.graph.update(data.get("graph", {}))
    _add_nodes(G, name, data["nodes"])
    _add_edges(G, name, key, data[key], flags)
    return G


def _add_edges(G: nx.Graph, name: str, key: str, edges: Iterable[Any], flags: Mapping[str, bool]) -> None:
    notes: list[str] = []
    parallel, directed = flags["multigraph"], flags["directed"]
    listed = _listed(G, name, key, edges, own_keys=parallel)
    with _placed(name):
        G.add_edges_from(joined(name, listed, parallel=parallel, directed=directed, notes=notes))
    add_notes(G, notes)


@contextmanager
def _placed(name: str) -> Iterator[None]:
    """Add line and column to the place of a mistake that is told as an item of a list."""
    try:
        yield
    except FileFormatError as error:
        if match := re.fullmatch(r"(\w+)\[([0-9]+)\]", error.where):
            raise _wrong(name, (match[1], int(match[2])), error.problem) from None
        raise


def _edge_list(name: str, data: Mapping[str, Any]) -> str:
    """Which of the two names the list of edges has: where both are there, an empty one is none."""
    given = [key for key in EDGES if isinstance(data.get(key), list)]
    if not given:
        raise FileFormatError(name, "", 'not a node-link graph: no list "edges"')
    full = [key for key in given if data[key]]
    if len(full) == 2 and data["edges"] != data["links"]:
        raise _wrong(name, ("links",), 'the list of edges is "edges" or "links", and both are there')
    return (full or given)[0]


def _add_nodes(G: nx.Graph, name: str, nodes: Iterable[Any]) -> None:
    for i, row in enumerate(nodes):
        node = _id(name, ("nodes", i), row, "id")
        if node in G:
            raise _wrong(name, ("nodes", i, "id"), f"node {node!r} is listed twice")
        G.add_node(node)
        G.nodes[node].update((k, v) for k, v in row.items() if k != "id")


def _listed(G: nx.Graph, name: str, key: str, edges: Iterable[Any], *, own_keys: bool) -> Iterator[Listed]:
    """The edges of the file; with ``own_keys`` each has a ``key`` that tells it from parallel ones."""
    taken = ("source", "target", "key") if own_keys else ("source", "target")
    place = {node: i for i, node in enumerate(G)}
    for i, row in enumerate(edges):
        u, v = (_id(name, (key, i), row, end) for end in ("source", "target"))
        for end, node in (("source", u), ("target", v)):
            if node not in G:
                raise _wrong(name, (key, i, end), f"node {node!r} is not among the nodes")
        data = {k: x for k, x in row.items() if k not in taken}
        if "ports" in data:
            data["ports"] = in_node_order(data["ports"], place[u] > place[v])
        yield Listed(f"{key}[{i}]", u, v, data)


def _id(name: str, way: tuple[str, int], row: Any, key: str) -> Hashable:
    """The node id under ``key``: a number, a text, or a list of these, which stands for a tuple."""
    if not isinstance(row, dict):
        raise _wrong(name, way, "not an object")
    if key not in row:
        raise _wrong(name, way, f'without "{key}"')
    node = as_tuples(row[key])
    try:
        hash(node)
    except TypeError:
        node = None
    if node is None or isinstance(node, bool):
        raise _wrong(name, (*way, key), f'"{key}" is {json.dumps(row[key])[:60]}, not a node id')
    return node


def _wrong(name: str, way: Sequence[str | int], problem: str) -> FileFormatError:
    """The mistake of a value, by the keys and numbers that lead to it."""
    said = f"{way[0]}[{way[1]}]" if len(way) > 1 else str(way[0])
    place = json_place(name, way)
    return FileFormatError(name, f"{said}, {place}" if place else said, problem)


def _load(name: str) -> Any:
    """The JSON value in the file, all of its numbers finite."""
    text = read_text(name, newline="")
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
