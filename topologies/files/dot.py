"""A topology in Graphviz's DOT language: an edge per cable, its ports as labels of its ends.

Knows the language's quoting and the schema's ``kind``, ``tier`` and ``ports``; no layout is computed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any

import networkx as nx

from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from fabric.words.parameter import RATE, TIME
from fabric.words.units import format_rate

__all__ = ["write_dot"]

_SHAPES = {"gpu": "ellipse", "switch": "box", "nvswitch": "hexagon"}


def write_dot(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph for ``dot -Tsvg``: tiers in rows, top first; every cable an edge labelled by its rate.

    Nodes are called by their ``name`` where all have one and no two the same, else by their id. The file
    appears whole or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph.
        FabricsimError: the file cannot be written.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    with replaced(path) as file:
        file.writelines(_pieces(G))


def _pieces(G: nx.Graph) -> Iterator[str]:
    names = {node: _quoted(name) for node, name in _names(G).items()}
    yield f"graph {_quoted(str(G.graph.get('name') or 'topology'))} {{\n"
    yield '  graph [rankdir="BT", ranksep="1.5"];\n  node [fontname="sans-serif"];\n'
    ranks: dict[Any, list[str]] = defaultdict(list)
    for node, attributes in G.nodes(data=True):
        kind, tier = attributes.get("kind"), attributes.get("tier")
        said = {"shape": _SHAPES.get(str(kind), "box"), "kind": kind, "tier": tier}
        said |= {key: attributes[key] for key in ("server", "pod", "rail", "plane") if key in attributes}
        yield f"  {names[node]} [{_attributes(said)}];\n"
        if tier is not None:
            ranks[-1 if kind == "nvswitch" else tier].append(names[node])
    for members in ranks.values():
        yield f"  {{ rank=same; {'; '.join(members)}; }}\n"
    for u, v, attributes in G.edges(data=True):
        cables, delay = attributes.get("cables", 1), attributes.get("delay")
        rates = attributes.get("rates") or [attributes.get("rate")] * cables
        ports = attributes.get("ports") or [None] * cables
        for rate, ends in zip(rates, ports):
            said = {} if rate is None else {"label": format_rate(rate), "rate": RATE.write(rate)}
            said |= {} if delay is None else {"delay": TIME.write(delay)}
            tail, head = ends if isinstance(ends, list | tuple) and len(ends) == 2 else (None, None)
            said |= {k: p for k, p in (("taillabel", tail), ("headlabel", head)) if p is not None}
            yield f"  {names[u]} -- {names[v]} [{_attributes(said)}];\n"
    yield "}\n"


def _names(G: nx.Graph) -> dict[Hashable, str]:
    """Distinct texts: names, else ids, else ids as Python writes them (1 and "1" are two)."""
    for text in (dict(G.nodes(data="name")), {n: str(n) for n in G}, {n: repr(n) for n in G}):
        named = all(isinstance(name, str) and name for name in text.values())
        if named and len(set(text.values())) == len(G):
            return text
    return {node: f"node {i}" for i, node in enumerate(G)}


def _attributes(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={_quoted(str(value))}" for key, value in values.items())


def _quoted(text: str) -> str:
    r"""A quoted string of DOT that also reads as itself in a label, where ``\N`` would be the node's name.

    >>> print(_quoted('the "B" side'), _quoted("a\\N"))
    "the \"B\" side" "a\\N"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
