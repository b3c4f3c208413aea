"""A graph in GML (Graph Modelling Language), as igraph, NetworkX, yEd and topology collections write it.

Read only. Knows keys, values and lists; not the attributes' meaning. ``node [ id 1 label "a" ]``, ``edge [
source 1 target 2 ]``; lists inside nodes and edges, such as ``graphics``, are how things are drawn.
"""

from __future__ import annotations

import html
import math
import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from fabric.machine.document import MOST_DEPTH, read_text
from fabric.words.errors import FileFormatError
from topologies.files.parallel import Listed, add_notes, joined

__all__ = ["looks_like_gml", "read_gml"]

_TOKEN = re.compile(
    r"(?:\s|\#[^\n]*(?=\n|\Z))*+(?:(?P<key>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<real>[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<whole>[+-]?[0-9]{1,18})(?![0-9.])|"(?P<text>[^"]*)"|(?P<mark>[][])|(?P<end>\Z))'
)
# A list of plain values, which most of a large file are: read by one expression each.
_VALUE = r'(?:[+-]?[0-9]{1,18}(?![0-9.eE])|"[^"]*"|[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)'
_FLAT = re.compile(rf"\s*\[((?:\s+[A-Za-z][A-Za-z0-9_]*\s+{_VALUE})*)\s*\]")
_ITEM = re.compile(rf"([A-Za-z][A-Za-z0-9_]*)\s+({_VALUE})")
_START = re.compile(
    r"(?:\s|\#[^\n]*\n|(?:Creator|Version|comment)\s+(?:\"[^\"]*\"|[0-9.]+))*graph\s*\[", re.I
)


class _Token(NamedTuple):
    at: int
    kind: str
    text: str


def looks_like_gml(start: str) -> bool:
    """Whether a file that begins so is in the language.

    >>> looks_like_gml('Creator "igraph"\\ngraph\\n[ node [ id 0 ] ]'), looks_like_gml("graph g { a }")
    (True, False)
    """
    return _START.match(start) is not None


def read_gml(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file: nodes by their ``id``, their ``label`` as ``name``.

    With ``multigraph 1`` edges of one pair are parallel ``cables``; a graph with ``directed 1`` is taken as
    undirected, as one in GraphML is, and ``graph["notes"]`` says so.

    Raises:
        FileFormatError: with line and column: not of the language, a node without id or listed twice, an
            edge to no node, a pair listed twice.
    """
    name = os.fspath(path)
    return _Reader(name, read_text(name)).read()


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.breaks = [match.start() for match in re.finditer("\n", text)]

    def read(self) -> nx.Graph:
        tokens = self._tokens()
        top = self._list(tokens, _Token(0, "mark", "["), 0)
        graphs = [(at, value) for at, key, value in top if key == "graph" and isinstance(value, list)]
        if len(graphs) != 1:
            raise FileFormatError(self.name, "", f"{len(graphs)} graphs: GML with one graph is needed")
        items = graphs[0][1]
        flags = {
            key: value == 1
            for _, key, value in items
            if key in ("directed", "multigraph") and value in (0, 1)
        }
        title = next((value for _, key, value in items if key == "name" and isinstance(value, str)), "")
        G = nx.Graph(name=title or Path(self.name).stem)
        for at, key, value in items:
            if key == "node" and isinstance(value, list):
                self._node(G, at, {k: v for _, k, v in value if not isinstance(v, list)})
        listed = [
            self._edge(G, at, {k: v for _, k, v in value if not isinstance(v, list)})
            for at, key, value in items
            if key == "edge" and isinstance(value, list)
        ]
        notes: list[str] = []
        parallel, directed = flags.get("multigraph", False), flags.get("directed", False)
        G.add_edges_from(joined(self.name, listed, parallel=parallel, directed=directed, notes=notes))
        add_notes(G, notes)
        return G

    def _node(self, G: nx.Graph, at: int, data: dict[str, Any]) -> None:
        if not isinstance(data.get("id"), int):
            raise self._refused(at, f"a node has a whole number for id, and this one {data.get('id')!r:.40}")
        node = data.pop("id")
        if node in G:
            raise self._refused(at, f"node {node} is listed twice")
        label = data.pop("label", None)
        G.add_node(node)
        G.nodes[node].update({"name": str(label)} if label not in (None, "") else {})
        G.nodes[node].update(data)

    def _edge(self, G: nx.Graph, at: int, data: dict[str, Any]) -> Listed:
        for end in ("source", "target"):
            if not isinstance(data.get(end), int) or data[end] not in G:
                raise self._refused(at, f"{end} {data.get(end)!r:.40} of an edge is not among the nodes")
        u, v = data.pop("source"), data.pop("target")
        data.pop("key", None)
        return Listed(self._place(at), u, v, data)

    def _list(self, tokens: Iterator[_Token], start: _Token, depth: int) -> list[tuple[int, str, Any]]:
        """What stands up to the bracket that closes the list, or at depth 0 up to the end of the file."""
        found: list[tuple[int, str, Any]] = []
        if depth > MOST_DEPTH:
            raise self._refused(start.at, f"lists nested more than {MOST_DEPTH} deep")
        for key in tokens:
            if key.text == "]" and key.kind == "mark" and depth:
                return found
            if key.kind == "end" and not depth:
                return found
            if key.kind == "end":
                raise self._refused(start.at, "the file ends inside this list: it is cut off")
            if key.kind != "key":
                raise self._refused(key.at, f"{key.text[:40]!r}: a key is needed, such as node or id")
            if flat := _FLAT.match(self.text, key.at + len(key.text)):
                found.append((key.at, key.text, self._flat(key.at, flat[1])))
                self.at = flat.end()
                continue
            value = next(tokens)
            if value.kind == "mark" and value.text == "[":
                found.append((key.at, key.text, self._list(tokens, value, depth + 1)))
            elif value.kind in ("whole", "real", "text"):
                found.append((key.at, key.text, self._value(value)))
            else:
                raise self._refused(value.at, f"{key.text} has no value: a number, a text or [")
        raise AssertionError("the end is a token")

    def _value(self, token: _Token) -> int | float | str:
        if token.kind == "text":
            return html.unescape(token.text)
        if token.kind == "whole":
            return int(token.text)
        value = float(token.text)
        if not math.isfinite(value):
            raise self._refused(token.at, f"{token.text[:40]} is not a finite number")
        return value

    def _flat(self, at: int, text: str) -> list[tuple[int, str, Any]]:
        """The items of a list that holds no list."""
        found: list[tuple[int, str, Any]] = []
        for key, value in _ITEM.findall(text):
            if value[0] == '"':
                found.append((at, key, html.unescape(value[1:-1]) if "&" in value else value[1:-1]))
            else:
                real = "." in value
                found.append((at, key, self._value(_Token(at, "real", value)) if real else int(value)))
        return found

    def _tokens(self) -> Iterator[_Token]:
        """The tokens from ``self.at`` on, which whoever takes them may move."""
        self.at = 0
        while True:
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                at = self.at
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self._refused(at, f"{self.text[at : at + 20]!r}: not a word of GML")
            kind = match.lastgroup or "end"
            self.at = match.end()
            yield _Token(match.start(kind), kind, match[kind])
            if kind == "end":
                return

    def _place(self, at: int) -> str:
        line = bisect_left(self.breaks, at)
        return f"line {line + 1}, column {at - (self.breaks[line - 1] if line else -1)}"

    def _refused(self, at: int, problem: str) -> FileFormatError:
        return FileFormatError(self.name, self._place(at), problem)
