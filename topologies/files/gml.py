"""A graph in GML (Graph Modelling Language), as igraph, NetworkX, yEd and topology collections write it.

Read only. Knows keys, values and lists; not the attributes' meaning. ``node [ id 1 label "a" ]``, ``edge [
source 1 target 2 ]``; lists inside nodes and edges, such as ``graphics``, are how things are drawn.
"""

from __future__ import annotations

import html
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from fabric.machine.document import MOST_DEPTH, text_lines
from fabric.machine.window import Window
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
_SKIPPED = re.compile(r"(?:\s|\#[^\n]*(?=\n|\Z))*+")
_SLIDE = 1 << 18  # characters behind the reader that are let go at once
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
    with text_lines(name) as lines:
        return _Reader(name, Window(lines)).read()


_Item = tuple[int, str, Any]  # index of the key, key, value: a number, a text or a list of items


class _Reader:
    """The items of a file, nodes and edges as they come. Indices are those of the window."""

    def __init__(self, name: str, window: Window) -> None:
        self.name, self.window, self.at = name, window, 0
        self.listed: list[tuple[int, list[int], dict[str, Any]]] = []  # edges: their place, that of each end

    def read(self) -> nx.Graph:
        G, graphs = nx.Graph(), 0
        flags: dict[str, bool] = {}
        title = ""
        for _, key, value in self._items(self._tokens(), _Token(0, "mark", "["), 0):
            if key != "graph" or not isinstance(value, Iterator):
                continue
            graphs += 1
            for at, inner, item in value:
                if inner in ("node", "edge") and isinstance(item, list):
                    data = {k: v for _, k, v in item if not isinstance(v, list)}
                    (self._node if inner == "node" else self._edge)(G, at, data)
                elif inner in ("directed", "multigraph") and item in (0, 1):
                    flags[inner] = item == 1
                elif inner == "name" and isinstance(item, str):
                    title = title or item
                if self.at > _SLIDE:
                    self.window.cut(self.at)
                    self.at = 0
        if graphs != 1:
            raise FileFormatError(self.name, "", f"{graphs} graphs: GML with one graph is needed")
        G.name = title or Path(self.name).stem
        notes: list[str] = []
        parallel, directed = flags.get("multigraph", False), flags.get("directed", False)
        edges = (self._joined(G, *edge) for edge in self.listed)
        G.add_edges_from([*joined(self.name, edges, parallel=parallel, directed=directed, notes=notes)])
        add_notes(G, notes)
        return G

    def _node(self, G: nx.Graph, at: int, data: dict[str, Any]) -> None:
        if not isinstance(data.get("id"), int):
            rule = f"a node has a whole number for id, and this one {data.get('id')!r:.40}"
            raise self._refused(self._value_of(at, "id"), rule)
        node = data.pop("id")
        if node in G:
            raise self._refused(self._value_of(at, "id"), f"node {node} is listed twice")
        label = data.pop("label", None)
        G.add_node(node)
        G.nodes[node].update({"name": str(label)} if label not in (None, "") else {})
        G.nodes[node].update(data)

    def _edge(self, G: nx.Graph, at: int, data: dict[str, Any]) -> None:
        ends = []  # nodes may stand below the edges between them
        for end in ("source", "target"):
            if not isinstance(data.get(end), int):
                raise self._stranger(end, data.get(end), self.window.place(self._value_of(at, end)))
            ends.append(-1 if data[end] in G else self.window.where(self._value_of(at, end)))
        data.pop("key", None)
        self.listed.append((self.window.where(at), ends, data))

    def _joined(self, G: nx.Graph, at: int, ends: list[int], data: dict[str, Any]) -> Listed:
        for place, end in zip(ends, ("source", "target")):
            if place >= 0 and data[end] not in G:
                raise self._stranger(end, data[end], self.window.place(place, kept=True))
        return Listed(self.window.place(at, kept=True), data.pop("source"), data.pop("target"), data)

    def _stranger(self, end: str, node: Any, where: str) -> FileFormatError:
        return FileFormatError(self.name, where, f"{end} {node!r:.40} of an edge is not among the nodes")

    def _value_of(self, at: int, key: str) -> int:
        """The index of the value of a key in the list that begins at ``at``; of the list, where it is not."""
        found = re.compile(rf"\b{key}\s+").search(self.window.text, at, self.at)
        return found.end() if found else at

    def _items(self, tokens: Iterator[_Token], start: _Token, depth: int) -> Iterator[_Item]:
        """What stands up to the bracket that closes the list, or at depth 0 up to the end of the file.

        A graph at depth 0 is handed over as such an iterator, which has to be taken to its end.
        """
        if depth > MOST_DEPTH:
            raise self._refused(start.at, f"lists nested more than {MOST_DEPTH} deep")
        began = self.window.where(start.at)
        for key in tokens:
            if key.text == "]" and key.kind == "mark" and depth:
                return
            if key.kind == "end" and not depth:
                return
            if key.kind == "end":
                rule = "the file ends inside this list: it is cut off"
                raise FileFormatError(self.name, self.window.place(began, kept=True), rule)
            if key.kind != "key":
                raise self._refused(key.at, f"{key.text[:40]!r}: a key is needed, such as node or id")
            behind, streamed = key.at + len(key.text), not depth and key.text == "graph"
            flat = None if streamed else _FLAT.match(self.window.text, behind)
            if flat and flat.end() < len(self.window.text):
                self.at = flat.end()
                yield key.at, key.text, self._flat(key.at, flat)
                continue
            value = next(tokens)
            if value.kind == "mark" and value.text == "[":
                inner = self._items(tokens, value, depth + 1)
                yield key.at, key.text, inner if streamed else list(inner)
            elif value.kind in ("whole", "real", "text"):
                yield key.at, key.text, self._value(value)
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

    def _flat(self, at: int, flat: re.Match[str]) -> list[_Item]:
        """The items of a list that holds no list."""
        found: list[_Item] = []
        for key, value in _ITEM.findall(flat[1]):
            if value[0] == '"':
                found.append((at, key, html.unescape(value[1:-1]) if "&" in value else value[1:-1]))
            elif "." in value:
                if not math.isfinite(number := float(value)):
                    place, rule = self._value_of(at, key), f"{value[:40]} is not a finite number"
                    raise self._refused(place, rule)
                found.append((at, key, number))
            else:
                found.append((at, key, int(value)))
        return found

    def _tokens(self) -> Iterator[_Token]:
        """The tokens from ``self.at`` on, which whoever takes them may move."""
        while True:
            match = self.window.match(_TOKEN, self.at)
            if match is None:
                skipped = self.window.match(_SKIPPED, self.at)
                at = skipped.end() if skipped else self.at
                raise self._refused(at, f"{self.window.text[at : at + 20]!r}: not a word of GML")
            kind = match.lastgroup or "end"
            self.at = match.end()
            yield _Token(match.start(kind), kind, match[kind])
            if kind == "end":
                return

    def _refused(self, at: int, problem: str) -> FileFormatError:
        return FileFormatError(self.name, self.window.place(at), problem)
